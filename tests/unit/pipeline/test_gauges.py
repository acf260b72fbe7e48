"""What is told at the instant of a scrape: breakers, tokens, quotas, suspensions, jobs in flight."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from connector.catalogue import CATALOGUE
from connector.jobs.rate import read_quota
from connector.jobs.records import Flow, Lane, Tenant
from connector.limits.bounds import EGRESS, Quotas
from connector.limits.breaker import Breaker
from connector.limits.limiter import Bound
from connector.limits.memory_limiter import MemoryLimiter
from connector.limits.refusals import Refusals
from connector.pipeline.gauges import PROVIDERS, Gauges
from connector.pipeline.services import Services
from connector.sources.schema_drift import DriftKind, SchemaDrift
from connector.telemetry.prometheus import PrometheusMetrics
from tests.answers import fault
from tests.calls import Api as CallApi
from tests.calls import made, refuse
from tests.deliveries import delivery
from tests.fakes import START, ManualTime, services, verified
from tests.jobs import RSA
from tests.limiter_rules import demand
from tests.registry import CLAMART, OneToken
from tests.scrapes import Scrape

DAY = timedelta(days=1)


def scrape(acting: Services, *, per_tenant: bool = False, used: float = 0.0) -> Scrape:
    metrics = PrometheusMetrics(per_tenant=per_tenant)
    metrics.watch(Gauges(acting, lambda: used, per_tenant=per_tenant))
    return Scrape.of(metrics)


def holding(**expiries: timedelta | None) -> OneToken:
    """Return a registry of tenants whose tokens expire so long after the start."""
    holder = OneToken()
    tenants = {
        siret: Tenant(
            siret=siret,
            name="C",
            vendors=frozenset({"millesime"}),
            sealed_token="sealed",
            token_expires_at=None if left is None else START + left,
        )
        for siret, left in expiries.items()
    }
    holder.registry = replace(holder.registry, tenants=tenants)
    return holder


def test_tokens_are_counted_by_how_soon_they_expire() -> None:
    holder = holding(a=-2 * DAY, b=DAY / 2, c=3 * DAY, d=20 * DAY, e=45 * DAY, f=400 * DAY, g=None)
    told = scrape(made(holder=holder))
    expiring = {
        days: told.value("connector_tokens_expiring", within_days=days) for days in ("1", "7", "30", "60")
    }
    assert expiring == {"1": 1, "7": 2, "30": 3, "60": 4}
    assert told.value("connector_tokens_expired") == 1


def test_a_token_counts_as_expired_once_jobs_are_answered_so() -> None:
    time = ManualTime()
    acting = made(time, holding(a=timedelta(0)))
    assert scrape(acting).value("connector_tokens_expired") == 0
    time.advance(60)
    assert scrape(acting).value("connector_tokens_expired") == 1


def test_a_registry_that_changes_is_counted_anew() -> None:
    holder = holding(a=3 * DAY)
    metrics = PrometheusMetrics()
    metrics.watch(Gauges(made(holder=holder), lambda: 0.0, per_tenant=False))
    assert Scrape.of(metrics).value("connector_tokens_expiring", within_days="7") == 1
    holder.registry = holding(a=200 * DAY).registry
    assert Scrape.of(metrics).value("connector_tokens_expiring", within_days="7") == 0


def test_a_tenant_s_own_expiry_is_told_on_demand_alone() -> None:
    acting = made(holder=holding(a=3 * DAY, b=None))
    assert scrape(acting).counted("connector_token_expiry_days") == {}
    assert scrape(acting, per_tenant=True).counted("connector_token_expiry_days") == {("a",): 3.0}


async def test_a_breaker_is_open_while_calls_are_held_back() -> None:
    time = ManualTime()
    acting = made(time)
    source, provider = PROVIDERS[0]
    assert scrape(acting).counted("connector_breaker_open") == {}
    opened = Breaker(until=START + timedelta(seconds=10), opened_at=START)
    await acting.breakers.change(f"{source}/{provider}", lambda _state: (opened, None))
    assert scrape(acting).counted("connector_breaker_open") == {(provider, source): 1}
    time.advance(11)
    assert scrape(acting).counted("connector_breaker_open") == {}


async def test_the_breaker_that_the_pipeline_opens_is_the_one_that_is_told() -> None:
    acting = made(revenu_solidarite_active=fault(503, "37020", retry_in=600.0))
    await verified(delivery(RSA, lane=Lane.BATCH), acting)
    provider = CATALOGUE["revenu_solidarite_active"].provider
    assert scrape(acting).counted("connector_breaker_open") == {(provider, "api_particulier"): 1}


async def test_a_suspended_tenant_is_counted_once_until_it_is_over() -> None:
    time = ManualTime()
    api = CallApi(revenu_solidarite_active=fault(401, "00101"), quotient_familial=fault(401, "00101"))
    acting = services(httpx.MockTransport(api), OneToken(), time)
    assert scrape(acting).value("connector_suspended_tenants") == 0
    await refuse(api, acting, RSA)
    assert scrape(acting).value("connector_suspended_tenants") == 1
    time.advance(301)
    assert scrape(acting).value("connector_suspended_tenants") == 0


async def test_a_tenant_suspended_for_one_check_is_counted_and_one_with_another_token_is_not() -> None:
    acting = made()
    later = Refusals(until=START + timedelta(minutes=4))
    for key in (
        f"{CLAMART}/api_particulier//revenu_solidarite_active",
        f"{CLAMART}/api_particulier/2020-01-01T00:00:00+00:00",
        "11111111111111/api_particulier/",
    ):
        await acting.refusals.change(key, lambda _state: (later, None))
    assert scrape(acting).value("connector_suspended_tenants") == 1
    holder: Any = acting.registry
    known = holder.registry
    renewed = replace(known.tenants[CLAMART], token_set_at=START)
    holder.registry = replace(known, tenants={CLAMART: renewed})
    assert scrape(acting).value("connector_suspended_tenants") == 0


async def test_an_address_that_pauses_is_told() -> None:
    acting = made()
    assert scrape(acting).value("connector_address_paused") == 0
    paused = Refusals(until=START + timedelta(minutes=4))
    await acting.refusals.change(EGRESS, lambda _state: (paused, None))
    told = scrape(acting)
    assert (told.value("connector_address_paused"), told.value("connector_suspended_tenants")) == (1, 0)


def test_jobs_in_flight_are_counted_by_lane() -> None:
    acting = made()
    acting.intake.take(Flow(Lane.BATCH, "millesime", CLAMART))
    acting.intake.take(Flow(Lane.BATCH, "sonate-opus", CLAMART))
    acting.intake.take(Flow(Lane.INTERACTIVE, "millesime", CLAMART))
    acting.intake.leave(Flow(Lane.INTERACTIVE, "millesime", CLAMART))
    told = scrape(acting)
    assert told.value("connector_jobs_in_hand", lane="batch") == 2
    assert told.value("connector_jobs_in_hand", lane="interactive") == 0


@pytest.mark.parametrize(("calls", "ratio"), [(0, 0.0), (5, 0.5), (10, 1.0)])
async def test_the_address_s_quota_is_told_as_what_of_it_is_used(calls: int, ratio: float) -> None:
    time = ManualTime()
    limiter = MemoryLimiter(time.seconds)
    bound = Bound(EGRESS, read_quota("10/s"))
    await limiter.grant([demand((EGRESS, "10/s"), is_urgent=True)] * calls, {})
    assert limiter.used_ratio(bound) == pytest.approx(ratio)
    rationed = replace(made(), quotas=Quotas(egress=bound.quota))
    told = scrape(rationed, used=limiter.used_ratio(bound))
    assert told.value("connector_egress_quota_used_ratio") == pytest.approx(ratio)
    time.advance(2)
    assert limiter.used_ratio(bound) == 0.0


def test_without_a_quota_of_the_address_nothing_is_told_of_it() -> None:
    assert "connector_egress_quota_used_ratio" not in {family.name for family in scrape(made()).families}


def test_what_a_worker_goes_on_without_is_told() -> None:
    acting = made()
    holder: Any = acting.registry
    assert scrape(acting).counted("connector_dependency_up") == {("registry",): 1}
    holder.is_away = True
    assert scrape(acting).value("connector_dependency_up", dependency="registry") == 0


def test_that_no_call_is_made_for_want_of_its_record_is_told() -> None:
    assert scrape(made()).value("connector_journal_held_up") == 0
    for held_up in (True, False):
        journal: Any = SimpleNamespace(writer=SimpleNamespace(is_away=False), is_held_up=held_up)
        acting = replace(made(), journal=journal)
        assert scrape(acting).value("connector_journal_held_up") == held_up


def test_that_no_call_is_made_by_a_registry_that_is_not_trusted_is_told() -> None:
    acting = made()
    holder: Any = acting.registry
    assert scrape(acting).value("connector_registry_untrusted") == 0
    holder.is_trusted = False
    assert scrape(acting).value("connector_registry_untrusted") == 1


def test_surprises_are_added_up_whatever_their_place() -> None:
    acting = made()
    for place in ("a", "b", "b"):
        acting.drift_counter.count("quotient_familial", SchemaDrift(DriftKind.UNKNOWN_FIELD, place))
    told = scrape(acting)
    assert told.counted("connector_surprises_total") == {("quotient_familial", "unknown_field"): 3}
    assert told.value("connector_surprises_total", check="scolarite", kind="wrong_type") == 0
