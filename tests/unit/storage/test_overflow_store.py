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
BACKLOG = Flow("batch", "millesime", "26920023600017")
OTHER_BACKLOG = Flow("batch", "sonate-opus", "26750045200011")


@pytest.fixture
def store(database: Database) -> Iterator[RegistryStore]:
    engine = open_database(SecretStr(database.url))
    upgrade(engine)
    yield RegistryStore(engine)
    engine.dispose()


def test_a_backlog_is_news_for_workers_and_not_for_an_operator(store: RegistryStore) -> None:
    before = store.load()
    assert store.backlogs.open(BACKLOG) < store.backlogs.open(BACKLOG)
    assert not store.is_current(before)
    after = store.load()
    assert after.backlogs == after.every_backlog == {BACKLOG}
    assert after.closed_backlogs == {}
    assert store.is_current(after)
    store.save([], [], decided_on=before.revision)
    assert not store.is_current(after)


def test_a_backlog_that_is_closed_and_another_opened_is_news(store: RegistryStore) -> None:
    """There are as many open ones as before."""
    store.backlogs.open(BACKLOG)
    before = store.load()
    assert store.backlogs.close(BACKLOG, NOW)
    assert not store.backlogs.close(BACKLOG, NOW + timedelta(hours=1))
    store.backlogs.open(OTHER_BACKLOG)
    assert not store.is_current(before)
    after = store.load()
    assert after.backlogs == {OTHER_BACKLOG}
    assert after.closed_backlogs == {BACKLOG: NOW}
    assert after.every_backlog == {BACKLOG, OTHER_BACKLOG}
    store.backlogs.open(BACKLOG)
    assert store.load().closed_backlogs == {}


def test_a_backlog_is_removed_with_its_queue_or_not_at_all(store: RegistryStore) -> None:
    asked: list[str] = []

    def deleted(says: str, *, is_deleted: bool) -> Callable[[], bool]:
        def delete() -> bool:
            asked.append(says)
            return is_deleted

        return delete

    store.backlogs.open(BACKLOG)
    assert not store.backlogs.remove(BACKLOG, NOW, deleted("open", is_deleted=True))
    store.backlogs.close(BACKLOG, NOW)
    assert not store.backlogs.remove(BACKLOG, NOW - timedelta(seconds=1), deleted("early", is_deleted=True))
    assert not store.backlogs.remove(BACKLOG, NOW, deleted("in use", is_deleted=False))
    with pytest.raises(TimeoutError):
        store.backlogs.remove(BACKLOG, NOW, raising(TimeoutError()))
    assert store.load().closed_backlogs == {BACKLOG: NOW}
    before = store.load()
    assert store.backlogs.remove(BACKLOG, NOW, deleted("unused", is_deleted=True))
    assert asked == ["in use", "unused"]
    assert not store.load().every_backlog
    assert not store.is_current(before)
    assert not store.backlogs.remove(BACKLOG, NOW, deleted("gone", is_deleted=True))


def raising(error: Exception) -> Callable[[], bool]:
    def fail() -> bool:
        raise error

    return fail


def test_who_opens_a_backlog_that_is_being_removed_waits_and_makes_another(store: RegistryStore) -> None:
    """Else its jobs would go with the queue."""
    ended: list[str] = []

    def open_it() -> None:
        store.backlogs.open(BACKLOG)
        ended.append("opened")

    opening = threading.Thread(target=open_it)

    def delete_slowly() -> bool:
        opening.start()
        opening.join(0.5)
        ended.append("deleted")
        return True

    store.backlogs.open(BACKLOG)
    store.backlogs.close(BACKLOG, NOW)
    assert store.backlogs.remove(BACKLOG, NOW, delete_slowly)
    opening.join()
    assert ended == ["deleted", "opened"]
    assert store.load().backlogs == {BACKLOG}
