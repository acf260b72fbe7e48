"""The messages that lie on the dead queues: reading them, and having them come again.

Nothing here tells an operator of them: commands do. Start with ``letters``.
"""
