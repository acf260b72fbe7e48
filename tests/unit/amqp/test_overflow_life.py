"""The life of an overflow queue: no job is deleted with it, and none waits where nobody takes it, whatever comes between.

The workers' own classes run on SQLite and on a broker in memory, with every step in any order: two workers that crash,
reconnect, lose the database, set jobs aside, hold them in flight, and tidy.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from amqp.exceptions import NotFound
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pydantic import SecretStr
from sqlalchemy import Engine, delete
from sqlalchemy.exc import OperationalError

from connector.amqp.confirmed_channel import PublishError
from connector.amqp.overflow_life import CLOSED_AFTER, REMOVED_AFTER, Step, next_step
from connector.amqp.queue_state import QueueState
from connector.amqp.session import BrokerSession
from connector.amqp.topology import overflow_queue
from connector.jobs.records import Flow, Lane, Registry
from connector.storage.database import DatabaseError, open_database
from connector.storage.registry.cache import RegistryCache
from connector.storage.registry.freshness import Freshness
from connector.storage.registry.store import RegistryStore
from connector.storage.tables import OVERFLOWS
from connector.storage.upgrading import upgrade
from connector.vault import Vault, new_key
from tests.fakes import START, ManualTime
from workers import overflows as overflows_module
from workers.overflow_tidying import OverflowTidying
from workers.overflows import Overflows

FLOW = Flow("batch", "millesime", "26920023600017")
QUEUE = overflow_queue(FLOW)
EMPTY, BUSY, CONSUMED = (
    QueueState(waiting=0, consumers=0),
    QueueState(waiting=1, consumers=1),
    QueueState(waiting=0, consumers=1),
)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("closed", "empty", "state", "step"),
    [
        (None, None, EMPTY, Step.KEEP),
        (None, CLOSED_AFTER - SECOND, EMPTY, Step.KEEP),
        (None, CLOSED_AFTER, EMPTY, Step.CLOSE),
        (None, CLOSED_AFTER, CONSUMED, Step.CLOSE),
        (None, CLOSED_AFTER, None, Step.CLOSE),
        (None, CLOSED_AFTER, BUSY, Step.KEEP),
        (SECOND, None, BUSY, Step.OPEN),
        (REMOVED_AFTER, None, BUSY, Step.OPEN),
        (REMOVED_AFTER - SECOND, None, EMPTY, Step.KEEP),
        (REMOVED_AFTER, None, EMPTY, Step.REMOVE),
        (REMOVED_AFTER, None, None, Step.REMOVE),
        (REMOVED_AFTER, None, CONSUMED, Step.KEEP),
    ],
)
def test_what_a_look_leads_to(
    closed: timedelta | None, empty: timedelta | None, state: QueueState | None, step: Step
) -> None:
    """``closed`` and ``empty`` are how long it has been so."""
    since = [None if ago is None else START - ago for ago in (closed, empty)]
    assert next_step(since[0], since[1], state, START) is step


def test_a_queue_is_removed_after_a_day_without_a_job() -> None:
    assert (CLOSED_AFTER + REMOVED_AFTER).days == 1


class Broker:
    """The overflow queue, in memory."""

    def __init__(self) -> None:
        self.exists = False
        self.waiting = 0
        self.in_flight: Counter[int] = Counter()
        """By worker, unacknowledged."""
        self.consumers: set[int] = set()
        self.before: dict[str, Callable[[], object]] = {}
        """What others do before a worker's second look (``declare``), and between that and its deletion (``delete``)."""
        self.looks = 0
        self.deleted = 0

    def _others_act(self, before: str) -> None:
        self.before.pop(before, lambda: None)()

    def publish(self) -> bool:
        """Take a job; False where there is no such queue."""
        self.waiting += self.exists
        return self.exists

    def end(self, worker: int) -> None:
        """End a worker's connection: what it had in flight comes back."""
        self.consumers.discard(worker)
        self.waiting += self.in_flight.pop(worker, 0)

    # The channel of a client, as far as a session uses it.
    def channel(self) -> "Broker":
        return self

    def close(self) -> None:
        pass

    def queue_declare(self, _queue: str, *, passive: bool) -> Any:
        assert passive
        self.looks += 1
        if self.looks > 1:
            self._others_act("declare")
        if not self.exists:
            raise NotFound
        return SimpleNamespace(message_count=self.waiting, consumer_count=len(self.consumers))

    def queue_delete(self, _queue: str) -> None:
        assert not self.consumers, "a worker would lose its consumer, and end"
        self._others_act("delete")
        assert (self.waiting, self.in_flight.total()) == (0, 0), "jobs were deleted with their queue"
        self.exists = False
        self.consumers.clear()
        self.deleted += 1


