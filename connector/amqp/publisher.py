"""Publishing, confirmed and routed: the connector's only way of putting a message on the broker.

kombu's own publishing waits a round trip for each confirm. Here confirms are pipelined: a publish returns a
future, which the broker's acknowledgement resolves. ``mandatory`` tells a message that no queue took, which a
confirm alone would call a success.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, ClassVar, Final
from uuid import uuid4

from connector.amqp.topology import delayed
from connector.time_limits import CONFIRM_TIMEOUT_SECONDS

FIRST_PAUSE_SECONDS: Final = 1.0
"""Before what was not confirmed is published again; it doubles each time."""
LONGEST_PAUSE_SECONDS: Final = 30.0
_DEFAULT_EXCHANGE: Final = ""
_PERSISTENT: Final = 2


class Confirmation(Enum):
    """What became of a published message."""

    ROUTED = auto()
    """A queue has taken it, and keeps it through a restart of the broker."""
    UNROUTABLE = auto()
    """Its queue does not exist."""
    REFUSED = auto()
    """Its queue, or the broker, would not take it."""


class PublishError(Exception):
    """The connection ended, or no confirm came: the message may or may not be on the broker."""


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


@dataclass(slots=True)
class _Waiting:
    """A message that was sent, and whose confirm has not come."""

    message_id: str
    confirmed: asyncio.Future[Confirmation]
    deadline: float
    """On the loop's clock."""


class Publisher:
    """Publishes on one channel, for as long as its connection lives."""

    confirm_timeout_seconds: ClassVar[float] = CONFIRM_TIMEOUT_SECONDS

    def __init__(self, channel: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._channel = channel
        # Kept, since a channel forgets its connection when that ends.
        self._connection_errors = channel.connection.connection_errors
        self._loop = loop
        self._sequence = 0
        self._waiting: dict[int, _Waiting] = {}
        self._watch: asyncio.TimerHandle | None = None
        """One timer for all: one per message costs more than the message's confirm."""
        self._returned: set[str] = set()
        self._unblocked = asyncio.Event()
        self._unblocked.set()
        self._failure: BaseException | None = None
        self.on_unrouted: Callable[[], None] = lambda: None
        """Called when a message finds no queue."""
        channel.confirm_select()
        channel.events["basic_ack"].add(self._resolver(Confirmation.ROUTED))
        channel.events["basic_nack"].add(self._resolver(Confirmation.REFUSED))
        channel.events["basic_return"].add(self._on_return)

    async def publish(self, message: Outgoing) -> Confirmation:
        """Publish, and return what the broker says became of the message.

        Waits while the broker blocks publishers (its memory or disk alarm). Raises ``PublishError`` when the
        connection ends, or no confirm comes within ``confirm_timeout_seconds``.
        """
        await self._unblocked.wait()
        return await self._send(message)

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
        deadline = self._loop.time() + self.confirm_timeout_seconds
        for waiting in self._waiting.values():
            waiting.deadline = deadline
        self._unblocked.set()

    def fail(self, error: BaseException) -> None:
        """End every publish under way: the connection is gone."""
        self._failure = error
        self._unblocked.set()
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        ended, self._waiting = self._waiting, {}
        for waiting in ended.values():
            if not waiting.confirmed.done():
                waiting.confirmed.set_exception(
                    PublishError(f"the connection ended ({type(error).__name__})")
                )

    def _send(self, message: Outgoing) -> asyncio.Future[Confirmation]:
        if self._failure is not None:
            raise PublishError(f"the connection ended ({type(self._failure).__name__})")
        message_id = str(uuid4())
        prepared, exchange, routing_key = prepare(message, message_id, self._channel)
        try:
            self._channel.basic_publish(prepared, exchange, routing_key, mandatory=True)
        except self._connection_errors as error:
            self.fail(error)
            raise PublishError(f"the connection ended ({type(error).__name__})") from None
        # The broker numbers what it was sent, and its confirm is read by the loop, hence after this.
        self._sequence += 1
        confirmed: asyncio.Future[Confirmation] = self._loop.create_future()
        self._waiting[self._sequence] = _Waiting(
            message_id, confirmed, self._loop.time() + self.confirm_timeout_seconds
        )
        if self._watch is None:
            self._watch = self._loop.call_later(self.confirm_timeout_seconds, self._give_up_the_late)
        return confirmed

    def _give_up_the_late(self) -> None:
        """Fail what has waited too long; look again when the oldest of the rest will have."""
        self._watch = None
        while self._waiting:
            tag, oldest = next(iter(self._waiting.items()))
            # A broker that takes no messages has those that were sent still to read.
            left = self.confirm_timeout_seconds if self.is_blocked else oldest.deadline - self._loop.time()
            if left > 0:
                self._watch = self._loop.call_later(left, self._give_up_the_late)
                return
            del self._waiting[tag]
            if not oldest.confirmed.done():
                oldest.confirmed.set_exception(PublishError("the broker sent no confirm in time"))

    def _resolver(self, confirmation: Confirmation) -> Callable[[int, bool], None]:
        def resolve(delivery_tag: int, multiple: bool) -> None:  # noqa: FBT001 - py-amqp's signature
            tags = [tag for tag in self._waiting if tag <= delivery_tag] if multiple else [delivery_tag]
            for tag in tags:
                self._resolve(tag, confirmation)

        return resolve

    def _resolve(self, tag: int, confirmation: Confirmation) -> None:
        waiting = self._waiting.pop(tag, None)
        if waiting is None:
            return
        if waiting.message_id in self._returned:
            self._returned.discard(waiting.message_id)
            confirmation = Confirmation.UNROUTABLE
            self.on_unrouted()
        if not waiting.confirmed.done():
            waiting.confirmed.set_result(confirmation)

    def _on_return(self, _error: Exception, _exchange: str, _routing_key: str, message: Any) -> None:
        # The broker returns a message before it confirms it.
        self._returned.add(message.properties["message_id"])
