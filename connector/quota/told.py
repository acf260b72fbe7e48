"""What the API says of a quota in its headers: ``RateLimit-Limit``, ``-Remaining`` and ``-Reset``. Pure.

Whoever else uses the same token uses the same quota: its calls are seen here alone.
"""

import email.utils
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from connector.quota.limiter import Note
from connector.quota.rate import Quota, spacing_of

_LONGEST_WINDOW_SECONDS: Final = 3600.0
_CLOCKS_AGREE_SECONDS: Final = 2.0
_SHORT_WINDOW_SECONDS: Final = 2.0
"""In a window so short, spreading what is left of it gains nobody anything."""
_APART_SECONDS: Final = 0.05
"""Between our clock and the server's: a call must not arrive at the end of the window that it waits for."""
_WELL_BEYOND: Final = 1.2
_FIRST_UNIX_TIME: Final = 1_000_000_000
"""A smaller ``RateLimit-Reset`` cannot be an instant of this century: it counts seconds from now."""


def note_of(headers: Mapping[str, str], quota: Quota, now: datetime) -> Note | None:
    """Return what the headers ask for beyond what ``quota`` does by itself; None where they ask for nothing."""
    remaining, left_seconds = _whole(headers.get("ratelimit-remaining")), reset_in_seconds(headers, now)
    if remaining is None or left_seconds is None:
        return None
    if not 0 < left_seconds <= _LONGEST_WINDOW_SECONDS:
        return None
    if remaining == 0:
        return Note(hold_seconds=left_seconds + _APART_SECONDS)
    if left_seconds <= _SHORT_WINDOW_SECONDS:
        return None
    spacing_seconds = left_seconds / remaining
    if spacing_seconds <= _WELL_BEYOND * spacing_of(quota):
        return None
    return Note(spacing_seconds=spacing_seconds, spacing_for_seconds=left_seconds)


def reset_in_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return how long until the quota is whole again, from ``RateLimit-Reset``; negative when that is past.

    API Particulier sends a Unix time, by its documentation. The IETF's draft of the header
    (draft-ietf-httpapi-ratelimit-headers) has seconds from now, which a gateway before it may send. None when the
    header is absent or says neither.
    """
    reset = _whole(headers.get("ratelimit-reset"))
    if reset is None or reset < _FIRST_UNIX_TIME:
        return reset
    return reset - _server_time(headers.get("date"), now)


def _server_time(date: str | None, now: datetime) -> float:
    """Return the server's Unix time: ours, which is finer than the ``Date`` header, unless they differ."""
    ours = now.timestamp()
    try:
        theirs = email.utils.parsedate_to_datetime(date).timestamp() if date else ours
    except (ValueError, TypeError, OverflowError):
        return ours
    return ours if abs(theirs - ours) <= _CLOCKS_AGREE_SECONDS else theirs


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.strip().isdecimal() and len(text) <= 15 else None  # noqa: PLR2004 - beyond any instant
