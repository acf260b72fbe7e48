"""The reply memory on a PostgreSQL server: the tests that it passes on SQLite."""

from tests.unit.storage.test_reply_memory import *  # noqa: F403 - each of them
