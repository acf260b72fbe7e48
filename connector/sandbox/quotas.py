"""What a token may call: so many calls in each second, or minute, of Unix time."""

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from connector.errors import OperatorError

_FORM: Final = re.compile(r"([1-9][0-9]{0,8})/(s|min)")
_PERIODS: Final[Mapping[str, int]] = {"s": 1, "min": 60}


class QuotaFormError(OperatorError):
    """The text is no quota; the message says what is accepted."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a token stands after a call: what the API's headers say."""

    limit: int
    remaining: int
    reset: int
    """Unix time of the end of the window."""
    retry_after_seconds: int
    is_refused: bool = False

    def headers(self) -> dict[str, str]:
        """Return them as the API writes them."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }


@dataclass(frozen=True, slots=True)
class Quota:
    """So many calls per window of so many seconds."""

    limit: int
    period_seconds: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the quota in a text. Raises ``QuotaFormError``."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise QuotaFormError(f"--quota {text}: write CALLS/s or CALLS/min, for instance 20/s or 250/min")
        return cls(int(match[1]), _PERIODS[match[2]])

    def window(self, now: datetime) -> int:
        """Return the number of the window that an instant is in."""
        return math.floor(now.timestamp()) // self.period_seconds

    def standing(self, calls: int, now: datetime) -> Standing:
        """Return where a token stands with its last call, the one of this number in the window of ``now``."""
        reset = (self.window(now) + 1) * self.period_seconds
        return Standing(
            limit=self.limit,
            remaining=max(0, self.limit - calls),
            reset=reset,
            retry_after_seconds=math.ceil(reset - now.timestamp()),
            is_refused=calls > self.limit,
        )


TODAY: Final = Quota(20, 1)
"""What the API allows a token today, where the sandbox itself has no quota."""


class Quotas:
    """The calls of every token in the current window."""

    def __init__(self, quota: Quota) -> None:
        self.quota: Final = quota
        self._window = 0
        self._calls: Counter[str] = Counter()

    def count(self, token: str, now: datetime) -> Standing:
        """Count a call, and return where its token stands."""
        window = self.quota.window(now)
        if window != self._window:
            self._window, self._calls = window, Counter()
        self._calls[token] += 1
        return self.quota.standing(self._calls[token], now)
