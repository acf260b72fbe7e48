"""One fault of what a worker stands on, under load: what became of every job, and how soon jobs were answered again."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from connector.clock import utc_now
from connector.demo.program import Program
from tests.chaos.collector import Collector
from tests.chaos.load import Load
from tests.jobs import job

JOBS_PER_SECOND: Final = 20.0
MOST_JOBS: Final = 4000
BEFORE: Final = 40
"""Jobs answered before the fault."""
FAULT_SECONDS: Final = 8.0
AFTER_SECONDS: Final = 4.0
VENDOR: Final = "millesime"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to a part, and how it is over."""

    name: str
    begin: Callable[[], Any]
    end: Callable[[], Any]
    """The part is back when this returns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one fault has shown."""

    fault: str
    jobs: int
    answered: int
    completed: int
    lost: int
    twice: int
    """Answered more than once, without being marked."""
    longest_silence_seconds: float
    """Between two replies, while the fault lasted and after."""
    again_seconds: float
    """From the part's return to the reply to a job that was published after it; 0 where replies never ceased."""
    restarts: int
    """Workers that had ended, hence would have to be started again."""

    def as_dict(self) -> dict[str, Any]:
        """Return it in JSON's types."""
        return asdict(self)


def suffer(fault: Fault, vendor_url: str, workers: Sequence[Program], prefix: str) -> Outcome:
    """Publish jobs steadily, have the fault come and go, and account for every job."""
    expires_at = (utc_now() + timedelta(hours=1)).isoformat()
    jobs = [job(job_id=f"{prefix}-{number}", expires_at=expires_at) for number in range(MOST_JOBS)]
    with ExitStack() as stack:
        load = stack.enter_context(Load(vendor_url, VENDOR, jobs, jobs_per_second=JOBS_PER_SECOND))
        collector = stack.enter_context(Collector(vendor_url, load))
        collector.wait_until(lambda account: len(account.answered) >= BEFORE)
        began_at = utc_now()
        fault.begin()
        time.sleep(FAULT_SECONDS)
        fault.end()
        back_at, published = utc_now(), load.published
        collector.wait_until(lambda account: bool(account.answered - published))
        served_at = utc_now()
        time.sleep(AFTER_SECONDS)
        load.enough()
        load.wait()
        collector.wait_until(lambda account: account.answered == account.published)
        account = collector.account()
        times = [one.received_at for one in collector.received]
    return Outcome(
        fault=fault.name,
        jobs=len(account.published),
        answered=len(account.answered),
        completed=account.by_status.get("completed", 0),
        lost=len(account.lost),
        twice=len(account.unexplained_duplicates),
        longest_silence_seconds=_longest(began_at, times),
        again_seconds=round((served_at - back_at) / timedelta(seconds=1), 1),
        restarts=sum(worker.has_ended for worker in workers),
    )


def _longest(since: datetime, times: Sequence[datetime]) -> float:
    after = [since, *(at for at in times if at >= since)]
    gaps = [(later - earlier) / timedelta(seconds=1) for earlier, later in pairwise(after)]
    return round(max(gaps, default=0.0), 1)
