"""How much each queue may hold, as policies of RabbitMQ, so that nobody who publishes can fill the broker's disk.

A queue that has reached its limit refuses what is published (``x-overflow`` is ``reject-publish``): its publisher is
told, and nothing is dropped. Of what a limit in bytes counts, https://www.rabbitmq.com/docs/maxlength says that it is
bodies alone; a limit in messages goes with it, since headers would pass beside it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from connector.amqp.recording import Objects
from connector.amqp.topology import (
    DEAD,
    DEFERRED,
    DELAY_PREFIX,
    GUARD,
    ISOLATED,
    JOURNAL,
    OVERFLOW_PREFIX,
    UNDELIVERABLE,
    lane_queue,
    reply_queue,
)
from connector.errors import OperatorError
from connector.jobs.records import Lane

_MIB: Final = 1024 * 1024
_BYTES_PER_MESSAGE: Final = 4096
"""A queue may hold one message for so many bytes of its limit: twice what a job or a reply has as a rule."""
_PRIORITY: Final = 10
"""Of several policies that match a queue RabbitMQ takes one, of the highest priority: one for all queues has 0."""
MOST_MIB: Final = 1024 * 1024


class Family(StrEnum):
    """Queues that hold the same, and have the same limits."""

    INTERACTIVE = "interactive"
    BATCH = "batch"
    REPLIES = "replies"
    OVERFLOW = "overflow"
    UNDELIVERABLE = "undeliverable"
    DEAD = "dead"
    JOURNAL = "journal"


PATTERNS: Final[Mapping[Family, str]] = MappingProxyType(
    {
        Family.INTERACTIVE: f"^{re.escape(lane_queue(Lane.INTERACTIVE))}$",
        Family.BATCH: f"^{re.escape(lane_queue(Lane.BATCH))}$",
        Family.REPLIES: f"^{re.escape(reply_queue(''))}",
        Family.OVERFLOW: f"^{re.escape(OVERFLOW_PREFIX)}",
        Family.UNDELIVERABLE: f"^{re.escape(UNDELIVERABLE)}$",
        Family.DEAD: f"^{re.escape(DEAD)}$",
        Family.JOURNAL: f"^{re.escape(JOURNAL)}$",
    }
)
"""The names of each family's queues, as RabbitMQ matches them."""
DEFAULT_MIB: Final[Mapping[Family, int]] = MappingProxyType(
    {
        # An agent waits for a minute: 16,384 jobs are more than an address may call in that time.
        Family.INTERACTIVE: 64,
        # Whole campaigns, of 131,072 jobs.
        Family.BATCH: 512,
        # Of a vendor that reads a campaign's replies the next morning.
        Family.REPLIES: 512,
        # A campaign of one CCAS, sealed.
        Family.OVERFLOW: 256,
        Family.UNDELIVERABLE: 512,
        Family.DEAD: 256,
        Family.JOURNAL: 256,
    }
)
"""What each queue of a family may hold, where a host does not choose otherwise."""
UNLIMITED: Final = (DELAY_PREFIX, f"{DEFERRED}.", f"{ISOLATED}.", GUARD)
"""What the names of the queues without a limit begin with.

A job that is deferred passes from one delay queue to the next, then to ``connector.deferred.<lane>``. Each hop is the
broker's own dead-lettering, at least once: a queue that refused would hold up those behind it in the one before,
whoever's they are. A suspect and the workers' claim are few.
"""


_SPREAD: Final[Mapping[str, str]] = MappingProxyType({"queue-leader-locator": "balanced"})


class LimitError(OperatorError):
    """A limit that cannot serve; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What one queue may hold."""

    mebibytes: int
    """Of bodies."""

    @property
    def messages(self) -> int:
        """How many messages, whatever their size."""
        return self.mebibytes * _MIB // _BYTES_PER_MESSAGE

    @property
    def definition(self) -> Mapping[str, int]:
        """What a policy says of it."""
        return {"max-length": self.messages, "max-length-bytes": self.mebibytes * _MIB}


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """What the queues of a family may hold together."""

    family: Family
    limit: Limit
    queues: int

    @property
    def mebibytes(self) -> int:
        """Of bodies, in all its queues."""
        return self.queues * self.limit.mebibytes


def limits_of(given: Iterable[str]) -> Mapping[Family, Limit]:
    """Return the limit of each family; ``given`` are a host's own, ``batch=1024`` in MiB. Raises ``LimitError``."""
    chosen = dict(DEFAULT_MIB)
    for one in given:
        name, _, mebibytes = one.partition("=")
        if name not in set(Family):
            raise LimitError(f"--limit {one}: {name or 'nothing'} is none of {', '.join(Family)}")
        if not re.fullmatch(r"[0-9]{1,8}", mebibytes) or not 1 <= int(mebibytes) <= MOST_MIB:
            raise LimitError(
                f"--limit {one}: give whole MiB, from 1 to {MOST_MIB}: {name}={DEFAULT_MIB[Family(name)]}"
            )
        chosen[Family(name)] = int(mebibytes)
    return {family: Limit(mebibytes=mebibytes) for family, mebibytes in chosen.items()}


def policies_of(limits: Mapping[Family, Limit], vhost: str) -> list[dict[str, Any]]:
    """Return the policies of a definitions file: each family's limit, and leaders on every node of a cluster.

    Where nothing is said, the leader of a quorum queue is on the node that it was declared on: of all queues, on one.
    """
    unlimited = f"^({'|'.join(map(re.escape, UNLIMITED))})"
    families = [(str(family), PATTERNS[family], limit.definition) for family, limit in limits.items()]
    return [
        {
            "vhost": vhost,
            "name": f"ccas-connector.{name}",
            "pattern": pattern,
            "apply-to": "queues",
            "definition": {**definition, **_SPREAD},
            "priority": _PRIORITY,
        }
        for name, pattern, definition in (*families, ("unlimited", unlimited, {}))
    ]


def spaces_of(limits: Mapping[Family, Limit], objects: Objects, overflow_queues: int) -> tuple[Space, ...]:
    """Return what the queues of each family may hold. Overflow queues are not among ``objects``."""
    names = [queue.name for queue in objects.queues]
    counts = {family: sum(bool(re.search(PATTERNS[family], name)) for name in names) for family in limits}
    counts[Family.OVERFLOW] = overflow_queues
    return tuple(Space(family=family, limit=limit, queues=counts[family]) for family, limit in limits.items())
