"""What a broker is given to import: users, rights, limits, exchanges and queues.

Values alone: nothing here connects to a broker. Start with ``document``.
"""
