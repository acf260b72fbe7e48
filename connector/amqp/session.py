"""One life of the worker's connection to the broker, on an event loop: read, consume, publish, acknowledge.

The connection is kombu's. Its socket is watched by the loop, so that a delivery becomes a coroutine, and a
confirm resolves a publish, without a thread in between. When the connection ends the session ends with it:
what it had in flight stays unacknowledged, and the broker gives it again to the next session.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, Final

import structlog
from amqp import spec
from amqp.exceptions import AccessRefused, PreconditionFailed

from connector.amqp.batched_writes import BatchedWrites
from connector.amqp.declaration import Power, ensure_reply_queue, ensure_topology, recorded_topology
from connector.amqp.depths import Depths
from connector.amqp.frames import TolerantFrames
from connector.amqp.guard import Guard, Kind, Verdict
from connector.amqp.headers import HEADERS_READ
from connector.amqp.publisher import Publisher
from connector.amqp.queue_state import QueueState, queue_state
from connector.amqp.reader import SocketReader
from connector.amqp.topology import GUARD, declare_overflow
from connector.amqp.upkeep import EVERY_SECONDS, PAUSE_SECONDS, Upkeep, is_refusal
from connector.events import Event
from connector.jobs.records import Flow

CONNECTION_NAME: Final = "ccas-connector worker"
"""What RabbitMQ calls it."""
HEARTBEAT_SECONDS: Final = 30
REFUSALS: Final = (AccessRefused, PreconditionFailed)
"""What the broker answers to a declaration that is not allowed, or not the same as what exists."""
_HEARTBEAT_RATE: Final = 2
FRAMES_AT_ONCE: Final = 24
"""Eight messages, of three frames each: a call whose turn has come must not wait for hundreds that overflow."""
_BLOCKED: Final = "connection.blocked"
_TAG_PREFIX: Final = "ccas-connector."
"""What our consumers' tags begin with, before the queue's name and a number."""
_log = structlog.get_logger(__name__)

TRANSPORT_OPTIONS: Final = {
    "frame_handler": partial(TolerantFrames, headers=HEADERS_READ),
    "frame_writer": BatchedWrites,
    # A broker that no longer reads or answers must not hold the loop for ever.
    "read_timeout": 10,
    "write_timeout": 10,
    "client_properties": {"connection_name": CONNECTION_NAME},
}
"""What a connection given to a session is made with."""


class ConsumerLostError(Exception):
    """The broker has ended a consumer, whose queue, which the message names, is gone."""


class DeliveryTimedOutError(Exception):
    """The broker has ended a consumer, whose queue, which the message names, is still there.

    RabbitMQ 4.3 does so where a delivery stays unacknowledged for too long
    (https://www.rabbitmq.com/docs/consumers#acknowledgement-timeout).
    """


class TopologyLostError(Exception):
    """The topology is no longer as it must be, and cannot be mended from here; the message has the broker's words."""


class BrokerSession:
    """Consumes and publishes on one connection, for as long as it lives."""

    publisher_type: ClassVar[type[Publisher]] = Publisher
    upkeep_seconds: ClassVar[float] = EVERY_SECONDS

    def __init__(self, connection: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._connection = connection
        self._amqp = connection.connection
        self._errors = (*connection.connection_errors, *connection.channel_errors)
        self._channel = _open_channel(connection)
        self.publisher = self.publisher_type(partial(_open_channel, self._amqp), loop)
        self._amqp.on_blocked = self._on_blocked
        self._amqp.on_unblocked = self._on_unblocked
        self._when_unblocked: list[Callable[[], None]] = []
        _publish_without_reading(self._amqp)
        self._reader = SocketReader(self._amqp)
        self._depths = Depths(self._amqp, loop)
        self._failed: asyncio.Future[None] = loop.create_future()
        self._power = Power.DECLARES
        self._lost: asyncio.Future[Exception] = loop.create_future()
        self._upkeep = self._make_upkeep()
        self.on_upkeep: Callable[[], None] = lambda: None
        """Called each time that the topology has been declared again."""
        self.publisher.on_unrouted = self._want_upkeep
        self.publisher.on_failed = self.fail
        self._consumer_tags: dict[str, str] = {}
        """By queue."""
        self._consumers_started = 0
        self._ending: tuple[str, ...] | None = None
        """The consumers that were told to end; None as long as none is."""
        self._ended = asyncio.Event()
        self._consumed: dict[str, int] = {}
        self._is_paused = False
        self._is_handling = False
        self._on_message: Callable[[str, Any], None] = lambda _queue, _message: None

    def declare(self) -> None:
        """Declare the topology, or make sure of it as a user that may not declare.

        Raises ``REFUSALS`` when it exists otherwise, or does not and may not be declared.
        """
        self._power = ensure_topology(self._connection)
        if self._power is Power.LOOKS:
            _log.warning(Event.TOPOLOGY_UNVERIFIED)
        self._upkeep = self._make_upkeep()

    def declare_reply_queue(self, vendor: str, name: str | None = None) -> None:
        """Declare a vendor's default or further reply queue likewise. Raises ``REFUSALS``; the session goes on."""
        ensure_reply_queue(self._connection, vendor, name, may_declare=self._power is Power.DECLARES)

    def consume(self, queues: Mapping[str, int], on_message: Callable[[str, Any], None]) -> None:
        """Take messages from ``queues``, of each at most so many unacknowledged at once."""
        self._consumed = dict(queues)
        self._on_message = on_message
        self.resume()

    def pause(self) -> None:
        """Take no further message, until ``resume``; what is in flight goes on."""
        self._is_paused = True
        for tag in tuple(self._consumer_tags.values()):
            self._send(partial(self._channel.basic_cancel, tag))
        self._consumer_tags.clear()

    def resume(self) -> None:
        """Take messages again, unless told to stop."""
        self._is_paused = not self._consumed
        # What the broker says while a consumer is started may be that an earlier one has ended.
        for queue, in_flight in tuple(self._consumed.items()):
            self._send(partial(self._start_consumer, queue, in_flight))

    def consume_also(self, queue: str, in_flight: int) -> None:
        """Take messages from one more queue, likewise; from the next ``resume`` on, while paused."""
        self._consumed[queue] = in_flight
        if not self._is_paused:
            self._send(partial(self._start_consumer, queue, in_flight))

    def consume_no_more(self, queue: str) -> None:
        """Take no further message from one queue; what is in flight of it goes on."""
        self._consumed.pop(queue, None)
        tag = self._consumer_tags.pop(queue, None)
        if tag is not None:
            self._send(partial(self._channel.basic_cancel, tag))

    def claim(self, kind: Kind, meanwhile: Callable[[], object]) -> Verdict:
        """Take a place among the worker processes, as ``Guard.claim`` does, before anything is consumed."""
        lost = partial(self._on_cancelled, GUARD)
        guard = Guard(self._connection, kind, on_lost=lost, is_blocked=lambda: self.is_blocked)
        return guard.claim(meanwhile)

    def look(self, queue: str) -> QueueState | None:
        """Return a queue's state; None where it does not exist, as far as the broker shows it to this user.

        Raises the client's error once the session has ended.
        """
        try:
            return queue_state(self._connection, queue)
        except AccessRefused:
            return None

    def declare_overflow(self, flow: Flow) -> None:
        """Declare the overflow queue of a flow. Raises ``REFUSALS`` likewise."""
        channel = self._connection.channel()
        declare_overflow(channel, flow)
        channel.close()

    def delete_unused(self, queue: str) -> bool:
        """Delete a queue in which nothing waits and from which nobody takes; True once it is not there.

        RabbitMQ has no such condition for a quorum queue: whoever calls this keeps others from using it meanwhile.
        Raises ``AccessRefused``, and the client's error once the session has ended.
        """
        state = self.look(queue)
        if state is None:
            return True
        if state.waiting or state.consumers:
            return False
        channel = self._connection.channel()
        channel.queue_delete(queue)
        channel.close()
        return True

    def _start_consumer(self, queue: str, in_flight: int) -> None:
        # Without `a_global`, it holds for the consumers that are started after it.
        self._channel.basic_qos(prefetch_size=0, prefetch_count=in_flight, a_global=False)
        # RabbitMQ ends the connection where a consumer is started again under a tag of which messages are still unacknowledged
        # (https://github.com/rabbitmq/rabbitmq-server/issues/5927).
        self._consumers_started += 1
        tag = f"{_TAG_PREFIX}{queue}.{self._consumers_started}"
        # Noted first: where reading the answer raises a refusal of something else, the broker has a consumer that is to end too.
        self._consumer_tags[queue] = tag
        self._channel.basic_consume(
            queue=queue,
            consumer_tag=tag,
            callback=partial(self._on_message, queue),
            on_cancel=partial(self._on_cancelled, queue),
        )

    def stop_consuming(self) -> None:
        """Take no further message, for good; what is in flight goes on."""
        # Without waiting for an answer: a broker that has gone silent must not hold a worker that is to end.
        self._is_paused = True
        self._ending = tuple(self._consumer_tags.values())
        for tag in self._ending:
            self._send(partial(self._channel.send_method, spec.Basic.Cancel, "sb", (tag, False)))
        self._consumer_tags.clear()
        self._consumed = {}
        self._look_whether_ended()

    async def consumers_ended(self) -> None:
        """Return once the broker has answered ``stop_consuming``: what it gave before is in flight then."""
        await self._ended.wait()

    def _look_whether_ended(self) -> None:
        # The client forgets a consumer's callback when the broker says that the consumer has ended.
        if self._ending is not None and not any(tag in self._channel.callbacks for tag in self._ending):
            self._ended.set()

    def abandon(self) -> None:
        """Close the connection without a word to the broker, which gives back what is in flight."""
        self.fail(ConnectionAbortedError("abandoned"))
        self._amqp.collect()

    async def depth(self, queue: str) -> int:
        """Return how many messages wait in a queue; none where it does not exist, or once the session has ended."""
        asked = self._ask(queue)
        return 0 if asked is None else await asked or 0

    def _ask(self, queue: str) -> asyncio.Future[int | None] | None:
        asked: list[asyncio.Future[int | None]] = []
        self._send(lambda: asked.append(self._depths.ask(queue)))
        return asked[0] if asked else None

    def basic_get(self, queue: str) -> Any | None:
        """Take one message of a queue that is not consumed; None where there is none."""
        found: list[Any] = []
        self._send(lambda: found.append(self._channel.basic_get(queue)))
        return found[0] if found else None

    def acknowledge(self, delivery_tag: int) -> None:
        """Tell the broker that a delivery is done with. Does nothing once the session has ended."""
        self._send(lambda: self._channel.basic_ack(delivery_tag))

    def reject(self, delivery_tag: int) -> None:
        """Have the broker dead-letter a delivery itself. Does nothing once the session has ended."""
        self._send(lambda: self._channel.basic_reject(delivery_tag, requeue=False))

    def requeue(self, delivery_tag: int) -> None:
        """Return a delivery that could not be settled to its queue. Does nothing once the session has ended.

        It counts for its delivery limit: from RabbitMQ 4.3 on a ``basic.nack`` would not, and the message come again for ever.
        """
        self._send(lambda: self._channel.basic_reject(delivery_tag, requeue=True))

    async def loss(self) -> Exception:
        """Return, once something that is consumed or declared is gone for good, what it is.

        The session goes on, so that the jobs in flight can end: the broker gives none again whose queue is gone.
        """
        return await asyncio.shield(self._lost)

    async def read(self) -> None:
        """Read what the broker sends until the connection ends; raises the client's error."""
        descriptor = self._amqp.sock.fileno()
        self._loop.add_reader(descriptor, self._on_readable)
        living = (self._loop.create_task(self._beat()), self._loop.create_task(self._keep_up()))
        # What arrived while the topology was being declared is in the client's buffer already.
        self._on_readable()
        try:
            await self._failed
        finally:
            for task in living:
                task.cancel()
            self._loop.remove_reader(descriptor)

    def fail(self, error: BaseException) -> None:
        """End the session: nothing is published or acknowledged any more."""
        self.publisher.fail(error)
        self._depths.end()
        if not self._failed.done():
            self._failed.set_exception(error)
            # Read once here, so that an error nobody awaits any more is not reported as forgotten.
            self._failed.exception()

    @property
    def is_blocked(self) -> bool:
        """The broker reads nothing from this connection for now: what waits for its answer would wait as long."""
        return self.publisher.is_blocked

    def when_unblocked(self, act: Callable[[], None]) -> None:
        """Have ``act`` done once the broker reads again; at once, where it does."""
        if self.is_blocked:
            self._when_unblocked.append(act)
        else:
            act()

    def _on_blocked(self, reason: str) -> None:
        _log.warning(Event.BROKER_BLOCKED, reason=reason)
        self.publisher.block()

    def _on_unblocked(self) -> None:
        _log.info(Event.BROKER_UNBLOCKED)
        self.publisher.unblock()
        acts, self._when_unblocked = self._when_unblocked, []
        for act in acts:
            # Not while a frame is being read.
            self._loop.call_soon(act)

    def _on_cancelled(self, queue: str, _tag: str) -> None:
        self._consumed.pop(queue, None)
        # Whoever claims a place reads the connection in a thread.
        self._loop.call_soon_threadsafe(self._lose_consumer, queue)

    def _lose_consumer(self, queue: str) -> None:
        """Find out whether the queue is gone: RabbitMQ ends a consumer before its queue is.

        Nobody is waited for who does not answer: what is in flight can then be given by nothing again, and is finished.
        """
        if queue == GUARD or self.is_blocked:
            self._have_lost(ConsumerLostError(queue))
        else:
            self._loop.call_later(PAUSE_SECONDS / 2, self._look_for, queue)

    def _look_for(self, queue: str) -> None:
        def hear(answer: asyncio.Future[int | None]) -> None:
            is_gone = answer.result() is None
            self._have_lost(ConsumerLostError(queue) if is_gone else DeliveryTimedOutError(queue))

        asked = self._ask(queue)
        if asked is not None:
            asked.add_done_callback(hear)
        self._loop.call_later(PAUSE_SECONDS / 2, self._have_lost, ConsumerLostError(queue))

    def _have_lost(self, loss: Exception) -> None:
        if not self._lost.done():
            self._lose(loss)
            # A moment later: other workers are to find out too before the queue is back.
            self._loop.call_later(PAUSE_SECONDS, self._want_upkeep)

    def _lose(self, loss: Exception) -> None:
        if not self._lost.done():
            self._lost.set_result(loss)

    def _make_upkeep(self) -> Upkeep:
        return Upkeep(
            recorded_topology(),
            self._power,
            consumed=lambda: self._consumed,
            every_seconds=self.upkeep_seconds,
        )

    def _want_upkeep(self) -> None:
        self._upkeep.want()

    async def _keep_up(self) -> None:
        channel = _open_channel(self._connection)
        while True:
            await self._upkeep.next()
            if not self.is_blocked:
                self._send(partial(self._upkeep.declare, channel))
                self._send(self.on_upkeep)
            await asyncio.sleep(PAUSE_SECONDS)

    def _send(self, frame: Callable[[], None]) -> None:
        if self._failed.done():
            return
        try:
            frame()
        except self._errors as error:
            self._heed(error)

    def _heed(self, error: Exception) -> None:
        """End the session, unless the error is the broker's refusal of a declaration: one channel has ended then.

        It is raised wherever the connection is read, be it for the answer to something else.
        """
        if is_refusal(error):
            self._lose(TopologyLostError(str(error)))
        else:
            self.fail(error)

    def _on_readable(self) -> None:
        if not self._is_handling:
            self._handle(self._reader.receive)

    def _handle(self, receive: Callable[[], None] = lambda: None) -> None:
        """Handle a few frames, and the next ones when what these have set off has had its turn."""
        self._is_handling = False
        if self._failed.done():
            return
        try:
            receive()
            self._is_handling = self._reader.handle(FRAMES_AT_ONCE)
        except self._errors as error:
            self._heed(error)
            if self._failed.done():
                return
            self._is_handling = True
        except Exception as error:  # noqa: BLE001 - a stream that cannot be read has no next message
            self.fail(ConnectionError(f"unreadable ({type(error).__name__})"))
        self._look_whether_ended()
        if self._is_handling:
            self._loop.call_soon(self._handle)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS / _HEARTBEAT_RATE)
            try:
                self._amqp.heartbeat_tick(rate=_HEARTBEAT_RATE)
            except self._errors as error:
                self.fail(error)
                return


def _open_channel(connection: Any) -> Any:
    channel = connection.channel()
    # A body is bytes, whatever `content_encoding` claims.
    channel.auto_decode = False
    return channel


def _publish_without_reading(amqp_connection: Any) -> None:
    """Spare py-amqp its look at the socket before every publish, for a blocked connection's notice.

    The loop watches the socket and sees that notice by itself; the broker has already been told that the
    client understands it.
    """
    properties = amqp_connection.client_properties
    amqp_connection.client_properties = {
        **properties,
        "capabilities": {**properties.get("capabilities", {}), _BLOCKED: False},
    }
