"""Time as a dependency: what needs an instant is given a clock, so that tests choose the instant."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Returns the current instant, aware, in UTC."""

PARIS: Final = ZoneInfo("Europe/Paris")


def utc_now() -> datetime:
    """Return the current instant."""
    return datetime.now(UTC)


def paris_day(instant: datetime) -> date:
    """Return the calendar day in Paris at ``instant``: the one the funds count months and days in."""
    return instant.astimezone(PARIS).date()


def seconds_left(now: datetime, *ends: datetime) -> float:
    """Return how many seconds there are until the first of these instants; none once it has passed."""
    return max(0.0, (min(ends) - now) / timedelta(seconds=1))


def spell(length: timedelta) -> str:
    """Return a length of time as it is said, rounded down: 45 s, 12 min, 5 h, 3 d."""
    seconds = max(0, int(length.total_seconds()))
    for unit, name, up_to in ((1, "s", 120), (60, "min", 7200), (3600, "h", 86_400)):
        if seconds < up_to:
            return f"{seconds // unit} {name}"
    return f"{seconds // 86_400} d"
