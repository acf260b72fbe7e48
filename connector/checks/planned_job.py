"""A job on its way: what it asks, and how far each of its checks has come."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from connector.checks.admission import Admitted
from connector.checks.decide import without_call
from connector.checks.plan import PlannedCall, PlannedCheck
from connector.jobs.delivery import Delivery
from connector.jobs.job_state import IdempotencyKey
from connector.jobs.progress import CheckProgress, JobProgress, finished, is_finished
from schemas.codes import CheckCode


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedJob:
    """An admitted job, planned."""

    delivery: Delivery
    admitted: Admitted
    claim: IdempotencyKey
    """What the reply memory knows this run by."""
    planned: tuple[PlannedCheck, ...]
    """In the job's order."""
    checks: Mapping[str, CheckProgress]
    """By the check's label, in that order."""

    def has_to_call(self, concerns: Callable[[PlannedCall], bool]) -> bool:
        """Tell whether a check that has no answer yet has a call that ``concerns`` holds for."""
        return any(self._has_to_call(check, concerns) for check in self.planned)

    def turned_away(self, concerns: Callable[[PlannedCall], bool]) -> "PlannedJob":
        """Return the job with those checks answered ``rate_limited``, without a call: the same question may succeed later."""
        answers = {
            check.request.label: finished(without_call(check, CheckCode.RATE_LIMITED))
            for check in self.planned
            if self._has_to_call(check, concerns) and isinstance(check, PlannedCall)
        }
        return replace(self, checks={**self.checks, **answers})

    def deferred(self, looks: int = 0) -> Delivery:
        """Return the delivery as it travels, with what is known already."""
        progress = JobProgress(
            claim=self.claim.claim, digests=self.claim.digests, checks=self.checks, looks=looks
        )
        return replace(self.delivery, progress=progress)

    def _has_to_call(self, check: PlannedCheck, concerns: Callable[[PlannedCall], bool]) -> bool:
        is_open = not is_finished(self.checks[check.request.label])
        return is_open and isinstance(check, PlannedCall) and concerns(check)


def any_call(_planned: PlannedCall) -> bool:
    """Hold for every call."""
    return True
