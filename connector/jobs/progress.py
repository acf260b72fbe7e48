"""How far a job has come, as values: what travels with it when it waits outside of the worker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from schemas.codes import CheckCode
from schemas.reply import CheckReply


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckProgress:
    """How far one check has come. As made, nothing was asked.

    An alias is a member's name in sealed messages, which workers of other versions read too.
    """

    reply: CheckReply | None = None
    """The answer, once the check is finished."""
    answers: tuple[CheckReply, ...] = ()
    """What the variants before this one were answered, where their answers stand."""
    variant: Annotated[int, Field(alias="attempt")] = 0
    """Index of the variant that is being asked, among the planned ones."""
    calls: int = 0
    """Made for this check, over all variants."""
    calls_of_variant: Annotated[int, Field(alias="retries")] = 0
    """Made for this variant."""
    blocked_in_a_row: Annotated[int, Field(alias="parks")] = 0
    """How often the check was blocked since its last call."""
    not_before: datetime | None = None
    failure: CheckReply | None = None
    """The last call's, while it is to be retried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgress:
    """How far a job has come that was deferred."""

    claim: str
    """Names this run of the job, in the reply memory."""
    digests: tuple[str, ...]
    """Keyed digests of the body as the vendor published it, one per key of then."""
    checks: Mapping[str, CheckProgress] = field(default_factory=dict)
    """By the check's label."""
    looks: int = 0
    """How often it was looked in vain whether another run of the same job has answered it."""


NOT_ASKED: Final = CheckProgress()


def is_finished(progress: CheckProgress) -> bool:
    """Tell whether the check has its answer."""
    return progress.reply is not None


def is_expired(progress: CheckProgress) -> bool:
    """Tell whether the check's answer is that its deadline has passed."""
    reason = None if progress.reply is None else progress.reply.reason
    return reason is not None and reason.code is CheckCode.EXPIRED


def finished(reply: CheckReply) -> CheckProgress:
    """Return the progress of a check that has its answer."""
    return CheckProgress(reply=reply)


def earliest(checks: Sequence[CheckProgress]) -> datetime | None:
    """Return when the first of the unfinished checks is due; None when all are finished."""
    return min(
        (check.not_before for check in checks if check.not_before and not is_finished(check)),
        default=None,
    )
