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
