"""Which sealed jobs the broker holds: those that wait to come back, and those that a worker takes next."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from amqp.exceptions import NotFound

from connector.amqp.topology import deferred_queue, delay_queues, overflow_queue, quarantine_queue
from connector.jobs.records import Flow, Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """Jobs that are sealed, as far as the broker tells: those that a worker has taken are not counted."""

    waiting: int
    longest_seconds: int
    """Until the last of those comes back, at most."""
    back: int
    """Those that a worker takes next, those of overflow queues among them."""


def look_at_deferred(connection: Any, overflows: Iterable[Flow]) -> Deferred:
    """Count the sealed jobs, those of the overflow queues included. Nothing is taken: a look at a job would count among its deliveries."""
    by_level = [look_at_queue(connection, queue) for queue in delay_queues()]
    # What waits at a level has the lower ones before it at most.
    highest = max((level for level, count in enumerate(by_level) if count), default=None)
    queues = [name(lane) for lane in Lane for name in (deferred_queue, quarantine_queue)]
    queues += [overflow_queue(flow) for flow in overflows]
    return Deferred(
        waiting=sum(by_level),
        longest_seconds=0 if highest is None else 2 ** (highest + 1) - 1,
        back=sum(look_at_queue(connection, queue) for queue in queues),
    )


def look_at_queue(connection: Any, queue: str) -> int:
    """Return how many messages wait on a queue; none where it does not exist."""
    channel = connection.channel()
    try:
        return int(channel.queue_declare(queue, passive=True).message_count)
    except NotFound:
        # The broker has closed the channel.
        return 0
    finally:
        channel.close()
