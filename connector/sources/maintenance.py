"""The providers' regular maintenance windows, in Paris time, for when a provider does not say how long it takes.

Seen in the public configuration of API Particulier's server.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Final

from connector.clock import PARIS

_SUNDAY: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceWindow:
    """Every day, or on one day of the week, from one time to another of the same day."""

    provider: str
    """As the API names it in an error."""
    start: time
    end: time
    weekday: int | None = None
    """Monday is 0; None: every day."""


WINDOWS: Final = (
    MaintenanceWindow(provider="MEN", start=time(1, 10), end=time(2, 30)),
    MaintenanceWindow(provider="MSA", start=time(3, 0), end=time(3, 30)),
    MaintenanceWindow(provider="CNAF & MSA", start=time(23, 0), end=time(23, 45), weekday=_SUNDAY),
)


def seconds_to_end(provider: str | None, now: datetime) -> float | None:
    """Return how long the provider's maintenance window still lasts; None outside of one."""
    there = now.astimezone(PARIS)
    for window in WINDOWS:
        is_day = window.weekday is None or window.weekday == there.weekday()
        if window.provider == provider and is_day and window.start <= there.time() < window.end:
            # An hour comes twice when the clocks go back: the window ends in the one that it is now.
            end = datetime.combine(there.date(), window.end, PARIS).replace(fold=there.fold)
            left = (end.astimezone(UTC) - now).total_seconds()
            return left if left > 0 else None
    return None
