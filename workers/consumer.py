"""Celery's consumer, replaced: a delivery of a vendor queue is a job in JSON, never a task.

Celery's own handler acknowledges and drops what it cannot decode, and lets a message name the task to run.
Here whatever is taken from a lane goes through the pipeline in one hop, and the pipeline alone acknowledges.
Remote control, gossip, mingle and heartbeat events have no step here, so no transient queue is needed.
"""

import asyncio
from typing import Any, ClassVar

import structlog
from amqp.exceptions import AccessRefused, NotAllowed
from celery import bootsteps, signals
from celery.exceptions import WorkerShutdown
from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown

from connector.messaging.delivery import Delivery, Lane, read_delivery
from connector.messaging.publisher import PublishError
from connector.messaging.session import REFUSALS, BrokerSession
from connector.messaging.settle import settle
from connector.messaging.topology import lane_queue
from connector.registry.records import Registry
from connector.verify import verify
from workers.app import Work
from workers.pool import AsyncioPool

_log = structlog.get_logger(__name__)
_EXIT_FAILURE = 1


class VerifyRequest:
    """One delivery, in the form that Celery's worker hands to a pool."""

    __slots__ = ("_delivery", "_session", "_tag", "_work")

    def __init__(self, delivery: Delivery, delivery_tag: int, session: BrokerSession, work: Work) -> None:
        self._delivery = delivery
        self._tag = delivery_tag
        self._session = session
        self._work = work

    def execute_using_pool(self, pool: AsyncioPool, **_options: Any) -> None:
        """Start the pipeline on the pool's loop."""
        pool.apply_async(self._run)

    async def _run(self) -> None:
        delivery, session = self._delivery, self._session
        settlement = await verify(delivery, self._work.services)
        try:
            await settle(
                settlement,
                delivery,
                lane_queue(delivery.lane),
                session.publisher,
                lambda: session.acknowledge(self._tag),
                lambda: session.reject(self._tag),
            )
        except PublishError as error:
            _log.warning("job.unsettled", lane=delivery.lane, error=str(error))
            session.give_back(self._tag)
        except Exception:  # noqa: BLE001 - the delivery comes again, whatever failed
            _log.exception("job.unsettled", lane=delivery.lane)
            session.give_back(self._tag)


class SessionStep(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery ships no types
    """Opens a session on the connection that Celery has made, and declares the topology."""

    requires = ("celery.worker.consumer.connection:Connection",)

    def start(self, consumer: "ConnectorConsumer") -> None:
        """Open the session. A topology that exists otherwise stops the worker: retrying cannot mend it."""
        session = BrokerSession(consumer.connection, consumer.pool.loop)
        try:
            session.declare()
        except REFUSALS as error:
            # The broker's own words say all.
            _log.error("topology.refused", error=error.reply_text)
            raise WorkerShutdown(_EXIT_FAILURE) from None
        consumer.session = session
        consumer.declare_reply_queues()


class EventLoopStep(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery ships no types
    """Runs the event loop until the connection ends or the worker is told to stop."""

    requires = (SessionStep,)
    last = True

    def start(self, consumer: "ConnectorConsumer") -> None:
        """Serve. Returns by raising: the connection's error, or Celery's ``WorkerShutdown``."""
        consumer.pool.run(consumer.serve())
        maybe_shutdown()


class ConnectorConsumer(Consumer):  # type: ignore[misc]  # Celery ships no types
    """Celery's ``worker_consumer``: keeps its connection and recovery, replaces what it does with a message."""

    class Blueprint(Consumer.Blueprint):  # type: ignore[misc]  # Celery ships no types
        """The steps of a connection's life."""

        default_steps: ClassVar = [
            "celery.worker.consumer.connection:Connection",
            SessionStep,
            EventLoopStep,
        ]

    loop = None
    task_consumer = None
    session: BrokerSession

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.work: Work = self.app.work
        self._stopping = asyncio.Event()
        self._has_connected = False
        signals.worker_shutting_down.connect(self._on_shutting_down, weak=False)

    def ensure_connected(self, conn: Any) -> Any:
        """Connect, with Celery's back-off, in a thread: the loop goes on while the broker is away.

        A broker that refuses the worker when it starts stops it: retrying cannot mend a password.
        """
        try:
            connected = self.pool.run_blocking(super().ensure_connected, conn)
        except (AccessRefused, NotAllowed) as error:
            if self._has_connected:
                raise
            _log.error("broker.refused", variable="CONNECTOR_BROKER_URL", error=error.reply_text)
            raise WorkerShutdown(_EXIT_FAILURE) from None
        self._has_connected = True
        return connected

    async def serve(self) -> None:
        """Take jobs until told to stop, then finish those in hand. Raises when the connection ends."""
        reading = asyncio.create_task(self.session.read())
        refreshing = asyncio.create_task(self.work.services.registry.keep_fresh(self._on_registry_change))
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            self.session.consume(self.work.lanes, self.work.concurrency, self._on_message)
            self.on_ready()
            _log.info(
                "worker.ready",
                lanes=[lane.value for lane in self.work.lanes],
                concurrency=self.work.concurrency,
            )
            await _first_of(reading, refreshing, stopping)
            self.session.stop_consuming()
            _log.info("worker.draining", jobs=len(self.pool.jobs))
            while self.pool.jobs:
                await _first_of(reading, refreshing, *self.pool.jobs)
        finally:
            for task in (reading, refreshing, stopping):
                task.cancel()
            await asyncio.gather(reading, refreshing, stopping, return_exceptions=True)

    def _on_message(self, lane: Lane, message: Any) -> None:
        delivery = read_delivery(message, lane, self.work.services.clock())
        tag = message.delivery_info["delivery_tag"]
        self.on_task_request(VerifyRequest(delivery, tag, self.session, self.work))

    def declare_reply_queues(self) -> None:
        """Declare the reply queue of every vendor; one that is refused is that vendor's trouble alone."""
        for vendor in self.work.services.registry.registry.vendors:
            try:
                self.session.declare_reply_queue(vendor)
            except REFUSALS as error:
                _log.error("topology.refused", vendor=vendor, error=error.reply_text)

    def _on_registry_change(self, _registry: Registry) -> None:
        self.declare_reply_queues()

    def _on_shutting_down(self, **_details: Any) -> None:
        self.pool.loop.call_soon_threadsafe(self._stopping.set)


async def _first_of(*tasks: asyncio.Task[Any]) -> None:
    """Wait for the first to end, and raise what it raised."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
