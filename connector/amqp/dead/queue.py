"""The dead queues over AMQP: look at each message, keep it or let it go, publish it again before that.

Messages are fetched one by one and stay unacknowledged: what is not let go is on its queue again when the connection
ends, in its place. A consumer would be given no more than 2,000 of a quorum queue.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any, Final
from uuid import uuid4

from amqp.exceptions import MessageNacked, NotFound

from connector.amqp.confirmed_channel import Confirmation
from connector.amqp.dead.letters import DeadLetter
from connector.amqp.dead.reading import read_letter
from connector.amqp.frames import TolerantFrames
from connector.amqp.publisher import Outgoing, prepare
from connector.errors import OperatorError
from connector.time_limits import CONFIRM_TIMEOUT_SECONDS

TRANSPORT_OPTIONS: Final = {
    # Whole, however long: a body is part of what names its letter.
    "frame_handler": partial(TolerantFrames, longest_body_bytes=inf),
    "client_properties": {"connection_name": "ccas-connector dead"},
}
"""What a connection given to ``DeadQueues`` is made with."""


class DeadQueueError(OperatorError):
    """A dead queue is not there; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Held:
    """A message that was fetched, and goes back unless it is let go."""

    letter: DeadLetter
    message: Any
    """The AMQP client's."""

    @property
    def delivery_tag(self) -> int:
        """What names it to the broker."""
        return int(self.message.delivery_info["delivery_tag"])


class DeadQueues:
    """The dead queues, for as long as a connection lives."""

    def __init__(self, connection: Any) -> None:
        self._channel = connection.channel()
        # A body is bytes, whatever `content_encoding` claims.
        self._channel.auto_decode = False
        self._outgoing = connection.channel()
        # Without a handler, py-amqp raises at a returned message, and takes its confirm for the next one's.
        self._outgoing.events["basic_return"].add(self._on_return)
        self._is_returned = False

    def count(self, queue: str) -> int:
        """Return how many messages wait on ``queue``. Raises ``DeadQueueError``."""
        try:
            return int(self._channel.queue_declare(queue, passive=True).message_count)
        except NotFound:
            raise DeadQueueError(
                f"the queue {queue} does not exist; run: ccas-connector topology declare"
            ) from None

    def held(self, counts: Mapping[str, int]) -> Iterator[Held]:
        """Fetch so many messages of each queue, the oldest first; what comes there meanwhile is left."""
        for queue, count in counts.items():
            for _ in range(count):
                message = self._channel.basic_get(queue)
                if message is None:
                    break
                yield Held(read_letter(message, queue), message)

    def let_go(self, delivery_tag: int) -> None:
        """Take a held message off its queue."""
        self._channel.basic_ack(delivery_tag)

    def publish(self, message: Outgoing) -> Confirmation:
        """Publish, and return what the broker says became of it. Raises ``TimeoutError`` when it says nothing."""
        prepared, exchange, routing_key = prepare(message, str(uuid4()), self._outgoing)
        self._is_returned = False
        try:
            self._outgoing.basic_publish_confirm(
                prepared, exchange, routing_key, mandatory=True, confirm_timeout=CONFIRM_TIMEOUT_SECONDS
            )
        except MessageNacked:
            return Confirmation.REFUSED
        return Confirmation.UNROUTABLE if self._is_returned else Confirmation.ROUTED

    def _on_return(self, _error: Exception, _exchange: str, _routing_key: str, _message: Any) -> None:
        # The broker returns a message before it confirms it.
        self._is_returned = True
