"""SQL: one database, its migrations, and what is kept in it.

Nothing here knows of the broker's queues but for the journal, whose records wait in one. Start with ``tables``.
"""
