"""Publishing, confirmed and routed: the connector's only way of putting a message on the broker.

kombu's own publishing waits a round trip for each confirm. Here confirms are pipelined: a publish returns a
future, which the broker's acknowledgement resolves. ``mandatory`` tells a message that no queue took, which a
confirm alone would call a success.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final
from uuid import uuid4

from connector.amqp.confirmed_channel import Confirmation, ConfirmedChannel, PublishError
from connector.amqp.topology import delayed
from connector.time_limits import CONFIRM_TIMEOUT_SECONDS

FIRST_PAUSE_SECONDS: Final = 1.0
"""Before what was not confirmed is published again; it doubles each time."""
LONGEST_PAUSE_SECONDS: Final = 30.0
FULL_SECONDS: Final = 5.0
"""How long a queue that has refused is held to be full, before one message tries it on another channel."""
_DEFAULT_EXCHANGE: Final = ""
_PERSISTENT: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message to publish to a queue."""

    queue: str
    delay_seconds: int = 0
    """How long the broker keeps it before; 0: it goes straight there."""
    content_type: str = "application/json"
    body: bytes = field(repr=False)
    properties: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, Any] = field(repr=False)


async def until_done(attempt: Callable[[], Awaitable[bool]]) -> None:
    """Make an attempt at publishing again, ever more rarely, until it says that it is done."""
    pause_seconds = FIRST_PAUSE_SECONDS
    while not await attempt():
        await asyncio.sleep(pause_seconds)
        pause_seconds = min(LONGEST_PAUSE_SECONDS, 2 * pause_seconds)


def prepare(message: Outgoing, message_id: str, channel: Any) -> tuple[Any, str, str]:
    """Return the AMQP client's message, persistent, and the exchange and routing key that bring it to its queue."""
    prepared = channel.prepare_message(
        message.body,
        content_type=message.content_type,
        headers=dict(message.headers),
        properties={**message.properties, "delivery_mode": _PERSISTENT, "message_id": message_id},
    )
    if message.delay_seconds:
        return (prepared, *delayed(message.queue, message.delay_seconds))
    return prepared, _DEFAULT_EXCHANGE, message.queue


