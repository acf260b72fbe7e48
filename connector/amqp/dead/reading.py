"""Reading an AMQP client's message of a dead queue.

A header says what its publisher likes, and RabbitMQ lets a publisher write ``x-death`` and ``x-connector-*`` too. What
it vouches for is the exchange and the routing key of a delivery: which of the headers are believed follows from the
exchange, to which a vendor cannot choose to publish.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from connector.amqp.dead.letters import LANES, UNKNOWN, UNKNOWN_LANE, Arrival, DeadLetter, contract_queue
from connector.amqp.kept_headers import (
    QUEUE_HEADER,
    REASON_HEADER,
    ROUTING_KEY_HEADER,
    SINCE_HEADER,
    USER_HEADER,
)
from connector.amqp.topology import REQUESTS
from connector.jobs.delivery import body_of
from connector.jobs.settlement import DeadReason

ID_LENGTH: Final = 12
_OUR_REASONS: Final = {*(reason.value for reason in DeadReason), "unroutable", "refused"}
_BROKER_REASONS: Final = {"rejected", "expired", "maxlen", "delivery_limit"}
_CHANGED_BY_LOOKING: Final = {"x-delivery-count", "x-acquired-count"}


def read_letter(message: Any, queue: str) -> DeadLetter:
    """Return an AMQP client's message of ``queue`` as a dead letter."""
    headers = headers_of(message)
    arrival = _arrival(message.delivery_info["exchange"], queue)
    match arrival:
        case Arrival.CONNECTOR:
            known = _put_aside(headers)
        case Arrival.BROKER:
            known = _dead_lettered(message) | _published_as(message)
        case Arrival.UNROUTED:
            # With x-death, a queue dead-lettered it into the vendors' exchange, or its publisher pretends so.
            reason = DeadReason.FORGED if "x-death" in headers else UNKNOWN_LANE
            # By its publisher's word: nobody has dated it since.
            since = _instant(message.properties.get("timestamp"))
            known = {"reason": str(reason), "since": since, **_published_as(message)}
        case _:
            known = {"reason": UNKNOWN}
    return DeadLetter(
        id=_id_of(message), queue=queue, arrival=arrival, size_bytes=len(body_of(message)), **known
    )


def headers_of(message: Any) -> Mapping[Any, Any]:
    """Return the headers of an AMQP client's message."""
    headers = message.properties.get("application_headers")
    return headers if isinstance(headers, dict) else {}


def deaths_of(message: Any) -> tuple[Mapping[Any, Any], ...]:
    """Return the entries of ``x-death``, the last death first."""
    deaths = headers_of(message).get("x-death")
    entries = deaths if isinstance(deaths, list) else []
    return tuple(entry for entry in entries if isinstance(entry, dict))


def _arrival(exchange: str, queue: str) -> Arrival:
    # The default exchange names the queue itself; each dead queue is bound to an exchange of its name.
    arrivals = {"": Arrival.CONNECTOR, queue: Arrival.BROKER, REQUESTS: Arrival.UNROUTED}
    return arrivals.get(exchange, Arrival.ELSEWHERE)


def _put_aside(headers: Mapping[Any, Any]) -> dict[str, Any]:
    reason = headers.get(REASON_HEADER)
    return {
        "reason": reason if reason in _OUR_REASONS else UNKNOWN,
        "origin": contract_queue(headers.get(QUEUE_HEADER)),
        "routing_key": _text(headers.get(ROUTING_KEY_HEADER)),
        "user_id": _text(headers.get(USER_HEADER)),
        "since": _instant(headers.get(SINCE_HEADER)),
    }


def _dead_lettered(message: Any) -> dict[str, Any]:
    deaths = deaths_of(message)
    last = deaths[0] if deaths else {}
    origin = contract_queue(last.get("queue"))
    reason = last.get("reason")
    # RabbitMQ 3 counts on in an entry that the publisher wrote, and leaves the rest of it: a job dies once.
    is_forged = origin in LANES and (len(deaths) > 1 or last.get("count") != 1)
    if is_forged:
        reason = DeadReason.FORGED.value
    return {
        "reason": reason if is_forged or reason in _BROKER_REASONS else UNKNOWN,
        "origin": origin,
        "since": None if is_forged else _instant(last.get("time")),
    }


def _published_as(message: Any) -> dict[str, Any]:
    return {
        "routing_key": message.delivery_info["routing_key"],
        "user_id": message.properties.get("user_id"),
    }


def _instant(value: object) -> datetime | None:
    """Return an aware instant: RFC 3339 where we wrote it, in UTC where py-amqp read it."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return instant if instant and instant.tzinfo else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _id_of(message: Any) -> str:
    headers = headers_of(message)
    kept = sorted(
        (repr(name), repr(value)) for name, value in headers.items() if name not in _CHANGED_BY_LOOKING
    )
    digest = hashlib.sha256(repr((message.properties.get("message_id"), kept)).encode())
    digest.update(body_of(message))
    return digest.hexdigest()[:ID_LENGTH]
