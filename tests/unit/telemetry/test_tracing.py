"""The vendor's headers name the trace that a job continues; without a tracer, nothing is made."""

from collections.abc import Mapping

import pytest

from connector.jobs.delivery import Delivery
from connector.jobs.records import Lane
from connector.telemetry.tracing import Origin, TracedJob, Untraced, origin_of
from tests.fakes import START

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = Origin(TRACE, PARENT, is_sampled=True)
LEFT_OUT = Origin(TRACE, PARENT, is_sampled=False)


@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ({}, None),
        ({"sentry-trace": f"{TRACE}-{PARENT}"}, Origin(TRACE, PARENT, is_sampled=None)),
        ({"sentry-trace": f"{TRACE}-{PARENT}-0"}, LEFT_OUT),
        ({"sentry-trace": f"{TRACE}-{PARENT}-1"}, SAMPLED),
        ({"traceparent": f"00-{TRACE}-{PARENT}-00"}, LEFT_OUT),
        ({"traceparent": f"00-{TRACE}-{PARENT}-03"}, SAMPLED),
        ({"traceparent": f"01-{TRACE}-{PARENT}-01-more"}, SAMPLED),
        ({"traceparent": f"ff-{TRACE}-{PARENT}-01"}, None),
        ({"traceparent": f"00-{'0' * 32}-{PARENT}-01"}, None),
        ({"sentry-trace": "ROUX", "traceparent": f"00-{TRACE}-{PARENT}-01"}, SAMPLED),
        (
            {"sentry-trace": f"{TRACE}-{PARENT}-0", "traceparent": f"00-{'a' * 32}-{PARENT}-01"},
            LEFT_OUT,
        ),
    ],
)
def test_a_trace_is_what_the_vendors_headers_name(headers: Mapping[str, str], origin: Origin | None) -> None:
    assert origin_of(headers) == origin


def test_untraced_costs_no_object_and_changes_no_header() -> None:
    given = {"sentry-trace": f"{TRACE}-{PARENT}", "baggage": "a=b"}
    tracing = Untraced()
    delivery = Delivery(
        body=b"{}",
        lane=Lane.BATCH,
        routing_key="millesime.batch",
        redelivered=False,
        received_at=START,
        trace=given,
    )
    job = TracedJob(
        delivery=delivery, vendor="millesime", tenant="26920023600017", trace_id=TRACE, origin=None
    )
    tracing.begin(job)
    assert tracing.span("db", "a") is tracing.span("http.client", "b")
    assert tracing.carried_on(given) is given
    tracing.end("ok")
