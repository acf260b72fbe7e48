"""The budget of refusals, as values: an address that collects too many is banned, with every tenant behind it.

The API's firewall bans an address after 2,000 refusals in five minutes. So whoever keeps being refused is suspended alone,
long before: a token, a token for one check, the FranceConnect tokens of one vendor for one tenant. A tenant and a vendor have
each a share of the address's refusals: once it is spent, their calls go on where the API is known to take them. Where many
are refused at once all the same, the address itself pauses.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from schemas.codes import CheckCode

WINDOW_SECONDS: Final = 300.0
MOST_OF_A_TENANT: Final = 20
"""Refusals in a window of a tenant's token, over all checks together."""
MOST_OF_FRANCE_CONNECT: Final = 20
"""Likewise of the FranceConnect tokens that a vendor sends for a tenant: a few persons' tokens have simply expired."""
MOST_OF_A_VENDOR: Final = 250
"""Likewise over all tenants that a vendor asks for."""
MOST_OF_THE_ADDRESS: Final = 1500
"""Likewise; then the address pauses: 2,000 would have it banned."""
FIRST_SUSPENSION_SECONDS: Final = 300.0
"""Of a token, it doubles each time that the first call after it is refused."""
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


def is_spent(refusals: Refusals, most: int, now: datetime) -> bool:
    """Tell whether a share of the address's refusals is used up for now."""
    return count_of(refusals, now) >= most


def spent_until(refusals: Refusals, most: int, now: datetime) -> datetime:
    """Return when a share that is spent has something left: its oldest refusals no longer count."""
    over = count_of(refusals, now) - most
    for slot, count in _recent(refusals, now):
        over -= count
        if over < 0:
            return datetime.fromtimestamp(slot * _SLOT_SECONDS + WINDOW_SECONDS, tz=now.tzinfo)
    return now


def counted(refusals: Refusals, code: CheckCode, now: datetime) -> Refusals:
    """Return them with one more, which suspends nobody."""
    slot = _slot(now)
    counts = dict(_recent(refusals, now))
    counts[slot] = counts.get(slot, 0) + 1
    return replace(refusals, counts=tuple(sorted(counts.items())), code=code)


def after_refusal(
    refusals: Refusals, code: CheckCode, most: int, now: datetime, *, is_of_a_token: bool = True
) -> Refusals:
    """Return them with one more, suspended where that is one too many.

    Of a token, the first call after a suspension decides alone, and prolongs it. Of what many use, as the address, as many are
    needed as the first time.
    """
    more = counted(refusals, code, now)
    if is_suspended(refusals, now):
        # A call that was under way.
        return more
    is_again = is_of_a_token and refusals.suspensions > 0
    if not is_again and count_of(more, now) < most:
        return more
    doublings = min(refusals.suspensions, 10) if is_of_a_token else 0
    seconds = min(LONGEST_SUSPENSION_SECONDS, FIRST_SUSPENSION_SECONDS * 2.0**doublings)
    return replace(
        more, until=now + timedelta(seconds=seconds), suspensions=refusals.suspensions + 1, counts=()
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
