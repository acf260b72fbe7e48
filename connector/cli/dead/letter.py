"""What ``dead show`` prints of one letter: what the connector and the broker wrote; the vendor's own on demand."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import click

from connector.amqp.dead.letters import Arrival, DeadLetter, contract_queue
from connector.amqp.dead.queue import Held
from connector.amqp.dead.reading import deaths_of, headers_of
from connector.amqp.dead.replay import Replay, replay_of
from connector.amqp.kept_headers import USER_HEADER
from connector.cli.dead.report import instant
from connector.cli.tables import printable
from connector.jobs.delivery import TRACE_HEADERS, body_of, delivery_count

_HIDDEN: Final = "(hidden; --body shows it)"
_PROPERTIES: Final = (
    "content_type",
    "content_encoding",
    "delivery_mode",
    "priority",
    "correlation_id",
    "reply_to",
    "expiration",
    "message_id",
    "timestamp",
    "type",
    "user_id",
    "app_id",
    "cluster_id",
)
"""Those of AMQP, but for the headers."""
_LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC).timestamp()


def print_letter(held: Held, *, with_body: bool) -> None:
    """Print the letter, a line each; with its body, also all that its vendor wrote, and the body last."""
    lines = [
        *_letter_lines(held.letter),
        *_property_lines(held.message, with_body=with_body),
        *_header_lines(held, with_body=with_body),
    ]
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        click.echo(f"{name:<{width}}  {value}")
    if with_body:
        click.echo(f"\n{printable(body_of(held.message).decode(errors='backslashreplace'))}")


def _letter_lines(letter: DeadLetter) -> Iterator[tuple[str, str]]:
    replay = replay_of(letter)
    yield "id", letter.id
    yield "queue", letter.queue
    yield "holds", letter.content.value
    yield "reason", letter.reason
    yield "put there by", letter.arrival.value
    yield "from", letter.origin or "-"
    if letter.routing_key is not None:
        yield "routing key", letter.shown_routing_key or _HIDDEN
    yield "vendor", letter.vendor or "-"
    yield "since", instant(letter.since)
    yield "bytes", str(letter.size_bytes)
    yield "replay", f"to {replay.queue}" if isinstance(replay, Replay) else f"none: {replay.reason}"


def _property_lines(message: Any, *, with_body: bool) -> Iterator[tuple[str, str]]:
    for name in _PROPERTIES:
        value = message.properties.get(name)
        if value is None:
            continue
        if with_body:
            yield f"property {name}", printable(str(value))
        elif name in {"delivery_mode", "priority"}:
            yield f"property {name}", str(value)
        elif name == "timestamp" and 0 <= value < _LATEST:
            yield f"property {name}", instant(datetime.fromtimestamp(value, tz=UTC))
        else:
            yield f"property {name}", contract_queue(value) or _HIDDEN


def _header_lines(held: Held, *, with_body: bool) -> Iterator[tuple[str, str]]:
    headers = headers_of(held.message)
    if with_body:
        for name, value in headers.items():
            yield f"header {printable(str(name))}", printable(str(value))
        return
    if held.letter.arrival is Arrival.BROKER:
        yield "header x-death", f"deaths: {len(deaths_of(held.message))}, of which the last is told above"
    yield "header x-delivery-count", str(delivery_count(held.message))
    for name in (*TRACE_HEADERS, USER_HEADER):
        if name in headers:
            yield f"header {name}", _HIDDEN
