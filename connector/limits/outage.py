"""Which breakers a call passes, and what its end says to each of them. Pure."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from connector.checks.plan import PlannedCall
from connector.jobs.progress import CheckProgress
from connector.limits.breaker import CallEnd, breaker_name
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
        is_first=progress.calls_of_variant == 0,
    )
