"""What a sandbox answers with, and the day that it believes it is."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from connector.clock import Clock, paris_day, utc_now
from connector.sandbox.calls import Calls
from connector.sandbox.cases import Cases
from connector.sandbox.failures import Failing
from connector.sandbox.france_connect import FranceConnect
from connector.sandbox.quotas import Quotas

_PARIS: Final = ZoneInfo("Europe/Paris")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """The setting that every group of routes is given."""

    cases: Cases
    france_connect: FranceConnect = field(default_factory=lambda: FranceConnect({}))
    latency_seconds: float = 0.0
    clock: Clock = utc_now
    """Judges the tokens, the failures and the quotas."""
    ahead: timedelta = timedelta(0)
    """What the rules of parameters add to the clock."""
    is_v2_withdrawn: bool = False
    """Answer 410 for the tax notice of version 2, as production does since 8 January 2024."""
    failing: Failing = field(default_factory=Failing)
    quotas: Quotas | None = None
    calls: Calls = field(default_factory=Calls)

    def today(self) -> date:
        """Return the day in Paris that the rules of parameters count from."""
        return paris_day(self.clock() + self.ahead)


def ahead_to(day: date, now: datetime) -> timedelta:
    """Return how far the clock is to be set ahead, or back, so that ``now`` is noon in Paris on ``day``."""
    return datetime.combine(day, time(12), _PARIS) - now
