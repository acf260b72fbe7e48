"""An overflow queue on a real broker, from its first job until it is removed, and made again."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection
from pydantic import SecretStr

from connector.amqp.confirmed_channel import Confirmation
from connector.amqp.overflow_life import CLOSED_AFTER, REMOVED_AFTER
from connector.amqp.publisher import Outgoing
from connector.amqp.queue_state import QueueState
from connector.amqp.session import TRANSPORT_OPTIONS, BrokerSession
from connector.amqp.topology import deferred_queue, overflow_queue
from connector.jobs.records import Flow, Lane
from connector.storage.database import open_database
from connector.storage.registry.cache import RegistryCache
from connector.storage.registry.freshness import Freshness
from connector.storage.registry.store import RegistryStore
from connector.storage.upgrading import upgrade
from connector.vault import Vault, new_key
from tests.fakes import ManualTime
from workers.overflow_tidying import OverflowTidying
from workers.overflows import Overflows

FLOW = Flow("batch", "millesime", "26920023600017")
QUEUE = overflow_queue(FLOW)
PATIENCE_SECONDS = 30


class Cache(RegistryCache):
    """The registry's cache, refreshed when told."""

    async def refresh(self) -> None:
        assert await self._refresh()


class Worker:
    """What of a worker has to do with overflow queues, on a connection of its own."""

    def __init__(self, connection: Any, store: RegistryStore) -> None:
        self.time = ManualTime()
        self.store = store
        self.cache = Cache(store, Vault(SecretStr(new_key())), Freshness(0))
        self.session = BrokerSession(connection, asyncio.get_running_loop())
        self.overflows = Overflows(self.session, self.cache, tuple(Lane), 10, self.time.clock)
        self.tidying = OverflowTidying(self.session, self.cache, tuple(Lane), self.time.clock)
        self.taken: asyncio.Queue[bytes] = asyncio.Queue()

    async def serve(self) -> None:
        """Take what comes until cancelled."""
        self.session.declare()
        self.session.consume({deferred_queue(Lane.BATCH): 1}, self._take)
        await self.session.read()

    def _take(self, queue: str, message: Any) -> None:
        assert queue == QUEUE
        self.session.acknowledge(message.delivery_info["delivery_tag"])
        self.taken.put_nowait(bytes(message.body))

    async def publish(self, body: bytes) -> Confirmation:
        """Put a job straight into the queue, as a worker does that does not know better."""
        return await self.session.publisher.publish(
            Outgoing(queue=QUEUE, body=body, properties={}, headers={})
        )

    async def next_taken(self) -> bytes:
        """Return what was taken from the queue next."""
        return await asyncio.wait_for(self.taken.get(), PATIENCE_SECONDS)

    async def rest(self, time: timedelta) -> None:
        """Tidy, and again after so much time; follow what has come of it."""
        await self.tidying.look()
        self.time.advance(time.total_seconds())
        await self.tidying.look()
        await self.cache.refresh()
        self.overflows.follow()


@pytest.fixture
async def worker(own_broker: str, tmp_path: Path) -> AsyncIterator[Worker]:
    engine = open_database(SecretStr(f"sqlite:///{tmp_path / 'registry.db'}"))
    upgrade(engine)
    connection = Connection(own_broker, transport_options=TRANSPORT_OPTIONS)
    connection.connect()
    made = Worker(connection, RegistryStore(engine))
    serving = asyncio.create_task(made.serve())
    try:
        await asyncio.sleep(0)
        yield made
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        connection.release()
        engine.dispose()


async def test_a_queue_lives_while_it_is_needed_and_a_day_longer(worker: Worker) -> None:
    assert await worker.overflows.is_open(FLOW)
    await worker.cache.refresh()
    assert await worker.publish(b"first") is Confirmation.ROUTED
    assert await worker.next_taken() == b"first"

    await worker.rest(CLOSED_AFTER)

    assert worker.session.look(QUEUE) == QueueState(waiting=0, consumers=0)
    assert worker.cache.registry.closed_overflows.keys() == {FLOW}

    assert await worker.publish(b"by one who did not know") is Confirmation.ROUTED
    await worker.rest(timedelta(0))
    assert await worker.next_taken() == b"by one who did not know"
    assert worker.cache.registry.overflows == {FLOW}

    await worker.rest(CLOSED_AFTER)
    await worker.rest(REMOVED_AFTER)

    assert worker.session.look(QUEUE) is None
    assert not worker.store.load().every_overflow
    assert await worker.publish(b"nowhere") is Confirmation.UNROUTABLE

    assert await worker.overflows.is_open(FLOW)
    assert await worker.publish(b"again") is Confirmation.ROUTED
    assert await worker.next_taken() == b"again"


async def test_a_queue_that_somebody_takes_from_is_not_removed(worker: Worker, own_broker: str) -> None:
    assert await worker.overflows.is_open(FLOW)
    await worker.cache.refresh()
    await worker.rest(CLOSED_AFTER)
    with Connection(own_broker) as other:
        tag = other.default_channel.basic_consume(QUEUE)
        worker.time.advance(REMOVED_AFTER.total_seconds())
        await worker.tidying.look()
        assert worker.session.look(QUEUE) == QueueState(waiting=0, consumers=1)
        other.default_channel.basic_cancel(tag)
        await worker.tidying.look()
    assert worker.session.look(QUEUE) is None


async def test_to_ask_for_a_queue_that_is_gone_costs_nobody_its_consumer(
    worker: Worker, own_broker: str
) -> None:
    assert await worker.overflows.is_open(FLOW)
    with Connection(own_broker) as operator:
        channel = operator.default_channel
        channel.queue_declare("watched", durable=True, auto_delete=False)
        for _ in range(2):
            channel.basic_publish_confirm(channel.prepare_message(b"job"), "", "watched")
        depths = [await worker.session.depth(queue) for queue in ("watched", "gone", "watched", "gone")]
        channel.queue_delete("watched")
    assert depths == [2, 0, 2, 0]
    assert await asyncio.gather(*map(worker.session.depth, ("gone", "gone"))) == [0, 0]
    assert await worker.publish(b"still") is Confirmation.ROUTED
    assert await worker.next_taken() == b"still"
