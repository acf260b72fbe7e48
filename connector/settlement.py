"""How a delivery ends: a reply, or a dead letter. Decided as a value, carried out at the edge."""

from dataclasses import dataclass, field
from enum import StrEnum

from schemas.reply import Reply


class DeadReason(StrEnum):
    """Why a message could neither be processed nor answered."""

    FORGED = "dead_lettered_into_a_vendor_queue"
    """It carries ``x-death``: no vendor published it."""
    UNKNOWN_VENDOR = "unknown_vendor"
    """The first word of its routing key names no vendor, so there is nowhere to answer."""
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


Settlement = Answer | Dead
