"""The status of a job from those of its checks, and what a reply repeats of its job."""

from datetime import UTC, datetime
from itertools import product
from typing import Final

import pytest

from connector.checks.assemble import assemble, job_status, rejection
from connector.checks.parsing import Seen
from connector.checks.reasons import job_error, reason
from connector.jobs.delivery import Delivery
from connector.jobs.records import Lane
from schemas.codes import CheckCode, CheckStatus, JobCode, JobStatus
from schemas.reply import CheckReply
from schemas.request import CheckRequest, VerificationRequest

RECEIVED = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
COMPLETED = datetime(2026, 11, 23, 9, 0, 1, tzinfo=UTC)
TENANT = "26920023600017"

FOUND: Final = "found"
NO_FILE: Final = "not_found"
UNIDENTIFIED: Final = "not_identified"
FAILED: Final = "error"
EXPIRED: Final = "expired"
ANSWERS: Final = {
    FOUND: (CheckStatus.FOUND, None),
    NO_FILE: (CheckStatus.NOT_FOUND, CheckCode.NO_RECORD),
    UNIDENTIFIED: (CheckStatus.NOT_IDENTIFIED, CheckCode.IDENTITY_UNMATCHED),
    FAILED: (CheckStatus.ERROR, CheckCode.NETWORK_ERROR),
    EXPIRED: (CheckStatus.ERROR, CheckCode.EXPIRED),
}


def answer(kind: str) -> CheckReply:
    status, code = ANSWERS[kind]
    return CheckReply(id=kind, check="rsa", status=status, reason=reason(code) if code else None)


def status_of(*kinds: str) -> JobStatus:
    return job_status([answer(kind) for kind in kinds])


def delivery(*, redelivered: bool = False) -> Delivery:
    return Delivery(
        body=b"",
        lane=Lane.BATCH,
        routing_key="millesime.batch",
        redelivered=redelivered,
        received_at=RECEIVED,
    )


def job() -> VerificationRequest:
    return VerificationRequest(
        version=1,
        job_id="demande-1",
        tenant=TENANT,
        dossier="2026-004711",
        checks=(CheckRequest(check="rsa"),),
    )


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ((EXPIRED,), JobStatus.EXPIRED),
        ((EXPIRED, EXPIRED), JobStatus.EXPIRED),
        ((FAILED,), JobStatus.FAILED),
        ((FAILED, FAILED), JobStatus.FAILED),
        ((FAILED, EXPIRED), JobStatus.FAILED),
        ((EXPIRED, FAILED), JobStatus.FAILED),
        ((FAILED, FOUND), JobStatus.PARTIAL),
        ((EXPIRED, FOUND), JobStatus.PARTIAL),
        ((NO_FILE, FAILED), JobStatus.PARTIAL),
        ((UNIDENTIFIED, EXPIRED), JobStatus.PARTIAL),
        ((FOUND,), JobStatus.COMPLETED),
        ((NO_FILE,), JobStatus.COMPLETED),
        ((UNIDENTIFIED,), JobStatus.COMPLETED),
        ((FOUND, NO_FILE, UNIDENTIFIED), JobStatus.COMPLETED),
    ],
)
def test_the_status_of_a_job(kinds: tuple[str, ...], expected: JobStatus) -> None:
    assert status_of(*kinds) is expected


@pytest.mark.parametrize("kinds", list(product(ANSWERS, repeat=3)), ids="-".join)
def test_the_first_status_that_holds_whatever_the_combination(kinds: tuple[str, ...]) -> None:
    answered = {FOUND, NO_FILE, UNIDENTIFIED}
    if set(kinds) == {EXPIRED}:
        expected = JobStatus.EXPIRED
    elif not answered & set(kinds):
        expected = JobStatus.FAILED
    elif not set(kinds) <= answered:
        expected = JobStatus.PARTIAL
    else:
        expected = JobStatus.COMPLETED
    assert status_of(*kinds) is expected


def test_a_reply_repeats_its_job_and_keeps_the_order_of_the_checks() -> None:
    reply = assemble(delivery(), job(), [answer(FAILED), answer(FOUND)], COMPLETED)
    assert (reply.job_id, reply.tenant, reply.dossier) == ("demande-1", TENANT, "2026-004711")
    assert (reply.received_at, reply.completed_at) == (RECEIVED, COMPLETED)
    assert [check.id for check in reply.checks] == [FAILED, FOUND]
    assert reply.status is JobStatus.PARTIAL
    assert reply.errors == ()


@pytest.mark.parametrize("redelivered", [False, True])
def test_a_job_delivered_again_may_have_been_answered(*, redelivered: bool) -> None:
    taken = delivery(redelivered=redelivered)
    error = job_error(JobCode.INVALID_MESSAGE, "…")
    assert assemble(taken, job(), [answer(FOUND)], COMPLETED).possible_duplicate is redelivered
    assert rejection(taken, (error,), COMPLETED).possible_duplicate is redelivered


def test_a_rejection_has_errors_and_no_check() -> None:
    error = job_error(JobCode.UNKNOWN_TENANT, "…", "/tenant")
    reply = rejection(delivery(), (error,), COMPLETED, Seen(job_id="demande-1", dossier="2026-004711"))
    assert reply.status is JobStatus.REJECTED
    assert (reply.errors, reply.checks) == ((error,), ())
    assert (reply.job_id, reply.tenant, reply.dossier) == ("demande-1", None, "2026-004711")


def test_a_rejection_of_what_could_not_be_read_names_no_job() -> None:
    reply = rejection(delivery(), (job_error(JobCode.INVALID_MESSAGE, "…"),), COMPLETED)
    assert (reply.job_id, reply.tenant, reply.dossier) == (None, None, None)
