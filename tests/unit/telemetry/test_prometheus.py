"""What jobs leave in the metrics on their way through the pipeline, and how little whoever publishes them can add."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from connector.jobs.delivery import Delivery
from connector.jobs.rate import read_quota
from connector.jobs.records import Lane, Registry, Tenant
from connector.jobs.settlement import Answer, Defer, Settlement
from connector.limits.bounds import Quotas
from connector.pipeline.services import Services
from connector.telemetry.metrics import Metrics
from connector.telemetry.prometheus import LONGEST_WAIT_SECONDS, PrometheusMetrics
from schemas.codes import CheckCode, JobStatus
from tests.answers import DOWN, Api, Respond, fault, found
from tests.deliveries import delivery
from tests.fakes import START, ManualTime, answered, services, verified
from tests.jobs import QF, RSA, job
from tests.registry import CLAMART, OneToken
from tests.scrapes import Scrape

RESOURCE = "revenu_solidarite_active"


class Observed:
    """Services whose metrics are counted."""

    def __init__(self, *answers: httpx.Response | Respond, per_tenant: bool = False, **changes: Any) -> None:
        self.time = ManualTime()
        self.metrics = PrometheusMetrics(per_tenant=per_tenant)
        api = Api(self.time, **{RESOURCE: list(answers or (found(),))})
        made = services(httpx.MockTransport(api), OneToken(), self.time)
        self.services: Services = replace(made, metrics=self.metrics, **changes)

    async def run(self, *deliveries: Delivery) -> list[Settlement]:
        """Run deliveries to their first end, and settle them."""
        ends = []
        for given in deliveries:
            settlement = await verified(given, self.services)
            self.metrics.delivery_settled(settlement, given, self.time.now)
            ends.append(settlement)
        return ends

    @property
    def scrape(self) -> Scrape:
        """What is told now."""
        return Scrape.of(self.metrics)


async def test_a_job_counts_by_lane_vendor_and_status_and_its_checks_by_outcome() -> None:
    observed = Observed(found(), fault(403, "00100"), fault(404, "37003"))
    await observed.run(*(delivery(RSA, job_id=f"job-{number}") for number in range(3)))
    scrape = observed.scrape
    assert scrape.counted("connector_jobs_total") == {
        ("interactive", "completed", "millesime"): 2,
        ("interactive", "failed", "millesime"): 1,
    }
    assert scrape.counted("connector_checks_total") == {
        (RESOURCE, "found", "found"): 1,
        (RESOURCE, "insufficient_scope", "error"): 1,
        (RESOURCE, "no_record", "not_found"): 1,
    }
    assert scrape.value("connector_job_seconds_count", lane="interactive") == 3
    assert {
        outcome: scrape.value("connector_upstream_call_seconds_count", check=RESOURCE, outcome=outcome)
        for outcome in ("answered", "refused")
    } == {"answered": 2, "refused": 1}


async def test_a_job_answered_from_memory_is_a_job_and_no_check() -> None:
    observed = Observed()
    # The second waits for the first.
    await asyncio.gather(*(observed.run(delivery(RSA, job_id="same")) for _ in range(2)))
    scrape = observed.scrape
    assert scrape.counted("connector_jobs_total") == {("interactive", "completed", "millesime"): 2}
    assert scrape.counted("connector_checks_total") == {(RESOURCE, "found", "found"): 1}


async def test_a_check_that_nobody_knows_is_counted_without_its_name() -> None:
    observed = Observed()
    await observed.run(delivery({"check": "intrus"}, {"check": "autre"}))
    assert observed.scrape.counted("connector_checks_total") == {("unknown", "unknown_check", "error"): 2}


async def test_a_rejection_tells_the_vendor_and_why() -> None:
    observed = Observed()
    await observed.run(delivery(RSA, tenant_x=1), delivery(RSA, version=7))
    assert observed.scrape.counted("connector_rejections_total") == {
        ("invalid_message", "millesime"): 1,
        ("unsupported_version", "millesime"): 1,
    }


@pytest.mark.parametrize(
    ("published_seconds_ago", "counted_seconds"),
    [(0, 0), (12, 12), (-3600, 0), (10 * 86_400, LONGEST_WAIT_SECONDS)],
)
async def test_a_job_has_waited_since_its_timestamp(
    published_seconds_ago: int, counted_seconds: float
) -> None:
    observed = Observed()
    timestamp = int(START.timestamp()) - published_seconds_ago
    expires_at = (START + timedelta(seconds=30)).isoformat()
    await observed.run(replace(delivery(RSA, expires_at=expires_at), timestamp=timestamp))
    scrape = observed.scrape
    assert scrape.value("connector_queue_wait_seconds_sum", lane="interactive") == counted_seconds
    assert scrape.value("connector_queue_wait_seconds_count", lane="interactive") == 1


async def test_a_wait_that_is_unknown_or_was_counted_is_not_counted() -> None:
    observed = Observed(fault(503, "37001", retry_in=60.0), found())
    timestamp = int(START.timestamp())
    put_off = replace(delivery(RSA, lane=Lane.BATCH), timestamp=timestamp)
    reply = await answered(put_off, observed.services, observed.time)
    assert reply.status is JobStatus.COMPLETED
    await observed.run(delivery(RSA), replace(delivery(RSA), timestamp=timestamp, redelivered=True))
    scrape = observed.scrape
    assert scrape.value("connector_queue_wait_seconds_count", lane="batch") == 1
    assert scrape.value("connector_queue_wait_seconds_count", lane="interactive") == 0


async def test_a_failure_is_a_retry_only_where_the_call_is_made_again() -> None:
    observed = Observed(DOWN, DOWN, found(), fault(404, "37003"))
    await observed.run(delivery(RSA), delivery(RSA))
    scrape = observed.scrape
    assert scrape.counted("connector_retries_total") == {(RESOURCE, "provider_unavailable"): 2}
    calls = {
        outcome: scrape.value("connector_upstream_call_seconds_count", check=RESOURCE, outcome=outcome)
        for outcome in ("answered", "failed")
    }
    assert calls == {"answered": 2, "failed": 2}


async def test_a_deferral_tells_whether_a_call_failed_or_may_not_be_made() -> None:
    observed = Observed(fault(503, "37020", retry_in=600.0))
    # What the first is told opens its provider's breaker.
    ends = await observed.run(*(delivery(RSA, lane=Lane.BATCH, job_id=f"job-{n}") for n in range(3)))
    assert [type(end) for end in ends] == [Defer, Defer, Defer]
    assert observed.scrape.counted("connector_deferrals_total") == {
        ("batch", "retry"): 1,
        ("batch", "held"): 2,
    }


async def test_the_wait_for_a_quota_is_counted_where_there_is_one() -> None:
    observed = Observed()
    await observed.run(delivery(RSA))
    assert observed.scrape.value("connector_quota_wait_seconds_count", lane="interactive") == 0
    rationed = Observed(quotas=Quotas(token=read_quota("20/s")))
    await rationed.run(delivery(RSA))
    assert rationed.scrape.value("connector_quota_wait_seconds_count", lane="interactive") == 1


async def test_a_tenant_has_series_only_where_they_are_asked_for() -> None:
    together, apart = Observed(), Observed(per_tenant=True)
    for observed in (together, apart):
        await observed.run(delivery(RSA))
    assert CLAMART not in together.scrape.labels()
    assert apart.scrape.counted("connector_calls_total") == {(CLAMART,): 1}


def _of_tenant(siret: str) -> Delivery:
    given = json.loads(delivery(RSA).body) | {"tenant": siret}
    return replace(delivery(RSA), body=json.dumps(given).encode())


def _hostile(number: int) -> Delivery:
    """Return what somebody publishes who wants a series of its own each time."""
    name = f"intrus-{number}"
    forms: tuple[Delivery, ...] = (
        replace(delivery(RSA), routing_key=f"{name}.interactive"),
        replace(delivery(RSA), routing_key=name * 50),
        replace(delivery(RSA), body=name.encode()),
        delivery(
            {"check": name},
            {"id": f"label-{number}", "check": f"{RESOURCE}_{number}"},
            job_id=name,
            agent=name,
        ),
        delivery({"check": RESOURCE, "params": {name: name}}, dossier=name, purpose=name),
        _of_tenant(f"{number:014}"),
        delivery(RSA, version=number + 2),
        replace(delivery(RSA), correlation_id=name, reply_to=name, user_id=name, message_id=name),
        replace(delivery(RSA), content_type=name, timestamp=-number),
        replace(delivery(RSA), routing_key=f"millesime.{name}"),
        replace(delivery(RSA), dead_lettered=True, routing_key=f"{name}.batch"),
    )
    return forms[number % len(forms)]


async def test_whoever_publishes_can_make_no_series_of_its_own() -> None:
    observed = Observed()
    await observed.run(*(_hostile(number) for number in range(550)))
    after = len(observed.scrape.values)
    await observed.run(*(_hostile(number) for number in range(550, 1650)))
    scrape = observed.scrape
    assert len(scrape.values) == after
    assert not [value for value in scrape.labels() if "intrus" in value]


async def test_thousands_of_tenants_make_no_series_unless_asked_for() -> None:
    observed = Observed()
    registry = observed.services.registry
    await observed.run(delivery(RSA, job_id="alone"))
    alone = len(observed.scrape.values)
    many = {
        f"{number:014}": Tenant(siret=f"{number:014}", name="C", vendors=frozenset({"millesime"}))
        for number in range(3000)
    }
    known: Registry = registry.registry
    holder: Any = registry
    holder.registry = replace(known, tenants={**known.tenants, **many})
    for siret in list(many)[:50]:
        observed.metrics.call_ended(RESOURCE, many[siret], None, 40)
    await observed.run(delivery(RSA, job_id="among-many"))
    assert len(observed.scrape.values) == alone


def test_no_metrics_answer_nothing() -> None:
    quiet = Metrics()
    quiet.call_will_be_repeated(RESOURCE, CheckCode.NETWORK_ERROR)
    assert quiet.render(is_ready=True, is_blocked=False, unsettled=0) == b""


def test_a_worker_says_whether_it_is_ready_and_which_version_it_is() -> None:
    metrics = PrometheusMetrics()
    assert Scrape.of(metrics).value("connector_ready") == 1
    assert Scrape.of(metrics).value("connector_broker_blocked") == 0
    scrape = Scrape.of(metrics, is_ready=False, is_blocked=True, unsettled=3)
    assert (scrape.value("connector_ready"), scrape.value("connector_broker_blocked")) == (0, 1)
    assert scrape.value("connector_deliveries_unsettled") == 3
    assert list(scrape.counted("connector_build_info").values()) == [1]


def test_what_an_alert_counts_from_is_there_before_anything_happens() -> None:
    """A counter that appears at 1 has not increased, as Prometheus sees it."""
    scrape = Scrape.of(PrometheusMetrics())
    assert not [name for name, _labels in scrape.values if name.endswith("_created")]
    assert scrape.value("connector_dead_letters_total", reason="unknown_vendor") == 0
    assert scrape.value("connector_undeliverable_total", reason="unroutable") == 0
    assert scrape.value("connector_isolated_total", lane="batch") == 0
    for name in ("connector_job_seconds_count", "connector_set_aside_total"):
        assert scrape.value(name, lane="batch") == 0
    assert scrape.value("connector_deferrals_total", lane="batch", reason="retry") == 0


async def test_an_answer_holds_no_word_of_the_job() -> None:
    observed = Observed(per_tenant=True)
    given = job(
        RSA, QF, job_id="job-canary", dossier="dossier-canary", agent="agent-canary", purpose="canary"
    )
    (end,) = await observed.run(replace(delivery(RSA), body=json.dumps(given).encode()))
    assert isinstance(end, Answer)
    said = observed.metrics.render(is_ready=True, is_blocked=False, unsettled=0).decode()
    assert "canary" not in said
    assert "EXEMPLE" not in said
