"""A quota as a value: so many calls in so many seconds, in one or several windows at once."""

import re
from dataclasses import dataclass
from typing import Final

_FORM: Final = re.compile(r"([1-9][0-9]{0,8})/(s|min)")
_PERIODS: Final = {"s": 1.0, "min": 60.0}
_MOST_RATES: Final = 4
_GUARD_SHARE: Final = 0.1
_LONGEST_GUARD_SECONDS: Final = 1.0
_RESERVED_SHARE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Rate:
    """So many calls in each window of so many seconds."""

    calls: int
    period_seconds: float

    @property
    def span_seconds(self) -> float:
        """How long a call counts: the window and a guard.

        The API counts a call when it arrives, in windows whose start only it knows. No two of its windows are met too
        often where no window of this length is, as long as calls are not delayed by more than the guard.
        """
        guard_seconds = min(_LONGEST_GUARD_SECONDS, _GUARD_SHARE * self.period_seconds)
        return self.period_seconds + guard_seconds

    @property
    def batch_calls(self) -> int:
        """How many of the calls the batch lane may make: a few are kept for the counter."""
        return self.calls - int(self.calls * _RESERVED_SHARE)

    def share(self, processes: int) -> "Rate":
        """Return what one of so many processes may call, when they cannot agree."""
        if self.calls >= processes:
            return Rate(self.calls // processes, self.period_seconds)
        return Rate(1, self.period_seconds * processes / self.calls)


Quota = tuple[Rate, ...]
"""Rates that hold at once; none at all is no quota."""


def spacing_of(quota: Quota) -> float:
    """Return how many seconds apart a quota's batch calls are when they are spread evenly."""
    return max((rate.span_seconds / rate.batch_calls for rate in quota), default=0.0)


def read_quota(text: str) -> Quota:
    """Return the quota in a text: ``20/s``, ``250/min``, ``20/s,250/min``, or ``0`` for none. Raises ``ValueError``."""
    if text.strip() == "0":
        return ()
    matches = [_FORM.fullmatch(part.strip()) for part in text.split(",")]
    rates = tuple(Rate(int(match[1]), _PERIODS[match[2]]) for match in matches if match)
    if len(rates) != len(matches) or len(rates) > _MOST_RATES:
        raise ValueError("write CALLS/s or CALLS/min, for instance 20/s, 250/min or 20/s,250/min; 0 for none")
    return rates
