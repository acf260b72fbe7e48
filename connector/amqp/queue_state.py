"""What the broker tells of a queue to whoever looks at it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from amqp.exceptions import NotFound

from connector.amqp.topology import (
    DEAD,
    JOURNAL,
    UNDELIVERABLE,
    deferred_queue,
    lane_queue,
    quarantine_queue,
)
from connector.jobs.records import Lane


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


def queue_states(connection: Any) -> Mapping[str, QueueState | None]:
    """Return the state of each queue that jobs pass through; None for one that does not exist."""
    lanes = [name for lane in Lane for name in (lane_queue(lane), deferred_queue(lane))]
    quarantines = [quarantine_queue(lane) for lane in Lane]
    return {
        name: queue_state(connection, name) for name in (*lanes, *quarantines, JOURNAL, DEAD, UNDELIVERABLE)
    }
