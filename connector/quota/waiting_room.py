"""Which jobs wait in a worker's hand because they cannot wait elsewhere: those with a FranceConnect token.

While one waits, for its turn or to ask again, it has the place of a job that could be answered. So half of what a worker
takes in hand may wait at the most, and a flow alone half of that: some is always left for the next (Choudhury and Hahne,
as in ``connector.intake``).
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from connector.registry.records import Flow


class WaitingRoom:
    """The jobs that wait in hand, by flow."""

    def __init__(self, concurrency: int) -> None:
        """``concurrency`` is how many jobs of a lane may wait, as many as one flow alone may have in hand."""
        self._room = concurrency
        self._checks: Counter[tuple[Flow, str]] = Counter()
        """How many checks of each job wait."""
        self._jobs: Counter[Flow] = Counter()
        self._of_lane: Counter[str] = Counter()

    @contextmanager
    def place(self, flow: Flow, job_id: str) -> Iterator[bool]:
        """Have a check of a job wait for the block; False where there is no place for its job."""
        job = (flow, job_id)
        if self._checks[job] == 0 and self._jobs[flow] >= self._room - self._of_lane[flow.lane]:
            del self._checks[job]
            yield False
            return
        self._count(job, 1)
        try:
            yield True
        finally:
            self._count(job, -1)

    def _count(self, job: tuple[Flow, str], change: int) -> None:
        """Count a check in or out; its job, with the first or the last of them."""
        before = self._checks[job]
        self._checks[job] += change
        if 0 not in (before, self._checks[job]):
            return
        flow, _ = job
        self._jobs[flow] += change
        self._of_lane[flow.lane] += change
        if self._checks[job] == 0:
            del self._checks[job]
        if self._jobs[flow] == 0:
            del self._jobs[flow]
