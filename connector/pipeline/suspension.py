"""Calls that the platform has refused: counted against who caused them, whose suspension keeps the address from a ban."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from connector.catalogue.definition import Source
from connector.checks.admission import Admitted
from connector.checks.plan import PlannedCall
from connector.clock import paris_day
from connector.events import Event
from connector.jobs.records import Registry, Tenant
from connector.jobs.token_life import dgfip_notice, record_notice, refusal_notice
from connector.limits.bounds import EGRESS, OF_THE_ADDRESS, is_of_the_person
from connector.limits.refusals import (
    MOST_OF_A_TENANT,
    MOST_OF_A_VENDOR,
    MOST_OF_FRANCE_CONNECT,
    MOST_OF_THE_ADDRESS,
    NONE,
    Refusals,
    after_answer,
    after_refusal,
    counted,
    is_spent,
    is_suspended,
    spent_until,
)
from connector.limits.shared.state import SharedState
from connector.pipeline.ports import Suspensions
from connector.sources.traits import Alert, Refusal, refusal_of
from connector.telemetry.token_alerts import dgfip_refused, record_refused, refused
from schemas.codes import CheckCode
from schemas.reply import CheckReply

TRIED_AGAIN_SECONDS: Final = 1.0
"""Before a call looks again whether another one has shown that the API takes its token for its check."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Suspended:
    """No call is made until then."""

    until: datetime
    code: CheckCode
    """The last refusal's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
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

    @property
    def suspending(self) -> tuple[str, ...]:
        """Those that are suspended, the widest first."""
        return tuple(dict.fromkeys(key for key in (self.address, self.token, self.check) if key))


def suspension_of(planned: PlannedCall, admitted: Admitted, ports: Suspensions) -> Suspended | None:
    """Return what keeps the address, the vendor or the tenant from asking for now."""
    now, refusals = ports.clock(), ports.refusals
    keys = _keys(planned, admitted)
    for key in keys.suspending:
        state = refusals.peek(key)
        if state.until is not None and is_suspended(state, now):
            is_shared = key == keys.address or is_of_the_person(planned)
            # That many are refused is no fault of this tenant's token, nor of this person's.
            return Suspended(state.until, CheckCode.RATE_LIMITED if is_shared else state.code)
    return _over_a_share(keys, ports)


def _over_a_share(keys: _Keys, ports: Suspensions) -> Suspended | None:
    """Return that a share of the address's refusals is spent, where the API is not known to take this call."""
    now, refusals = ports.clock(), ports.refusals
    if keys.address is None or ports.served.is_served(keys.check, now):
        return None
    of_vendor = refusals.peek(keys.vendor)
    if is_spent(of_vendor, MOST_OF_A_VENDOR, now):
        return Suspended(spent_until(of_vendor, MOST_OF_A_VENDOR, now), CheckCode.RATE_LIMITED)
    if keys.share is None or not _is_on_trial(keys, ports):
        return None
    again_at = now + timedelta(seconds=TRIED_AGAIN_SECONDS)
    return Suspended(again_at, CheckCode.RATE_LIMITED) if ports.served.is_tried(keys.share) else None


@contextmanager
def tried_alone(planned: PlannedCall, admitted: Admitted, ports: Suspensions) -> Iterator[Suspended | None]:
    """Have the one call of a tenant whose share is spent that shows whether the API takes it; what holds another back."""
    keys = _keys(planned, admitted)
    suspended = suspension_of(planned, admitted, ports)
    if suspended is not None or keys.share is None or not _is_on_trial(keys, ports):
        yield suspended
        return
    with ports.served.trying(keys.share):
        yield None


def _is_on_trial(keys: _Keys, ports: Suspensions) -> bool:
    """Tell whether the tenant's share is spent, and the API not known to take this call: it is made alone, or not at all."""
    return _is_share_spent(keys, ports) and not ports.served.is_served(keys.check, ports.clock())


def _is_share_spent(keys: _Keys, ports: Suspensions) -> bool:
    return keys.share is not None and is_spent(
        ports.refusals.peek(keys.share), MOST_OF_A_TENANT, ports.clock()
    )


def is_address_paused(refusals: SharedState[Refusals], now: datetime) -> bool:
    """Tell whether no call goes from the address for now."""
    return is_suspended(refusals.peek(EGRESS), now)


def suspended_tenants(refusals: SharedState[Refusals], registry: Registry, now: datetime) -> frozenset[str]:
    """Return the SIRETs of the tenants that are suspended, for one check at least; a token that was replaced is not."""
    found = set()
    for key, state in refusals.held():
        tenant = registry.tenants.get(key.partition("/")[0])
        if tenant is None or not is_suspended(state, now):
            continue
        if any(f"{key}/".startswith(f"{_token_key(source, tenant)}/") for source in Source):
            found.add(tenant.siret)
    return frozenset(found)