class Session(BrokerSession):
    """A worker's session, whose looks and deletions are the product's."""

    def __init__(self, broker: Broker, worker: int) -> None:
        self._connection = broker
        self._broker = broker
        self._worker = worker

    @property
    def is_blocked(self) -> bool:
        return False

    def declare_overflow(self, flow: Flow) -> None:
        assert flow == FLOW
        self._broker.exists = True

    def consume_also(self, queue: str, in_flight: int) -> None:
        assert self._broker.exists
        assert (queue, in_flight > 0) == (QUEUE, True)
        self._broker.consumers.add(self._worker)

    def consume_no_more(self, queue: str) -> None:
        assert queue == QUEUE
        self._broker.consumers.discard(self._worker)


class Store:
    """The real store, unless the database is away for this worker."""

    def __init__(self, store: RegistryStore) -> None:
        self._store = store
        self.is_away = False

    def _reach(self) -> RegistryStore:
        if self.is_away:
            raise OperationalError("", {}, Exception())
        return self._store

    @property
    def overflows(self) -> Any:
        # As BacklogStore says it.
        try:
            return self._reach().overflows
        except OperationalError:
            return SimpleNamespace(open=_away, close=_away, remove=_away)

    def load(self) -> Registry:
        return self._reach().load()

    def is_current(self, registry: Registry) -> bool:
        return self._reach().is_current(registry)


def _away(*_arguments: object) -> Any:
    raise DatabaseError("away")


class Cache(RegistryCache):
    """The registry's cache, refreshed when told."""

    async def refresh(self) -> bool:
        return await self._refresh()


class Worker:
    """One worker process."""

    def __init__(self, number: int, broker: Broker, store: RegistryStore, time: ManualTime) -> None:
        self.number, self.broker, self.time = number, broker, time
        self.store = Store(store)
        self.start()

    def start(self) -> None:
        """Start the process."""
        self.cache = Cache(cast("RegistryStore", self.store), VAULT, Freshness(0))
        self.connect()

    def connect(self) -> None:
        """Begin another life of the connection."""
        self.broker.end(self.number)
        session = Session(self.broker, self.number)
        self.overflows = Overflows(session, self.cache, (Lane.BATCH,), 10, self.time.clock)
        self.tidying = OverflowTidying(session, self.cache, (Lane.BATCH,), self.time.clock)
        self.overflows.follow()

    async def refresh(self) -> None:
        if await self.cache.refresh():
            self.overflows.follow()

    async def overflowed(self) -> None:
        """Put a job into the queue, as a settler does; where it cannot, the job is run."""
        if await self.overflows.is_open(FLOW) and not self.broker.publish():
            try:
                await self.overflows.open(FLOW)
            except PublishError:
                return
            assert self.broker.publish()


VAULT = Vault(SecretStr(new_key()))
FOLDER = tempfile.TemporaryDirectory(prefix="ccas-connector-test-")
WORKERS = st.integers(0, 1)


