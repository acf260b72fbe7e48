"""The settings of every program: environment variables, or files that they name.

Nothing here opens anything. Start with ``settings``.
"""
