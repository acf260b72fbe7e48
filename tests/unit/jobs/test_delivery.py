"""A delivery holds what the broker handed over, and shows nothing of the job."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from amqp.basic_message import Message

from connector.jobs.delivery import MAX_BODY_BYTES, Delivery, Mark, read_delivery
from connector.jobs.records import Lane

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def _read(
    body: Any = b"{}", *, redelivered: bool = False, marks: Iterable[Mark] = (), **properties: Any
) -> Delivery:
    message = Message(body, **properties)
    message.properties |= dict.fromkeys(marks, True)
    message.delivery_info = {
        "consumer_tag": "tag",
        "delivery_tag": 1,
        "redelivered": redelivered,
        "exchange": "verifications",
        "routing_key": "millesime.interactive",
    }
    return read_delivery(message, Lane.BATCH, NOW)


def test_every_property_is_read() -> None:
    delivery = _read(
        b'{"version": 1}',
        redelivered=True,
        content_type="application/json",
        content_encoding="utf-8",
        correlation_id="corr-1",
        message_id="message-1",
        reply_to="replies.millesime",
        user_id="millesime",
        timestamp=1_790_000_000,
        application_headers={"traceparent": "00-abc"},
    )
    assert delivery == Delivery(
        body=b'{"version": 1}',
        lane=Lane.BATCH,
        routing_key="millesime.interactive",
        redelivered=True,
        taken_before=True,
        received_at=NOW,
        content_type="application/json",
        content_encoding="utf-8",
        correlation_id="corr-1",
        message_id="message-1",
        reply_to="replies.millesime",
        user_id="millesime",
        timestamp=1_790_000_000,
        trace={"traceparent": "00-abc"},
    )


@pytest.mark.parametrize(("redelivered", "count"), [(True, 19), (False, 0)])
def test_the_broker_s_count_is_believed_and_a_publisher_s_is_not(redelivered: bool, count: int) -> None:  # noqa: FBT001 - a case
    """RabbitMQ writes ``x-delivery-count`` on redeliveries alone."""
    delivery = _read(redelivered=redelivered, application_headers={"x-delivery-count": 19})
    assert delivery.delivery_count == count


@pytest.mark.parametrize("name", ["correlation_id", "message_id", "content_type", "reply_to"])
def test_a_text_that_nothing_can_write_again_is_unreadable(name: str) -> None:
    """py-amqp decodes halves of surrogate pairs."""
    texts: dict[str, Any] = {name: "a\ud800"}
    delivery = _read(**texts)
    assert delivery.unreadable_headers
    assert getattr(delivery, name) is None
    assert _read(application_headers={"traceparent": "a\ud800"}).trace == {}


def test_a_message_without_properties_is_read() -> None:
    assert _read() == Delivery(
        body=b"{}",
        lane=Lane.BATCH,
        routing_key="millesime.interactive",
        redelivered=False,
        received_at=NOW,
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b"abc", b"abc"), (bytearray(b"abc"), b"abc"), (memoryview(b"abc"), b"abc"), ("", b"")],
)
def test_a_body_is_bytes(body: Any, expected: bytes) -> None:
    read = _read(body).body
    assert type(read) is bytes
    assert read == expected


def test_the_trace_headers_and_no_other_are_carried() -> None:
    trace = {"traceparent": "a", "tracestate": "b", "sentry-trace": "c", "baggage": "d"}
    others = {"task": "connector.verify", "id": "x", "CC": ["verifications.batch"], b"\xff": "y"}
    assert _read(application_headers=trace | others).trace == trace


@pytest.mark.parametrize("value", [1, True, None, b"bytes", ["list"], {"a": "b"}, "x" * 8193])
def test_a_trace_header_that_is_none_is_left_out(value: Any) -> None:
    assert _read(application_headers={"traceparent": value, "baggage": "x" * 8192}).trace == {
        "baggage": "x" * 8192
    }


@pytest.mark.parametrize("value", [[], [{"queue": "verifications.batch"}], None, "x"])
def test_a_message_that_was_dead_lettered_is_seen_whatever_the_header_says(value: Any) -> None:
    assert _read(application_headers={"x-death": value}).dead_lettered
    assert not _read(application_headers={"x-first-death-queue": value}).dead_lettered


def test_our_marks_are_seen() -> None:
    unreadable, oversized = _read(marks=[Mark.UNREADABLE]), _read(marks=[Mark.OVERSIZED])
    assert (unreadable.unreadable_headers, unreadable.oversized) == (True, False)
    assert (oversized.unreadable_headers, oversized.oversized, oversized.body) == (False, True, b"")


@pytest.mark.parametrize("value", [True, 1, "true", None, b"x", [True], {"a": True}])
@pytest.mark.parametrize("name", ["x-connector-oversized", "x-connector-unreadable"])
def test_a_vendor_cannot_mark_a_message(name: str, value: Any) -> None:
    delivery = _read(b"{}", application_headers={name: value})
    assert (delivery.oversized, delivery.unreadable_headers, delivery.body) == (False, False, b"{}")


def test_a_delivery_shows_nothing_of_the_job() -> None:
    delivery = _read(
        b'{"nom_naissance": "S3SAME"}',
        content_type="S3SAME-type",
        content_encoding="S3SAME-encoding",
        correlation_id="S3SAME-corr",
        message_id="S3SAME-message",
        reply_to="S3SAME-queue",
        application_headers={"traceparent": "S3SAME-trace", "baggage": "S3SAME-baggage"},
    )
    assert "S3SAME" not in f"{delivery!r} {delivery}"
    assert "millesime.interactive" in repr(delivery)


def test_a_body_longer_than_a_jobs_is_left_out() -> None:
    assert not _read(b"x" * MAX_BODY_BYTES).oversized
    longer = _read(b"x" * (MAX_BODY_BYTES + 1))
    assert longer.oversized
    assert longer.body == b""
