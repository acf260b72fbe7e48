"""What the end of a call teaches: drift, the token's quota, refusals, outages; and telling the operator of it."""

from datetime import datetime
from functools import partial

import structlog

from connector.catalogue.definition import Source
from connector.checks.plan import PlannedCall
from connector.checks.retry import BlockedUntil
from connector.clock import paris_day
from connector.events import Event
from connector.jobs.progress import CheckProgress
from connector.jobs.records import Tenant
from connector.jobs.token_life import dgfip_notice, record_notice, refusal_notice
from connector.limits.bounds import token_key
from connector.limits.breaker import CLOSED, Breaker, CallEnd, after_call, after_ping, provider_of
from connector.limits.limiter import Bound
from connector.limits.outage import ends_of
from connector.limits.rate_limit_headers import hint_of
from connector.limits.refusals import (
    MOST_OF_A_TENANT,
    MOST_OF_FRANCE_CONNECT,
    MOST_OF_THE_ADDRESS,
    NONE,
    Refusals,
    after_answer,
    after_refusal,
    counted,
    is_suspended,
)
from connector.limits.suspension import is_share_spent
from connector.pipeline.call import CallContext, Ended
from connector.pipeline.ports import Breakers, Heeding, Suspensions
from connector.sources.exchange import Answered, Exchange, Unanswered
from connector.sources.traits import Alert, Refusal, Signal, refusal_of
from connector.telemetry.token_alerts import dgfip_refused, record_refused, refused
from schemas.codes import CheckCode
from schemas.reply import CheckReply

_log = structlog.get_logger(__name__)


async def heed(
    ended: Ended, context: CallContext, progress: CheckProgress, bounds: tuple[Bound, ...], ports: Heeding
) -> None:
    """Take in what the end of a call says of its source, its quota, its token and its breakers."""
    planned, decision = context.planned, ended.decision
    for drift in decision.drifts:
        ports.drift_counter.count(planned.definition.name, drift)
    _heed_rate_limit(context, bounds, ended.exchange, ports)
    await _heed_refusal(context, decision.reply, decision.alert, ports)
    for breaker, end in ends_of(planned, decision.reply, ended.asked_at, progress).items():
        await note_end(breaker, context.admitted.tenant, end, ports, _cause(ended.exchange))


def _heed_rate_limit(
    context: CallContext, bounds: tuple[Bound, ...], exchange: Exchange, ports: Heeding
) -> None:
    """Take in what the API says of the token's quota, where there is one to keep to."""
    key = token_key(context.planned, context.admitted.tenant)
    bound = next((bound for bound in bounds if bound.key == key), None)
    if bound is None or not isinstance(exchange, Answered):
        return
    hint = hint_of(exchange.headers, bound.quota, ports.clock())
    if hint is not None:
        ports.turns.heed(key, hint)


async def _heed_refusal(
    context: CallContext, answer: CheckReply, alert: Alert | None, ports: Suspensions
) -> None:
    """Count a refusal, or end the suspension after a call that was not refused; alert the operator where the answer asks for it."""
    code = answer.reason.code if answer.reason else None
    if code is not None and alert is not None:
        await _tell(context.planned, context.admitted.tenant, code, alert, ports)
    keys = context.keys
    refusal = refusal_of(code)
    if code is not None and refusal is not None:
        await _count_all(context, code, refusal, ports)
    elif answer.source is not None and answer.source.http_status is not None:
        # Where nobody answered, that says nothing of the token.
        if keys.share is not None:
            ports.served.note(keys.check, ports.clock())
        for key in keys.suspending:
            if ports.refusals.peek(key) != NONE:
                await ports.refusals.change(key, lambda state: (after_answer(state, ports.clock()), None))


async def _count_all(context: CallContext, code: CheckCode, refusal: Refusal, ports: Suspensions) -> None:
    """Count a refusal for the address, for the shares of it, and for what it suspends."""
    keys, siret = context.keys, context.admitted.tenant.siret
    if keys.address is not None:
        if await _count(keys.address, code, MOST_OF_THE_ADDRESS, ports, is_of_a_token=False):
            _log.critical(Event.ADDRESS_PAUSED, code=str(code), until=_until(keys.address, ports))
        for share in filter(None, (keys.vendor, keys.share)):
            await ports.refusals.change(share, lambda state: (counted(state, code, ports.clock()), None))
    if keys.is_of_the_person:
        if await _count(keys.token, code, MOST_OF_FRANCE_CONNECT, ports, is_of_a_token=False):
            _log.warning(
                Event.FRANCE_CONNECT_SUSPENDED,
                tenant=siret,
                vendor=keys.vendor.partition("/")[2],
                code=str(code),
                until=_until(keys.token, ports),
            )
        return
    ports.served.forget(keys.check)
    is_of_the_check = refusal is Refusal.SCOPE
    key = keys.check if is_of_the_check else keys.token
    # Once the share is spent, whatever is refused is not asked again.
    most = 1 if is_share_spent(keys, ports) else MOST_OF_A_TENANT
    if await _count(key, code, most, ports, is_of_a_token=True):
        _log.error(
            Event.TENANT_SUSPENDED,
            tenant=siret,
            check=context.planned.definition.name if is_of_the_check else None,
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


def _cause(exchange: Exchange) -> str | None:
    return exchange.cause if isinstance(exchange, Unanswered) else None


async def note_end(
    breaker: str, tenant: Tenant, end: CallEnd, ports: Breakers, cause: str | None = None
) -> None:
    """Tell a breaker how a call ended, and tell of what follows; ``cause`` says why its source was not reached."""
    affected_tenants = ports.affected_tenants
    if end.signal is Signal.DOWN:
        affected_tenants.note(breaker, tenant.siret)

    def note(state: Breaker) -> tuple[Breaker, tuple[Breaker, Breaker]]:
        after = after_call(state, end, ports.clock())
        return after, (state, after)

    before, after = await ports.breakers.change(breaker, note)
    if end.signal is Signal.UP and after == CLOSED:
        affected_tenants.forget(breaker)
    if before.until is None and after.until is not None:
        _log.warning(
            Event.BREAKER_OPENED,
            breaker=breaker,
            provider=provider_of(breaker),
            code=str(end.code),
            until=after.until.isoformat(),
            tenants=affected_tenants.tell_all(breaker),
            **({} if cause is None else {"cause": cause}),
        )
    elif before.until is not None and after == CLOSED:
        _log.info(Event.BREAKER_CLOSED, breaker=breaker)
    elif after.until is not None:
        _tell_new(breaker, after.code, ports)


def note_blocked(breaker: str, tenant: Tenant, blocked: BlockedUntil, ports: Breakers) -> BlockedUntil:
    """Tell of a call that an open breaker blocks; return what blocks it."""
    ports.affected_tenants.note(breaker, tenant.siret)
    _tell_new(breaker, blocked.code, ports)
    return blocked


async def stay_open(breaker: str, ports: Breakers) -> BlockedUntil:
    """Leave a breaker open after a ping that said no; return until when."""

    def reopen(state: Breaker) -> tuple[Breaker, BlockedUntil]:
        now = ports.clock()
        opened = after_ping(state, now)
        return opened, BlockedUntil(opened.until or now, opened.code)

    return await ports.breakers.change(breaker, reopen)


def _tell_new(breaker: str, code: CheckCode, ports: Breakers) -> None:
    if tenants := ports.affected_tenants.tell_new(breaker):
        _log.warning(
            Event.BREAKER_CONCERNS,
            breaker=breaker,
            provider=provider_of(breaker),
            code=str(code),
            tenants=tenants,
        )
