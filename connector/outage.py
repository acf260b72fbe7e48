"""A provider's breaker and one call: what the call's end says to it, and who is told whom its being open concerns."""

from datetime import datetime
from typing import Final

import structlog

from connector.breaker import (
    CLOSED,
    Breaker,
    CallEnd,
    Signal,
    after_call,
    after_ping,
    breaker_name,
    signal_of,
)
from connector.plan import PlannedCall
from connector.progress import CheckProgress
from connector.registry.records import Tenant
from connector.retry import Held
from connector.services import Services
from schemas.codes import CheckCode
from schemas.reply import CheckReply

_ONE_FUND_OF_SEVERAL: Final = frozenset({"MSA"})
"""Providers whose failure leaves the others behind the same endpoints: it opens no breaker."""
_HANGING_MS: Final = 10_000
"""A call that its deadline cuts short after so long says that the provider hangs."""
_log = structlog.get_logger(__name__)


def breaker_of(planned: PlannedCall) -> str:
    """Return the name of its provider's breaker."""
    return breaker_name(planned.endpoint.source, planned.definition.provider)


def end_of(answer: CheckReply, asked_at: datetime, progress: CheckProgress) -> CallEnd:
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


async def note_end(planned: PlannedCall, tenant: Tenant, end: CallEnd, services: Services) -> None:
    """Tell the breaker how a call ended, and tell of what follows."""
    breaker, concerned = breaker_of(planned), services.concerned
    if end.signal is Signal.DOWN:
        concerned.note(breaker, tenant.siret)

    def note(state: Breaker) -> tuple[Breaker, tuple[Breaker, Breaker]]:
        after = after_call(state, end, services.clock())
        return after, (state, after)

    before, after = await services.breakers.change(breaker, note)
    if end.signal is Signal.UP and after == CLOSED:
        concerned.forget(breaker)
    if before.until is None and after.until is not None:
        _log.warning(
            "breaker.opened",
            breaker=breaker,
            provider=planned.definition.provider,
            code=str(end.code),
            until=after.until.isoformat(),
            tenants=concerned.tell_all(breaker),
        )
    elif before.until is not None and after == CLOSED:
        _log.info("breaker.closed", breaker=breaker)
    elif after.until is not None:
        _tell_new(planned, after.code, services)


def note_held(planned: PlannedCall, tenant: Tenant, held: Held, services: Services) -> Held:
    """Tell of a call that an open breaker has held back; return what held it."""
    services.concerned.note(breaker_of(planned), tenant.siret)
    _tell_new(planned, held.code, services)
    return held


async def stay_open(breaker: str, services: Services) -> Held:
    """Leave a breaker open after a ping that said no; return until when."""

    def reopen(state: Breaker) -> tuple[Breaker, Held]:
        now = services.clock()
        opened = after_ping(state, now)
        return opened, Held(opened.until or now, opened.code)

    return await services.breakers.change(breaker, reopen)


def _tell_new(planned: PlannedCall, code: CheckCode, services: Services) -> None:
    breaker = breaker_of(planned)
    if tenants := services.concerned.tell_new(breaker):
        _log.warning(
            "breaker.concerns",
            breaker=breaker,
            provider=planned.definition.provider,
            code=str(code),
            tenants=tenants,
        )
