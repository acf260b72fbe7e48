"""The life of a flow's overflow queue, decided as values: in use, closed once it is empty, removed a day later.

An open queue is one that workers take from and may put jobs into. RabbitMQ refuses to delete a quorum queue on the
condition that it is empty, or unused (``NOT_IMPLEMENTED``), and tells nobody how many messages are in consumers' hands. So
a queue is closed first, in SQL: workers stop taking from it, and whoever has a job for it opens it again, in SQL too. One
that has stayed closed for so long is in nobody's hands.
"""

from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from connector.amqp.queue_state import QueueState

CLOSED_AFTER: Final = timedelta(hours=1)
"""How long a queue is found empty, at each look, before it is closed."""
REMOVED_AFTER: Final = timedelta(hours=23)
"""How long a queue stays closed before it is removed: with the former, a day without a job.

It is far longer than a job can be in a worker: RabbitMQ closes the channel after half an hour
(https://www.rabbitmq.com/docs/consumers#acknowledgement-timeout).
"""


LEFT_WITHIN: Final = timedelta(hours=1)
"""How long after a queue was closed a worker may still leave it: what it has in flight then is settled long before the end."""


class Step(Enum):
    """What a look at an overflow queue leads to."""

    KEEP = auto()
    CLOSE = auto()
    OPEN = auto()
    """Again: a worker that did not know yet that it was closed has put a job there."""
    REMOVE = auto()


def next_step(
    closed_at: datetime | None, empty_since: datetime | None, state: QueueState | None, now: datetime
) -> Step:
    """Return what to do about a queue.

    ``empty_since`` is the first of the looks that have found it empty, one after the other; ``state`` is None where the
    queue does not exist.
    """
    is_empty = state is None or state.waiting == 0
    if closed_at is None:
        has_rested = empty_since is not None and now - empty_since >= CLOSED_AFTER
        return Step.CLOSE if is_empty and has_rested else Step.KEEP
    if not is_empty:
        return Step.OPEN
    # A worker that the database has been away from does not know that it is closed, and still consumes.
    is_unused = state is None or state.consumers == 0
    return Step.REMOVE if is_unused and now - closed_at >= REMOVED_AFTER else Step.KEEP


def may_leave(closed_at: datetime | None, now: datetime) -> bool:
    """Tell whether a worker may stop taking from a queue that was closed; None where it is not known any more.

    One that learns of it late, since the database was away from it, must open the queue again instead: as soon as it left,
    another could remove the queue, with jobs in its hand that it might yet have to give back.
    """
    return closed_at is not None and now - closed_at <= LEFT_WITHIN
