"""Celery's consumer, replaced: a delivery of a vendor queue is a job in JSON, never a task.

Celery's own handler acknowledges and drops what it cannot decode, and lets a message name the task to run.
Here whatever is taken from a lane goes through the pipeline in one hop, and the pipeline alone acknowledges.
Remote control, gossip, mingle and heartbeat events have no step here, so no transient queue is needed.
"""

import asyncio
import signal
from typing import Any, ClassVar, Final

import structlog
from amqp.exceptions import PreconditionFailed, RecoverableConnectionError
from celery import bootsteps, signals
from celery.exceptions import WorkerShutdown
from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown

from connector.amqp.session import (
    REFUSALS,
    BrokerSession,
    ConsumerLostError,
    DeliveryTimedOutError,
    TopologyLostError,
)
from connector.amqp.topology import JOURNAL, quarantine_queue
from connector.events import Event
from connector.jobs.records import Registry
from connector.time_limits import CONFIRM_TIMEOUT_SECONDS, LOST_DRAIN_SECONDS
from workers.app import Work
from workers.broker_link import BrokerLink
from workers.health import State
from workers.journal import JournalIntake
from workers.lane_watch import LaneWatch
from workers.overflow_tidying import OverflowTidying
from workers.overflows import Overflows
from workers.pool import end
from workers.quarantine import Quarantine
from workers.reply_queues import ReplyQueues
from workers.request import VerifyRequest, queues_of
from workers.rounds import Rounds
from workers.single_instance import SingleInstanceGuard

_log = structlog.get_logger(__name__)
_EXIT_FAILURE = 1
_TIMED_OUT: Final = "acknowledgement on channel"
"""In RabbitMQ's words (``rabbit_channel.erl``) as it ends a channel with an unacknowledged delivery."""


