"""Assembling: the answers of a job's checks become its reply. Pure.

An answer that was kept, in the reply memory or with a job that was deferred, is read again under the grant of now.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from connector.catalogue.definition import CheckDefinition
from connector.catalogue.grants import Grant
from connector.catalogue.hidden import masked
from connector.checks.parsing import NOTHING_SEEN
from connector.checks.reasons import reason
from connector.jobs.delivery import Delivery
from schemas.codes import CheckCode, CheckStatus, JobStatus
from schemas.reply import CheckReply, JobError, Reply
from schemas.request import VerificationRequest


class _Identified(Protocol):
    """What a reply repeats of its job."""

    @property
    def job_id(self) -> str | None: ...
    @property
    def tenant(self) -> str | None: ...
    @property
    def dossier(self) -> str | None: ...


def assemble(
    delivery: Delivery,
    job: VerificationRequest,
    checks: Sequence[CheckReply],
    completed_at: datetime,
) -> Reply:
    """Return the reply to a job that was run, or that expired before it could be."""
    return Reply(
        job_id=job.job_id,
        tenant=job.tenant,
        dossier=job.dossier,
        status=job_status(checks),
        received_at=delivery.received_at,
        completed_at=completed_at,
        possible_duplicate=delivery.redelivered,
        checks=tuple(checks),
    )


def rejection(
    delivery: Delivery,
    errors: tuple[JobError, ...],
    completed_at: datetime,
    seen: _Identified = NOTHING_SEEN,
) -> Reply:
    """Return the reply to a job that was not run."""
    return Reply(
        job_id=seen.job_id,
        tenant=seen.tenant,
        dossier=seen.dossier,
        status=JobStatus.REJECTED,
        received_at=delivery.received_at,
        completed_at=completed_at,
        possible_duplicate=delivery.redelivered,
        errors=errors,
    )


def job_status(checks: Sequence[CheckReply]) -> JobStatus:
    """Return the first status that holds for these answers: expired, failed, partial, completed."""
    failed = [check for check in checks if check.status is CheckStatus.ERROR]
    if len(failed) == len(checks):
        expired = all(check.reason and check.reason.code is CheckCode.EXPIRED for check in checks)
        return JobStatus.EXPIRED if expired else JobStatus.FAILED
    return JobStatus.PARTIAL if failed else JobStatus.COMPLETED


def reply_within(reply: Reply, grant: Grant, catalogue: Mapping[str, CheckDefinition]) -> Reply:
    """Return a reply that was given before, as far as the vendor may receive it now."""
    checks = tuple(_check_within(answer, grant, catalogue) for answer in reply.checks)
    if checks == reply.checks:
        return reply
    return reply.model_copy(update={"checks": checks, "status": job_status(checks)})


def _check_within(answer: CheckReply, grant: Grant, catalogue: Mapping[str, CheckDefinition]) -> CheckReply:
    if answer.status is CheckStatus.ERROR:
        return answer
    if not grant.opens(answer.check):
        return CheckReply(
            id=answer.id,
            check=answer.check,
            status=CheckStatus.ERROR,
            reason=reason(CheckCode.FORBIDDEN_CHECK, parameter="check"),
        )
    return masked(answer, catalogue[answer.check], grant.hidden[answer.check])
