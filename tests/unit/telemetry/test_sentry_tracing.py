"""A job's trace: whether there is one is decided first, it tells where the time went, and its reply names it."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from connector.jobs.delivery import Delivery
from connector.jobs.progress import JobProgress
from connector.jobs.records import Lane
from connector.telemetry.privacy import before_send_transaction
from connector.telemetry.sentry_tracing import FOLLOWED_AT_ONCE, FOLLOWED_PER_SECOND, MOST_SPANS, SentryTracer
from connector.telemetry.tracing import TracedJob, origin_of
from tests.fakes import START

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
QF = "GET /v3/dss/quotient_familial/identite"
GIVEN = {"sentry-trace": f"{TRACE}-{PARENT}", "baggage": "a=b"}


def delivery(trace: Mapping[str, str] = GIVEN, **changes: Any) -> Delivery:
    """Return a delivery."""
    values: dict[str, Any] = {
        "body": b"{}",
        "lane": Lane.BATCH,
        "routing_key": "millesime.batch",
        "redelivered": False,
        "received_at": START,
        "trace": trace,
        "timestamp": 1_790_000_000,
    }
    return Delivery(**(values | changes))


def job(delivered: Delivery) -> TracedJob:
    """Return what a trace says of a job."""
    return TracedJob(
        delivery=delivered,
        vendor="millesime",
        tenant="26920023600017",
        trace_id=TRACE,
        origin=origin_of(delivered.trace),
    )


def tracer(sent: list[Any], drawn: float = 0.0, rate: float = 0.01) -> SentryTracer:
    """Return a tracer whose draws are known."""
    return SentryTracer(sent.append, rate, lambda: drawn)


@pytest.mark.parametrize(
    ("flag", "drawn", "is_traced"),
    [("", 0.0099, True), ("", 0.01, False), ("-1", 0.99, True), ("-0", 0.0, False)],
)
def test_the_vendor_decides_else_one_draw(flag: str, drawn: float, is_traced: bool) -> None:  # noqa: FBT001 - a parameter
    sent: list[Any] = []
    tracing = tracer(sent, drawn)
    tracing.begin(job(delivery({"sentry-trace": f"{TRACE}-{PARENT}{flag}"})))
    tracing.end("ok")
    assert len(sent) == is_traced


def decided_by_its_vendor(tracing: SentryTracer, count: int = 1) -> None:
    """Run jobs that their vendor decided to trace, one after the other."""
    for _ in range(count):
        tracing.begin(job(delivery({"sentry-trace": f"{TRACE}-{PARENT}-1"})))
        tracing.end("ok")


@pytest.mark.parametrize(("drawn", "others"), [(0.99, 0), (0.0, 90)])
def test_a_vendor_decides_for_so_many_at_once_and_the_rest_are_drawn(drawn: float, others: int) -> None:
    sent: list[Any] = []
    tracing = SentryTracer(sent.append, 0.01, lambda: drawn, lambda: 1000.0)
    decided_by_its_vendor(tracing, 100)
    assert len(sent) == FOLLOWED_AT_ONCE + others


def test_a_vendor_decides_for_so_many_a_second() -> None:
    sent: list[Any] = []
    now = [1000.0]
    tracing = SentryTracer(sent.append, 0.01, lambda: 0.99, lambda: now[0])
    for second in range(60):
        now[0] = 1000.0 + second
        decided_by_its_vendor(tracing, 100)
    assert len(sent) == FOLLOWED_AT_ONCE + 59 * FOLLOWED_PER_SECOND
    now[0] += 3600
    decided_by_its_vendor(tracing, 100)
    assert len(sent) == 2 * FOLLOWED_AT_ONCE + 59 * FOLLOWED_PER_SECOND


def test_a_job_that_is_begun_again_takes_nobody_s_place() -> None:
    sent: list[Any] = []
    tracing = SentryTracer(sent.append, 0.01, lambda: 0.99, lambda: 1000.0)
    for _ in range(100):
        tracing.begin(job(delivery({"sentry-trace": f"{TRACE}-{PARENT}-1"})))
    tracing.end("ok")
    decided_by_its_vendor(tracing, 100)
    assert len(sent) == FOLLOWED_AT_ONCE


def test_a_job_that_is_not_traced_costs_no_object_and_changes_no_header() -> None:
    tracing = tracer([], drawn=1.0)
    tracing.begin(job(delivery()))
    assert tracing.span("db", "a") is tracing.span("http.client", "b")
    assert tracing.carried_on(GIVEN) is GIVEN
    tracing.end("ok")


async def test_a_trace_tells_where_the_time_went() -> None:
    sent: list[Any] = []
    tracing = tracer(sent)

    async def call(name: str, status: int) -> None:
        with tracing.span("http.client", name) as span:
            span.note("http.response.status_code", status)
            span.note("check", "quotient_familial")
            span.note("nom", "ROUX")
            await asyncio.sleep(0)

    tracing.begin(job(delivery()))
    with tracing.span("db", "recall the reply"):
        pass
    await asyncio.gather(call(QF, 200), call("GET /v3/dss?nom=ROUX", 404))
    headers = tracing.carried_on(GIVEN)
    tracing.end("ok")

    assert "ROUX" in repr(sent)
    left = before_send_transaction(sent[0])
    assert "ROUX" not in repr(left)
    trace = left["contexts"]["trace"]
    assert (trace["trace_id"], trace["parent_span_id"], trace["op"]) == (TRACE, PARENT, "queue.process")
    assert trace["data"]["messaging.destination.name"] == "verifications.batch"
    assert trace["data"]["messaging.message.receive.latency"] > 0
    assert left["transaction"] == "verify batch"
    assert left["tags"] == {"vendor": "millesime", "tenant": "26920023600017", "lane": "batch"}
    told = [(span["op"], span.get("description"), span["data"]) for span in left["spans"]]
    assert told == [
        ("db", "recall the reply", {}),
        ("http.client", QF, {"check": "quotient_familial", "http.response.status_code": 200}),
        ("http.client", None, {"check": "quotient_familial", "http.response.status_code": 404}),
    ]
    assert {span["parent_span_id"] for span in left["spans"]} == {trace["span_id"]}
    assert headers == {
        "sentry-trace": f"{TRACE}-{trace['span_id']}-1",
        "traceparent": f"00-{TRACE}-{trace['span_id']}-01",
        "baggage": "a=b",
    }


def test_a_call_that_fails_is_told_as_such_and_not_how() -> None:
    sent: list[Any] = []
    tracing = tracer(sent)
    tracing.begin(job(delivery()))
    with pytest.raises(KeyError), tracing.span("http.client", QF):
        raise KeyError("ROUX")
    tracing.end("ok")
    (span,) = before_send_transaction(sent[0])["spans"]
    assert span["status"] == "internal_error"
    assert "ROUX" not in repr(sent)


def test_a_job_that_comes_back_waited_for_its_own_reasons() -> None:
    sent: list[Any] = []
    tracing = tracer(sent)
    progress = JobProgress(claim="0" * 32, digests=("d",))
    tracing.begin(job(replace(delivery(), progress=progress)))
    tracing.end("ok")
    assert "messaging.message.receive.latency" not in sent[0]["contexts"]["trace"]["data"]


async def test_a_trace_is_its_own_tasks_and_sent_once() -> None:
    sent: list[Any] = []
    tracing = tracer(sent)

    async def run() -> None:
        tracing.begin(job(delivery()))
        with tracing.span("db", "recall the reply"):
            pass
        tracing.begin(job(delivery()))
        tracing.end("ok")
        tracing.end("ok")

    await asyncio.gather(run(), run())
    assert [len(each["spans"]) for each in sent] == [1, 1]
    assert tracing.carried_on(GIVEN) is GIVEN


def test_a_trace_is_bounded() -> None:
    sent: list[Any] = []
    tracing = tracer(sent)
    tracing.begin(job(delivery()))
    for _ in range(2 * MOST_SPANS):
        with tracing.span("db", "recall the reply"):
            pass
    tracing.end("ok")
    assert len(sent[0]["spans"]) == MOST_SPANS
