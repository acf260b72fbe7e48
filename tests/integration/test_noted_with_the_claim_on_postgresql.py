"""The journal's records that go with the reply memory, on PostgreSQL: the tests of ``tests/unit/storage/test_noted_with_the_claim.py``."""

import psycopg
from sqlalchemy import Engine

from connector.jobs.job_state import Fresh
from connector.storage.replies.store import MemoryStore
from connector.storage.replies.writer import MemoryWriter
from tests.databases import Database
from tests.fakes import ManualTime
from tests.records import record
from tests.unit.storage.test_noted_with_the_claim import *  # noqa: F403 - each of them
from tests.unit.storage.test_noted_with_the_claim import KEY


async def test_a_lock_on_the_journal_leaves_the_memory(database: Database, engine: Engine) -> None:
    """As the making of an index takes one."""
    time = ManualTime()
    writer = MemoryWriter(MemoryStore(engine), 3600, time.clock)
    with psycopg.connect(database.url) as connection:
        connection.execute("LOCK TABLE journal IN SHARE MODE")
        assert await writer.ask(KEY, [record(1)]) == Fresh()
        connection.rollback()
    assert not writer.is_away
    assert not writer.takes_records
    writer.close()
