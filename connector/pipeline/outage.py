"""A provider's breaker and one call: what the call's end says to it, and who is told whom its being open concerns."""

from dataclasses import replace
from datetime import datetime
from typing import Final

import structlog

from connector.checks.plan import PlannedCall
from connector.checks.retry import BlockedUntil
from connector.events import Event
from connector.jobs.progress import CheckProgress
from connector.jobs.records import Tenant
from connector.limits.breaker import (
    CLOSED,
    Breaker,
    CallEnd,
    after_call,
    after_ping,
    breaker_name,
    provider_of,
)
from connector.pipeline.ports import Breakers
from connector.sources.nomenclature import table as nomenclature
from connector.sources.traits import Signal, signal_of
from schemas.codes import Call, CheckCode
from schemas.reply import CheckReply

FRANCE_CONNECT: Final = nomenclature.PROVIDERS[nomenclature.FRANCE_CONNECT]
"""Whose failures have a breaker of their own."""
_OF_FRANCE_CONNECT: Final = frozenset({nomenclature.FRANCE_CONNECT, nomenclature.FRANCE_CONNECT_BEFORE})
_BEHIND_IT: Final = nomenclature.PROVIDERS.keys() - _OF_FRANCE_CONNECT - {nomenclature.PLATFORM}
"""Who is asked once FranceConnect has let a call through. The platform alone may have refused it before."""
_DATA: Final = "data"
_ONE_FUND_OF_SEVERAL: Final = frozenset({"MSA"})
"""Providers whose failure leaves the others behind the same endpoints: it opens no breaker."""
_HANGING_MS: Final = 10_000
"""A call that its deadline cuts short after so long says that the provider hangs."""
_log = structlog.get_logger(__name__)


def breakers_of(planned: PlannedCall) -> tuple[str, ...]:
    """Return the names of the breakers that a call passes, its provider's last.

    FranceConnect, which the platform asks about the person's token first, has one of its own: its failures say nothing of
    the provider.
    """
    source = planned.endpoint.source
    provider = breaker_name(source, planned.definition.provider)
    if planned.endpoint.call is not Call.FRANCE_CONNECT:
        return (provider,)
    return (breaker_name(source, FRANCE_CONNECT), provider)


def ends_of(
    planned: PlannedCall, answer: CheckReply, asked_at: datetime, progress: CheckProgress
) -> dict[str, CallEnd]:
    """Return what a call's answer says to each of the breakers that it has passed."""
    end = _end_of(answer, asked_at, progress)
    *before, provider = breakers_of(planned)
    author = _author_of(answer)
    asked_before_it = author in {*_OF_FRANCE_CONNECT, nomenclature.INSEE}
    return {
        **{name: replace(end, signal=_of_france_connect(author, end.signal)) for name in before},
        provider: replace(end, signal=Signal.NOTHING) if asked_before_it else end,
    }


def _author_of(answer: CheckReply) -> str:
    """Return who says an answer: the first two digits of its code; of data, who gives it. Empty where nobody says so."""
    if answer.reason is None:
        return _DATA
    code = answer.reason.upstream.code if answer.reason.upstream else None
    return (code or "")[:2]


def _of_france_connect(author: str, signal: Signal) -> Signal:
    """Return what an answer says of FranceConnect: that it is up, where it has answered, or let the call through."""
    if author in _OF_FRANCE_CONNECT:
        return Signal.DOWN if signal is Signal.DOWN else Signal.UP
    return Signal.UP if author == _DATA or author in _BEHIND_IT else Signal.NOTHING


def _end_of(answer: CheckReply, asked_at: datetime, progress: CheckProgress) -> CallEnd:
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


async def note_end(breaker: str, tenant: Tenant, end: CallEnd, ports: Breakers) -> None:
    """Tell a breaker how a call ended, and tell of what follows."""
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
        )
    elif before.until is not None and after == CLOSED:
        _log.info(Event.BREAKER_CLOSED, breaker=breaker)
    elif after.until is not None:
        _tell_new(breaker, after.code, ports)


def note_blocked(breaker: str, tenant: Tenant, held: BlockedUntil, ports: Breakers) -> BlockedUntil:
    """Tell of a call that an open breaker has held back; return what held it."""
    ports.affected_tenants.note(breaker, tenant.siret)
    _tell_new(breaker, held.code, ports)
    return held


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