class SessionStep(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery ships no types
    """Opens a session on the connection that Celery has made, and declares the topology."""

    requires = ("celery.worker.consumer.connection:Connection",)

    def start(self, consumer: "ConnectorConsumer") -> None:
        """Open the session. A topology that exists otherwise stops the worker: retrying cannot mend it."""
        session = consumer.work.open_session(consumer.connection, consumer.pool.loop)
        try:
            session.declare()
        except REFUSALS as error:
            # The broker's own words say all.
            _log.error(Event.TOPOLOGY_REFUSED, error=error.reply_text)
            raise WorkerShutdown(_EXIT_FAILURE) from None
        consumer.session = session
        session.on_upkeep = consumer.declare_reply_queues
        consumer.work.health.is_blocked = lambda: session.is_blocked
        consumer.work.health.unsettled = lambda: len(consumer.pool.jobs)
        consumer.work.services.journal.attach(session.publisher)
        consumer.place.claim(session)
        consumer.declare_reply_queues()


class EventLoopStep(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery ships no types
    """Runs the event loop until the connection ends or the worker is told to stop."""

    requires = (SessionStep,)
    last = True

    def start(self, consumer: "ConnectorConsumer") -> None:
        """Serve. Returns by raising: the connection's error, or Celery's ``WorkerShutdown``.

        A worker whose queue is gone ends, so that it is seen and started again, rather than idle. One from which the broker took jobs
        back connects anew: RabbitMQ 4.3 ends the consumer then, an earlier one its channel
        (https://www.rabbitmq.com/docs/consumers#acknowledgement-timeout).
        """
        try:
            consumer.pool.run(consumer.serve())
        except ConsumerLostError as error:
            _log.error(Event.WORKER_CONSUMER_LOST, queue=str(error))
            raise WorkerShutdown(_EXIT_FAILURE) from None
        except DeliveryTimedOutError as error:
            _log.error(Event.WORKER_DELIVERY_TIMED_OUT, queue=str(error))
            raise RecoverableConnectionError("a delivery has timed out") from None
        except PreconditionFailed as error:
            if _TIMED_OUT in error.reply_text:
                _log.error(Event.WORKER_DELIVERY_TIMED_OUT)
            raise
        except TopologyLostError as error:
            _log.error(Event.TOPOLOGY_REFUSED, error=str(error))
            raise WorkerShutdown(_EXIT_FAILURE) from None
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
    overflows: Overflows
    journal: JournalIntake

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.work: Work = self.app.work
        self._stopping = asyncio.Event()
        self._hurrying = asyncio.Event()
        self._broker = BrokerLink(self.app.broker.files)
        self._reply_queues = ReplyQueues()
        self._has_rounds = False
        self.place = SingleInstanceGuard(self.work.services.link, self.pool.run)
        signals.worker_shutting_down.connect(self._on_shutting_down, weak=False)

    def ensure_connected(self, conn: Any) -> Any:
        """Connect to one of the nodes, in a thread: the loop goes on while the broker is away."""
        # Celery would start the worker anew at its end; whoever supervises it does that.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._tell_health()
        self._begin_rounds()
        self.place.join()
        self.pool.run_blocking(self._broker.connect, conn)
        return conn

    def _begin_rounds(self) -> None:
        """Say from now on that this worker is alive, whether the broker is there or not."""
        store = self.work.services.presence
        if self._has_rounds or store is None:
            return
        self._has_rounds = True
        rounds = Rounds(
            services=self.work.services,
            store=store,
            lanes=tuple(lane.value for lane in self.work.lanes),
            state=lambda: self.work.health.state.value,
            started_at=self.work.services.clock(),
        )
        self.pool.run_beside(rounds.go())

    def _tell_health(self) -> None:
        """Listen for probes, before the broker is there: a worker without one is alive, and not ready."""
        try:
            address = self.pool.run(self.work.health.start())
        except OSError as error:
            _log.error(Event.HEALTH_REFUSED, port=self.work.health.port, error=error.strerror)
            raise WorkerShutdown(_EXIT_FAILURE) from None
        if address is not None:
            _log.info(Event.HEALTH_LISTENING, address=address)

    async def serve(self) -> None:
        """Take jobs until told to stop, or until a queue is gone; then finish those in flight.

        Raises when the connection ends, and, once all is finished, for what was lost.
        """
        reading = asyncio.create_task(self.session.read())
        refreshing = asyncio.create_task(self.work.services.registry.keep_fresh(self._on_registry_change))
        stopping = asyncio.create_task(self._stopping.wait())
        isolating = asyncio.create_task(self._isolation().watch())
        sharing = asyncio.create_task(self.place.keep())
        tidying = asyncio.create_task(self._overflow_tidying().watch())
        watching = asyncio.create_task(self._lane_watch().watch())
        losing = asyncio.create_task(self.session.loss())
        try:
            self.overflows = self._make_overflows()
            self.journal = self._make_journal()
            lanes = queues_of(self.work.lanes, self.work.concurrency)
            self.session.consume({**lanes, **self.journal.queues()}, self._on_message)
            self.overflows.follow()
            self.on_ready()
            self.work.health.state = State.READY
            _log.info(
                Event.WORKER_READY,
                lanes=[lane.value for lane in self.work.lanes],
                concurrency=self.work.concurrency,
            )
            await _first_of(reading, refreshing, stopping, isolating, sharing, tidying, watching, losing)
            if losing.done() and isinstance(losing.result(), DeliveryTimedOutError):
                # All that is in flight comes again, as when the connection ends.
                raise losing.result()
            self.work.health.state = State.DRAINING
            self.session.stop_consuming()
            isolating.cancel()
            tidying.cancel()
            watching.cancel()
            await self._drain(reading, refreshing, is_last_chance=losing.done())
            await self.journal.finish()
            if losing.done():
                raise losing.result()
        finally:
            if self.work.health.state is State.READY:
                self.work.health.state = State.NO_BROKER_CONNECTION
            await end((reading, refreshing, stopping, isolating, sharing, tidying, watching, losing))

    async def _drain(self, *serving: asyncio.Task[Any], is_last_chance: bool) -> None:
        """Finish the jobs in flight, for as long as a drain may take; the broker gives the others again.

        ``is_last_chance``: it does not, where their queue is gone. So those that it has given are waited for, too.
        """
        least_seconds = LOST_DRAIN_SECONDS if is_last_chance else 0.0
        seconds = max(self.work.drain_seconds, least_seconds)
        _log.info(Event.WORKER_DRAINING, jobs=len(self.pool.jobs), seconds=seconds)
        hurrying = asyncio.create_task(self._hurrying.wait())
        coming = asyncio.create_task(self._wait_for_given(CONFIRM_TIMEOUT_SECONDS if is_last_chance else 0.0))
        try:
            async with asyncio.timeout(seconds):
                while (self.pool.jobs or not coming.done()) and not hurrying.done():
                    in_flight = (*self.pool.jobs, *([] if coming.done() else [coming]))
                    await _first_of(*serving, hurrying, *in_flight)
        except TimeoutError:
            pass
        finally:
            hurrying.cancel()
            coming.cancel()
        if self.pool.jobs:
            _log.warning(Event.WORKER_GAVE_BACK, jobs=len(self.pool.jobs))
            self.pool.flush()
            self.session.abandon()

    async def _wait_for_given(self, most_seconds: float) -> None:
        """Wait until what the broker has given is in flight; not for ever: it may have gone silent."""
        try:
            async with asyncio.timeout(most_seconds):
                await self.session.consumers_ended()
        except TimeoutError:
            pass

    def _isolation(self) -> Quarantine:
        queues = tuple(quarantine_queue(lane) for lane in self.work.lanes)
        return Quarantine(queues, self.session, self.pool, self._on_message)

    def _make_overflows(self) -> Overflows:
        services = self.work.services
        return Overflows(
            self.session, services.registry, self.work.lanes, self.work.concurrency, services.clock
        )

    def _lane_watch(self) -> LaneWatch:
        services = self.work.services
        return LaneWatch(self.session, services.intake.lanes, lambda: services.registry.registry)

    def _overflow_tidying(self) -> OverflowTidying:
        services = self.work.services
        return OverflowTidying(self.session, services.registry, self.work.lanes, services.clock)

    def _make_journal(self) -> JournalIntake:
        services = self.work.services
        return JournalIntake(self.session, services.journal.writer, services.clock, services.metrics)

    def _on_message(self, queue: str, message: Any) -> None:
        if queue == JOURNAL:
            self.journal.take(message)
            return
        self.on_task_request(
            VerifyRequest(
                queue=queue,
                message=message,
                session=self.session,
                overflows=self.overflows,
                work=self.work,
            )
        )

    def declare_reply_queues(self) -> None:
        """Declare the reply queues of every vendor."""
        self._reply_queues.declare(self.session, self.work.services.registry.registry)

    def _on_registry_change(self, _registry: Registry) -> None:
        self.session.when_unblocked(self.declare_reply_queues)
        self.session.when_unblocked(self.overflows.follow)

    def _on_shutting_down(self, **_details: Any) -> None:
        """Drain at the first signal, hurry at the second."""
        event = self._hurrying if self._stopping.is_set() else self._stopping
        if not self.pool.loop.is_closed():
            self.pool.loop.call_soon_threadsafe(event.set)


async def _first_of(*tasks: asyncio.Task[Any]) -> None:
    """Wait for the first to end, and raise what it raised."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
