"""What is told of scheduled tasks, so that one that no longer runs is missed by whoever watches."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A scheduled task has run."""

    task: str
    every: timedelta
    """How long after its start it is due again, at the latest."""
    late_after: timedelta
    """How much later than that it may be before somebody should look."""
    took: timedelta
    has_failed: bool


class CheckIns(Protocol):
    """Hears of each run of a scheduled task."""

    def tell(self, ran: Ran) -> None:
        """Tell of a run."""
        ...


class NoCheckIns:
    """Tells nobody."""

    def tell(self, ran: Ran) -> None:
        """Tell nobody."""
