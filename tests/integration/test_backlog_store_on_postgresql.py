"""Which overflow queues there are, in PostgreSQL: the same tests as in SQLite."""

from tests.unit.test_backlog_store import *  # noqa: F403
