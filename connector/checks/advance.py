"""One step of a check: from how a try ended to its answer, its next attempt, or its wait. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from connector.checks.attempts import Attempt, choose, is_worth_asking
from connector.checks.decide import without_call
from connector.checks.plan import PlannedCall, PlannedCheck
from connector.checks.reasons import reason
from connector.checks.retry import Blocked, BlockedUntil, Failed, Policy, RetryAt, Window, next_step
from connector.jobs.progress import CheckProgress, finished
from schemas.codes import Call, CheckCode, CheckStatus
from schemas.reply import CheckReply

FRANCE_CONNECT_SECONDS: Final = 60.0
"""Life of a FranceConnect access token."""


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
    """Return the check's progress after one try: finished, at its next attempt, or waiting."""
    if isinstance(outcome, BlockedUntil):
        step = next_step(outcome, progress.parks, window, now, policy=policy, jitter=jitter)
        if isinstance(step, Blocked):
            return replace(progress, parks=progress.parks + 1, not_before=step.at)
        return _conclude(planned, progress, progress.failure or _held(planned, outcome, now))
    asked = replace(progress, calls=progress.calls + 1, retries=progress.retries + 1, parks=0)
    if outcome.status is CheckStatus.ERROR and outcome.reason is not None:
        failed = Failed(outcome.reason.code, outcome.reason.retry_after_seconds)
        step = next_step(failed, asked.retries, window, now, policy=policy, jitter=jitter)
        if isinstance(step, RetryAt):
            return replace(asked, not_before=step.at, failure=outcome)
    return _conclude(planned, asked, outcome)


def expire(planned: PlannedCheck, progress: CheckProgress) -> CheckProgress:
    """Return the check as its deadline leaves it: with the answer of an attempt that stands, else ``expired``."""
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
    """Take an answer that stands: go on with the next attempt that is worth it, else finish."""
    answers = (*progress.answers, answer)
    following = range(progress.attempt + 1, len(planned.attempts))
    index = next((i for i in following if is_worth_asking(planned.attempts[i], answers)), None)
    if index is None:
        return finished(choose(answers, progress.calls))
    return CheckProgress(answers=answers, attempt=index, calls=progress.calls)


def _held(planned: PlannedCall, held: BlockedUntil, now: datetime) -> CheckReply:
    answer = without_call(planned, held.code)
    seconds = max(0, round((held.until - now).total_seconds()))
    if not held.is_known or answer.reason is None:
        return answer
    again = reason(held.code, detail=answer.reason.detail, retry_after_seconds=seconds)
    return answer.model_copy(update={"reason": again})


def _counted(answer: CheckReply, calls: int) -> CheckReply:
    if answer.source is None:
        return answer
    return answer.model_copy(update={"source": answer.source.model_copy(update={"attempts": calls})})


def attempt_of(planned: PlannedCall, progress: CheckProgress) -> Attempt:
    """Return the attempt under way."""
    return planned.attempts[progress.attempt]
