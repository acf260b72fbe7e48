"""Deliveries for unit tests."""

import json
from datetime import UTC, datetime
from typing import Any

from connector.jobs.delivery import Delivery
from connector.jobs.records import Lane
from tests.fakes import START
from tests.jobs import job
from tests.registry import CLAMART


def delivery(*checks: dict[str, Any], lane: Lane = Lane.INTERACTIVE, **changes: Any) -> Delivery:
    return Delivery(
        body=json.dumps(job(*checks, tenant=CLAMART, **changes)).encode(),
        lane=lane,
        routing_key=f"millesime.{lane}",
        redelivered=False,
        received_at=START,
        content_type="application/json",
    )


NOW = datetime(2026, 11, 23, 8, 59, 30, 101_999, tzinfo=UTC)


TRACE = {"traceparent": "00-abc", "tracestate": "v=a-person", "baggage": "a=b"}


DELIVERY = Delivery(
    body=b'{"identity": "EXEMPLE"}',
    lane=Lane.INTERACTIVE,
    routing_key="millesime.interactive",
    redelivered=False,
    received_at=NOW,
    content_type="application/json",
    correlation_id="corr-1",
    message_id="message-1",
    reply_to="replies.millesime.second",
    user_id="millesime",
    timestamp=1_790_000_000,
    trace=TRACE,
)
