"""Which jobs a worker has deferred that are not back yet, so that one vendor's never fill the broker's disk.

The delay queues have no limit of their own: a job passes from one to the next by the broker's own dead-lettering, and a queue
that refused would hold up everybody's. So what each vendor has there is counted where it is put there. A job is away until
it is due, whichever worker it then comes to.
"""

from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush
from typing import Final

from connector.clock import Clock

MOST_BYTES: Final = 512 * 1024 * 1024
"""Of bodies as they were published, a vendor's, by one worker: as much as the batch lane holds, a whole campaign.
Sealed, on the broker, a job has twice as much at the most."""
MOST_JOBS: Final = 131_072
"""Likewise: a small job has its message's own cost."""


@dataclass(slots=True)
class _Away:
    """One vendor's jobs that are not due yet."""

    due: list[tuple[datetime, int]] = field(default_factory=list)
    """A heap: when each is due, and how many bytes it has."""
    held_bytes: int = 0


class Deferrals:
    """Counts the jobs that this process has deferred, by vendor, until they are due."""

    def __init__(self, clock: Clock, *, most_bytes: int = MOST_BYTES, most_jobs: int = MOST_JOBS) -> None:
        self._clock = clock
        self._most_bytes = most_bytes
        self._most_jobs = most_jobs
        self._away: dict[str, _Away] = {}

    def defer(self, vendor: str, at: datetime, body_bytes: int) -> bool:
        """Count a job of so many bytes that comes back at ``at``; False where its vendor has its share away already."""
        self._bring_back()
        away = self._away.setdefault(vendor, _Away())
        if len(away.due) >= self._most_jobs or away.held_bytes + body_bytes > self._most_bytes:
            return False
        heappush(away.due, (at, body_bytes))
        away.held_bytes += body_bytes
        return True

    def _bring_back(self) -> None:
        now = self._clock()
        for vendor, away in list(self._away.items()):
            while away.due and away.due[0][0] <= now:
                away.held_bytes -= heappop(away.due)[1]
            if not away.due:
                del self._away[vendor]
