"""What is true of a worker at the instant it is scraped, read from where it is kept: nothing is asked of a server."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from connector.catalogue import CATALOGUE
from connector.checks.retry import BlockedUntil
from connector.jobs.records import Lane, Registry
from connector.jobs.token_life import LEEWAY, WARNING_DAYS
from connector.limits.breaker import breaker_name, let_through
from connector.limits.suspension import is_address_paused, suspended_tenants
from connector.pipeline.services import Services
from connector.sources.nomenclature import table as nomenclature
from connector.sources.schema_drift import DriftKind
from schemas.codes import Call

_FRANCE_CONNECT: Final = nomenclature.PROVIDERS[nomenclature.FRANCE_CONNECT]
PROVIDERS: Final = sorted(
    {
        (str(endpoint.source), who)
        for definition in CATALOGUE.values()
        for endpoint in definition.endpoints
        for who in (
            definition.provider,
            *((_FRANCE_CONNECT,) if endpoint.call is Call.FRANCE_CONNECT else ()),
        )
    }
)
"""Each source with each provider behind it, and FranceConnect: they have a breaker each."""
_DAY: Final = timedelta(days=1)


class Gauges(Collector):
    """Of one worker process. May be read in any thread."""

    def __init__(self, services: Services, egress_ratio: Callable[[], float], *, per_tenant: bool) -> None:
        """``egress_ratio`` gives which part of the address's quota this process has used."""
        self._services = services
        self._egress_ratio = egress_ratio
        self._per_tenant = per_tenant
        self._expiries: tuple[Registry, list[datetime]] | None = None
        """Of a registry's tokens, in order: it has thousands, and is another one rarely."""

    def collect(self) -> Iterator[Metric]:
        """Yield each gauge with its values."""
        now = self._services.clock()
        yield from self._tokens(now)
        yield from self._refusals(now)
        yield self._breakers(now)
        yield self._jobs_in_flight()
        yield self._dependencies()
        yield GaugeMetricFamily(
            "connector_registry_untrusted",
            "1 while the database has not confirmed the registry for too long, hence no call is made.",
            not self._services.registry.is_trusted,
        )
        yield self._drifts()
        yield GaugeMetricFamily(
            "connector_journal_held_up",
            "1 while the broker keeps no records of the access journal, hence no call is made.",
            self._services.journal.is_held_up,
        )
        if self._services.quotas.egress:
            yield GaugeMetricFamily(
                "connector_egress_quota_used_ratio",
                "Part of the address's quota that this process's calls have used; add up those of all.",
                self._egress_ratio(),
            )

    def _tokens(self, now: datetime) -> Iterator[Metric]:
        registry = self._services.registry.registry
        if self._expiries is None or self._expiries[0] is not registry:
            known = (tenant.token_expires_at for tenant in registry.tenants.values() if tenant.sealed_token)
            self._expiries = registry, sorted(expires_at for expires_at in known if expires_at)
        expiries = self._expiries[1]
        expired = bisect_right(expiries, now - LEEWAY)
        expiring = GaugeMetricFamily(
            "connector_tokens_expiring",
            "Tokens in force that expire within so many days.",
            labels=("within_days",),
        )
        for days in sorted(WARNING_DAYS):
            expiring.add_metric((str(days),), bisect_right(expiries, now + days * _DAY) - expired)
        yield expiring
        yield GaugeMetricFamily("connector_tokens_expired", "Tokens that have expired.", expired)
        if self._per_tenant:
            yield _expiry_days(registry, now)

    def _refusals(self, now: datetime) -> Iterator[Metric]:
        refusals = self._services.refusals
        suspended = suspended_tenants(refusals, self._services.registry.registry, now)
        yield GaugeMetricFamily(
            "connector_suspended_tenants", "Tenants suspended, for one check at least.", len(suspended)
        )
        yield GaugeMetricFamily(
            "connector_address_paused",
            "1 while no call goes from this address.",
            is_address_paused(refusals, now),
        )

    def _breakers(self, now: datetime) -> Metric:
        family = GaugeMetricFamily(
            "connector_breaker_open",
            "1 while calls to the provider are held back.",
            labels=("source", "provider"),
        )
        for source, provider in PROVIDERS:
            state = self._services.breakers.peek(breaker_name(source, provider))
            family.add_metric((source, provider), isinstance(let_through(state, now)[1], BlockedUntil))
        return family

    def _jobs_in_flight(self) -> Metric:
        family = GaugeMetricFamily("connector_jobs_in_hand", "Jobs that are being run.", labels=("lane",))
        for lane in Lane:
            family.add_metric((lane,), self._services.intake.in_flight_of_lane(lane))
        return family

    def _dependencies(self) -> Metric:
        family = GaugeMetricFamily(
            "connector_dependency_up",
            "0 while the worker goes on without it.",
            labels=("dependency",),
        )
        services = self._services
        family.add_metric(("registry",), not services.registry.is_away)
        if services.memory.writer is not None:
            family.add_metric(("reply_memory",), not services.memory.writer.is_away)
        if services.journal.writer is not None:
            family.add_metric(("journal",), not services.journal.writer.is_away)
        if services.link is not None:
            family.add_metric(("shared_state",), services.link.is_up)
        return family

    def _drifts(self) -> Metric:
        counts = {(check, kind): 0 for check in CATALOGUE for kind in DriftKind}
        for (check, kind, _place, _found), count in self._services.drift_counter.counts().items():
            counts[check, kind] += count
        family = CounterMetricFamily(
            "connector_surprises_total",
            "What sources answered that the contract does not know.",
            labels=("check", "kind"),
        )
        for labels, count in counts.items():
            family.add_metric(labels, count)
        return family


def _expiry_days(registry: Registry, now: datetime) -> Metric:
    family = GaugeMetricFamily(
        "connector_token_expiry_days", "Days until the tenant's token expires.", labels=("tenant",)
    )
    for tenant in registry.tenants.values():
        if tenant.sealed_token and tenant.token_expires_at:
            family.add_metric((tenant.siret,), (tenant.token_expires_at - now) / _DAY)
    return family
