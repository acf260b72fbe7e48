"""What a source says of the time in its rate limit's headers. Pure."""

import email.utils
from collections.abc import Mapping
from datetime import datetime
from typing import Final

_CLOCKS_AGREE_SECONDS: Final = 2.0
_FIRST_UNIX_TIME: Final = 1_000_000_000
"""A smaller ``RateLimit-Reset`` cannot be an instant of this century: it counts seconds from now."""


def reset_in_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return how long until the quota is whole again, from ``RateLimit-Reset``; negative when that is past.

    API Particulier sends a Unix time, by its documentation. The IETF's draft of the header
    (draft-ietf-httpapi-ratelimit-headers) has seconds from now, which a gateway before it may send. None when the
    header is absent or says neither.
    """
    reset = whole_number(headers.get("ratelimit-reset"))
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


def whole_number(text: str | None) -> int | None:
    """Return the number that a header holds; None for anything else."""
    return int(text) if text and text.strip().isdecimal() and len(text) <= 15 else None  # noqa: PLR2004 - beyond any instant
