"""Traces as Sentry's transactions, made as values: a job's own, and its spans, whose parts are told in any order."""

import math
import secrets
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, Self

from connector.jobs.delivery import Delivery
from connector.telemetry.tracing import NO_SPAN, Span, Status, TracedJob
from connector.telemetry.vocabulary import JOB

MOST_SPANS: Final = 200
FOLLOWED_PER_SECOND: Final = 2.0
"""Traces of jobs that a vendor decided to trace: they wait to be sent in one queue of a hundred with the incidents."""
FOLLOWED_AT_ONCE: Final = 10
"""As many of them may come together after a pause."""


@dataclass(slots=True)
class _Running:
    """A span under way, of a trace's."""

    op: str
    name: str
    trace: "_Trace | None" = field(default=None, repr=False)
    span_id: str = field(default_factory=lambda: secrets.token_hex(8))
    since: float = field(default_factory=time.time)
    until: float | None = None
    status: Status = "ok"
    data: dict[str, str | int | float] = field(default_factory=dict)

    def note(self, name: str, value: str | int) -> None:
        """Say something of it."""
        self.data[name] = value

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_raised: object) -> None:
        self.until = time.time()
        self.status = "ok" if kind is None else "internal_error"
        if self.trace is not None and len(self.trace.spans) < MOST_SPANS:
            self.trace.spans.append(self)


@dataclass(slots=True)
class _Trace:
    job: TracedJob
    root: _Running
    spans: list[_Running] = field(default_factory=list)


class SentryTracer:
    """Sends a share of the jobs' traces as Sentry's transactions."""

    def __init__(
        self,
        send: Callable[[dict[str, Any]], object],
        rate: float,
        draw: Callable[[], float],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``rate`` is the share of the jobs whose vendor leaves it open; ``draw`` draws evenly from [0, 1)."""
        self._send = send
        self._rate = rate
        self._draw = draw
        self._monotonic = monotonic
        self._followed_until = -math.inf
        """Up to when the traces that vendors decided on have used up what they may."""
        self._current: ContextVar[_Trace | None] = ContextVar("job's trace", default=None)

    def begin(self, job: TracedJob) -> None:
        """Begin to trace the job, if it is to be."""
        if self._current.get() is not None or not self._is_to_be_traced(job):
            return
        root = _Running(JOB, "")
        root.data.update(_of_delivery(job.delivery, root.since))
        self._current.set(_Trace(job, root))

    def _is_to_be_traced(self, job: TracedJob) -> bool:
        decided = None if job.origin is None else job.origin.is_sampled
        if decided is False:
            return False
        return (decided is True and self._may_follow()) or self._draw() < self._rate

    def _may_follow(self) -> bool:
        """Take one of the traces that vendors may decide on, where one is left."""
        now = self._monotonic()
        used_until = max(self._followed_until, now - FOLLOWED_AT_ONCE / FOLLOWED_PER_SECOND)
        if used_until + 1 / FOLLOWED_PER_SECOND > now:
            return False
        self._followed_until = used_until + 1 / FOLLOWED_PER_SECOND
        return True

    def span(self, op: str, name: str) -> Span:
        """Return a span of the job."""
        trace = self._current.get()
        return NO_SPAN if trace is None else _Running(op, name, trace)

    def carried_on(self, given: Mapping[str, str]) -> Mapping[str, str]:
        """Return the headers that name the job's own span, where it is traced."""
        trace = self._current.get()
        if trace is None:
            return given
        named = f"{trace.job.trace_id}-{trace.root.span_id}"
        return {**given, "sentry-trace": f"{named}-1", "traceparent": f"00-{named}-01"}

    def end(self, status: Status) -> None:
        """End the job's trace, and send it."""
        trace = self._current.get()
        if trace is not None:
            self._current.set(None)
            trace.root.status = status
            self._send(_transaction(trace))


def _of_delivery(delivery: Delivery, now: float) -> dict[str, str | int | float]:
    """Return what Sentry shows of a queue."""
    told: dict[str, str | int | float] = {
        "messaging.system": "rabbitmq",
        "messaging.destination.name": f"verifications.{delivery.lane}",
        "messaging.message.retry.count": delivery.delivery_count,
        "messaging.message.body.size": len(delivery.body),
    }
    if delivery.timestamp is not None and delivery.progress is None:
        # In milliseconds; AMQP's timestamp counts whole seconds, on the publisher's clock.
        told["messaging.message.receive.latency"] = round(max(0.0, 1000 * (now - delivery.timestamp)))
    return told


def _transaction(trace: _Trace) -> dict[str, Any]:
    job, root = trace.job, trace.root
    return {
        "type": "transaction",
        "start_timestamp": root.since,
        "timestamp": time.time(),
        "tags": {"vendor": job.vendor, "tenant": job.tenant, "lane": str(job.delivery.lane)},
        "contexts": {
            "trace": {
                "trace_id": job.trace_id,
                "span_id": root.span_id,
                "parent_span_id": None if job.origin is None else job.origin.span_id,
                "op": JOB,
                "status": root.status,
                "data": root.data,
            }
        },
        "spans": [
            {
                "span_id": span.span_id,
                "op": span.op,
                "description": span.name,
                "start_timestamp": span.since,
                "timestamp": span.until,
                "status": span.status,
                "data": span.data,
            }
            for span in trace.spans
        ],
    }
