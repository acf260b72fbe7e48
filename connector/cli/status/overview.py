"""All tenants and vendors at a glance: tokens that end, suspensions, rejected jobs."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from connector.bootstrap.registry import open_current_database
from connector.cli.health.findings import Finding, Severity, worst
from connector.clock import utc_now
from connector.errors import OperatorError
from connector.jobs.records import Registry
from connector.settings.settings import Settings
from connector.storage.presence import Presence, PresenceStore
from connector.storage.registry.store import RegistryStore

WARNED_BEFORE: Final = timedelta(days=30)
_NAMED: Final = 5
"""Tenants that a finding names, of however many."""


def look_at_tenants(settings: Settings) -> list[Finding]:
    """Return a finding for tokens, suspensions and rejected jobs; none where the database cannot be read, which is told elsewhere."""
    try:
        engine = open_current_database(settings, is_pooled=False)
        registry, alive = RegistryStore(engine).load(), PresenceStore(engine).alive(utc_now())
    except (OperatorError, SQLAlchemyError):
        return []
    return [*of_tokens(registry, utc_now()), of_suspensions(alive), of_rejections(alive)]


def sentence_of(findings: Sequence[Finding]) -> str:
    """Return the one sentence: the first of the worst findings."""
    severity = worst(findings)
    if severity is Severity.OK:
        return "Jobs are answered, and nobody needs to look."
    first = next(finding for finding in findings if finding.severity is severity)
    answered = "Jobs are not answered, or not all" if severity is Severity.FAILURE else "Look at this"
    return f"{answered}: {first.part}: {first.detail}."


def of_tokens(registry: Registry, now: datetime) -> Iterator[Finding]:
    """Yield one finding for the tenants whose token has expired, or is missing, and one for those whose ends soon."""
    tenants = registry.tenants.values()
    ends = {one.siret: one.token_expires_at for one in tenants if one.token_expires_at is not None}
    none = [one.siret for one in tenants if one.sealed_token is None]
    expired = [siret for siret, at in ends.items() if at <= now]
    soon = [siret for siret, at in ends.items() if now < at <= now + WARNED_BEFORE]
    yield _of("tokens missing or expired", [*none, *expired])
    yield _of(f"tokens that end within {WARNED_BEFORE.days} days", soon)


def of_suspensions(alive: Sequence[Presence]) -> Finding:
    """Return which tenants are suspended."""
    return _of("suspended", sorted({one.tenant for worker in alive for one in worker.sees.suspended}))


def of_rejections(alive: Sequence[Presence]) -> Finding:
    """Return which vendors had jobs rejected within the hour."""
    counts: dict[str, int] = {}
    for worker in alive:
        for one in worker.sees.rejected:
            counts[one.vendor] = counts.get(one.vendor, 0) + one.count
    told = ", ".join(f"{count} of {vendor}" for vendor, count in sorted(counts.items()))
    severity = Severity.WARNING if counts else Severity.OK
    return Finding(part="rejected within the hour", severity=severity, detail=told or "none")


def _of(part: str, sirets: Sequence[str]) -> Finding:
    if not sirets:
        return Finding(part=part, severity=Severity.OK, detail="none")
    more = f" and {len(sirets) - _NAMED} more" if len(sirets) > _NAMED else ""
    detail = f"{', '.join(sirets[:_NAMED])}{more}; see each: ccas-connector status SIRET"
    return Finding(part=part, severity=Severity.WARNING, detail=detail)
