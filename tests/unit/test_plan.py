"""Planning: each check of a job becomes a call, or the defect that prevents it."""

import json
from datetime import date
from typing import Any

import pytest

from connector.catalogue import CATALOGUE
from connector.parsing import read_job
from connector.plan import PlannedCall, PlannedCheck, Refusal, plan
from schemas.codes import CheckCode
from schemas.request import VerificationRequest
from tests.jobs import QF, RSA, identity, job

TODAY = date(2026, 11, 23)
PERSON = (
    ("nomNaissance", "EXEMPLE"),
    ("prenoms[]", "CLAIRE"),
    ("anneeDateNaissance", "1991"),
    ("moisDateNaissance", "4"),
    ("jourDateNaissance", "17"),
    ("sexeEtatCivil", "F"),
    ("codeCogInseePaysNaissance", "99100"),
    ("codeCogInseeCommuneNaissance", "69383"),
)


def planned(*checks: dict[str, Any], today: date = TODAY, **changes: Any) -> tuple[PlannedCheck, ...]:
    request = read_job(json.dumps(job(*checks, tenant="26920023600017") | changes).encode())
    assert isinstance(request, VerificationRequest)
    return plan(request, CATALOGUE, today)


def call(check: dict[str, Any], **changes: Any) -> PlannedCall:
    (result,) = planned(check, **changes)
    assert isinstance(result, PlannedCall)
    return result


def defect(check: dict[str, Any], **changes: Any) -> tuple[CheckCode, str | None]:
    (result,) = planned(check, **changes)
    assert isinstance(result, Refusal)
    return result.defect.code, result.defect.parameter


def quotient(**params: Any) -> dict[str, Any]:
    return QF | {"params": params}


def test_the_recipient_comes_first_and_the_parameters_last() -> None:
    result = call(quotient(annee=2026, mois=5))
    assert result.query == (
        ("recipient", "26920023600017"),
        *PERSON,
        ("annee", "2026"),
        ("mois", "5"),
    )
    assert result.definition.endpoint == "/v3/dss/quotient_familial/identite"


def test_a_check_without_parameters_sends_the_person_alone() -> None:
    result = call(RSA)
    assert result.query == (("recipient", "26920023600017"), *PERSON)
    assert result.definition.endpoint == "/v3/dss/revenu_solidarite_active/identite"


@pytest.mark.parametrize(
    ("params", "sent"),
    [({}, []), ({"annee": 2025}, ["annee"]), ({"mois": 5}, ["mois"]), ({"annee": None, "mois": None}, [])],
)
def test_a_parameter_left_out_is_left_to_the_api(params: dict[str, Any], sent: list[str]) -> None:
    assert [name for name, _ in call(quotient(**params)).query if name in ("annee", "mois")] == sent


def test_checks_are_planned_in_their_order_and_a_wrong_one_leaves_the_others() -> None:
    results = planned(RSA, {"check": "inconnue"}, QF)
    assert [result.request.label for result in results] == ["rsa", "inconnue", "quotient_familial"]
    assert [isinstance(result, Refusal) for result in results] == [False, True, False]


@pytest.mark.parametrize("name", ["inconnue", "Quotient_Familial", "quotient_familial ", "__class__"])
def test_a_check_that_is_not_of_the_catalogue_is_unknown(name: str) -> None:
    assert defect({"check": name}) == (CheckCode.UNKNOWN_CHECK, "check")


@pytest.mark.parametrize("extra", [{}, {"call": "identite"}, {"api_version": 3}, {"call": None}])
def test_a_call_and_a_version_that_are_served_may_be_pinned(extra: dict[str, Any]) -> None:
    assert call(QF | extra).definition.api_version == 3


@pytest.mark.parametrize("name", ["ine", "identifiant", "avis", "Identite", "inconnu"])
def test_a_call_that_the_check_does_not_have_is_invalid(name: str) -> None:
    assert defect(QF | {"call": name}) == (CheckCode.INVALID_PARAMETER, "call")


