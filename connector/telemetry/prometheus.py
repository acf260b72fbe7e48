"""Metrics for Prometheus. Each label's values are few and known beforehand, or the operator's own: vendors."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from importlib.metadata import version
from itertools import product
from typing import Final, Generic, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector

from connector.amqp.confirmed_channel import Confirmation
from connector.catalogue import CATALOGUE
from connector.jobs.delivery import Delivery
from connector.jobs.progress import JobProgress, is_finished
from connector.jobs.records import Lane, Tenant
from connector.jobs.settlement import Answer, Dead, DeadReason, Defer, Overflow, Quarantined, Settlement
from connector.sources.traits import Signal, refusal_of, signal_of
from connector.telemetry.metrics import Metrics
from schemas.codes import CheckCode
from schemas.reply import CheckReply

FOUND: Final = "found"
UNKNOWN: Final = "unknown"
"""Stands for every name of a check that is not of the catalogue."""
LONGEST_WAIT_SECONDS: Final = 86_400.0
"""A wait counts as so long at most: when a job was published is whatever its publisher says."""
_RETRY, _HELD, _SAME_JOB = _DEFERRALS = ("retry", "held", "same_job")
"""A call failed, and goes again; none may be made yet; another run of the same job is in flight."""
_UNDELIVERED: Final = tuple(one.name.lower() for one in Confirmation if one is not Confirmation.ROUTED)
MetricT = TypeVar("MetricT", bound=MetricWrapperBase)


class _Series(dict[tuple[str, ...], MetricT], Generic[MetricT]):
    """A metric's series by their labels' values, bound the first time: to find one costs more than to count."""

    def __init__(self, metric: MetricT, *values: Sequence[str]) -> None:
        """``values`` of each label make series that are there from the start: what appears at 1 has not increased."""
        super().__init__()
        self._metric = metric
        for labels in product(*values) if values else ():
            self[labels]

    def __missing__(self, labels: tuple[str, ...]) -> MetricT:
        child = self[labels] = self._metric.labels(*labels)
        return child


class PrometheusMetrics(Metrics):
    """Counts in a registry of its own, which ``render`` reads."""

    def __init__(self, *, per_tenant: bool = False) -> None:
        """``per_tenant``: count each tenant's calls apart, a series for each."""
        # They double the series, for what a counter that starts anew tells too; the library knows no other way.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        lanes = tuple(Lane)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"connector_{name}_total", text, labels, registry=registry)

        def histogram(name: str, text: str, buckets: Sequence[float], *labels: str) -> Histogram:
            return Histogram(f"connector_{name}_seconds", text, labels, registry=registry, buckets=buckets)

        self._jobs = _Series(counter("jobs", "Replies.", "lane", "vendor", "status"))
        self._rejections = _Series(counter("rejections", "Why jobs were rejected.", "vendor", "code"))
        self._checks = _Series(
            counter("checks", "Checks answered: found, or with a code.", "check", "status", "outcome")
        )
        self._retries = _Series(counter("retries", "Failed calls that are made again.", "check", "code"))
        self._deferrals = _Series(
            counter("deferrals", "Jobs deferred on the broker.", "lane", "reason"), lanes, _DEFERRALS
        )
        self._overflow = _Series(
            counter("set_aside", "Jobs put into their flow's overflow queue.", "lane"), lanes
        )
        self._quarantined = _Series(
            counter("isolated", "Jobs that may end the worker: moved aside, run alone, given up.", "lane"),
            lanes,
        )
        self._dead = _Series(
            counter("dead_letters", "Messages put on connector.dead.", "reason"), tuple(DeadReason)
        )
        self._undeliverable = _Series(
            counter("undeliverable", "Replies put on connector.undeliverable.", "reason"), _UNDELIVERED
        )
        # From one second on: a vendor's timestamp is in whole ones.
        self._queue_waits = _Series(
            histogram(
                "queue_wait",
                "From a job's publication, where its timestamp tells it, to its first run.",
                (1, 2, 3, 5, 10, 20, 30, 60, 300, 1800, 7200, 43_200),
                "lane",
            ),
            lanes,
        )
        self._job_seconds = _Series(
            histogram(
                "job",
                "From a job's reception to its confirmed reply.",
                (0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 300, 1800, 7200, 43_200),
                "lane",
            ),
            lanes,
        )
        self._call_seconds = _Series(
            histogram(
                "upstream_call",
                "Calls to a source: answered, refused by its platform, failed, or other.",
                (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20),
                "check",
                "outcome",
            )
        )
        self._turns = _Series(
            histogram(
                "quota_wait", "Calls' wait for their quota.", (0.01, 0.1, 0.5, 1, 5, 15, 60, 90), "lane"
            ),
            lanes,
        )
        self._calls = _Series(counter("calls", "Calls to a source.", "tenant")) if per_tenant else None
        self._ready = Gauge("connector_ready", "1 while the worker takes jobs.", registry=registry)
        self._blocked = Gauge(
            "connector_broker_blocked", "1 while the broker's alarm holds replies back.", registry=registry
        )
        self._unsettled = Gauge(
            "connector_deliveries_unsettled",
            "Deliveries that the worker has taken and not settled yet, those in flight included.",
            registry=registry,
        )
        build = Gauge("connector_build_info", "Always 1.", ("version",), registry=registry)
        build.labels(version("ccas-connector")).set(1)
        ProcessCollector(registry=registry)

    def watch(self, gauges: Collector) -> None:
        """Have ``gauges`` read at each ``render``."""
        self.registry.register(gauges)

    def job_taken_in(self, delivery: Delivery, now: datetime) -> None:
        """Take in how long a job has waited, at its first run."""
        if delivery.timestamp is not None and delivery.progress is None and not delivery.redelivered:
            waited_seconds = now.timestamp() - delivery.timestamp
            self._queue_waits[delivery.lane,].observe(min(max(waited_seconds, 0.0), LONGEST_WAIT_SECONDS))

    def turn_came(self, lane: Lane, waited_seconds: float) -> None:
        """Take in how long a call has waited for its quota."""
        self._turns[lane,].observe(max(waited_seconds, 0.0))

    def call_ended(self, check: str, tenant: Tenant, code: CheckCode | None, duration_ms: int) -> None:
        """Take in one call to a source."""
        self._call_seconds[check, _class_of(code)].observe(duration_ms / 1000)
        if self._calls is not None:
            self._calls[tenant.siret,].inc()

    def call_will_be_repeated(self, check: str, code: CheckCode) -> None:
        """Take in that a call has failed for now."""
        self._retries[check, code].inc()

    def checks_answered(self, checks: Iterable[CheckReply]) -> None:
        """Take in the answers of a job that was run."""
        for check in checks:
            name = check.check if check.check in CATALOGUE else UNKNOWN
            self._checks[name, check.status, check.reason.code if check.reason else FOUND].inc()

    def delivery_settled(self, settlement: Settlement, delivery: Delivery, now: datetime) -> None:
        """Take in how a delivery has ended."""
        lane = delivery.lane
        match settlement:
            case Answer(reply=reply):
                # Nobody but a vendor of the registry is answered.
                vendor = delivery.routing_key.partition(".")[0]
                self._jobs[lane, vendor, reply.status].inc()
                for error in reply.errors:
                    self._rejections[vendor, error.code].inc()
                self._job_seconds[lane,].observe(max((now - delivery.received_at).total_seconds(), 0.0))
            case Defer(delivery=waiting):
                self._deferrals[lane, _why(waiting.progress)].inc()
            case Overflow():
                self._overflow[lane,].inc()
            case Quarantined():
                self._quarantined[lane,].inc()
            case Dead(reason=reason):
                self._dead[reason,].inc()

    def quarantined_ran_alone(self, lane: Lane) -> None:
        """Take in that a suspect is run alone, or given up: the worker that moved it aside may be gone already."""
        self._quarantined[lane,].inc()

    def journal_group_died(self) -> None:
        """Take in that records of the access journal were put on ``connector.dead``."""
        self._dead[DeadReason.UNREADABLE_JOURNAL,].inc()

    def reply_was_undeliverable(self, confirmation: Confirmation) -> None:
        """Take in that a reply was kept on ``connector.undeliverable``."""
        self._undeliverable[confirmation.name.lower(),].inc()

    def render(self, *, is_ready: bool, is_blocked: bool, unsettled: int) -> bytes:
        """Return everything in Prometheus's text format. May be called in any thread."""
        self._ready.set(is_ready)
        self._blocked.set(is_blocked)
        self._unsettled.set(unsettled)
        return generate_latest(self.registry)


def _class_of(code: CheckCode | None) -> str:
    if refusal_of(code) is not None:
        return "refused"
    return {Signal.UP: "answered", Signal.DOWN: "failed", Signal.NOTHING: "other"}[signal_of(code)]


def _why(progress: JobProgress | None) -> str:
    """Return why a job is deferred: what the first of its checks to come due waits for."""
    waiting = [
        (check.not_before, check.blocked_in_a_row)
        for check in (progress.checks.values() if progress else ())
        if check.not_before is not None and not is_finished(check)
    ]
    if not waiting:
        return _SAME_JOB
    return _HELD if min(waiting)[1] else _RETRY