class Publisher:
    """Publishes for as long as its connection lives.

    A queue that refuses a message may be full, or may have no leader for a moment. And a channel that a quorum queue has refused once
    may be refused for good, though the queue has long had a leader, or room, again
    (https://github.com/rabbitmq/rabbitmq-server/issues/12206). So what is refused is sent again on another channel, a few times; and from
    time to time, as long as the queue is held to be full.
    """

    confirm_timeout_seconds: ClassVar[float] = CONFIRM_TIMEOUT_SECONDS
    pauses_seconds: ClassVar[tuple[float, ...]] = (0.1, 0.4, 1.5, 3.0)
    """Before each further try: a cluster has elected another leader by then."""

    def __init__(self, open_channel: Callable[[], Any], loop: asyncio.AbstractEventLoop) -> None:
        self._open_channel = open_channel
        self._loop = loop
        self._unblocked = asyncio.Event()
        self._unblocked.set()
        self._failure: BaseException | None = None
        self._full: dict[str, float] = {}
        """When queues that are held to be full are tried again, on the loop's clock."""
        self._trying: dict[str, asyncio.Future[bool]] = {}
        """Of queues that a message is tried on again: whether it was taken."""
        self.on_unrouted: Callable[[], None] = lambda: None
        """Called when a message finds no queue."""
        self.on_failed: Callable[[BaseException], None] = lambda _error: None
        """Called when no further channel can be opened: the connection is of no use any more."""
        self._channel = self._open()
        self._former: list[ConfirmedChannel] = []

    async def publish(self, message: Outgoing) -> Confirmation:
        """Publish, and return what the broker says became of the message.

        Waits while the broker blocks publishers (its memory or disk alarm). Raises ``PublishError`` when the
        connection ends, or no confirm comes within ``confirm_timeout_seconds``.
        """
        await self._unblocked.wait()
        channel = self._channel
        confirmation = await self._send(message)
        if confirmation is Confirmation.REFUSED:
            return await self._insist(message, channel)
        self._full.pop(message.queue, None)
        return confirmation

    @property
    def has_ended(self) -> bool:
        """Its connection is gone: nothing can be published any more."""
        return self._failure is not None

    @property
    def is_blocked(self) -> bool:
        """The broker takes no messages for now."""
        return not self._unblocked.is_set()

    def block(self) -> None:
        """Hold further messages: the broker has said that it takes none."""
        self._unblocked.clear()

    def unblock(self) -> None:
        """Let held messages go. What was sent before is confirmed only now, so its time begins anew."""
        for channel in (self._channel, *self._former):
            channel.begin_anew()
        self._unblocked.set()

    def fail(self, error: BaseException) -> None:
        """End every publish under way: the connection is gone."""
        self._failure = error
        self._unblocked.set()
        for channel in (self._channel, *self._former):
            channel.fail(error)

    async def _insist(self, message: Outgoing, refused: ConfirmedChannel) -> Confirmation:
        """Have a message taken that was refused, unless its queue has only just been found full: one message tries, for all."""
        queue = message.queue
        while (others := self._trying.get(queue)) is not None:
            if not await asyncio.shield(others):
                return Confirmation.REFUSED
            refused = self._channel
            confirmation = await self._send(message)
            if confirmation is not Confirmation.REFUSED:
                return confirmation
        if self._loop.time() < self._full.get(queue, 0.0):
            return Confirmation.REFUSED
        trying = self._trying[queue] = self._loop.create_future()
        # Others are told to try for themselves where this one ends without an answer.
        takes_again = True
        try:
            confirmation = await self._try_again(message, refused)
            takes_again = confirmation is not Confirmation.REFUSED
            return confirmation
        finally:
            del self._trying[queue]
            trying.set_result(takes_again)

    async def _try_again(self, message: Outgoing, refused: ConfirmedChannel) -> Confirmation:
        for pause_seconds in (0.0,) if message.queue in self._full else self.pauses_seconds:
            await asyncio.sleep(pause_seconds)
            await self._unblocked.wait()
            self._renew(refused)
            refused = self._channel
            confirmation = await self._send(message)
            if confirmation is not Confirmation.REFUSED:
                self._full.pop(message.queue, None)
                return confirmation
        self._full[message.queue] = self._loop.time() + FULL_SECONDS
        return Confirmation.REFUSED

    def _renew(self, refused: ConfirmedChannel) -> None:
        """Send on another channel than the one that was refused from now on, unless that was changed meanwhile."""
        if self._failure is not None or self._channel is not refused:
            return
        try:
            self._channel = self._open()
        except Exception as error:  # noqa: BLE001 - whatever the client met, be it of another channel, is the connection's
            self.on_failed(error)
            self.fail(error)
            return
        self._former = [channel for channel in (*self._former, refused) if channel.retire()]

    def _open(self) -> ConfirmedChannel:
        return ConfirmedChannel(
            self._open_channel(),
            self._loop,
            timeout_seconds=lambda: self.confirm_timeout_seconds,
            is_blocked=lambda: self.is_blocked,
            on_unrouted=self._tell_unrouted,
        )

    def _tell_unrouted(self) -> None:
        self.on_unrouted()

    def _send(self, message: Outgoing) -> asyncio.Future[Confirmation]:
        if self._failure is not None:
            raise PublishError(f"the connection ended ({type(self._failure).__name__})")
        message_id = str(uuid4())
        channel = self._channel
        prepared, exchange, routing_key = prepare(message, message_id, channel.channel)
        try:
            return channel.send(prepared, exchange, routing_key, message_id)
        except channel.connection_errors as error:
            self.fail(error)
            raise PublishError(f"the connection ended ({type(error).__name__})") from None