@pytest.mark.parametrize("version", [0, 2, 4, -3])
def test_a_version_that_is_not_served_is_invalid(version: int) -> None:
    assert defect(QF | {"api_version": version}) == (CheckCode.INVALID_PARAMETER, "api_version")


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"an": 2026}, "an"),
        ({"Annee": 2026}, "Annee"),
        ({"annee": "2026"}, "annee"),
        ({"annee": 2026.0}, "annee"),
        ({"annee": True}, "annee"),
        ({"annee": [2026]}, "annee"),
        ({"annee": 1899}, "annee"),
        ({"annee": 10_000}, "annee"),
        ({"mois": 0}, "mois"),
        ({"mois": 13}, "mois"),
        ({"mois": "mai"}, "mois"),
    ],
)
def test_a_wrong_parameter_is_that_check_s_own_error(params: dict[str, Any], name: str) -> None:
    assert defect(quotient(**params)) == (CheckCode.INVALID_PARAMETER, name)


def test_a_check_without_parameters_takes_none() -> None:
    assert defect(RSA | {"params": {"annee": 2026}}) == (CheckCode.INVALID_PARAMETER, "annee")


def test_the_name_of_an_unknown_parameter_is_cut_short() -> None:
    assert defect(quotient(**{"x" * 10_000: 1})) == (CheckCode.INVALID_PARAMETER, "x" * 64)


@pytest.mark.parametrize(
    "params",
    [
        {"annee": 2026, "mois": 11},
        {"annee": 2026, "mois": 1},
        {"annee": 2026},
        {"mois": 11},
        {"annee": 2025, "mois": 12},
        {"annee": 2024, "mois": 12},
        {"annee": 1900, "mois": 1},
    ],
)
def test_the_quotient_of_this_month_and_of_those_before_may_be_asked(params: dict[str, int]) -> None:
    assert isinstance(call(quotient(**params)), PlannedCall)


@pytest.mark.parametrize(
    ("params", "parameter"),
    [
        ({"annee": 2026, "mois": 12}, "mois"),
        ({"mois": 12}, "mois"),
        ({"annee": 2027, "mois": 1}, "annee"),
        ({"annee": 2027, "mois": 12}, "annee"),
        ({"annee": 2027}, "annee"),
        ({"annee": 9999}, "annee"),
    ],
)
def test_the_quotient_of_a_month_to_come_does_not_exist(params: dict[str, int], parameter: str) -> None:
    assert defect(quotient(**params)) == (CheckCode.INVALID_PARAMETER, parameter)


def test_the_month_that_is_due_is_today_s() -> None:
    december = quotient(annee=2026, mois=12)
    assert defect(december, today=date(2026, 11, 30)) == (CheckCode.INVALID_PARAMETER, "mois")
    assert isinstance(call(december, today=date(2026, 12, 1)), PlannedCall)


def test_a_job_without_identity_misses_it() -> None:
    assert defect(QF, identity=None) == (CheckCode.MISSING_PARAMETER, "identity")


def test_an_identity_that_the_endpoint_would_refuse_is_the_check_s_own_error() -> None:
    wrong = identity(sexe=None)
    assert defect(RSA, identity=wrong) == (CheckCode.MISSING_PARAMETER, "sexe")


def test_a_person_born_today_is_refused_until_tomorrow() -> None:
    newborn = identity(date_naissance="2026-11-23")
    assert defect(RSA, identity=newborn) == (CheckCode.INVALID_PARAMETER, "date_naissance")
    assert isinstance(call(RSA, identity=newborn, today=date(2026, 11, 24)), PlannedCall)


def test_a_planned_check_shows_nobody() -> None:
    (result,) = planned(QF, identity=identity(date_naissance="2031-12-25"))
    assert isinstance(result, Refusal)
    assert "2031" not in repr(result)


@pytest.mark.parametrize(
    ("extra", "parameter"),
    [
        ({"call": 5}, "call"),
        ({"call": ""}, "call"),
        ({"api_version": "3"}, "api_version"),
        ({"api_version": True}, "api_version"),
        ({"params": []}, "params"),
        ({"params": "annee"}, "params"),
    ],
)
def test_what_is_wrong_with_one_check_is_its_own_error(extra: dict[str, Any], parameter: str) -> None:
    assert defect(QF | extra) == (CheckCode.INVALID_PARAMETER, parameter)


def test_null_parameters_are_none() -> None:
    assert call(QF | {"params": None}).query == call(QF | {"params": {}}).query
