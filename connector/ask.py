"""Asking one check's source, through its provider's breaker, until it is answered or has to wait elsewhere."""

from datetime import datetime, timedelta
from typing import Final

import structlog

from connector.admission import Admitted
from connector.advance import advance, attempt_of, expire, may_be_deferred, window_of
from connector.breaker import (
    CLOSED,
    Breaker,
    CallEnd,
    Probe,
    Signal,
    after_call,
    after_ping,
    gate,
    signal_of,
    without_answer,
)
from connector.catalogue.definition import Source
from connector.decide import decide, refused, unexplained, without_call
from connector.messaging.deferral import TOKEN_WITHHELD
from connector.plan import PlannedCall, PlannedCheck, Refusal
from connector.progress import CheckProgress, finished, is_finished
from connector.registry.vault import VaultError
from connector.retry import Held
from connector.services import Services
from connector.upstream.exchange import Upstream
from schemas.codes import Call, CheckCode
from schemas.reply import CheckReply

SHORTEST_DEFERRAL_SECONDS: Final = 1.0
"""A shorter wait happens in the worker: the broker counts whole seconds."""
_ONE_FUND_OF_SEVERAL: Final = frozenset({"MSA"})
"""Providers whose failure leaves the others behind the same endpoints: it opens no breaker."""
_HANGING_MS: Final = 10_000
"""A call that its deadline cuts short after so long says that the provider hangs."""
_REFUSED_TOKENS = frozenset(
    {CheckCode.TOKEN_INVALID, CheckCode.TOKEN_EXPIRED, CheckCode.TOKEN_REVOKED, CheckCode.IP_FORBIDDEN}
)
_log = structlog.get_logger(__name__)


async def answer_check(
    planned: PlannedCheck, progress: CheckProgress, admitted: Admitted, services: Services
) -> CheckProgress:
    """Return the check's progress: finished, or waiting for an instant at least a second away.

    A defect of ours in one check leaves the others' answers.
    """
    if is_finished(progress):
        return progress
    try:
        if services.clock() >= admitted.expires_at:
            return expire(planned, progress)
        if isinstance(planned, Refusal):
            return finished(refused(planned))
        return await _pursue(planned, progress, admitted, services)
    except Exception:  # noqa: BLE001 - nothing is lost, whatever fails
        _log.exception(
            "check.unexpected_error",
            vendor=admitted.vendor.name,
            tenant=admitted.tenant.siret,
            check=planned.definition.name if isinstance(planned, PlannedCall) else None,
        )
        return finished(unexplained(planned.request))


async def _pursue(
    planned: PlannedCall, progress: CheckProgress, admitted: Admitted, services: Services
) -> CheckProgress:
    if planned.endpoint.call is Call.FRANCE_CONNECT and admitted.job.france_connect_token == TOKEN_WITHHELD:
        return expire(planned, progress)
    upstream = services.upstreams.get(planned.endpoint.source)
    if upstream is None:
        return finished(without_call(planned, CheckCode.SOURCE_WITHDRAWN))
    secret = _secret(planned, admitted, services)
    if isinstance(secret, CheckCode):
        return finished(without_call(planned, secret))
    window = window_of(planned, admitted.received_at, admitted.expires_at)
    while not is_finished(progress):
        now = services.clock()
        if now >= window.deadline:
            return expire(planned, progress)
        wait_seconds = _seconds_until(progress.not_before, now)
        if wait_seconds >= SHORTEST_DEFERRAL_SECONDS and may_be_deferred(planned):
            return progress
        if wait_seconds > 0:
            await services.sleep(min(wait_seconds, _seconds_until(window.deadline, now)))
            continue
        outcome = await _try(planned, progress, admitted, services, upstream, secret, window.deadline)
        progress = advance(
            planned,
            progress,
            outcome,
            window,
            services.clock(),
            policy=services.policies[admitted.lane],
            jitter=services.jitter(),
        )
    return progress


