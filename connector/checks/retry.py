"""What to do when a source has not answered a check: reply, retry at an instant, or wait blocked. Pure.

A failed call is retried when the source says (``Retry-After``, ``RateLimit-Reset``, ``retry_in``, the end of a
maintenance window), else after an exponential back-off with full jitter (Marc Brooker, *Exponential Backoff and
Jitter*): within seconds on the interactive lane, for hours on the batch lane. A check whose provider is not being
asked at all is blocked: that is not counted among its calls.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from connector.jobs.records import Lane
from connector.sources.traits import traits_of
from schemas.codes import CheckCode

_SPREAD_SECONDS: Final = 1.0
"""Calls told to come back at one instant come back within so long after it."""
_LONGEST_BACKOFF_DOUBLINGS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How patiently a lane asks again."""

    first_wait_seconds: float
    """Upper bound of the first back-off; it doubles with each further one."""
    longest_wait_seconds: float
    longest_block_seconds: float
    """Upper bound of the wait of a blocked check, which is to be answered soon after its provider is back."""
    most_calls: int
    """Of one question; a wait while it is blocked does not count."""
    patience_seconds: float | None
    """How long after its reception a job still waits where the source does not say how long; None: until its deadline."""


POLICIES: Final[Mapping[Lane, Policy]] = MappingProxyType(
    {
        Lane.INTERACTIVE: Policy(
            first_wait_seconds=0.5,
            longest_wait_seconds=8.0,
            longest_block_seconds=8.0,
            most_calls=6,
            patience_seconds=20.0,
        ),
        Lane.BATCH: Policy(
            first_wait_seconds=2.0,
            longest_wait_seconds=1800.0,
            longest_block_seconds=300.0,
            most_calls=50,
            patience_seconds=None,
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Failed:
    """A call was made, and gave no answer that stands."""

    code: CheckCode
    wait_seconds: float | None = None
    """How long the source asks to wait; None when it does not say, which is not zero."""


@dataclass(frozen=True, slots=True)
class BlockedUntil:
    """No call was made: the provider is not being asked until then."""

    until: datetime
    code: CheckCode
    """Why it is not."""
    is_known: bool = False
    """The provider itself said when it will be back."""
    detail: str | None = None
    """What an agent is told of it, where the code does not say it all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When a job may still be waited for."""

    received_at: datetime
    deadline: datetime


@dataclass(frozen=True, slots=True)
class Finish:
    """Reply with what is known: waiting longer is of no use."""


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Call again, no sooner than then."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Blocked:
    """Look again then whether the provider may be asked."""

    at: datetime


Step = Finish | RetryAt | Blocked


def next_step(
    outcome: Failed | BlockedUntil,
    tried: int,
    window: Window,
    now: datetime,
    *,
    policy: Policy,
    jitter: float,
) -> Step:
    """Return what follows ``outcome``.

    ``tried`` counts the calls made for this question, or, for ``BlockedUntil``, how often it was blocked in a row. ``jitter``
    is drawn evenly from [0, 1). A wait that would end at the deadline or after it is not begun.
    """
    if isinstance(outcome, BlockedUntil):
        longest = policy.longest_block_seconds
        backoff = timedelta(seconds=_backoff_seconds(tried + 1, policy, jitter, longest))
        at = max(outcome.until + timedelta(seconds=jitter * _SPREAD_SECONDS), now + backoff)
        return Blocked(at) if at < _end(window, policy, is_known=outcome.is_known) else Finish()
    traits = traits_of(outcome.code)
    if not traits.is_retried or tried >= policy.most_calls:
        return Finish()
    backoff_seconds = _backoff_seconds(tried, policy, jitter, policy.longest_wait_seconds)
    is_known = outcome.wait_seconds is not None
    if outcome.wait_seconds is not None:
        # Told the same again and again, the calls still grow rarer: others wait for the same quota.
        wait_seconds = outcome.wait_seconds + max(jitter * _SPREAD_SECONDS, backoff_seconds)
    else:
        wait_seconds = traits.least_wait_seconds + backoff_seconds
    at = now + timedelta(seconds=wait_seconds)
    return RetryAt(at) if at < _end(window, policy, is_known=is_known) else Finish()


def _backoff_seconds(tried: int, policy: Policy, jitter: float, longest_seconds: float) -> float:
    doublings = min(max(tried - 1, 0), _LONGEST_BACKOFF_DOUBLINGS)
    return jitter * min(longest_seconds, policy.first_wait_seconds * 2.0**doublings)


def _end(window: Window, policy: Policy, *, is_known: bool) -> datetime:
    if is_known or policy.patience_seconds is None:
        return window.deadline
    return min(window.deadline, window.received_at + timedelta(seconds=policy.patience_seconds))
