"""The life of a token, as values: whether it has expired, which warning is due, and under which name it is given."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from connector.jobs.records import Tenant

LEEWAY: Final = timedelta(seconds=60)
"""A clock that is a little ahead must not refuse a token that the API still takes (RFC 7519, 4.1.4)."""
WARNING_DAYS: Final = (60, 30, 7, 1)
"""How many days before a token expires a warning is due. A new habilitation takes weeks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryWarning:
    """A warning that is due before a token expires."""

    threshold_days: int
    """Of ``WARNING_DAYS``."""
    days_left: int
    """Whole days, rounded down."""


def has_expired(tenant: Tenant, now: datetime) -> bool:
    """Tell whether the tenant's token says that it has expired, ``LEEWAY`` ago at least."""
    return tenant.token_expires_at is not None and now >= tenant.token_expires_at + LEEWAY


def due_warning(expires_at: datetime, now: datetime) -> ExpiryWarning | None:
    """Return the nearest of the thresholds that have passed; None when there is none, or the token has expired."""
    left = expires_at - now
    passed = [days for days in WARNING_DAYS if left <= timedelta(days=days)]
    if not passed or left <= timedelta(0):
        return None
    return ExpiryWarning(threshold_days=min(passed), days_left=left.days)


def expiry_notice(siret: str, expires_at: datetime, warning: ExpiryWarning) -> str:
    """Return the name under which a warning is given once. Another token, which expires later, has its own."""
    return f"token.expires/{siret}/{expires_at.isoformat()}/{warning.threshold_days}"


def refusal_notice(tenant: Tenant, day: date) -> str:
    """Return the name under which the refusal of the tenant's token is told once a day, by a worker or by beat."""
    since = tenant.token_set_at.isoformat() if tenant.token_set_at else "unknown"
    return f"token.refused/{tenant.siret}/{since}/{day.isoformat()}"


def dgfip_notice(tenant: Tenant, day: date) -> str:
    """Return the name under which the refusal of its credentials at API Impôt particulier is told once a day."""
    since = tenant.dgfip_set_at.isoformat() if tenant.dgfip_set_at else "unknown"
    return f"dgfip.refused/{tenant.siret}/{since}/{day.isoformat()}"


def record_notice(tenant: Tenant, day: date) -> str:
    """Return the name under which the refusal of a tenant's SIRET is told once a day."""
    return f"tenant.record_refused/{tenant.siret}/{day.isoformat()}"
