"""Workers that say that they are alive."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, select, update

from connector.storage.presence import ALIVE_SECONDS, Presence, PresenceStore, Sight
from connector.storage.tables import WORKERS

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
SIGHT = Sight(lanes=("batch",), state="ready", away=("journal",), open_breakers=("a/b",))
ONE = Presence(id="1", host="host", process=7, version="1.0", started_at=NOW, seen_at=NOW, sees=SIGHT)


def test_a_worker_is_alive_for_a_while_after_it_said_so_last(engine: Engine) -> None:
    store = PresenceStore(engine)
    store.tell(ONE)
    later = replace(ONE, seen_at=NOW + timedelta(seconds=10), sees=replace(SIGHT, state="draining", away=()))
    store.tell(later)
    assert store.alive(NOW + timedelta(seconds=ALIVE_SECONDS)) == (later,)
    assert store.alive(NOW + timedelta(seconds=ALIVE_SECONDS + 10)) == ()


def test_the_one_that_is_alive_the_longest_comes_first_and_one_that_leaves_is_gone(engine: Engine) -> None:
    store = PresenceStore(engine)
    younger = replace(ONE, id="0", started_at=NOW + timedelta(seconds=1))
    for each in (younger, ONE):
        store.tell(each)
    assert [each.id for each in store.alive(NOW)] == ["1", "0"]
    store.leave("1")
    assert [each.id for each in store.alive(NOW)] == ["0"]


def test_those_of_yesterday_are_forgotten(engine: Engine) -> None:
    store = PresenceStore(engine)
    store.tell(ONE)
    store.tell(replace(ONE, id="2", seen_at=NOW + timedelta(days=1, seconds=1)))
    with engine.connect() as connection:
        assert connection.execute(select(WORKERS.c.id)).scalars().all() == ["2"]


def test_what_another_version_says_is_read_as_far_as_it_is_known(engine: Engine) -> None:
    store = PresenceStore(engine)
    store.tell(ONE)
    with engine.begin() as connection:
        connection.execute(update(WORKERS).values(sees={"lanes": ["batch"], "unheard_of": 1}))
    assert store.alive(NOW)[0].sees == Sight(lanes=("batch",))