async def note_answer(
    planned: PlannedCall, admitted: Admitted, answer: CheckReply, alert: Alert | None, ports: Suspensions
) -> None:
    """Count a refusal, or end a suspension with a call that was none; tell the operator what is to be told."""
    code = answer.reason.code if answer.reason else None
    if code is not None and alert is not None:
        await _tell(planned, admitted.tenant, code, alert, ports)
    keys = _keys(planned, admitted)
    refusal = refusal_of(code)
    if code is not None and refusal is not None:
        await _count_all(keys, code, refusal, planned, admitted.tenant, ports)
    elif answer.source is not None and answer.source.http_status is not None:
        # Where nobody answered, that says nothing of the token.
        if keys.share is not None:
            ports.served.note(keys.check, ports.clock())
        for key in keys.suspending:
            if ports.refusals.peek(key) != NONE:
                await ports.refusals.change(key, lambda state: (after_answer(state, ports.clock()), None))


async def _count_all(
    keys: _Keys, code: CheckCode, refusal: Refusal, planned: PlannedCall, tenant: Tenant, ports: Suspensions
) -> None:
    """Count a refusal for the address, for the shares of it, and for what it suspends."""
    if keys.address is not None:
        if await _count(keys.address, code, MOST_OF_THE_ADDRESS, ports, is_of_a_token=False):
            _log.critical(Event.ADDRESS_PAUSED, code=str(code), until=_until(keys.address, ports))
        for share in filter(None, (keys.vendor, keys.share)):
            await ports.refusals.change(share, lambda state: (counted(state, code, ports.clock()), None))
    if is_of_the_person(planned):
        if await _count(keys.token, code, MOST_OF_FRANCE_CONNECT, ports, is_of_a_token=False):
            _log.warning(
                Event.FRANCE_CONNECT_SUSPENDED,
                tenant=tenant.siret,
                vendor=keys.vendor.partition("/")[2],
                code=str(code),
                until=_until(keys.token, ports),
            )
        return
    ports.served.forget(keys.check)
    is_of_the_check = refusal is Refusal.SCOPE
    key = keys.check if is_of_the_check else keys.token
    # Once the share is spent, whatever is refused is not asked again.
    most = 1 if _is_share_spent(keys, ports) else MOST_OF_A_TENANT
    if await _count(key, code, most, ports, is_of_a_token=True):
        _log.error(
            Event.TENANT_SUSPENDED,
            tenant=tenant.siret,
            check=planned.definition.name if is_of_the_check else None,
            code=str(code),
            until=_until(key, ports),
        )


async def _tell(
    planned: PlannedCall, tenant: Tenant, code: CheckCode, alert: Alert, ports: Suspensions
) -> None:
    """Tell once a day what of a tenant is refused: what authenticates its calls, a delegation, its record."""
    day = paris_day(ports.clock())
    if alert is Alert.REQUEST:
        # It is counted as a surprise, which tells the maintainers.
        return
    if alert is Alert.RECORD:
        await ports.announcements.tell_once(record_notice(tenant, day), record_refused(tenant, code))
    elif planned.endpoint.source is Source.API_IMPOT_PARTICULIER:
        await ports.announcements.tell_once(dgfip_notice(tenant, day), dgfip_refused(tenant, code))
    else:
        await ports.announcements.tell_once(refusal_notice(tenant, day), refused(tenant, code))


async def _count(key: str, code: CheckCode, most: int, ports: Suspensions, *, is_of_a_token: bool) -> bool:
    """Count one refusal; tell whether it suspends."""
    change = partial(_counted, code=code, most=most, now=ports.clock(), is_of_a_token=is_of_a_token)
    return await ports.refusals.change(key, change)


def _counted(
    state: Refusals, code: CheckCode, most: int, now: datetime, *, is_of_a_token: bool
) -> tuple[Refusals, bool]:
    after = after_refusal(state, code, most, now, is_of_a_token=is_of_a_token)
    return after, is_suspended(after, now) and not is_suspended(state, now)


def _until(key: str, ports: Suspensions) -> str | None:
    until = ports.refusals.peek(key).until
    return until.isoformat() if until else None


def _keys(planned: PlannedCall, admitted: Admitted) -> _Keys:
    tenant, vendor = admitted.tenant, admitted.vendor.name
    address = EGRESS if planned.endpoint.source in OF_THE_ADDRESS else None
    if is_of_the_person(planned):
        token = f"{tenant.siret}/france_connect/{vendor}"
        return _Keys(address=address, vendor=f"vendor/{vendor}", token=token, check=token, share=None)
    token = _token_key(planned.endpoint.source, tenant)
    return _Keys(
        address=address,
        vendor=f"vendor/{vendor}",
        token=token,
        check=f"{token}/{planned.definition.name}",
        share=f"share/{token}" if address is not None else None,
    )


def _token_key(source: Source, tenant: Tenant) -> str:
    set_at = tenant.dgfip_set_at if source is Source.API_IMPOT_PARTICULIER else tenant.token_set_at
    return f"{tenant.siret}/{source.api}/{set_at.isoformat() if set_at else ''}"
