"""What a reply means to the vendor: whether it has something to mend, and what the table says."""

import json
from typing import Any

import pytest

from connector.catalogue import CATALOGUE
from connector.cli.vendor.outcome import MENDED_BY_VENDOR, UNREADABLE, outcome_of
from connector.documents.examples import example_reply
from connector.sources.traits import TRAITS
from schemas.codes import CheckCode, JobCode

FOUND = example_reply(CATALOGUE["quotient_familial"])


def reply(**changes: Any) -> bytes:
    return json.dumps(FOUND | changes).encode()


def failed(code: str, status: str = "error") -> dict[str, Any]:
    reason = {"code": code, "title": "Titre", "detail": "Détail.", "parameter": "mois", "retryable": False}
    return {**FOUND["checks"][0], "status": status, "data": None, "reason": reason}


def test_an_answer_is_no_mistake_and_says_what_is_withheld() -> None:
    outcome = outcome_of(reply(checks=[{**FOUND["checks"][0], "withheld": ["adresse"]}]))
    assert (outcome.status, outcome.codes, outcome.is_to_mend) == ("completed", (), False)
    (row,) = outcome.rows
    assert (row.check, row.status, row.code, row.said) == ("quotient_familial", "found", "", "sans adresse")


@pytest.mark.parametrize("code", CheckCode)
def test_a_vendor_mends_what_its_request_says_wrongly_alone(code: CheckCode) -> None:
    outcome = outcome_of(reply(status="failed", checks=[failed(code, TRAITS[code].status)]))
    assert outcome.codes == (code,)
    assert outcome.is_to_mend is (code in MENDED_BY_VENDOR)
    (row,) = outcome.rows
    assert row.said == "Titre (mois) : Détail."


def test_what_a_vendor_mends_is_never_what_may_pass_or_what_alerts_the_operator() -> None:
    for code in MENDED_BY_VENDOR:
        traits = TRAITS[code]
        assert not traits.is_retryable
        assert traits.alerts is None


@pytest.mark.parametrize("code", JobCode)
def test_a_rejected_job_is_to_mend(code: JobCode) -> None:
    error = {"code": code, "title": "Titre", "detail": "Détail.", "pointer": "/tenant"}
    outcome = outcome_of(reply(status="rejected", job_id=None, checks=[], errors=[error]))
    assert (outcome.status, outcome.codes, outcome.is_to_mend) == ("rejected", (code,), True)
    assert outcome.rows[0].said == "Titre (/tenant) : Détail."


def test_a_check_that_is_not_granted_is_no_mistake_where_all_are_tried() -> None:
    body = reply(status="failed", checks=[failed("forbidden_check")])
    assert outcome_of(body).is_to_mend
    assert not outcome_of(body, chosen=False).is_to_mend


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"{}", b'"a"', b"\xff", b'{"status": "completed"}']
)
def test_what_is_no_reply_is_told_as_such(body: bytes) -> None:
    outcome = outcome_of(body)
    assert (outcome.status, outcome.is_to_mend) == (UNREADABLE, True)
    assert "version 1" in outcome.rows[0].said


def test_an_unknown_member_code_or_status_is_read_as_the_contract_asks() -> None:
    outcome = outcome_of(reply(novel=1, status="later", checks=[failed("novel_code", "novel")]))
    assert (outcome.status, outcome.codes, outcome.is_to_mend) == ("later", ("novel_code",), False)


def test_nothing_of_a_person_is_in_what_is_logged_of_it() -> None:
    assert "Détail" not in repr(outcome_of(reply(checks=[failed("no_record", "not_found")])))
