"""Which overflow queues there are, in PostgreSQL: the same tests as in SQLite."""

from tests.unit.storage.test_overflow_store import *  # noqa: F403
