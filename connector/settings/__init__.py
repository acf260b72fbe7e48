"""The settings of every program: environment variables, or files that they name; and why what they lead to is not reached.

Nothing here opens anything. Start with ``settings``.
"""
