"""Calls that the platform has refused: counted against the address, and a tenant's own suspension."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog

from connector.catalogue.definition import Source
from connector.clock import paris_day
from connector.plan import PlannedCall
from connector.quota.bounds import EGRESS, OF_THE_ADDRESS, is_of_the_person
from connector.quota.refusals import (
    MOST_OF_A_TENANT,
    MOST_OF_THE_ADDRESS,
    NONE,
    Refusals,
    after_answer,
    after_refusal,
    is_suspended,
)
from connector.registry.records import Registry, Tenant
from connector.services import Services
from connector.shared.state import SharedState
from connector.sources.traits import Alert, Refusal, refusal_of
from connector.token_alerts import dgfip_refused, record_refused, refused
from connector.token_life import dgfip_notice, record_notice, refusal_notice
from schemas.codes import CheckCode
from schemas.reply import CheckReply

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Suspended:
    """No call is made until then."""

    until: datetime
    code: CheckCode
    """The last refusal's."""


def suspension_of(planned: PlannedCall, tenant: Tenant, services: Services) -> Suspended | None:
    """Return what keeps the address, or the tenant, from asking for now."""
    now = services.clock()
    for key in _keys(planned, tenant):
        refusals = services.refusals.peek(key)
        if refusals.until is not None and is_suspended(refusals, now):
            # That the address pauses is no fault of this tenant's token.
            return Suspended(refusals.until, CheckCode.RATE_LIMITED if key == EGRESS else refusals.code)
    return None


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
    planned: PlannedCall, tenant: Tenant, answer: CheckReply, alert: Alert | None, services: Services
) -> None:
    """Count a refusal, or end a suspension with a call that was none; tell the operator what is to be told."""
    code = answer.reason.code if answer.reason else None
    if code is not None and alert is not None:
        await _tell(planned, tenant, code, alert, services)
    refusal = refusal_of(code)
    if code is None or refusal is None:
        if answer.source is None or answer.source.http_status is None:
            # Nobody answered: that says nothing of the token.
            return
        for key in _keys(planned, tenant):
            if services.refusals.peek(key) != NONE:
                await services.refusals.change(
                    key, lambda state: (after_answer(state, services.clock()), None)
                )
        return
    keys = _keys(planned, tenant)
    if EGRESS in keys and await _count(EGRESS, code, MOST_OF_THE_ADDRESS, services):
        _log.critical("address.paused", code=str(code), until=_until(EGRESS, services))
    if is_of_the_person(planned):
        return
    is_of_the_check = refusal is Refusal.SCOPE
    key = keys[-1] if is_of_the_check else keys[-2]
    if await _count(key, code, MOST_OF_A_TENANT, services):
        _log.error(
            "tenant.suspended",
            tenant=tenant.siret,
            check=planned.definition.name if is_of_the_check else None,
            code=str(code),
            until=_until(key, services),
        )


async def _tell(
    planned: PlannedCall, tenant: Tenant, code: CheckCode, alert: Alert, services: Services
) -> None:
    """Tell once a day what of a tenant is refused: what authenticates its calls, a delegation, its record."""
    day = paris_day(services.clock())
    if alert is Alert.REQUEST:
        # It is counted as a surprise, which tells the maintainers.
        return
    if alert is Alert.RECORD:
        await services.announcements.tell_once(record_notice(tenant, day), record_refused(tenant, code))
    elif planned.endpoint.source is Source.API_IMPOT_PARTICULIER:
        await services.announcements.tell_once(dgfip_notice(tenant, day), dgfip_refused(tenant, code))
    else:
        await services.announcements.tell_once(refusal_notice(tenant, day), refused(tenant, code))


async def _count(key: str, code: CheckCode, most: int, services: Services) -> bool:
    """Count one refusal; tell whether it suspends."""
    return await services.refusals.change(key, partial(_counted, code=code, most=most, now=services.clock()))


def _counted(state: Refusals, code: CheckCode, most: int, now: datetime) -> tuple[Refusals, bool]:
    after = after_refusal(state, code, most, now)
    return after, is_suspended(after, now) and not is_suspended(state, now)


def _until(key: str, services: Services) -> str | None:
    until = services.refusals.peek(key).until
    return until.isoformat() if until else None


def _keys(planned: PlannedCall, tenant: Tenant) -> tuple[str, ...]:
    """Return under which names a call's refusals are counted.

    For the address, where its firewall counts; for the tenant's token, under an instant that a new one leaves behind; and
    for the check alone, whose scope the token may lack.
    """
    address = (EGRESS,) if planned.endpoint.source in OF_THE_ADDRESS else ()
    if is_of_the_person(planned):
        return address
    token = _token_key(planned.endpoint.source, tenant)
    return (*address, token, f"{token}/{planned.definition.name}")


def _token_key(source: Source, tenant: Tenant) -> str:
    set_at = tenant.dgfip_set_at if source is Source.API_IMPOT_PARTICULIER else tenant.token_set_at
    return f"{tenant.siret}/{source.api}/{set_at.isoformat() if set_at else ''}"