async def _try(  # noqa: PLR0913, PLR0917 - a call and what it is made with
    planned: PlannedCall,
    progress: CheckProgress,
    admitted: Admitted,
    services: Services,
    upstream: Upstream,
    secret: str,
    deadline: datetime,
) -> CheckReply | Held:
    """Make one call, unless the provider's breaker holds it."""
    breaker = f"{planned.endpoint.source}/{planned.definition.provider}"
    passage = await services.breakers.change(breaker, lambda state: gate(state, services.clock()))
    if isinstance(passage, Held):
        return passage
    try:
        if isinstance(passage, Probe) and passage.ping_first:
            left_seconds = _seconds_until(deadline, services.clock())
            if await upstream.ping(planned.endpoint, left_seconds) is False:
                return await _stay_open(breaker, services)
        asked_at = services.clock()
        attempt = attempt_of(planned, progress)
        exchange = await upstream.ask(
            planned.endpoint, attempt.query, secret, _seconds_until(deadline, asked_at)
        )
        decision = decide(planned, attempt, exchange, services.clock())
    except BaseException:
        if isinstance(passage, Probe):
            # Cancelled with its connection, most likely: another probe must not wait for this one's end.
            await services.breakers.change(
                breaker, lambda state: (without_answer(state, services.clock()), None)
            )
        raise
    for surprise in decision.surprises:
        services.tally.count(planned.definition.name, surprise)
    _warn_of_a_refused_token(planned, admitted, decision.reply)
    await _note(breaker, _end_of(decision.reply, asked_at, progress), services)
    return decision.reply


async def _stay_open(breaker: str, services: Services) -> Held:
    """Leave a breaker open after a ping that said no; return until when."""

    def reopen(state: Breaker) -> tuple[Breaker, Held]:
        now = services.clock()
        opened = after_ping(state, now)
        return opened, Held(opened.until or now, opened.code)

    return await services.breakers.change(breaker, reopen)


def _end_of(answer: CheckReply, asked_at: datetime, progress: CheckProgress) -> CallEnd:
    """Return what a call's answer says of its provider."""
    code = answer.reason.code if answer.reason else None
    signal = signal_of(code)
    if answer.source is not None and signal is Signal.DOWN and answer.source.provider in _ONE_FUND_OF_SEVERAL:
        signal = Signal.NOTHING
    if code is CheckCode.EXPIRED and answer.source is not None and answer.source.duration_ms >= _HANGING_MS:
        signal, code = Signal.DOWN, CheckCode.PROVIDER_TIMEOUT
    return CallEnd(
        signal=signal,
        code=code or CheckCode.PROVIDER_UNAVAILABLE,
        wait_seconds=answer.reason.retry_after_seconds if answer.reason else None,
        asked_at=asked_at,
        is_first=progress.retries == 0,
    )


async def _note(breaker: str, end: CallEnd, services: Services) -> None:
    """Tell the breaker how a call ended."""

    def note(state: Breaker) -> tuple[Breaker, tuple[Breaker, Breaker]]:
        after = after_call(state, end, services.clock())
        return after, (state, after)

    before, after = await services.breakers.change(breaker, note)
    if before.until is None and after.until is not None:
        _log.warning("breaker.opened", breaker=breaker, code=str(end.code), until=after.until.isoformat())
    elif before.until is not None and after == CLOSED:
        _log.info("breaker.closed", breaker=breaker)


def _warn_of_a_refused_token(planned: PlannedCall, admitted: Admitted, answer: CheckReply) -> None:
    code = answer.reason.code if answer.reason else None
    if code in _REFUSED_TOKENS:
        _log.warning(
            "token.refused", tenant=admitted.tenant.siret, check=planned.definition.name, code=str(code)
        )


def _secret(planned: PlannedCall, admitted: Admitted, services: Services) -> str | CheckCode:
    """Return what authenticates the call, or why there is nothing that does."""
    tenant = admitted.tenant
    if planned.endpoint.call is Call.FRANCE_CONNECT:
        return admitted.job.france_connect_token or CheckCode.FRANCE_CONNECT_INVALID
    is_dgfip = planned.endpoint.source is Source.API_IMPOT_PARTICULIER
    sealed = tenant.sealed_dgfip if is_dgfip else tenant.sealed_token
    if sealed is None:
        return CheckCode.TOKEN_MISSING
    try:
        return services.registry.secret(tenant.siret, sealed)
    except VaultError as error:
        _log.error("token.unreadable", tenant=tenant.siret, detail=str(error))
        return CheckCode.TOKEN_INVALID


def _seconds_until(instant: datetime | None, now: datetime) -> float:
    return 0.0 if instant is None else max(0.0, (instant - now) / timedelta(seconds=1))
