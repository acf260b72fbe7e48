"""Which overflow queues there are, in SQL: opened, closed, and removed with their queue or not at all."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from connector.jobs.records import Flow
from connector.storage.database import open_database
from connector.storage.registry.store import RegistryStore
from connector.storage.upgrading import upgrade
from tests.databases import Database

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
OVERFLOW = Flow("batch", "millesime", "26920023600017")
OTHER_OVERFLOW = Flow("batch", "sonate-opus", "26750045200011")


@pytest.fixture
def store(database: Database) -> Iterator[RegistryStore]:
    engine = open_database(SecretStr(database.url))
    upgrade(engine)
    yield RegistryStore(engine)
    engine.dispose()


def test_a_backlog_is_news_for_workers_and_not_for_an_operator(store: RegistryStore) -> None:
    before = store.load()
    assert store.overflows.open(OVERFLOW) < store.overflows.open(OVERFLOW)
    assert not store.is_current(before)
    after = store.load()
    assert after.overflows == after.every_overflow == {OVERFLOW}
    assert after.closed_overflows == {}
    assert store.is_current(after)
    store.save([], [], decided_on=before.revision)
    assert not store.is_current(after)


def test_a_backlog_that_is_closed_and_another_opened_is_news(store: RegistryStore) -> None:
    """There are as many open ones as before."""
    store.overflows.open(OVERFLOW)
    before = store.load()
    assert store.overflows.close(OVERFLOW, NOW)
    assert not store.overflows.close(OVERFLOW, NOW + timedelta(hours=1))
    store.overflows.open(OTHER_OVERFLOW)
    assert not store.is_current(before)
    after = store.load()
    assert after.overflows == {OTHER_OVERFLOW}
    assert after.closed_overflows == {OVERFLOW: NOW}
    assert after.every_overflow == {OVERFLOW, OTHER_OVERFLOW}
    store.overflows.open(OVERFLOW)
    assert store.load().closed_overflows == {}


def test_a_backlog_is_removed_with_its_queue_or_not_at_all(store: RegistryStore) -> None:
    asked: list[str] = []

    def deleted(says: str, *, is_deleted: bool) -> Callable[[], bool]:
        def delete() -> bool:
            asked.append(says)
            return is_deleted

        return delete

    store.overflows.open(OVERFLOW)
    assert not store.overflows.remove(OVERFLOW, NOW, deleted("open", is_deleted=True))
    store.overflows.close(OVERFLOW, NOW)
    assert not store.overflows.remove(OVERFLOW, NOW - timedelta(seconds=1), deleted("early", is_deleted=True))
    assert not store.overflows.remove(OVERFLOW, NOW, deleted("in use", is_deleted=False))
    with pytest.raises(TimeoutError):
        store.overflows.remove(OVERFLOW, NOW, raising(TimeoutError()))
    assert store.load().closed_overflows == {OVERFLOW: NOW}
    before = store.load()
    assert store.overflows.remove(OVERFLOW, NOW, deleted("unused", is_deleted=True))
    assert asked == ["in use", "unused"]
    assert not store.load().every_overflow
    assert not store.is_current(before)
    assert not store.overflows.remove(OVERFLOW, NOW, deleted("gone", is_deleted=True))


def raising(error: Exception) -> Callable[[], bool]:
    def fail() -> bool:
        raise error

    return fail


def test_who_opens_a_backlog_that_is_being_removed_waits_and_makes_another(store: RegistryStore) -> None:
    """Else its jobs would go with the queue."""
    ended: list[str] = []

    def open_it() -> None:
        store.overflows.open(OVERFLOW)
        ended.append("opened")

    opening = threading.Thread(target=open_it)

    def delete_slowly() -> bool:
        opening.start()
        opening.join(0.5)
        ended.append("deleted")
        return True

    store.overflows.open(OVERFLOW)
    store.overflows.close(OVERFLOW, NOW)
    assert store.overflows.remove(OVERFLOW, NOW, delete_slowly)
    opening.join()
    assert ended == ["deleted", "opened"]
    assert store.load().overflows == {OVERFLOW}
