"""A channel on which each message is confirmed: what the broker says becomes the future of the message that it is about."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from amqp import spec


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


@dataclass(slots=True)
class _Waiting:
    """A message that was sent, and whose confirm has not come."""

    message_id: str
    confirmed: asyncio.Future[Confirmation]
    deadline: float
    """On the loop's clock."""


class ConfirmedChannel:
    """Sends, and waits for at most ``timeout_seconds`` at that time for each confirm, not counting while the broker is blocked."""

    def __init__(
        self,
        channel: Any,
        loop: asyncio.AbstractEventLoop,
        timeout_seconds: Callable[[], float],
        is_blocked: Callable[[], bool],
        on_unrouted: Callable[[], None],
    ) -> None:
        """Have a channel of the AMQP client's confirm what it is given."""
        self.channel = channel
        # Kept, since a channel forgets its connection when that ends.
        self.connection_errors = channel.connection.connection_errors
        self._loop = loop
        self._timeout_seconds = timeout_seconds
        self._is_blocked = is_blocked
        self._on_unrouted = on_unrouted
        self._sequence = 0
        self._waiting: dict[int, _Waiting] = {}
        self._watch: asyncio.TimerHandle | None = None
        """One timer for all: one per message costs more than the message's confirm."""
        self._returned: set[str] = set()
        self._is_retired = False
        self._is_closing = False
        channel.confirm_select()
        channel.events["basic_ack"].add(self._resolver(Confirmation.ROUTED))
        channel.events["basic_nack"].add(self._resolver(Confirmation.REFUSED))
        channel.events["basic_return"].add(self._on_return)

    def send(
        self, prepared: Any, exchange: str, routing_key: str, message_id: str
    ) -> asyncio.Future[Confirmation]:
        """Publish a message; return what will hold its confirmation, or a ``PublishError``. Raises the client's error."""
        self.channel.basic_publish(prepared, exchange, routing_key, mandatory=True)
        # The broker numbers what it was sent, and its confirm is read by the loop, hence after this.
        self._sequence += 1
        confirmed: asyncio.Future[Confirmation] = self._loop.create_future()
        deadline = self._loop.time() + self._timeout_seconds()
        self._waiting[self._sequence] = _Waiting(message_id, confirmed, deadline)
        if self._watch is None:
            self._watch = self._loop.call_later(self._timeout_seconds(), self._give_up_the_late)
        return confirmed

    def begin_anew(self) -> None:
        """Count the time of what was sent from now on: the broker has just begun to read again."""
        deadline = self._loop.time() + self._timeout_seconds()
        for waiting in self._waiting.values():
            waiting.deadline = deadline

    def retire(self) -> bool:
        """Close the channel once all that was sent is confirmed: nothing more is sent on it. Tell whether that is yet to come."""
        if not self._is_closing:
            self._is_retired = True
            self._close_when_done()
        return not self._is_closing

    def fail(self, error: BaseException) -> None:
        """End the wait for every confirm: the connection is gone."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        ended, self._waiting = self._waiting, {}
        for waiting in ended.values():
            if not waiting.confirmed.done():
                waiting.confirmed.set_exception(
                    PublishError(f"the connection ended ({type(error).__name__})")
                )

    def _give_up_the_late(self) -> None:
        """Fail what has waited too long; look again when the oldest of the rest will have."""
        self._watch = None
        while self._waiting:
            tag, oldest = next(iter(self._waiting.items()))
            # A broker that takes no messages has those that were sent still to read.
            left = self._timeout_seconds() if self._is_blocked() else oldest.deadline - self._loop.time()
            if left > 0:
                self._watch = self._loop.call_later(left, self._give_up_the_late)
                return
            del self._waiting[tag]
            if not oldest.confirmed.done():
                oldest.confirmed.set_exception(PublishError("the broker sent no confirm in time"))
        self._close_when_done()

    def _resolver(self, confirmation: Confirmation) -> Callable[[int, bool], None]:
        def resolve(delivery_tag: int, multiple: bool) -> None:  # noqa: FBT001 - py-amqp's signature
            tags = [tag for tag in self._waiting if tag <= delivery_tag] if multiple else [delivery_tag]
            for tag in tags:
                self._resolve(tag, confirmation)
            self._close_when_done()

        return resolve

    def _resolve(self, tag: int, confirmation: Confirmation) -> None:
        waiting = self._waiting.pop(tag, None)
        if waiting is None:
            return
        if waiting.message_id in self._returned:
            self._returned.discard(waiting.message_id)
            confirmation = Confirmation.UNROUTABLE
            self._on_unrouted()
        if not waiting.confirmed.done():
            waiting.confirmed.set_result(confirmation)

    def _on_return(self, _error: Exception, _exchange: str, _routing_key: str, message: Any) -> None:
        # The broker returns a message before it confirms it.
        self._returned.add(message.properties["message_id"])

    def _close_when_done(self) -> None:
        if self._is_retired and not self._waiting and not self._is_closing:
            self._is_closing = True
            # Not while a frame is being read.
            self._loop.call_soon(self._close)

    def _close(self) -> None:
        try:
            # Without waiting for the answer: the broker may read nothing for now.
            self.channel.send_method(spec.Channel.Close, "BsBB", (0, "", 0, 0))
        except self.connection_errors:
            # Whoever reads the connection is told.
            return
