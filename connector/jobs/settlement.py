"""How a delivery ends: a reply, or a dead letter. Decided as a value, carried out at the edge."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from connector.jobs.delivery import Delivery
from connector.jobs.records import Flow
from schemas.reply import Reply


class DeadReason(StrEnum):
    """Why a message could neither be processed nor answered."""

    FORGED = "dead_lettered_into_a_vendor_queue"
    """It carries ``x-death``: no vendor published it."""
    UNKNOWN_VENDOR = "unknown_vendor"
    """The first word of its routing key names no vendor, so there is nowhere to answer."""
    UNREADABLE_DEFERRAL = "unreadable_deferral"
    """It lies on a queue of the connector's own, and no key of ours opens it."""
    UNREADABLE_JOURNAL = "unreadable_journal"
    """It lies on the journal's queue, and no key of ours opens it, or the database can never take it."""
    NOWHERE_TO_REPLY = "nowhere_to_reply"
    """The vendor's reply queue and ``connector.undeliverable`` refuse its reply: they are full."""
    UNEXPECTED_ERROR = "unexpected_error"
    """The connector failed before it could tell whom to answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Reply to the vendor."""

    queue: str
    reply: Reply = field(repr=False)


@dataclass(frozen=True, slots=True)
class Dead:
    """Keep the message where an operator finds it."""

    reason: DeadReason
    when_full: Answer | None = None
    """How it ends where ``connector.dead`` takes no more; None where there is nobody to answer. Such a message, and one whose
    body was left out, waits in its lane, whose room is everybody's."""


@dataclass(frozen=True, slots=True)
class Defer:
    """Put the job off: it comes again, with what is known already."""

    at: datetime
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Have the job run alone: it may be what ends the worker each time."""

    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Overflow:
    """Keep the job in its flow's own queue until it can be taken in."""

    flow: Flow
    delivery: Delivery


Settlement = Answer | Dead | Defer | Quarantined | Overflow


def as_duplicate(reply: Reply) -> Reply:
    """Return a reply that may have been sent before, marked so."""
    return reply.model_copy(update={"possible_duplicate": True})
