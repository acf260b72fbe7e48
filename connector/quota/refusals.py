"""The budget of refusals, as values: an address that collects too many is banned, with every tenant behind it.

The API's firewall bans an address after 2,000 refusals in five minutes. So a tenant that keeps being refused is
suspended alone, long before: its checks are answered, or wait, without a call. Where many are refused at once, the
address itself pauses.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from schemas.codes import CheckCode

WINDOW_SECONDS: Final = 300.0
MOST_OF_A_TENANT: Final = 20
"""Refusals in a window; then the tenant is suspended."""
MOST_OF_THE_ADDRESS: Final = 1500
"""Likewise; then the address pauses: 2,000 would have it banned."""
FIRST_SUSPENSION_SECONDS: Final = 300.0
"""It doubles each time that the first call after it is refused."""
LONGEST_SUSPENSION_SECONDS: Final = 3600.0
_SLOT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """The refusals of a tenant, or of the address. As made, there were none."""

    counts: tuple[tuple[int, int], ...] = ()
    """Of each slot of ten seconds, by its number, how many; the oldest first."""
    until: datetime | None = None
    """Suspended until then."""
    code: CheckCode = CheckCode.RATE_LIMITED
    """The last refusal's."""
    suspensions: int = 0
    """In a row."""


NONE: Final = Refusals()


def count_of(refusals: Refusals, now: datetime) -> int:
    """Return how many refusals there were in the last five minutes."""
    return sum(count for _slot, count in _recent(refusals, now))


def after_refusal(refusals: Refusals, code: CheckCode, most: int, now: datetime) -> Refusals:
    """Return them with one more, suspended where that is one too many."""
    slot = _slot(now)
    counts = dict(_recent(refusals, now))
    counts[slot] = counts.get(slot, 0) + 1
    counted = replace(refusals, counts=tuple(sorted(counts.items())), code=code)
    if is_suspended(refusals, now):
        # A call that was under way.
        return counted
    if refusals.suspensions == 0 and sum(counts.values()) < most:
        return counted
    seconds = min(LONGEST_SUSPENSION_SECONDS, FIRST_SUSPENSION_SECONDS * 2.0 ** min(refusals.suspensions, 10))
    return replace(
        counted, until=now + timedelta(seconds=seconds), suspensions=refusals.suspensions + 1, counts=()
    )


def after_answer(refusals: Refusals, now: datetime) -> Refusals:
    """Return them after a call that was not refused: a suspension that is over is forgotten."""
    if is_suspended(refusals, now):
        return refusals
    is_of_use = refusals.suspensions == 0 and _recent(refusals, now)
    return refusals if is_of_use else NONE


def is_suspended(refusals: Refusals, now: datetime) -> bool:
    """Tell whether no call is made now. An end further ahead than any suspension: the clock was set back."""
    return refusals.until is not None and now < refusals.until <= now + timedelta(
        seconds=LONGEST_SUSPENSION_SECONDS
    )


def _recent(refusals: Refusals, now: datetime) -> tuple[tuple[int, int], ...]:
    newest = _slot(now)
    oldest = newest - int(WINDOW_SECONDS / _SLOT_SECONDS)
    return tuple((slot, count) for slot, count in refusals.counts if oldest < slot <= newest)


def _slot(now: datetime) -> int:
    return int(now.timestamp() // _SLOT_SECONDS)
