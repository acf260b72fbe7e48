"""A circuit breaker per provider, as values: closed, open until an instant, or probed by one call.

A provider that fails several times in a row, or says that it is in maintenance, is not asked for a while. Then one
probe goes: a ping, and, where that does not say no, one real call, whose answer closes the breaker or opens it for
longer. State changes are pure functions; where the state is kept is ``connector.limits.shared.state``'s affair.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from connector.checks.retry import BlockedUntil
from connector.sources.traits import Signal, traits_of
from connector.time_limits import PROBE_SECONDS
from schemas.codes import CheckCode

FAILURES_THAT_OPEN: Final = 5
"""In a row, of as many questions, without an answer in between."""
FIRST_PAUSE_SECONDS: Final = 1.0
"""Between two probes at the least; it doubles while they fail."""
LONGEST_PAUSE_SECONDS: Final = 10.0
LONGEST_KNOWN_PAUSE_SECONDS: Final = 3600.0
"""However long a provider says that it will be away, it is probed after so long: it may be wrong, or back early."""
_RECHECK_SECONDS: Final = 1.0
PING_TRUST_SECONDS: Final = 60.0
"""The API keeps a ping's answer for up to 30 minutes: a no is believed for so long after the last real call."""


def breaker_name(source: str, provider: str) -> str:
    """Return the name of a provider's breaker, for one way to it."""
    return f"{source}/{provider}"


def provider_of(breaker: str) -> str:
    """Return the provider of a breaker's name."""
    return breaker.partition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnd:
    """How a real call ended, for its provider's breaker."""

    signal: Signal
    code: CheckCode
    """What the breaker gives as its reason where this opens it."""
    wait_seconds: float | None = None
    """How long the provider asked to wait."""
    asked_at: datetime
    is_first: bool = True
    """It was the first call of its question: one dossier that fails each time says little of its provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """What is known of one provider. As made, it is closed."""

    failures: int = 0
    """In a row."""
    openings: int = 0
    """In a row: the pause doubles with each."""
    opened_at: datetime | None = None
    until: datetime | None = None
    """Open until then, and afterwards until a probe succeeds; None when closed."""
    code: CheckCode = CheckCode.PROVIDER_UNAVAILABLE
    """What opened it."""
    is_known: bool = False
    """``until`` is what the provider said."""
    probe_until: datetime | None = None
    """A probe is under way, and given up then."""
    called_at: datetime | None = None
    """The last real call that was let through while it was open."""


@dataclass(frozen=True, slots=True)
class Go:
    """The provider may be asked."""


@dataclass(frozen=True, slots=True)
class Probe:
    """The provider may be asked once, to see whether it is back."""

    ping_first: bool


LAPSES_AFTER_SECONDS: Final = 600.0
"""After a breaker's pause: whether the provider is back is then found out by the calls that come."""
CLOSED: Final = Breaker()
Passed = Go | Probe | BlockedUntil


def let_through(breaker: Breaker, now: datetime) -> tuple[Breaker, Passed]:
    """Tell whether the provider may be asked now; a probe that is let through is noted."""
    if breaker.until is None:
        return breaker, Go()
    # Further ahead than any pause: the clock was set back.
    if now < breaker.until <= now + timedelta(seconds=LONGEST_KNOWN_PAUSE_SECONDS):
        return breaker, BlockedUntil(breaker.until, breaker.code, breaker.is_known)
    if breaker.probe_until is not None and now < breaker.probe_until <= now + timedelta(
        seconds=PROBE_SECONDS
    ):
        return breaker, BlockedUntil(now + timedelta(seconds=_RECHECK_SECONDS), breaker.code)
    believed_until = (breaker.called_at or breaker.until) + timedelta(seconds=PING_TRUST_SECONDS)
    probing = replace(breaker, probe_until=now + timedelta(seconds=PROBE_SECONDS))
    return probing, Probe(ping_first=now < believed_until)


def after_ping(breaker: Breaker, now: datetime) -> Breaker:
    """Return the breaker after a ping that said no: the real call was not made."""
    return _open(breaker, breaker.code, None, now)


def after_call(breaker: Breaker, end: CallEnd, now: datetime) -> Breaker:
    """Return the breaker after a real call.

    A call that was under way when the breaker opened does not close it: it says nothing of the time since.
    """
    # An opening that is still to come was before the clock was set back: it makes no call older.
    is_older = breaker.opened_at is not None and end.asked_at < breaker.opened_at <= now
    if end.signal is Signal.DOWN:
        return _after_failure(breaker, end, now, is_older=is_older)
    if is_older:
        return breaker
    return CLOSED if end.signal is Signal.UP else without_answer(breaker, now)


def without_answer(breaker: Breaker, now: datetime) -> Breaker:
    """Return the breaker after a probe that learnt nothing: another goes, a moment later."""
    if breaker.probe_until is None:
        return breaker
    return replace(breaker, probe_until=None, until=now + timedelta(seconds=FIRST_PAUSE_SECONDS))


def lapsed(breaker: Breaker, now: datetime) -> Breaker:
    """Return the breaker as it is once nobody has called its provider for long since it might be called again."""
    if breaker.until is None:
        return breaker
    is_probed = breaker.probe_until is not None and now < breaker.probe_until
    is_over = now >= breaker.until + timedelta(seconds=LAPSES_AFTER_SECONDS)
    return CLOSED if is_over and not is_probed else breaker


def _after_failure(breaker: Breaker, end: CallEnd, now: datetime, *, is_older: bool) -> Breaker:
    if traits_of(end.code).tells_its_end and end.wait_seconds is not None:
        return _open(breaker, end.code, end.wait_seconds, now, called_at=end.asked_at)
    if breaker.until is not None:
        return breaker if is_older else _open(breaker, end.code, None, now, called_at=end.asked_at)
    if not end.is_first:
        return breaker
    failing = replace(breaker, failures=breaker.failures + 1)
    if failing.failures < FAILURES_THAT_OPEN:
        return failing
    return _open(failing, end.code, None, now, called_at=end.asked_at)


def _open(
    breaker: Breaker,
    code: CheckCode,
    wait_seconds: float | None,
    now: datetime,
    called_at: datetime | None = None,
) -> Breaker:
    pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(breaker.openings, 30))
    if wait_seconds is not None:
        pause = min(LONGEST_KNOWN_PAUSE_SECONDS, max(FIRST_PAUSE_SECONDS, wait_seconds))
    until = now + timedelta(seconds=pause)
    if breaker.until is not None and breaker.until <= now + timedelta(seconds=LONGEST_KNOWN_PAUSE_SECONDS):
        # What was announced stays announced, whatever a call that was under way says.
        until = max(until, breaker.until)
    return replace(
        breaker,
        openings=breaker.openings + (wait_seconds is None),
        opened_at=now,
        until=until,
        code=code,
        is_known=wait_seconds is not None,
        probe_until=None,
        called_at=called_at or breaker.called_at,
    )
