"""One call's result as a value: an HTTP answer, or the reason why none came."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.codes import CheckCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The API answered over HTTP."""

    http_status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """No HTTP answer came."""

    code: CheckCode
    """``network_error``, ``upstream_error``, ``provider_timeout`` or ``expired``."""
    duration_ms: int


Exchange = Answered | Unanswered
