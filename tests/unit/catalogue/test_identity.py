"""The identity as each family of endpoints takes it: the query produced, and what is refused first."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from connector.catalogue.identity import (
    CNOUS,
    DSNJ,
    DSS,
    GIP_MDS,
    MEN,
    MESRI,
    IdentityProfile,
    Query,
    identity_defect,
    identity_query,
)
from connector.jobs.defects import Defect
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


def query(profile: IdentityProfile = DSS, **changes: Any) -> Query:
    assert identity_defect(profile, person(**changes), TODAY) is None
    return identity_query(profile, person(**changes))


def values(name: str, **changes: Any) -> list[str]:
    return [value for key, value in query(**changes) if key == name]


def defect(profile: IdentityProfile = DSS, **changes: Any) -> tuple[CheckCode, str | None]:
    result = identity_defect(profile, person(**changes), TODAY)
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
    assert defect(DSS, **{member: None}) == (CheckCode.MISSING_PARAMETER, member)


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
        (
            {"lieu_naissance": place(nom_commune="Clermont-Ferrand")},
            "lieu_naissance.code_departement",
        ),
        ({"lieu_naissance": CLERMONT, "date_naissance": None}, "date_naissance"),
    ],
)
def test_a_commune_by_its_name_wants_its_departement_and_a_year(
    changes: dict[str, Any], parameter: str
) -> None:
    assert defect(**changes) == (CheckCode.MISSING_PARAMETER, parameter)


@pytest.mark.parametrize("lieu_naissance", [place(), place(code_departement="63")])
def test_the_funds_do_without_the_commune_of_who_was_born_in_france(lieu_naissance: PlaceOfBirth) -> None:
    assert query(DSS, lieu_naissance=lieu_naissance)[-1] == ("codeCogInseePaysNaissance", "99100")


@pytest.mark.parametrize(
    ("lieu_naissance", "sent"),
    [
        (PlaceOfBirth(code_commune="69383"), (("codeCogInseeCommuneNaissance", "69383"),)),
        (
            PlaceOfBirth(nom_commune="Clermont-Ferrand", code_departement="63"),
            (
                ("nomCommuneNaissance", "Clermont-Ferrand"),
                ("codeCogInseeDepartementNaissance", "63"),
            ),
        ),
    ],
)
def test_where_a_commune_is_given_without_a_country_it_is_france(
    lieu_naissance: PlaceOfBirth, sent: Query
) -> None:
    assert query(DSS, lieu_naissance=lieu_naissance)[-len(sent) - 1 :] == (
        ("codeCogInseePaysNaissance", "99100"),
        *sent,
    )
    assert query(CNOUS, lieu_naissance=lieu_naissance)[-len(sent) :] == sent


@pytest.mark.parametrize("profile", [DSS, DSNJ])
@pytest.mark.parametrize("lieu_naissance", [PlaceOfBirth(), PlaceOfBirth(code_departement="63")])
def test_a_place_that_tells_no_country_misses_it_where_one_is_sent(
    profile: IdentityProfile, lieu_naissance: PlaceOfBirth
) -> None:
    assert defect(profile, lieu_naissance=lieu_naissance) == (
        CheckCode.MISSING_PARAMETER,
        "lieu_naissance.code_pays",
    )


@pytest.mark.parametrize("profile", [CNOUS, MESRI, MEN, GIP_MDS])
def test_a_place_that_tells_nothing_is_left_out_where_it_may_be(profile: IdentityProfile) -> None:
    assert not {COMMUNE, PAYS} & set(dict(query(profile, lieu_naissance=PlaceOfBirth())))


def test_empty_texts_of_a_place_count_as_absent() -> None:
    typed = PlaceOfBirth(code_pays="", code_commune="69383", nom_commune="", code_departement="")
    assert (typed.pays, typed.code_pays, typed.nom_commune, typed.code_departement) == (
        "99100",
        None,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("member", "code"),
    [
        ("nom_naissance", CheckCode.MISSING_PARAMETER),
        ("sexe", CheckCode.MISSING_PARAMETER),
        ("nom_usage", None),
        ("date_naissance", None),
    ],
)
def test_an_empty_text_of_a_person_counts_as_absent(member: str, code: CheckCode | None) -> None:
    assert getattr(person(**{member: ""}), member) is None
    found = identity_defect(DSS, person(**{member: ""}), TODAY)
    assert (found and found.code) == code


@pytest.mark.parametrize(
    ("given", "read"),
    [(["CLAIRE", ""], ("CLAIRE",)), (["", "CLAIRE", "", "ANNE"], ("CLAIRE", "ANNE")), (["", ""], None)],
)
def test_empty_first_names_count_as_absent(given: list[str], read: tuple[str, ...] | None) -> None:
    assert person(prenoms=given).prenoms == read


@pytest.mark.parametrize("prenoms", [[], [" "], ["CLAIRE", " "], ["CLAIRE", None], ""])
def test_a_list_of_first_names_is_of_names(prenoms: Any) -> None:
    with pytest.raises(ValidationError):
        person(prenoms=prenoms)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("1979-00-00", "1979"),
        ("1979-00", "1979"),
        ("1979-05-00", "1979-05"),
        ("0000-00-00", None),
        ("0000-00", None),
        ("0000", None),
        ("1979-05-12", "1979-05-12"),
    ],
)
def test_the_zeros_of_a_birth_are_what_is_unknown_of_it(given: str, read: str | None) -> None:
    assert person(date_naissance=given).date_naissance == read


@pytest.mark.parametrize("date_naissance", ["1979-02-30", "1979-13-00", "1979-5", "79-00-00", "00/00/1979"])
def test_a_birth_that_is_no_date_is_refused(date_naissance: str) -> None:
    with pytest.raises(ValidationError):
        person(date_naissance=date_naissance)


@pytest.mark.parametrize("profile", [CNOUS, MESRI, MEN, DSNJ, GIP_MDS])
def test_a_birth_with_zeros_is_no_full_date(profile: IdentityProfile) -> None:
    assert defect(profile, date_naissance="1979-00-00") == (CheckCode.MISSING_PARAMETER, "date_naissance")


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


NAMES = ("nomNaissance", "prenoms[]")
BORN = ("anneeDateNaissance", "moisDateNaissance", "jourDateNaissance")
COMMUNE = "codeCogInseeCommuneNaissance"
PAYS = "codeCogInseePaysNaissance"


@pytest.mark.parametrize(
    ("profile", "names"),
    [
        (DSS, (*NAMES[:1], "nomUsage", *["prenoms[]"] * 3, *BORN, "sexeEtatCivil", PAYS, COMMUNE)),
        (CNOUS, (*NAMES[:1], *["prenoms[]"] * 3, *BORN, "sexeEtatCivil", COMMUNE)),
        (MESRI, (*NAMES, *BORN, "sexeEtatCivil", COMMUNE)),
        (MEN, (*NAMES[:1], *["prenoms[]"] * 3, *BORN, "sexeEtatCivil")),
        (DSNJ, (*NAMES[:1], *["prenoms[]"] * 3, *BORN, "sexeEtatCivil", PAYS, COMMUNE)),
        (GIP_MDS, (*NAMES[:1], *["prenoms[]"] * 3, *BORN)),
    ],
    ids=["dss", "cnous", "mesri", "men", "dsnj", "gip_mds"],
)
def test_each_family_gets_what_it_takes_and_no_more(profile: IdentityProfile, names: tuple[str, ...]) -> None:
    sent = query(profile, nom_usage="MODELE", prenoms=("CLAIRE", "ANNE", "ZOE", "LOU"))
    assert tuple(name for name, _ in sent) == names


@pytest.mark.parametrize("profile", [CNOUS, MESRI, MEN, DSNJ, GIP_MDS])
@pytest.mark.parametrize("date_naissance", [None, "1991", "1991-04"])
def test_a_full_date_is_mandatory_outside_the_funds(
    profile: IdentityProfile, date_naissance: str | None
) -> None:
    assert defect(profile, date_naissance=date_naissance) == (CheckCode.MISSING_PARAMETER, "date_naissance")


@pytest.mark.parametrize("profile", [MESRI, MEN, DSNJ])
def test_the_sex_is_demanded(profile: IdentityProfile) -> None:
    assert defect(profile, sexe=None) == (CheckCode.MISSING_PARAMETER, "sexe")


@pytest.mark.parametrize("profile", [CNOUS, GIP_MDS])
def test_the_sex_may_be_left_out(profile: IdentityProfile) -> None:
    assert "sexeEtatCivil" not in dict(query(profile, sexe=None))


@pytest.mark.parametrize("profile", [CNOUS, MESRI, MEN, GIP_MDS])
def test_a_place_of_birth_may_be_left_out(profile: IdentityProfile) -> None:
    assert not {COMMUNE, PAYS} & set(dict(query(profile, lieu_naissance=None)))


@pytest.mark.parametrize("profile", [CNOUS, MESRI])
def test_a_commune_by_name_serves_students_too(profile: IdentityProfile) -> None:
    sent = dict(query(profile, lieu_naissance=CLERMONT))
    assert sent["nomCommuneNaissance"] == "Clermont-Ferrand"
    assert sent["codeCogInseeDepartementNaissance"] == "63"
    assert PAYS not in sent
    without = place(nom_commune="Clermont-Ferrand")
    assert defect(profile, lieu_naissance=without) == (
        CheckCode.MISSING_PARAMETER,
        "lieu_naissance.code_departement",
    )


@pytest.mark.parametrize("profile", [CNOUS, MESRI])
def test_a_student_born_abroad_has_no_commune_to_send(profile: IdentityProfile) -> None:
    sent = query(profile, lieu_naissance=place(code_pays="99350", code_commune="69383"))
    assert not [name for name, _ in sent if "Insee" in name]


@pytest.mark.parametrize(
    "lieu_naissance",
    [place(), CLERMONT, PlaceOfBirth(nom_commune="Clermont-Ferrand", code_departement="63")],
)
def test_the_national_service_demands_the_commune_of_who_was_born_in_france_by_its_code(
    lieu_naissance: PlaceOfBirth,
) -> None:
    assert defect(DSNJ, lieu_naissance=lieu_naissance) == (
        CheckCode.MISSING_PARAMETER,
        "lieu_naissance.code_commune",
    )


def test_the_national_service_demands_no_commune_of_who_was_born_abroad() -> None:
    assert query(DSNJ, lieu_naissance=place(code_pays="99350"))[-1] == (PAYS, "99350")
    assert query(DSNJ, lieu_naissance=PlaceOfBirth(code_commune="69383"))[-2:] == (
        (PAYS, "99100"),
        (COMMUNE, "69383"),
    )


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("Léa", "Léa"),
        ("Le\u0301a", "Léa"),
        ("L\u2019HERITIER", "L'HERITIER"),
        ("DUPONT\u2011DURAND", "DUPONT-DURAND"),
        ("  DE   LA\u00a0TOUR ", "DE LA TOUR"),
        ("AN\u200bNE", "ANNE"),
        ("MAR\u00adTIN", "MARTIN"),
    ],
)
def test_names_are_sent_in_the_api_s_alphabet(given: str, sent: str) -> None:
    query_sent = query(nom_naissance=given, nom_usage=given, prenoms=(given,))
    assert [value for name, value in query_sent if name in NAMES or name == "nomUsage"] == [sent] * 3


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("DUP0NT", "« 0 » (U+0030)"),
        ("ДЮПОН", "« Д » (U+0414)"),
        ("DUPONT@", "« @ » (U+0040)"),
        ("LE BŒUF", "« Œ » (U+0152)"),
        ("O\u0000", "U+0000"),
        ("O\u001b[2J", "U+001B"),
        ("MARTIN\n2", "« 2 » (U+0032)"),
        ("K\u0142os", "« \u0142 » (U+0142)"),
    ],
)
def test_a_name_is_refused_with_the_first_character_that_the_api_would_refuse(name: str, shown: str) -> None:
    with pytest.raises(ValidationError) as caught:
        person(nom_naissance=name)
    (error,) = caught.value.errors(include_input=False)
    assert error["type"] == "name_character"
    assert error["ctx"] == {"character": shown}


def test_what_is_invisible_is_gone_before_accents_are_composed() -> None:
    assert dict(query(nom_naissance="A\u200d\u0301"))["nomNaissance"] == "Á"


def test_a_combining_mark_is_named_by_its_code_point() -> None:
    with pytest.raises(ValidationError) as caught:
        person(nom_naissance="X\u0331")
    assert caught.value.errors(include_input=False)[0]["ctx"] == {"character": "U+0331"}


def test_a_commune_s_name_is_normalised_too() -> None:
    typed = place(nom_commune="L\u2019Hay\u0308-les-Roses", code_departement="94")
    assert dict(query(lieu_naissance=typed))["nomCommuneNaissance"] == "L'Haÿ-les-Roses"


@pytest.mark.parametrize("nom_commune", ["  ", "123", "\u2028"])
def test_a_commune_s_name_has_a_letter(nom_commune: str) -> None:
    with pytest.raises(ValidationError):
        place(nom_commune=nom_commune)


@pytest.mark.parametrize("date_naissance", ["2027", "2026-12", "9999"])
def test_a_date_known_in_part_is_not_in_the_future(date_naissance: str) -> None:
    assert defect(date_naissance=date_naissance) == (CheckCode.INVALID_PARAMETER, "date_naissance")


@pytest.mark.parametrize("date_naissance", ["2026", "2026-11"])
def test_a_date_known_in_part_may_be_this_month(date_naissance: str) -> None:
    assert values("anneeDateNaissance", date_naissance=date_naissance) == ["2026"]


@pytest.mark.parametrize("name", [" ", "-", "'", "\u00a0", "- '"])
def test_a_name_without_a_letter_is_none(name: str) -> None:
    with pytest.raises(ValidationError):
        person(prenoms=(name,))


def test_no_defect_shows_the_person() -> None:
    result = identity_defect(DSS, person(date_naissance="2031-12-25"), TODAY)
    assert isinstance(result, Defect)
    assert "2031" not in repr(result)
