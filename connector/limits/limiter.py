"""The limiter: what may be called now, decided as one step for every process that calls.

``MemoryLimiter`` serves one process, ``RedisLimiter`` several; one suite of tests runs against both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from connector.jobs.rate import Quota

CATCH_UP_SECONDS: Final = 0.1
"""A batch call that comes late may be followed so much earlier: timers are late by milliseconds, always."""
AHEAD_SECONDS: Final = 0.2
"""A slot so soon is reserved: a process that wakes late loses no calls by it, as long as it is late each time."""
SPREAD_SECONDS: Final = 0.005
"""Between the slots of batch calls that are asked for together: tenants whose turns fall together would burst for ever."""
URGENT_SECONDS: Final = 0.25
"""How long the batch lane leaves alone what an interactive call has waited for in vain."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A quota that a call counts against."""

    key: str
    """Whose it is: a tenant's token, or the address's."""
    quota: Quota


@dataclass(frozen=True, slots=True)
class Demand:
    """A call that wants to be made now."""

    bounds: tuple[Bound, ...]
    is_urgent: bool
    """Of the interactive lane: first served, and not paced."""


@dataclass(frozen=True, slots=True)
class ServerHint:
    """What the API said of a quota that is not in the settings."""

    hold_seconds: float = 0.0
    """Nothing more may be called for so long."""
    spacing_seconds: float = 0.0
    """The batch lane's calls keep so far apart …"""
    spacing_for_seconds: float = 0.0
    """… for so long."""


def aged(hint: ServerHint, seconds: float) -> ServerHint:
    """Return a hint as it holds so many seconds after it was taken down."""
    return ServerHint(
        hold_seconds=max(0.0, hint.hold_seconds - seconds),
        spacing_seconds=hint.spacing_seconds,
        spacing_for_seconds=max(0.0, hint.spacing_for_seconds - seconds),
    )


@dataclass(frozen=True, slots=True)
class Slot:
    """When a call may be made."""

    in_seconds: float
    is_reserved: bool
    """It is counted, and the caller's; else it is to be asked for again then."""


class LimiterError(Exception):
    """The limiter cannot be reached; the message names the error's type alone."""


class Limiter(Protocol):
    """Decides which calls may be made now."""

    async def grant(self, demands: Sequence[Demand], hints: Mapping[str, ServerHint]) -> list[Slot]:
        """Return a slot for each demand in turn, reserved where it is at most ``AHEAD_SECONDS`` away.

        A call is counted against all of its bounds or none. Batch calls are spread evenly over a window; interactive
        ones may use what is left of it at once. ``hints``, by key, are taken in first. Raises ``LimiterError``.
        """
        ...
