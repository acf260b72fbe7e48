"""Tests of the registry and the reply memory that run here run on PostgreSQL."""

import pytest

from tests.databases import Database, PostgresDatabase
from tests.servers.postgres_node import PostgresNode


@pytest.fixture
def database(postgres_node: PostgresNode, postgres: str) -> Database:
    """The database of a test."""
    return PostgresDatabase(postgres_node, postgres)
