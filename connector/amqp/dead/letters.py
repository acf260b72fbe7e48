"""What lies on the dead queues, as values: why, whose, from where, and what of it may be shown."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from connector.amqp.topology import (
    DEAD,
    JOURNAL,
    OVERFLOW_PREFIX,
    UNDELIVERABLE,
    deferred_queue,
    is_reply_queue_of,
    lane_queue,
    quarantine_queue,
)
from connector.jobs.records import VENDOR_NAME, Lane
from connector.jobs.settlement import DeadReason

DEAD_QUEUES: Final = (DEAD, UNDELIVERABLE)
UNKNOWN_LANE: Final = "unknown_lane"
UNKNOWN: Final = "unknown"
LANES: Final = {lane_queue(lane): lane for lane in Lane}
"""The queues of vendors' jobs."""
_INTERNAL: Final = {of_lane(lane): lane for of_lane in (deferred_queue, quarantine_queue) for lane in Lane}
_OVERFLOW: Final = re.compile(
    rf"{re.escape(OVERFLOW_PREFIX)}({'|'.join(Lane)})\.{VENDOR_NAME.strip('^$')}\.[0-9]{{14}}"
)
_WORD: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")


class Arrival(StrEnum):
    """How a message came to lie here."""

    CONNECTOR = "connector"
    """The connector published it: its ``x-connector-*`` headers hold."""
    BROKER = "broker"
    """The broker dead-lettered it: the first entry of its ``x-death`` holds."""
    UNROUTED = "unrouted"
    """It was published for vendors' jobs under a key that no lane takes: no header of it holds."""
    ELSEWHERE = "elsewhere"
    """Neither the connector nor a vendor put it there."""


class Content(StrEnum):
    """What a dead letter holds."""

    JOB = "job"
    ENVELOPE = "sealed job"
    REPLY = "reply"
    RECORDS = "sealed journal records"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One message of a dead queue, without its body. Its ``repr`` shows nothing that a vendor chose."""

    id: str
    """The same at each look; two messages that are alike share it."""
    queue: str
    arrival: Arrival
    reason: str
    origin: str | None = None
    """The queue it was taken from, or, of a reply, meant for; None where it is not one of the contract's."""
    routing_key: str | None = field(default=None, repr=False)
    """What a job was published under."""
    user_id: str | None = field(default=None, repr=False)
    """The publisher's AMQP user, validated by the broker."""
    since: datetime | None = None
    size_bytes: int

    @property
    def content(self) -> Content:
        """What it holds: a sealed job only where the connector did not open it."""
        if self.origin == JOURNAL:
            return Content.RECORDS
        if self.origin is None or self.origin in LANES:
            return Content.JOB
        if lane_of_sealed(self.origin) is None:
            return Content.REPLY
        is_sealed = self.arrival is Arrival.BROKER or self.reason == DeadReason.UNREADABLE_DEFERRAL
        return Content.ENVELOPE if is_sealed else Content.JOB

    @property
    def vendor(self) -> str | None:
        """Whose it is; None where that is not known, or has not the form of a vendor's name."""
        if self.content is Content.REPLY:
            return _reply_vendor(self.origin)
        return _vendor_in(self.routing_key) if self.content is Content.JOB else None

    @property
    def shown_routing_key(self) -> str | None:
        """The routing key of a job, where it has the form of a vendor's name and one word."""
        _, _, word = (self.routing_key or "").partition(".")
        return self.routing_key if self.vendor and _WORD.fullmatch(word) else None


def lane_of_sealed(queue: str | None) -> Lane | None:
    """Return the lane of a queue of sealed jobs; None for any other."""
    overflow = _OVERFLOW.fullmatch(queue or "")
    return Lane(overflow[1]) if overflow else _INTERNAL.get(queue or "")


def contract_queue(name: object) -> str | None:
    """Return a queue's name where it is one of the contract's."""
    if not isinstance(name, str):
        return None
    return name if name in LANES or name == JOURNAL or lane_of_sealed(name) or _reply_vendor(name) else None


def _vendor_in(routing_key: str | None) -> str | None:
    name = (routing_key or "").partition(".")[0]
    return name if re.fullmatch(VENDOR_NAME, name) else None


def _reply_vendor(queue: str | None) -> str | None:
    replies, _, rest = (queue or "").partition(".")
    vendor = _vendor_in(rest)
    return vendor if replies == "replies" and vendor and is_reply_queue_of(vendor, queue or "") else None
