"""How far a job's checks have come, and the next step of each: its answer, its next variant, or its wait. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final

from connector.catalogue.hidden import masked
from connector.catalogue.variants import Variant
from connector.checks.admission import Admitted
from connector.checks.decide import without_call
from connector.checks.plan import PlannedCall, PlannedCheck
from connector.checks.reasons import reason
from connector.checks.retry import Blocked, BlockedUntil, Failed, Policy, RetryAt, Window, next_step
from connector.jobs.delivery import Delivery
from connector.jobs.job_state import IdempotencyKey
from connector.jobs.progress import NOT_ASKED, CheckProgress, JobProgress, finished, is_finished
from schemas.codes import Call, CheckCode, CheckStatus
from schemas.reply import CheckReply

FRANCE_CONNECT_SECONDS: Final = 60.0
"""Life of a FranceConnect access token."""
_IDENTIFIED: Final = (CheckStatus.FOUND, CheckStatus.NOT_FOUND)
_INCOMPLETE: Final = "Toutes les variantes de l'identité n'ont pas pu être essayées : redemander plus tard peut donner une réponse."


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


def progress_within(planned: PlannedCheck, progress: CheckProgress) -> CheckProgress:
    """Return how far a check had come, as far as the vendor may know it now."""
    if not isinstance(planned, PlannedCall):
        is_forbidden = planned.defect.code is CheckCode.FORBIDDEN_CHECK
        return NOT_ASKED if is_forbidden else progress
    if progress.reply is None:
        return progress
    return replace(progress, reply=masked(progress.reply, planned.definition, planned.hidden))


def window_of(planned: PlannedCall, received_at: datetime, expires_at: datetime) -> Window:
    """Return when a check may still be waited for: with FranceConnect, while the person's token lives."""
    deadline = expires_at
    if planned.endpoint.call is Call.FRANCE_CONNECT:
        deadline = min(deadline, received_at + timedelta(seconds=FRANCE_CONNECT_SECONDS))
    return Window(received_at=received_at, deadline=deadline)


def may_be_deferred(planned: PlannedCall) -> bool:
    """Tell whether the check may leave the worker while it waits: a FranceConnect token does not live so long."""
    return planned.endpoint.call is not Call.FRANCE_CONNECT


def advance(  # noqa: PLR0913 - the facts that a decision depends on
    planned: PlannedCall,
    progress: CheckProgress,
    outcome: CheckReply | BlockedUntil,
    window: Window,
    now: datetime,
    *,
    policy: Policy,
    jitter: float,
) -> CheckProgress:
    """Return the check's progress after one call: finished, at its next variant, or waiting."""
    if isinstance(outcome, BlockedUntil):
        step = next_step(outcome, progress.blocked_in_a_row, window, now, policy=policy, jitter=jitter)
        if isinstance(step, Blocked):
            return replace(progress, blocked_in_a_row=progress.blocked_in_a_row + 1, not_before=step.at)
        return _conclude(planned, progress, progress.failure or _blocked(planned, outcome, now))
    asked = replace(
        progress,
        calls=progress.calls + 1,
        calls_of_variant=progress.calls_of_variant + 1,
        blocked_in_a_row=0,
    )
    if outcome.status is CheckStatus.ERROR and outcome.reason is not None:
        failed = Failed(outcome.reason.code, outcome.reason.retry_after_seconds)
        step = next_step(failed, asked.calls_of_variant, window, now, policy=policy, jitter=jitter)
        if isinstance(step, RetryAt):
            return replace(asked, not_before=step.at, failure=outcome)
    return _conclude(planned, asked, outcome)


def expire(planned: PlannedCheck, progress: CheckProgress) -> CheckProgress:
    """Return the check as its deadline leaves it: with the answer of a variant that stands, else ``expired``."""
    gone = without_call(planned, CheckCode.EXPIRED)
    if progress.answers:
        return finished(choose((*progress.answers, progress.failure or gone), progress.calls))
    if progress.failure is None:
        return finished(gone)
    if isinstance(planned, PlannedCall) and not may_be_deferred(planned):
        # The token's life is over, not the job's: the source's own failure says why, and that it may pass.
        return finished(_counted(progress.failure, progress.calls))
    changed: dict[str, Any] = {"source": progress.failure.source}
    if gone.reason is not None and progress.failure.reason is not None:
        changed["reason"] = gone.reason.model_copy(update={"upstream": progress.failure.reason.upstream})
    return finished(_counted(gone.model_copy(update=changed), progress.calls))


def _conclude(planned: PlannedCall, progress: CheckProgress, answer: CheckReply) -> CheckProgress:
    """Take an answer that stands: go on with the next variant that is worth it, else finish."""
    answers = (*progress.answers, answer)
    following = range(progress.variant + 1, len(planned.variants))
    index = next((i for i in following if is_worth_asking(planned.variants[i], answers)), None)
    if index is None:
        return finished(choose(answers, progress.calls))
    return CheckProgress(answers=answers, variant=index, calls=progress.calls)


def _blocked(planned: PlannedCall, blocked: BlockedUntil, now: datetime) -> CheckReply:
    answer = without_call(planned, blocked.code, blocked.detail)
    seconds = max(1, ceil((blocked.until - now).total_seconds()))
    if not blocked.is_known or answer.reason is None:
        return answer
    again = reason(blocked.code, detail=answer.reason.detail, retry_after_seconds=seconds)
    return answer.model_copy(update={"reason": again})


def _counted(answer: CheckReply, calls: int) -> CheckReply:
    if answer.source is None:
        return answer
    return answer.model_copy(update={"source": answer.source.model_copy(update={"attempts": calls})})


def variant_of(planned: PlannedCall, progress: CheckProgress) -> Variant:
    """Return the variant that is being asked."""
    return planned.variants[progress.variant]


def is_worth_asking(variant: Variant, answers: Sequence[CheckReply]) -> bool:
    """Tell whether a variant may identify the person, after these answers to the ones before it.

    Where several people match, one that says less would only pick one of them. A variant that failed for a time
    does not end the search.
    """
    if not answers:
        return True
    if answers[0].status is not CheckStatus.NOT_IDENTIFIED or answers[-1].status in _IDENTIFIED:
        return False
    if any(_is_error(answer) and not _may_pass(answer) for answer in answers):
        return False
    is_ambiguous = any(_code(answer) is CheckCode.IDENTITY_AMBIGUOUS for answer in answers)
    return variant.narrows or not is_ambiguous


def choose(answers: Sequence[CheckReply], calls: int) -> CheckReply:
    """Return the answer of a check whose variants, in order, were given these, in so many ``calls`` altogether.

    A variant's answer counts when it identifies the person; else the answer to the identity as it was given
    stands, and says so where a variant could not be asked.
    """
    first, last = answers[0], answers[-1]
    chosen = last if last.status in _IDENTIFIED else first
    if chosen.source is None or calls == chosen.source.attempts == len(answers):
        return chosen
    changed: dict[str, Any] = {"source": chosen.source.model_copy(update={"attempts": calls})}
    if chosen is first and len(answers) > 1 and first.reason and any(map(_is_error, answers)):
        detail = f"{first.reason.detail} {_INCOMPLETE}"
        changed["reason"] = first.reason.model_copy(update={"detail": detail, "retryable": True})
    return chosen.model_copy(update=changed)


def _is_error(answer: CheckReply) -> bool:
    return answer.status is CheckStatus.ERROR


def _code(answer: CheckReply) -> CheckCode | None:
    return answer.reason.code if answer.reason else None


def _may_pass(answer: CheckReply) -> bool:
    return answer.reason is not None and answer.reason.retryable
