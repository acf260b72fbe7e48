"""What the API says of a quota in its headers: ``RateLimit-Limit``, ``-Remaining`` and ``-Reset``. Pure.

Whoever else uses the same token uses the same quota: its calls are seen here alone.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from connector.jobs.rate import Quota, spacing_of
from connector.limits.limiter import ServerHint
from connector.sources.rate_limit import reset_in_seconds, whole_number

_LONGEST_WINDOW_SECONDS: Final = 3600.0
_SHORT_WINDOW_SECONDS: Final = 2.0
"""In a window so short, spreading what is left of it gains nobody anything."""
_APART_SECONDS: Final = 0.05
"""Between our clock and the server's: a call must not arrive at the end of the window that it waits for."""
_WELL_BEYOND: Final = 1.2


def hint_of(headers: Mapping[str, str], quota: Quota, now: datetime) -> ServerHint | None:
    """Return what the headers ask for beyond what ``quota`` does by itself; None where they ask for nothing."""
    remaining, left_seconds = whole_number(headers.get("ratelimit-remaining")), reset_in_seconds(headers, now)
    if remaining is None or left_seconds is None:
        return None
    if not 0 < left_seconds <= _LONGEST_WINDOW_SECONDS:
        return None
    if remaining == 0:
        return ServerHint(hold_seconds=left_seconds + _APART_SECONDS)
    if left_seconds <= _SHORT_WINDOW_SECONDS:
        return None
    spacing_seconds = left_seconds / remaining
    if spacing_seconds <= _WELL_BEYOND * spacing_of(quota):
        return None
    return ServerHint(spacing_seconds=spacing_seconds, spacing_for_seconds=left_seconds)
