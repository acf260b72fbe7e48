"""How long a source asks to wait, from what it says in its headers and its error."""

import email.utils
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from connector.sources.outcome import ApiError
from connector.sources.rate_limit import reset_in_seconds

_LONGEST_WAIT_SECONDS: Final = 366 * 24 * 3600.0
"""A wait beyond this is no wait but nonsense."""


def retry_after_seconds(headers: Mapping[str, str], error: ApiError, now: datetime) -> int | None:
    """Return how long the API asks to wait: ``Retry-After``, else ``RateLimit-Reset``, else ``retry_in``.

    ``Retry-After`` is in seconds or an HTTP date (RFC 9110, 10.2.3). None when the API did not say, which is not
    zero. At least a second: "later" is not now.
    """
    waits = (
        _seconds(headers.get("retry-after")),
        _until_http_date(headers.get("retry-after"), now),
        _still_to_come(reset_in_seconds(headers, now)),
        error.meta.retry_in,
    )
    known = next((wait for wait in waits if wait is not None and abs(wait) <= _LONGEST_WAIT_SECONDS), None)
    return None if known is None else max(1, math.ceil(known))


def _still_to_come(seconds: float | None) -> float | None:
    # A window that has ended does not say how long a refusal of this moment lasts.
    return seconds if seconds is not None and seconds > 0 else None


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.strip().isdecimal() else None


def _until_http_date(text: str | None, now: datetime) -> float | None:
    try:
        return (email.utils.parsedate_to_datetime(text) - now).total_seconds() if text else None
    except (ValueError, TypeError, OverflowError):
        return None