class Life(RuleBasedStateMachine):
    """Two workers, in any order of their steps."""

    engine: Engine
    store: RegistryStore | None = None

    def begin(self) -> None:
        """Make two workers and an empty database."""
        if Life.store is None:
            Life.engine = open_database(SecretStr(f"sqlite:///{Path(FOLDER.name) / 'registry.db'}"))
            upgrade(Life.engine)
            Life.store = RegistryStore(Life.engine)
        with Life.engine.begin() as connection:
            connection.execute(delete(OVERFLOWS))
        self.runner = asyncio.Runner()
        self.time = ManualTime()
        self.broker = Broker()
        self.workers = [Worker(number, self.broker, Life.store, self.time) for number in (0, 1)]

    def run(self, act: Callable[[], Any]) -> None:
        """Have a worker act, and wait for what it has set off."""

        async def run() -> None:
            acting = act()
            if acting is not None:
                await acting
            await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)

        self.runner.run(run())

    @initialize(
        without_database=st.sampled_from([None, 0, 1]), closed_hours=st.sampled_from([None, 0, 22, 23, 24])
    )
    def begin_with_a_queue_at_rest(self, without_database: int | None, closed_hours: int | None) -> None:
        """Begin where it matters: with a queue that is empty, or closed for so long, as both workers know but one."""
        if not hasattr(self, "broker"):
            self.begin()
        self.sets_a_job_aside(0)
        self.takes_a_job(0)
        self.answers_a_job(0)
        self.time_passes(1, 1)
        if without_database is not None:
            self.loses_or_finds_the_database(without_database, is_away=True)
        if closed_hours is not None:
            tidier = 0 if without_database is None else 1 - without_database
            self.time_passes(tidier, 1)
            self.time_passes(tidier, closed_hours)

    @rule(number=WORKERS)
    def sets_a_job_aside(self, number: int) -> None:
        self.run(self.workers[number].overflowed)

    @rule(number=WORKERS)
    def takes_a_job(self, number: int) -> None:
        if number in self.broker.consumers and self.broker.waiting:
            self.broker.waiting -= 1
            self.broker.in_flight[number] += 1

    @rule(number=WORKERS)
    def answers_a_job(self, number: int) -> None:
        self.broker.in_flight[number] -= self.broker.in_flight[number] > 0

    @rule(number=WORKERS)
    def refreshes(self, number: int) -> None:
        self.run(self.workers[number].refresh)

    @rule(number=WORKERS)
    def reconnects(self, number: int) -> None:
        self.run(self.workers[number].connect)

    @rule(number=WORKERS)
    def is_started_again(self, number: int) -> None:
        if not self.workers[number].store.is_away:
            self.run(self.workers[number].start)

    @rule(number=WORKERS, is_away=st.booleans())
    def loses_or_finds_the_database(self, number: int, *, is_away: bool) -> None:
        self.workers[number].store.is_away = is_away
        # It is noticed within seconds, hence before an hour has passed.

    @rule(
        number=WORKERS,
        before=st.sampled_from(["declare", "delete"]),
        reconnects=st.booleans(),
        sets_aside=st.booleans(),
    )
    def tidies(self, number: int, before: str = "delete", *, reconnects: bool, sets_aside: bool) -> None:
        """Tidy, while the other worker does something in the middle of it."""
        other = self.workers[1 - number]

        def act() -> None:
            if reconnects:
                other.connect()
            if sets_aside and other.overflows.has_open(FLOW):
                self.broker.publish()

        self.broker.looks = 0
        self.broker.before = {before: act}
        self.run(self.workers[number].tidying.look)
        self.broker.before = {}

    @rule(number=WORKERS, hours=st.sampled_from([1, 23]))
    def time_passes(self, number: int, hours: int) -> None:
        """Pass so many hours after a worker has tidied; every registry is refreshed meanwhile, where it can be."""
        self.tidies(number, reconnects=False, sets_aside=False)
        for worker in self.workers:
            self.run(worker.refresh)
            # Nobody keeps a message in flight for so long: the broker ends the channel.
            if self.broker.in_flight[worker.number]:
                self.run(worker.connect)
        self.time.advance(hours * 3600)

    @precondition(lambda self: hasattr(self, "broker"))
    @invariant()
    def a_queue_with_jobs_is_known(self) -> None:
        assert Life.store is not None
        if self.broker.waiting or self.broker.in_flight.total():
            assert FLOW in Life.store.load().every_overflow

    def teardown(self) -> None:
        """Have all work as it should: nothing stays where nobody takes it."""
        if not hasattr(self, "broker"):
            return
        try:
            self._end()
        finally:
            self.runner.close()

    def _end(self) -> None:
        for worker in self.workers:
            worker.store.is_away = False
            self.run(worker.refresh)
        for worker in self.workers:
            self.run(worker.tidying.look)
            self.run(worker.refresh)
        if self.broker.waiting:
            assert self.broker.consumers, "jobs wait where nobody takes them"


