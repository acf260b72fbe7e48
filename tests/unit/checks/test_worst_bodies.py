"""A body costs what a job costs, whatever it holds: counts are looked at before members, and few defects are told."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from pydantic import ValidationError

from connector.catalogue import CATALOGUE
from connector.catalogue.grants import grant_of
from connector.checks import parsing
from connector.checks.parsing import (
    FEW_PARTS,
    MAX_DIGITS,
    MAX_ERRORS,
    MAX_PARTS,
    Unreadable,
    glimpse,
    read_job,
)
from connector.checks.plan import plan
from connector.clock import paris_day
from connector.jobs.delivery import MAX_BODY_BYTES
from connector.jobs.json_pointer import LONGEST_NAME
from connector.jobs.records import Vendor
from schemas.codes import JobCode
from schemas.request import VerificationRequest
from tests.jobs import job
from tests.worst_bodies import worst_bodies

_GRANT = grant_of(Vendor(name="millesime", product="M", publisher="Up", preset="all"))
_WORST = worst_bodies()


@pytest.fixture
def defects(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the defects that each validation of a body has found: each costs."""
    found: list[int] = []

    def counted(text: bytes) -> VerificationRequest:
        try:
            return VerificationRequest.model_validate_json(text)
        except ValidationError as error:
            found.append(error.error_count())
            raise

    monkeypatch.setattr(parsing, "VerificationRequest", SimpleNamespace(model_validate_json=counted))
    return found


@pytest.mark.parametrize("name", _WORST)
def test_no_body_is_looked_at_for_longer_than_a_job_is(name: str, defects: list[int]) -> None:
    """However many defects a body holds, some hundreds are found at most, and twenty told."""
    body = _WORST[name]
    read = read_job(body)
    assert sum(defects) <= FEW_PARTS
    if isinstance(read, Unreadable):
        assert 1 <= len(read.errors) <= MAX_ERRORS
        assert all(len(error.pointer or "") <= 4 * LONGEST_NAME for error in read.errors)
    else:
        plan(read, CATALOGUE, _GRANT, paris_day(datetime.now(UTC)))
    glimpse(body)


def test_a_job_that_uses_all_that_the_contract_allows_is_read() -> None:
    """The bound on parts is for no job that a vendor could mean."""
    checks = [
        {
            "id": f"{{dossier, volet}}[{index}]",
            "check": "quotient_familial",
            "call": "identite",
            "api_version": 3,
            "params": {f"parameter_{count}": count for count in range(20)},
        }
        for index in range(20)
    ]
    longest = job(*checks, dossier="," * 128, agent="[" * 128, purpose="{" * 64)
    body = json.dumps(longest).encode()
    assert len(body) <= MAX_BODY_BYTES
    assert isinstance(read_job(body), VerificationRequest)


def test_too_many_parts_are_refused_in_one_sentence() -> None:
    """A body that is no job's is not parsed."""
    read = read_job(b"[" + b"1," * MAX_PARTS + b"1]")
    assert isinstance(read, Unreadable)
    assert [error.code for error in read.errors] == [JobCode.INVALID_MESSAGE]


def test_a_number_of_too_many_digits_is_refused_unread() -> None:
    """As many as may be are read, and are then no quotient."""
    refused = read_job(json.dumps(job()).replace('"version": 1', f'"version": 1{"0" * MAX_DIGITS}').encode())
    assert isinstance(refused, Unreadable)
    assert str(MAX_DIGITS) in refused.errors[0].detail
    assert refused.errors[0].pointer is None
    read = read_job(json.dumps(job()).replace('"version": 1', f'"version": {"1" * MAX_DIGITS}').encode())
    assert isinstance(read, Unreadable)
    assert [error.code for error in read.errors] == [JobCode.UNSUPPORTED_VERSION]


def test_unknown_members_of_a_crowded_body_are_named_where_they_stand() -> None:
    """An integrator who sends a whole dossier learns which members do not belong, and which job it was."""
    crowded = job(job_id="j-1", **{f"field_{index}": index for index in range(300)})
    read = read_job(json.dumps(crowded).encode())
    assert isinstance(read, Unreadable)
    assert [error.pointer for error in read.errors] == [f"/field_{index}" for index in range(MAX_ERRORS)]
    assert read.seen.job_id == "j-1"


def test_lists_of_a_crowded_body_are_told_with_their_bound() -> None:
    """Both lists of a job have one."""
    checks = [{"id": str(index), "check": "quotient_familial"} for index in range(150)]
    crowded = job(*checks, identity={"prenoms": ["A"] * 300})
    read = read_job(json.dumps(crowded).encode())
    assert isinstance(read, Unreadable)
    assert {error.pointer for error in read.errors} == {"/checks", "/identity/prenoms"}
    assert all("au plus 20" in error.detail for error in read.errors)


def test_a_crowded_body_of_another_version_is_told_so() -> None:
    """What this version does not know, that one may."""
    crowded = job(version=2, **{f"field_{index}": index for index in range(300)})
    read = read_job(json.dumps(crowded).encode())
    assert isinstance(read, Unreadable)
    assert [error.code for error in read.errors] == [JobCode.UNSUPPORTED_VERSION]


def test_a_long_name_is_not_repeated() -> None:
    """A member's name may be a text of its sender's."""
    read = read_job(json.dumps(job(**{"n" * 5000: 1})).encode())
    assert isinstance(read, Unreadable)
    assert [error.pointer for error in read.errors] == [""]
