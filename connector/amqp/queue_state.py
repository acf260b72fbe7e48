"""What the broker tells of a queue to whoever looks at it."""

from dataclasses import dataclass
from typing import Any

from amqp.exceptions import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """A queue, at one instant."""

    waiting: int
    """Messages that nobody has taken: those in a consumer's hands are not counted."""
    consumers: int


def queue_state(connection: Any, name: str) -> QueueState | None:
    """Return the state of a queue; None for one that does not exist."""
    # The broker closes the channel of a queue that it does not have.
    channel = connection.channel()
    try:
        found = channel.queue_declare(name, passive=True)
    except NotFound:
        return None
    channel.close()
    return QueueState(waiting=found.message_count, consumers=found.consumer_count)