def test_every_order_of_steps_that_hypothesis_finds() -> None:
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=100, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.fixture(autouse=True)
def _tries_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overflows_module, "TRY_AGAIN_SECONDS", -1.0)


@pytest.fixture
def life() -> Iterator[Life]:
    started = Life()
    started.begin()
    yield started
    started.teardown()


def test_an_empty_queue_is_closed_removed_and_made_again(life: Life) -> None:
    life.sets_a_job_aside(0)
    life.takes_a_job(0)
    life.answers_a_job(0)
    life.refreshes(0)
    life.refreshes(1)
    steps: list[tuple[bool, bool]] = []
    for _ in range(26):
        life.tidies(1, reconnects=False, sets_aside=False)
        life.time_passes(0, 1)
        assert Life.store is not None
        steps.append((FLOW in Life.store.load().overflows, life.broker.exists))
    assert [is_open for is_open, _exists in steps] == [True] + [False] * 25
    assert [exists for _is_open, exists in steps] == [True] * 24 + [False] * 2
    assert (life.broker.deleted, life.broker.consumers) == (1, set())
    life.sets_a_job_aside(1)
    assert (life.broker.exists, life.broker.waiting, life.broker.consumers) == (True, 1, {1})


def test_a_worker_without_the_database_keeps_its_queue(life: Life) -> None:
    """It does not know that the queue was closed, and goes on putting jobs there."""
    life.sets_a_job_aside(0)
    life.takes_a_job(0)
    life.answers_a_job(0)
    life.loses_or_finds_the_database(0, is_away=True)
    for _ in range(30):
        life.tidies(1, reconnects=False, sets_aside=True)
        life.time_passes(1, 1)
    assert (life.broker.exists, life.broker.consumers, life.broker.deleted) == (True, {0}, 0)
    life.sets_a_job_aside(0)
    life.tidies(1, reconnects=False, sets_aside=False)
    life.refreshes(1)
    assert life.broker.consumers == {0, 1}


def test_a_worker_that_comes_back_without_the_database_keeps_the_queue_that_it_takes_from(life: Life) -> None:
    """Between the look of the one that would remove it, and its deletion."""
    life.begin_with_a_queue_at_rest(without_database=1, closed_hours=24)
    life.broker.end(1)
    life.tidies(0, before="declare", reconnects=True, sets_aside=True)
    assert (life.broker.deleted, life.broker.consumers) == (0, {1})


def test_a_worker_without_the_database_puts_nothing_where_it_has_just_come_back(life: Life) -> None:
    """It comes back when the queue is as good as deleted."""
    life.begin_with_a_queue_at_rest(without_database=1, closed_hours=24)
    life.broker.end(1)
    life.tidies(0, before="delete", reconnects=True, sets_aside=True)
    assert life.broker.deleted == 1
    life.sets_a_job_aside(1)
    assert not life.broker.exists


def test_a_worker_that_learns_late_that_a_queue_was_closed_keeps_it(life: Life) -> None:
    """It has a job in flight, which it might have to give back."""
    life.begin_with_a_queue_at_rest(without_database=1, closed_hours=24)
    life.sets_a_job_aside(1)
    life.takes_a_job(1)
    life.loses_or_finds_the_database(1, is_away=False)
    life.refreshes(1)
    life.tidies(0, reconnects=False, sets_aside=False)
    life.refreshes(0)
    assert (life.broker.deleted, life.broker.consumers) == (0, {0, 1})


def test_a_queue_that_was_left_is_opened_before_a_job_is_put_there(life: Life) -> None:
    life.begin_with_a_queue_at_rest(without_database=None, closed_hours=22)
    assert not life.broker.consumers
    life.sets_a_job_aside(0)
    assert (life.broker.waiting, life.broker.consumers) == (1, {0})
    life.time_passes(1, 1)
    life.tidies(1, reconnects=False, sets_aside=False)
    assert life.broker.consumers == {0, 1}
