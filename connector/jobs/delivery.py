"""A message taken from a vendor queue, as a value. Nothing in it is trusted but what the broker vouches for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any, Final

from pydantic import ConfigDict

from connector.jobs.progress import JobProgress
from connector.jobs.records import Lane

TRACE_HEADERS: Final = {"traceparent": 256, "tracestate": 1024, "sentry-trace": 256, "baggage": 8192}
"""Carried from a request to its reply as they are, up to so many bytes: longer ones are none.

All of a message's properties must fit into one frame, and the broker ends a connection that sends a larger one.
"""
CLOCKS_APART: Final = timedelta(minutes=1)
"""What a publisher's clock may be ahead by before it is told: messages travel, and clocks drift by seconds."""
MAX_BODY_BYTES: Final = 64 * 1024
"""The longest body of a job."""
MAX_ENVELOPE_BYTES: Final = 1024 * 1024
"""The longest body that is taken in: the longest job's, with what is known of it already, sealed twice in base64."""


_TEXTS: Final = (
    "content_type",
    "content_encoding",
    "correlation_id",
    "message_id",
    "reply_to",
    "user_id",
)
"""The properties that are texts."""


class Mark(Enum):
    """What our reader of frames says of a message, as a key among the client's properties of it.

    A publisher cannot set one: AMQP has fixed texts for keys there, and none of them equals a member of this class.
    """

    UNREADABLE = auto()
    """It had headers, or other texts, that cannot be decoded; they are left out."""
    OVERSIZED = auto()
    """Its body was too long to be taken in; its headers are left out too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One delivery. Its ``repr`` shows nothing of the job."""

    # How it is written where it travels sealed: a body is bytes of any kind.
    __pydantic_config__ = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    body: bytes = field(repr=False)
    lane: Lane
    routing_key: str
    """The key it was published under, which the broker binds to the vendor's AMQP user."""
    redelivered: bool
    """The job was delivered before, and may have been answered."""
    taken_before: bool = False
    """This very message was: whoever had it is gone, or has it no more."""
    received_at: datetime
    content_type: str | None = field(default=None, repr=False)
    content_encoding: str | None = field(default=None, repr=False)
    correlation_id: str | None = field(default=None, repr=False)
    message_id: str | None = field(default=None, repr=False)
    reply_to: str | None = field(default=None, repr=False)
    user_id: str | None = None
    """The AMQP user, validated by the broker; None when the publisher gave none."""
    timestamp: int | None = None
    """Unix time of the publication, in seconds, as the publisher gives it."""
    trace: Mapping[str, str] = field(default_factory=dict, repr=False)
    dead_lettered: bool = False
    """It carries ``x-death``: it came by a dead-lettering, not from a vendor."""
    unreadable_headers: bool = False
    oversized: bool = False
    """Its body is longer than ``MAX_BODY_BYTES``, and is left out."""
    delivery_count: int = 0
    """How often this message was delivered before, as its quorum queue counts."""
    progress: JobProgress | None = field(default=None, repr=False)
    """How far the job has come, where it was deferred before."""

    @property
    def clock_ahead_seconds(self) -> float | None:
        """Return by how much the publisher's clock was ahead of this one at the reception, where that is told.

        One that is slow cannot be known: its messages look like those that have waited.
        """
        if self.timestamp is None:
            return None
        ahead_seconds = self.timestamp - self.received_at.timestamp()
        return ahead_seconds if ahead_seconds >= CLOCKS_APART.total_seconds() else None


def read_delivery(message: Any, lane: Lane, received_at: datetime) -> Delivery:
    """Return an AMQP client's message (``amqp.basic_message.Message``) as a delivery."""
    properties, info = message.properties, message.delivery_info
    headers = properties.get("application_headers") or {}
    texts = {name: properties.get(name) for name in _TEXTS}
    unreadable = Mark.UNREADABLE in properties or not all(map(_is_text, texts.values()))
    body = body_of(message)
    is_oversized = Mark.OVERSIZED in properties or len(body) > MAX_BODY_BYTES
    return Delivery(
        body=b"" if is_oversized else body,
        lane=lane,
        routing_key=info["routing_key"],
        redelivered=bool(info["redelivered"]),
        taken_before=bool(info["redelivered"]),
        received_at=received_at,
        timestamp=properties.get("timestamp"),
        trace={
            name: value
            for name, longest in TRACE_HEADERS.items()
            if isinstance(value := headers.get(name), str)
            and _is_text(value)
            and len(value.encode()) <= longest
        },
        dead_lettered="x-death" in headers,
        unreadable_headers=unreadable,
        oversized=is_oversized,
        delivery_count=delivery_count(message),
        **{name: value if _is_text(value) else None for name, value in texts.items()},
    )


def _is_text(value: str | None) -> bool:
    """Tell whether a property is UTF-8: py-amqp lets halves of surrogate pairs through, which nothing can write."""
    try:
        (value or "").encode()
    except UnicodeEncodeError:
        return False
    return True


def body_of(message: Any) -> bytes:
    """Return the body of an AMQP client's message, which gives a text for an empty one."""
    body = message.body
    return bytes(body) if isinstance(body, (bytes, bytearray, memoryview)) else b""


def delivery_count(message: Any) -> int:
    """Return how often a quorum queue has delivered an AMQP client's message before."""
    headers = message.properties.get("application_headers") or {}
    count = headers.get("x-delivery-count")
    # On a first delivery the broker says nothing, and the header is the publisher's own.
    return count if isinstance(count, int) and message.delivery_info["redelivered"] else 0
