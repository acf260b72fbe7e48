"""An answer that was kept, read again under the grant of now."""

from typing import Any

import pytest
from pydantic import JsonValue

from connector.catalogue import CATALOGUE
from connector.catalogue.grants import Grant, whole
from connector.checks.assemble import reply_within
from connector.checks.reasons import reason
from schemas.codes import CheckCode, CheckStatus, JobStatus
from schemas.reply import CheckReply, Reply
from tests.fakes import START

ADMISSION = {"date_debut": "2025-09-01", "est_inscrit": True, "code_cog_insee_commune": "69383"}
FOUND = CheckReply(
    id="etudes",
    check="statut_etudiant",
    status=CheckStatus.FOUND,
    data={"admissions": [ADMISSION, ADMISSION]},
    withheld=("identite", "admissions.regime_formation", "admissions.etablissement_etudes"),
)
UNKNOWN = CheckReply(
    id="x", check="x", status=CheckStatus.ERROR, reason=reason(CheckCode.UNKNOWN_CHECK, parameter="check")
)


def remembered(*checks: CheckReply, status: JobStatus = JobStatus.COMPLETED) -> Reply:
    return Reply(
        job_id="job-1",
        tenant="26920023600017",
        dossier=None,
        status=status,
        received_at=START,
        completed_at=START,
        checks=checks,
    )


def within(reply: Reply, **hidden: Any) -> Reply:
    return reply_within(reply, Grant(hidden), CATALOGUE)


def test_a_reply_within_the_grant_is_given_as_it_was() -> None:
    reply = remembered(FOUND, UNKNOWN, status=JobStatus.PARTIAL)
    assert reply_within(reply, whole(CATALOGUE), CATALOGUE) is reply


def test_a_block_that_is_closed_since_is_removed_and_listed_in_the_order_of_the_blocks() -> None:
    (answer,) = within(
        remembered(FOUND), statut_etudiant={"identite": {}, "admissions": {"est_inscrit": {}}}
    ).checks
    kept = {"date_debut": "2025-09-01", "code_cog_insee_commune": "69383"}
    assert answer.data == {"admissions": [kept, kept]}
    assert answer.withheld == (
        "identite",
        "admissions.est_inscrit",
        "admissions.regime_formation",
        "admissions.etablissement_etudes",
    )


def test_a_block_that_is_closed_with_those_within_it_is_listed_alone() -> None:
    (answer,) = within(remembered(FOUND), statut_etudiant={"admissions": {}}).checks
    assert (answer.data, answer.withheld) == ({}, ("identite", "admissions"))


def test_a_block_that_the_call_never_returns_is_not_listed() -> None:
    by_france_connect = FOUND.model_copy(update={"withheld": ()})
    (answer,) = within(remembered(by_france_connect), statut_etudiant={"identite": {}}).checks
    assert (answer.data, answer.withheld) == (FOUND.data, ())


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (CheckStatus.FOUND, None),
        (CheckStatus.NOT_FOUND, CheckCode.NO_RECORD),
        (CheckStatus.NOT_IDENTIFIED, CheckCode.IDENTITY_UNMATCHED),
    ],
)
def test_an_answer_to_a_check_that_is_forbidden_since_is_not_given_again(
    status: CheckStatus, code: CheckCode | None
) -> None:
    known = (
        FOUND
        if code is None
        else CheckReply(id="etudes", check="statut_etudiant", status=status, reason=reason(code))
    )
    reply = within(remembered(known), quotient_familial={})
    (answer,) = reply.checks
    assert reply.status is JobStatus.FAILED
    assert answer.reason
    assert (answer.id, answer.reason.code) == ("etudes", CheckCode.FORBIDDEN_CHECK)
    assert (answer.status, answer.data, answer.withheld) == (CheckStatus.ERROR, None, ())
    assert answer.source is None


def test_an_error_says_nothing_of_a_person_and_stays() -> None:
    reply = remembered(UNKNOWN, status=JobStatus.FAILED)
    assert within(reply) is reply


def test_what_could_not_be_read_is_not_named_to_whom_may_not_receive_it() -> None:
    data: dict[str, JsonValue] = {"admissions": [{"date_debut": "2025-09-01"}, None]}
    kept = FOUND.model_copy(
        update={
            "data": data,
            "withheld": (),
            "unreadable": ("/identite", "/admissions/1", "/admissions/0/est_inscrit"),
        }
    )
    (answer,) = within(
        remembered(kept), statut_etudiant={"identite": {}, "admissions": {"est_inscrit": {}}}
    ).checks
    assert answer.unreadable == ("/admissions/1",)
    assert answer.withheld == ("identite", "admissions.est_inscrit")
