"""Assembling: the answers of a job's checks become its reply."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from connector.checks.parsing import NOTHING_SEEN
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
