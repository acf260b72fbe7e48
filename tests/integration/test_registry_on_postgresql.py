"""The registry on a PostgreSQL server: the tests that it passes on SQLite."""

from tests.unit.storage.test_registry import *  # noqa: F403 - each of them
