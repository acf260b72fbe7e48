"""The identity as a Sécurité sociale endpoint takes it: the query produced, and what is refused first."""

from datetime import date
from typing import Any

import pytest

from connector.defects import Defect
from connector.identity import Query, dss_identity
from schemas.codes import CheckCode
from schemas.identity import Identity, PlaceOfBirth

TODAY = date(2026, 11, 23)
CLERMONT = PlaceOfBirth(code_pays="99100", nom_commune="Clermont-Ferrand", code_departement="63")


def person(**changes: Any) -> Identity:
    members: dict[str, Any] = {
        "nom_naissance": "EXEMPLE",
        "prenoms": ("CLAIRE",),
        "sexe": "F",
        "date_naissance": "1991-04-07",
        "lieu_naissance": PlaceOfBirth(code_pays="99100", code_commune="69383"),
    }
    return Identity(**members | changes)


def query(**changes: Any) -> Query:
    result = dss_identity(person(**changes), TODAY)
    assert not isinstance(result, Defect)
    return result


def values(name: str, **changes: Any) -> list[str]:
    return [value for key, value in query(**changes) if key == name]


def defect(**changes: Any) -> tuple[CheckCode, str | None]:
    result = dss_identity(person(**changes), TODAY)
    assert isinstance(result, Defect)
    return result.code, result.parameter


def place(**members: Any) -> PlaceOfBirth:
    return PlaceOfBirth(**{"code_pays": "99100"} | members)


def test_a_full_identity_becomes_the_api_s_parameters() -> None:
    assert query(nom_usage="MODELE", prenoms=("CLAIRE", "ANNE")) == (
        ("nomNaissance", "EXEMPLE"),
        ("nomUsage", "MODELE"),
        ("prenoms[]", "CLAIRE"),
        ("prenoms[]", "ANNE"),
        ("anneeDateNaissance", "1991"),
        ("moisDateNaissance", "4"),
        ("jourDateNaissance", "7"),
        ("sexeEtatCivil", "F"),
        ("codeCogInseePaysNaissance", "99100"),
        ("codeCogInseeCommuneNaissance", "69383"),
    )


def test_no_usual_name_is_sent_where_there_is_none() -> None:
    assert values("nomUsage") == []


def test_the_first_three_first_names_are_sent_in_order() -> None:
    assert values("prenoms[]", prenoms=("CLAIRE", "ANNE", "ZOE", "LOU")) == ["CLAIRE", "ANNE", "ZOE"]


@pytest.mark.parametrize(
    ("date_naissance", "sent"),
    [
        (None, []),
        ("1991", ["anneeDateNaissance"]),
        ("1991-04", ["anneeDateNaissance", "moisDateNaissance"]),
        ("1991-04-07", ["anneeDateNaissance", "moisDateNaissance", "jourDateNaissance"]),
    ],
)
def test_what_is_known_of_the_date_of_birth_is_sent(date_naissance: str | None, sent: list[str]) -> None:
    names = [name for name, _ in query(date_naissance=date_naissance) if "DateNaissance" in name]
    assert names == sent


@pytest.mark.parametrize("member", ["nom_naissance", "prenoms", "sexe", "lieu_naissance"])
def test_a_member_that_the_endpoint_demands_is_missing(member: str) -> None:
    assert defect(**{member: None}) == (CheckCode.MISSING_PARAMETER, member)


@pytest.mark.parametrize("date_naissance", ["1900-01-01", "2026-11-22", "1899", "1899-12", "1992-02-29"])
def test_a_possible_date_of_birth_is_sent(date_naissance: str) -> None:
    assert values("anneeDateNaissance", date_naissance=date_naissance) == [date_naissance[:4]]


@pytest.mark.parametrize("date_naissance", ["1899-12-31", "2026-11-23", "2026-11-24", "2030-01-01"])
def test_a_full_date_of_birth_lies_between_1900_and_yesterday(date_naissance: str) -> None:
    assert defect(date_naissance=date_naissance) == (CheckCode.INVALID_PARAMETER, "date_naissance")


@pytest.mark.parametrize("date_naissance", ["1991", "1991-04", "1991-04-07"])
def test_a_commune_may_be_given_by_its_name(date_naissance: str) -> None:
    sent = query(lieu_naissance=CLERMONT, date_naissance=date_naissance)
    assert sent[-3:] == (
        ("codeCogInseePaysNaissance", "99100"),
        ("nomCommuneNaissance", "Clermont-Ferrand"),
        ("codeCogInseeDepartementNaissance", "63"),
    )


def test_the_code_of_a_commune_makes_its_name_needless() -> None:
    both = place(code_commune="63113", nom_commune="Clermont-Ferrand", code_departement="63")
    names = [name for name, _ in query(lieu_naissance=both)]
    assert "codeCogInseeCommuneNaissance" in names
    assert not {"nomCommuneNaissance", "codeCogInseeDepartementNaissance"} & set(names)


@pytest.mark.parametrize(
    ("changes", "parameter"),
    [
        ({"lieu_naissance": place()}, "lieu_naissance.code_commune"),
        ({"lieu_naissance": place(code_departement="63")}, "lieu_naissance.code_commune"),
        (
            {"lieu_naissance": place(nom_commune="Clermont-Ferrand")},
            "lieu_naissance.code_departement",
        ),
        ({"lieu_naissance": CLERMONT, "date_naissance": None}, "date_naissance"),
    ],
)
def test_born_in_france_wants_a_commune(changes: dict[str, Any], parameter: str) -> None:
    assert defect(**changes) == (CheckCode.MISSING_PARAMETER, parameter)


@pytest.mark.parametrize("code_pays", ["99350", "92352"])
def test_born_abroad_sends_the_country_alone(code_pays: str) -> None:
    sent = query(lieu_naissance=PlaceOfBirth(code_pays=code_pays))
    assert sent[-1] == ("codeCogInseePaysNaissance", code_pays)


@pytest.mark.parametrize(
    ("member", "value"),
    [("code_commune", "69383"), ("nom_commune", "Lyon"), ("code_departement", "69")],
)
def test_born_abroad_wants_no_commune(member: str, value: str) -> None:
    abroad = place(code_pays="99350", **{member: value})
    assert defect(lieu_naissance=abroad) == (CheckCode.INVALID_PARAMETER, f"lieu_naissance.{member}")


def test_no_defect_shows_the_person() -> None:
    result = dss_identity(person(date_naissance="2031-12-25"), TODAY)
    assert isinstance(result, Defect)
    assert "2031" not in repr(result)
