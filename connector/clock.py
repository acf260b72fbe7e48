"""Time as a dependency: what needs an instant is given a clock, so that tests choose the instant."""

from collections.abc import Callable
from datetime import UTC, date, datetime
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
