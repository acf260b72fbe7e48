"""What somebody has to be told of a token, as values, and how it is told: in the logs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

import structlog

from connector.events import Event
from connector.jobs.records import Tenant
from connector.jobs.token_life import ExpiryWarning
from schemas.codes import CheckCode

EXPIRES: Final = Event.TOKEN_EXPIRES
REFUSED: Final = Event.TOKEN_REFUSED
DGFIP_REFUSED: Final = Event.DGFIP_REFUSED
RECORD_REFUSED: Final = Event.TENANT_RECORD_REFUSED
NEXT_REFUSED: Final = Event.TOKEN_NEXT_REFUSED
_WITHOUT_SERVICE: Final = frozenset({REFUSED, DGFIP_REFUSED, RECORD_REFUSED})
"""The tenant's jobs fail until somebody acts."""
_TO_DO: Final[Mapping[CheckCode, str]] = MappingProxyType(
    {
        CheckCode.IP_FORBIDDEN: "ask the API to allow the address of this host",
        CheckCode.DELEGATION_MISSING: "have the CCAS delegate its habilitation to the vendor, in its space at the API",
        CheckCode.DELEGATION_AMBIGUOUS: "have the CCAS keep one delegation to the vendor alone, or set a token of the tenant's own",
    }
)
"""What is to be done where a new token is no help."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAlert:
    """One thing to be told, once."""

    event: Event
    """``EXPIRES``, ``REFUSED``, ``DGFIP_REFUSED``, ``RECORD_REFUSED`` or ``NEXT_REFUSED``."""
    tenant: str
    """SIRET."""
    to_do: str
    days_left: int | None = None
    expires_at: datetime | None = None
    code: CheckCode | None = None


Alert = Callable[[TokenAlert], None]
"""Tells somebody."""


def log_alert(alert: TokenAlert) -> None:
    """Tell it in the logs."""
    details = {
        "days_left": alert.days_left,
        "expires_at": alert.expires_at.isoformat() if alert.expires_at else None,
        "code": None if alert.code is None else str(alert.code),
    }
    known = {name: value for name, value in details.items() if value is not None}
    tell = _log.error if alert.event in _WITHOUT_SERVICE else _log.warning
    tell(alert.event, tenant=alert.tenant, **known, to_do=alert.to_do)


def expires(tenant: Tenant, warning: ExpiryWarning) -> TokenAlert:
    """Return the alert of a token that expires soon."""
    return TokenAlert(
        event=EXPIRES,
        tenant=tenant.siret,
        days_left=warning.days_left,
        expires_at=tenant.token_expires_at,
        to_do=f"renew the habilitation on DataPass, then: {_rotate(tenant)}",
    )


def refused(tenant: Tenant, code: CheckCode) -> TokenAlert:
    """Return the alert of a token that does not serve any more."""
    token = f"get a token that the API takes on DataPass, then: {_rotate(tenant)}"
    return TokenAlert(
        event=REFUSED,
        tenant=tenant.siret,
        code=code,
        expires_at=tenant.token_expires_at,
        to_do=_TO_DO.get(code, token),
    )


def record_refused(tenant: Tenant, code: CheckCode) -> TokenAlert:
    """Return the alert of a tenant whose SIRET the API refuses as recipient."""
    return TokenAlert(
        event=RECORD_REFUSED,
        tenant=tenant.siret,
        code=code,
        to_do=(
            "compare its SIRET with its habilitation on DataPass; where the tenants file is wrong, correct it, then: "
            "ccas-connector tenants import FILE, and tell the vendor, whose jobs carry the SIRET"
        ),
    )


def dgfip_refused(tenant: Tenant, code: CheckCode) -> TokenAlert:
    """Return the alert of credentials at API Impôt particulier that do not serve any more."""
    return TokenAlert(
        event=DGFIP_REFUSED,
        tenant=tenant.siret,
        code=code,
        to_do="check its credentials with the DGFiP, then: ccas-connector tenants import FILE",
    )


def next_refused(tenant: Tenant, code: CheckCode) -> TokenAlert:
    """Return the alert of a rotation that ended: the former token still serves."""
    return TokenAlert(
        event=NEXT_REFUSED,
        tenant=tenant.siret,
        code=code,
        to_do=f"the former token still serves; get another one on DataPass, then: {_rotate(tenant)}",
    )


def _rotate(tenant: Tenant) -> str:
    return f"ccas-connector tenants token rotate {tenant.siret}"
