"""Suspension: what was refused keeps a tenant, a vendor or the address from asking for a while. Reads, and changes nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from connector.catalogue.definition import Source
from connector.checks.admission import Admitted
from connector.checks.plan import PlannedCall
from connector.clock import Clock
from connector.jobs.records import Registry, Tenant
from connector.limits.bounds import EGRESS, OF_THE_ADDRESS, is_of_the_person
from connector.limits.refusals import (
    MOST_OF_A_TENANT,
    MOST_OF_A_VENDOR,
    Refusals,
    is_spent,
    is_suspended,
    spent_until,
)
from connector.limits.served import Served
from connector.limits.shared.state import SharedState
from schemas.codes import CheckCode

TRIED_AGAIN_SECONDS: Final = 1.0
"""Before a call looks again whether another one has shown that the API takes its token for its check."""


class Suspending(Protocol):
    """What tells who is suspended."""

    @property
    def clock(self) -> Clock:
        """Tell the time."""
        ...

    @property
    def refusals(self) -> SharedState[Refusals]:
        """Hold what was refused to each token, check, vendor and the address."""
        ...

    @property
    def served(self) -> Served:
        """Hold what the API takes."""
        ...


@dataclass(frozen=True, slots=True)
class Suspended:
    """No call is made until then."""

    until: datetime
    code: CheckCode
    """The last refusal's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Under which names a call's refusals are counted."""

    address: str | None
    """Where its firewall counts."""
    vendor: str
    token: str
    """The tenant's, under an instant that a new one leaves behind; of FranceConnect's, those of a vendor for a tenant."""
    check: str
    """The token for this check, whose scope it may lack."""
    share: str | None
    """All that the tenant's token is refused; None of FranceConnect's, which say nothing of it."""
    suspending: tuple[str, ...]
    """Those that are suspended, the widest first."""
    is_of_the_person: bool
    """Of FranceConnect's token."""


def suspension_of(keys: Keys, state: Suspending) -> Suspended | None:
    """Return what keeps the address, the vendor or the tenant from asking for now."""
    now, refusals = state.clock(), state.refusals
    for key in keys.suspending:
        of_key = refusals.peek(key)
        if of_key.until is not None and is_suspended(of_key, now):
            is_shared = key == keys.address or keys.is_of_the_person
            # That many are refused is no fault of this tenant's token, nor of this person's.
            return Suspended(of_key.until, CheckCode.RATE_LIMITED if is_shared else of_key.code)
    return _over_a_share(keys, state)


def _over_a_share(keys: Keys, state: Suspending) -> Suspended | None:
    """Return that a share of the address's refusals is spent, where the API is not known to take this call."""
    now, refusals = state.clock(), state.refusals
    if keys.address is None or state.served.is_served(keys.check, now):
        return None
    of_vendor = refusals.peek(keys.vendor)
    if is_spent(of_vendor, MOST_OF_A_VENDOR, now):
        return Suspended(spent_until(of_vendor, MOST_OF_A_VENDOR, now), CheckCode.RATE_LIMITED)
    if keys.share is None or not _is_on_trial(keys, state):
        return None
    again_at = now + timedelta(seconds=TRIED_AGAIN_SECONDS)
    return Suspended(again_at, CheckCode.RATE_LIMITED) if state.served.is_tried(keys.share) else None


@contextmanager
def tried_alone(keys: Keys, state: Suspending) -> Iterator[Suspended | None]:
    """Have the one call of a tenant whose share is spent that shows whether the API takes it; what blocks another."""
    suspended = suspension_of(keys, state)
    if suspended is not None or keys.share is None or not _is_on_trial(keys, state):
        yield suspended
        return
    with state.served.trying(keys.share):
        yield None


def _is_on_trial(keys: Keys, state: Suspending) -> bool:
    """Tell whether the tenant's share is spent, and the API not known to take this call: it is made alone, or not at all."""
    return is_share_spent(keys, state) and not state.served.is_served(keys.check, state.clock())


def is_share_spent(keys: Keys, state: Suspending) -> bool:
    """Tell whether the tenant's share of the address's refusals is spent."""
    return keys.share is not None and is_spent(
        state.refusals.peek(keys.share), MOST_OF_A_TENANT, state.clock()
    )


def is_address_paused(refusals: SharedState[Refusals], now: datetime) -> bool:
    """Tell whether no call goes from the address for now."""
    return is_suspended(refusals.peek(EGRESS), now)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspendedTenant:
    """A tenant that is suspended, of one check or of every one."""

    siret: str
    check: str | None
    """None: of whatever check."""
    suspended: Suspended


def suspensions(
    refusals: SharedState[Refusals], registry: Registry, now: datetime
) -> Iterator[SuspendedTenant]:
    """Yield what suspends tenants; a token that was replaced is not suspended."""
    for key, state in refusals.held():
        tenant = registry.tenants.get(key.partition("/")[0])
        if tenant is None or state.until is None or not is_suspended(state, now):
            continue
        tokens = (_token_key(source, tenant) for source in Source)
        token = next((token for token in tokens if f"{key}/".startswith(f"{token}/")), None)
        if token is not None:
            check = key.removeprefix(token).removeprefix("/") or None
            yield SuspendedTenant(
                siret=tenant.siret, check=check, suspended=Suspended(state.until, state.code)
            )


def suspended_tenants(refusals: SharedState[Refusals], registry: Registry, now: datetime) -> frozenset[str]:
    """Return the SIRETs of the tenants that are suspended, for one check at least."""
    return frozenset(one.siret for one in suspensions(refusals, registry, now))


def keys_of(planned: PlannedCall, admitted: Admitted) -> Keys:
    """Return under which names a call's refusals are counted."""
    tenant, vendor = admitted.tenant, admitted.vendor.name
    is_person = is_of_the_person(planned)
    address = EGRESS if planned.endpoint.source in OF_THE_ADDRESS else None
    token = (
        f"{tenant.siret}/france_connect/{vendor}"
        if is_person
        else _token_key(planned.endpoint.source, tenant)
    )
    check = token if is_person else f"{token}/{planned.definition.name}"
    return Keys(
        address=address,
        vendor=f"vendor/{vendor}",
        token=token,
        check=check,
        share=None if is_person or address is None else f"share/{token}",
        suspending=tuple(dict.fromkeys(key for key in (address, token, check) if key)),
        is_of_the_person=is_person,
    )


def _token_key(source: Source, tenant: Tenant) -> str:
    set_at = tenant.dgfip_set_at if source is Source.API_IMPOT_PARTICULIER else tenant.token_set_at
    return f"{tenant.siret}/{source.api}/{set_at.isoformat() if set_at else ''}"
