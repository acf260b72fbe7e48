"""The access journal on a PostgreSQL server: the tests that it passes on SQLite."""

from tests.unit.storage.test_journal_store import *  # noqa: F403 - each of them
