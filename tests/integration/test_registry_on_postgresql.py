"""The registry on a PostgreSQL server: the tests that it passes on SQLite."""

from tests.unit.test_registry import *  # noqa: F403 - each of them
