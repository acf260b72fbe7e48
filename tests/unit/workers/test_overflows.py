"""Backlog queues: made once, taken from whoever made them, and never in the way where they cannot be made."""

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from amqp.exceptions import AccessRefused, PreconditionFailed

from connector.amqp.confirmed_channel import PublishError
from connector.amqp.overflow_life import LEFT_WITHIN
from connector.amqp.queue_state import QueueState
from connector.amqp.session import BrokerSession
from connector.jobs.records import Flow, Lane
from connector.storage.database import DatabaseError
from connector.storage.registry.cache import RegistryCache
from tests.fakes import START
from workers.overflows import FEWEST_IN_FLIGHT, Overflows, in_flight_of

A = Flow("batch", "millesime", "26920023600017")
B = Flow("batch", "sonate-opus", "26750045200011")
COUNTER = Flow("interactive", "millesime", "26920023600017")


class Broker:
    """Stands for a session: what was declared and consumed, and what is refused."""

    def __init__(self) -> None:
        self.declared: list[Flow] = []
        self.consumed: dict[str, int] = {}
        self.existing: set[str] = set()
        self.refusal: Exception | None = None
        self.is_blocked = False

    def declare_overflow(self, flow: Flow) -> None:
        """Declare, or refuse."""
        if self.refusal is not None:
            raise self.refusal
        self.declared.append(flow)

    def consume_also(self, queue: str, in_flight: int) -> None:
        """Consume."""
        self.consumed[queue] = in_flight

    def consume_no_more(self, queue: str) -> None:
        """Consume it no more."""
        del self.consumed[queue]

    def look(self, queue: str) -> QueueState | None:
        """Tell whether it exists."""
        return QueueState(waiting=0, consumers=0) if queue in self.existing else None


class Registry:
    """Stands for the registry's cache."""

    def __init__(self, *flows: Flow) -> None:
        self.registry = SimpleNamespace(overflows=frozenset(flows), closed_overflows={}, overflows_revision=0)
        self.noted: list[Flow] = []
        self.is_away = False

    async def open_overflow(self, flow: Flow) -> int:
        """Note it, unless the database is away."""
        await asyncio.sleep(0)
        if self.is_away:
            raise DatabaseError("away")
        self.noted.append(flow)
        return len(self.noted)


@pytest.fixture
def broker() -> Broker:
    return Broker()


def overflows(broker: Broker, registry: Registry, concurrency: int = 100) -> Overflows:
    session, cache = cast("BrokerSession", broker), cast("RegistryCache", cast("Any", registry))
    return Overflows(session, cache, (Lane.BATCH,), concurrency, lambda: START)


def closed(
    flow: Flow, *, revision: int, others: Collection[Flow] = (), at: datetime = START
) -> SimpleNamespace:
    """Return a registry in which a flow's queue is closed."""
    return SimpleNamespace(
        overflows=frozenset(others), closed_overflows={flow: at}, overflows_revision=revision
    )


def queue(flow: Flow) -> str:
    return f"connector.backlog.{flow.lane}.{flow.vendor}.{flow.siret}"


async def test_a_queue_is_noted_made_and_taken_from_once(broker: Broker) -> None:
    registry = Registry()
    made = overflows(broker, registry)
    assert await asyncio.gather(*(made.is_open(A) for _ in range(5))) == [True] * 5
    assert (registry.noted, broker.declared) == ([A], [A])
    assert broker.consumed == {queue(A): 50}


def test_hundreds_of_queues_of_one_vendor_give_few_jobs_each() -> None:
    given = [in_flight_of(queues, 100) for queues in range(1, 301)]
    assert given[0] == 50
    assert given[-1] == FEWEST_IN_FLIGHT
    assert sum(given) < 900


async def test_what_another_worker_has_made_is_taken_from_on_ones_own_lanes(broker: Broker) -> None:
    made = overflows(broker, Registry(A, B, COUNTER), concurrency=10)
    made.follow()
    made.follow()
    assert broker.declared == [A, B]
    assert broker.consumed == {
        queue(A): in_flight_of(1, 10),
        queue(B): in_flight_of(1 + (A.vendor == B.vendor), 10),
    }
    assert await made.is_open(A)


async def test_without_the_database_no_queue_is_made_and_nobody_asks_again_at_once(broker: Broker) -> None:
    registry = Registry()
    registry.is_away = True
    made = overflows(broker, registry)
    assert not await made.is_open(A)
    registry.is_away = False
    assert not await made.is_open(A)
    assert not broker.declared
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("workers.overflows.TRY_AGAIN_SECONDS", 0.0)
        registry.is_away = True
        assert not await made.is_open(B)
        registry.is_away = False
        assert await made.is_open(B)


async def test_a_queue_that_may_not_be_declared_is_not_open(broker: Broker) -> None:
    broker.refusal = AccessRefused("no right")
    made = overflows(broker, Registry())
    with pytest.raises(PublishError):
        await made.open(A)
    assert not await made.is_open(B)


async def test_nothing_is_declared_on_a_connection_that_the_broker_does_not_read(broker: Broker) -> None:
    broker.is_blocked = True
    assert not await overflows(broker, Registry()).is_open(A)
    assert not broker.declared


async def test_what_waits_in_a_queue_of_other_arguments_is_answered(broker: Broker) -> None:
    broker.refusal = PreconditionFailed("other arguments")
    broker.existing = {queue(A)}
    overflows(broker, Registry(A, B)).follow()
    assert set(broker.consumed) == {queue(A)}


async def test_a_queue_that_was_closed_is_left_and_opened_again_when_it_is_needed(broker: Broker) -> None:
    registry = Registry(A, B)
    made = overflows(broker, registry)
    made.follow()
    registry.registry = closed(A, revision=1, others={B})
    made.follow()
    assert set(broker.consumed) == {queue(B)}
    assert await made.is_open(A)
    assert (registry.noted, set(broker.consumed)) == ([A], {queue(A), queue(B)})


async def test_a_queue_just_opened_is_not_left_for_a_registry_that_is_older(broker: Broker) -> None:
    registry = Registry()
    made = overflows(broker, registry)
    assert await made.is_open(A)
    made.follow()
    assert set(broker.consumed) == {queue(A)}
    registry.registry = closed(A, revision=1)
    made.follow()
    assert not broker.consumed


async def test_a_queue_that_was_closed_long_ago_is_opened_again_by_who_still_takes_from_it(
    broker: Broker,
) -> None:
    """Left, it could be removed at once, with jobs in this worker's hand."""
    registry = Registry(A)
    made = overflows(broker, registry)
    made.follow()
    registry.registry = closed(A, revision=1, at=START - LEFT_WITHIN - timedelta(seconds=1))
    made.follow()
    await made.open(A)
    assert registry.noted == [A]
    assert set(broker.consumed) == {queue(A)}


async def test_while_the_database_is_away_what_waits_is_taken_and_nothing_is_put_there(
    broker: Broker,
) -> None:
    """The registry in memory may be a day old: the queue may be closed by now, or removed."""
    registry = Registry(A, B)
    registry.is_away = True
    broker.existing = {queue(A)}
    made = overflows(broker, registry)
    made.follow()
    assert (broker.declared, set(broker.consumed)) == ([], {queue(A)})
    assert not await made.is_open(A)
    assert registry.noted == []
