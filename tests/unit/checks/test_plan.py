"""Planning: each check of a job becomes a call, or the defect that prevents it."""

import json
from datetime import date
from typing import Any

import pytest

from connector.catalogue import CATALOGUE
from connector.catalogue.grants import Grant, whole
from connector.catalogue.identity import Query
from connector.checks.parsing import read_job
from connector.checks.plan import PlannedCall, PlannedCheck, Rejected, plan
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


def planned(
    *checks: dict[str, Any], today: date = TODAY, grant: Grant | None = None, **changes: Any
) -> tuple[PlannedCheck, ...]:
    request = read_job(json.dumps(job(*checks, tenant="26920023600017") | changes).encode())
    assert isinstance(request, VerificationRequest)
    return plan(request, CATALOGUE, grant or whole(CATALOGUE), today)


def call(check: dict[str, Any], **changes: Any) -> PlannedCall:
    (result,) = planned(check, **changes)
    assert isinstance(result, PlannedCall)
    return result


def query(planned_call: PlannedCall) -> Query:
    (only,) = planned_call.variants
    return only.query


def defect(check: dict[str, Any], **changes: Any) -> tuple[CheckCode, str | None]:
    (result,) = planned(check, **changes)
    assert isinstance(result, Rejected)
    return result.defect.code, result.defect.parameter


def quotient(**params: Any) -> dict[str, Any]:
    return QF | {"params": params}


def test_a_check_outside_of_the_grant_is_forbidden_whatever_else_is_wrong_with_it() -> None:
    grant = Grant({"quotient_familial": {"adresse": {}}})
    quotient_call, rsa, malformed, unknown = planned(
        QF,
        RSA,
        {"id": "c", "check": "scolarite", "api_version": 99, "params": {"surprise": 1}},
        {"id": "d", "check": "surprise"},
        grant=grant,
    )
    assert isinstance(quotient_call, PlannedCall)
    assert quotient_call.hidden == {"adresse": {}}
    codes = [refusal.defect.code for refusal in (rsa, malformed, unknown) if isinstance(refusal, Rejected)]
    assert codes == [CheckCode.FORBIDDEN_CHECK, CheckCode.FORBIDDEN_CHECK, CheckCode.UNKNOWN_CHECK]


def test_the_recipient_comes_first_and_the_parameters_last() -> None:
    result = call(quotient(annee=2026, mois=5))
    assert query(result) == (
        ("recipient", "26920023600017"),
        *PERSON,
        ("annee", "2026"),
        ("mois", "5"),
    )
    assert result.endpoint.path == "/v3/dss/quotient_familial/identite"


def test_a_check_without_parameters_sends_the_person_alone() -> None:
    result = call(RSA)
    assert query(result) == (("recipient", "26920023600017"), *PERSON)
    assert result.endpoint.path == "/v3/dss/revenu_solidarite_active/identite"


@pytest.mark.parametrize(
    ("params", "sent"),
    [({}, []), ({"annee": 2025}, ["annee"]), ({"mois": 5}, ["mois"]), ({"annee": None, "mois": None}, [])],
)
def test_a_parameter_left_out_is_left_to_the_api(params: dict[str, Any], sent: list[str]) -> None:
    assert [name for name, _ in query(call(quotient(**params))) if name in ("annee", "mois")] == sent


def test_checks_are_planned_in_their_order_and_a_wrong_one_leaves_the_others() -> None:
    results = planned(RSA, {"check": "inconnue"}, QF)
    assert [result.request.label for result in results] == ["rsa", "inconnue", "quotient_familial"]
    assert [isinstance(result, Rejected) for result in results] == [False, True, False]


@pytest.mark.parametrize("name", ["inconnue", "Quotient_Familial", "quotient_familial ", "__class__"])
def test_a_check_that_is_not_of_the_catalogue_is_unknown(name: str) -> None:
    assert defect({"check": name}) == (CheckCode.UNKNOWN_CHECK, "check")


@pytest.mark.parametrize(
    "extra", [{}, {"call": "identite"}, {"api_version": 3}, {"call": None}, {"call": ""}]
)
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


@pytest.mark.parametrize(
    ("params", "parameter"),
    [
        ({"annee": 2024, "mois": 11}, "annee"),
        ({"annee": 2024}, "annee"),
        ({"annee": 1900, "mois": 1}, "annee"),
    ],
)
def test_no_fund_keeps_a_month_older_than_twenty_three_before_this_one(
    params: dict[str, int], parameter: str
) -> None:
    assert defect(quotient(**params)) == (CheckCode.INVALID_PARAMETER, parameter)


def test_the_month_that_is_due_is_today_s() -> None:
    december = quotient(annee=2026, mois=12)
    assert defect(december, today=date(2026, 11, 30)) == (CheckCode.INVALID_PARAMETER, "mois")
    assert isinstance(call(december, today=date(2026, 12, 1)), PlannedCall)


def test_a_job_without_identity_misses_it() -> None:
    assert defect(QF, identity=None) == (CheckCode.MISSING_PARAMETER, "identity")


def test_a_birth_of_which_only_the_year_is_known_is_sent_so() -> None:
    sent = query(call(RSA, identity=identity(date_naissance="1979-00-00")))
    assert [one for one in sent if "DateNaissance" in one[0]] == [("anneeDateNaissance", "1979")]
    unknown = query(call(RSA, identity=identity(date_naissance="0000-00-00")))
    assert not [one for one in unknown if "DateNaissance" in one[0]]


def test_an_identity_that_the_endpoint_would_refuse_is_the_check_s_own_error() -> None:
    wrong = identity(sexe=None)
    assert defect(RSA, identity=wrong) == (CheckCode.MISSING_PARAMETER, "sexe")


def test_a_person_born_today_is_refused_until_tomorrow() -> None:
    newborn = identity(date_naissance="2026-11-23")
    assert defect(RSA, identity=newborn) == (CheckCode.INVALID_PARAMETER, "date_naissance")
    assert isinstance(call(RSA, identity=newborn, today=date(2026, 11, 24)), PlannedCall)


def test_a_planned_check_shows_nobody() -> None:
    (result,) = planned(QF, identity=identity(date_naissance="2031-12-25"))
    assert isinstance(result, Rejected)
    assert "2031" not in repr(result)


@pytest.mark.parametrize(
    ("extra", "parameter"),
    [
        ({"call": 5}, "call"),
        ({"call": []}, "call"),
        ({"api_version": "3"}, "api_version"),
        ({"api_version": ""}, "api_version"),
        ({"api_version": True}, "api_version"),
        ({"params": []}, "params"),
        ({"params": "annee"}, "params"),
        ({"params": ""}, "params"),
    ],
)
def test_what_is_wrong_with_one_check_is_its_own_error(extra: dict[str, Any], parameter: str) -> None:
    assert defect(QF | extra) == (CheckCode.INVALID_PARAMETER, parameter)


@pytest.mark.parametrize("params", [None, {"annee": "", "mois": ""}, {"annee": None, "mois": ""}])
def test_null_and_empty_parameters_are_none(params: Any) -> None:
    assert query(call(QF | {"params": params})) == query(call(QF | {"params": {}}))


@pytest.mark.parametrize("nothing", ["", None])
def test_an_empty_parameter_of_another_call_or_version_counts_as_absent(nothing: str | None) -> None:
    by_identity = call(BOURSIER | {"params": {"ine": nothing}})
    assert by_identity.endpoint.call == "identite"
    older = call(
        SCHOOL
        | {
            "api_version": 3,
            "params": {
                "annee_scolaire": "2025",
                "code_etablissement": "0990001Z",
                **dict.fromkeys(
                    ("codes_bcn_regions", "codes_bcn_departements", "degre_etablissement"), nothing
                ),
            },
        }
    )
    assert {("anneeScolaire", "2025"), ("codeEtablissement", "0990001Z")} <= set(query(older))


@pytest.mark.parametrize("name", ["an", "code_etablissement"])
def test_an_empty_parameter_that_the_check_does_not_take_is_an_error(name: str) -> None:
    assert defect(quotient(**{name: ""})) == (CheckCode.INVALID_PARAMETER, name)


FC = {"france_connect_token": "jeton-opaque"}
BOURSIER = {"check": "etudiant_boursier"}
INE = "0990000001A"
SCHOOL: dict[str, Any] = {"check": "scolarite"}
NOTICE: dict[str, Any] = {
    "check": "avis_imposition",
    "params": {"numero_fiscal": "3099999999001", "reference_avis": "2599999999001"},
}


@pytest.mark.parametrize(
    ("check", "changes", "path"),
    [
        (QF, {}, "/v3/dss/quotient_familial/identite"),
        (QF, FC | {"identity": None}, "/v3/dss/quotient_familial/france_connect"),
        (QF | {"call": "france_connect"}, FC, "/v3/dss/quotient_familial/france_connect"),
        (QF | {"call": "identite"}, FC, "/v3/dss/quotient_familial/identite"),
        (BOURSIER, {}, "/v4/cnous/etudiant_boursier/identite"),
        (BOURSIER | {"params": {"ine": INE}}, {"identity": None}, "/v4/cnous/etudiant_boursier/ine"),
        (BOURSIER | {"call": "ine", "params": {"ine": INE}}, {}, "/v4/cnous/etudiant_boursier/ine"),
        (BOURSIER | {"api_version": 3}, {}, "/v3/cnous/etudiant_boursier/identite"),
        (BOURSIER | {"api_version": 5}, {}, "/v5/cnous/etudiant_boursier/identite"),
        (
            BOURSIER | {"api_version": 5, "params": {"ine": INE, "campaign_year": 2026}},
            {"identity": None},
            "/v5/cnous/etudiant_boursier/ine",
        ),
        (
            BOURSIER | {"call": "", "params": {"ine": INE}},
            {"identity": None},
            "/v4/cnous/etudiant_boursier/ine",
        ),
        (QF, {"france_connect_token": ""}, "/v3/dss/quotient_familial/identite"),
        (
            {"check": "statut_demandeur_emploi", "params": {"identifiant": "claire.exemple"}},
            {},
            "/v3/france_travail/statut/identifiant",
        ),
        (
            {"check": "immatriculation_vehicule", "params": {"immatriculation": "ZZ-123-ZZ"}},
            FC,
            "/v3/ants/extrait_immatriculation_vehicule/france_connect",
        ),
    ],
)
def test_the_call_is_the_one_whose_inputs_are_there_or_that_was_named(
    check: dict[str, Any], changes: dict[str, Any], path: str
) -> None:
    assert call(check, **changes).endpoint.path == path


@pytest.mark.parametrize(
    ("check", "changes"),
    [
        (QF, FC),
        (BOURSIER | {"params": {"ine": INE}}, {}),
        (BOURSIER | {"params": {"ine": INE}}, FC | {"identity": None}),
    ],
)
def test_inputs_for_two_calls_want_one_to_be_named(check: dict[str, Any], changes: dict[str, Any]) -> None:
    assert defect(check, **changes) == (CheckCode.MISSING_PARAMETER, "call")


@pytest.mark.parametrize(
    ("check", "changes", "parameter"),
    [
        (QF, {"identity": None}, "identity"),
        (BOURSIER, {"identity": None}, "identity"),
        (BOURSIER | {"call": "ine"}, {}, "ine"),
        (QF | {"call": "france_connect"}, {}, "france_connect_token"),
        (BOURSIER | {"call": "ine", "params": {"ine": ""}}, {}, "ine"),
        (QF | {"call": "france_connect"}, {"france_connect_token": ""}, "france_connect_token"),
        ({"check": "statut_sportif"}, {}, "identifiant"),
        ({"check": "statut_sportif", "params": {"identifiant": ""}}, {}, "identifiant"),
        ({"check": "immatriculation_vehicule"}, FC, "immatriculation"),
        ({"check": "scolarite", "params": {"code_etablissement": "0990001Z"}}, {}, "annee_scolaire"),
        (
            {"check": "scolarite", "params": {"code_etablissement": "0990001Z", "annee_scolaire": ""}},
            {},
            "annee_scolaire",
        ),
        (
            {"check": "scolarite", "api_version": 3, "params": {"annee_scolaire": "2025-2026"}},
            {},
            "code_etablissement",
        ),
    ],
)
def test_what_a_call_needs_is_named_when_it_is_missing(
    check: dict[str, Any], changes: dict[str, Any], parameter: str
) -> None:
    assert defect(check, **changes) == (CheckCode.MISSING_PARAMETER, parameter)


@pytest.mark.parametrize("token", ["jeton-\u00e9", "deux mots", "ligne\nX-Forged: 1", "\u007f"])
def test_a_france_connect_token_that_no_header_can_carry_is_the_check_s_own_error(token: str) -> None:
    wrong = {"france_connect_token": token}
    named = QF | {"call": "france_connect"}
    assert defect(named, **wrong) == (CheckCode.INVALID_PARAMETER, "france_connect_token")
    assert isinstance(call(QF | {"call": "identite"}, **wrong), PlannedCall)


def test_a_france_connect_call_sends_nothing_of_the_person() -> None:
    result = call(quotient(annee=2026) | {"call": "france_connect"}, **FC)
    assert query(result) == (("recipient", "26920023600017"), ("annee", "2026"))
    assert "jeton" not in repr(result)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"code_etablissement": "0990001Z"}, None),
        ({"codes_bcn_departements": ["092"], "degre_etablissement": "2D"}, None),
        ({"codes_bcn_regions": ["10", "11"], "degre_etablissement": "1D"}, None),
        ({"code_etablissement": "0990001Z", "codes_bcn_regions": "", "degre_etablissement": ""}, None),
        ({"code_etablissement": "", "codes_bcn_regions": ["10"], "degre_etablissement": "1D"}, None),
        ({"code_etablissement": ""}, (CheckCode.MISSING_PARAMETER, "code_etablissement")),
        ({}, (CheckCode.MISSING_PARAMETER, "code_etablissement")),
        ({"degre_etablissement": "2D"}, (CheckCode.MISSING_PARAMETER, "code_etablissement")),
        ({"codes_bcn_regions": ["10"]}, (CheckCode.MISSING_PARAMETER, "degre_etablissement")),
        (
            {"code_etablissement": "0990001Z", "codes_bcn_regions": ["10"]},
            (CheckCode.INVALID_PARAMETER, "code_etablissement"),
        ),
        (
            {"codes_bcn_departements": ["092"], "codes_bcn_regions": ["10"], "degre_etablissement": "2D"},
            (CheckCode.INVALID_PARAMETER, "codes_bcn_regions"),
        ),
        ({"code_etablissement": "99A"}, (CheckCode.INVALID_PARAMETER, "code_etablissement")),
        ({"codes_bcn_regions": []}, (CheckCode.INVALID_PARAMETER, "codes_bcn_regions")),
        ({"codes_bcn_departements": ["92"]}, (CheckCode.INVALID_PARAMETER, "codes_bcn_departements")),
        ({"codes_bcn_departements": [""]}, (CheckCode.INVALID_PARAMETER, "codes_bcn_departements")),
        pytest.param(
            {"codes_bcn_departements": ["092", None], "degre_etablissement": "2D"},
            (CheckCode.INVALID_PARAMETER, "codes_bcn_departements"),
        ),
        ({"codes_bcn_regions": "10"}, (CheckCode.INVALID_PARAMETER, "codes_bcn_regions")),
        (
            {"codes_bcn_regions": ["10"], "degre_etablissement": "3D"},
            (CheckCode.INVALID_PARAMETER, "degre_etablissement"),
        ),
    ],
)
def test_a_school_check_wants_a_school_or_an_area(
    params: dict[str, Any], expected: tuple[CheckCode, str] | None
) -> None:
    check = {"check": "scolarite", "params": {"annee_scolaire": "2025-2026"} | params}
    if expected is None:
        assert isinstance(call(check), PlannedCall)
    else:
        assert defect(check) == expected


SCHOOL_OF_VERSION_3 = SCHOOL | {"api_version": 3}


def test_version_3_of_schooling_asks_one_school() -> None:
    params = {"annee_scolaire": "2025-2026", "code_etablissement": "0990001Z"}
    result = call(SCHOOL_OF_VERSION_3 | {"params": params})
    assert result.endpoint.path == "/v3/men/scolarites/identite"
    assert query(result)[-2:] == (("codeEtablissement", "0990001Z"), ("anneeScolaire", "2025-2026"))


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"codes_bcn_departements": ["092"]}, "codes_bcn_departements"),
        ({"degre_etablissement": "2D"}, "degre_etablissement"),
        ({"annee_scolaire": "2025-2027"}, "annee_scolaire"),
    ],
)
def test_version_3_of_schooling_takes_no_area_and_keeps_the_rule_of_the_year(
    params: dict[str, Any], name: str
) -> None:
    given = {"annee_scolaire": "2025-2026", "code_etablissement": "0990001Z"} | params
    assert defect(SCHOOL_OF_VERSION_3 | {"params": given}) == (CheckCode.INVALID_PARAMETER, name)


def test_a_scholarship_of_a_campaign_to_come_may_be_asked() -> None:
    (*_others, last) = query(call(BOURSIER | {"params": {"campaign_year": 2030}}))
    assert last == ("campaignYear", "2030")


def test_an_array_is_repeated_under_the_api_s_name() -> None:
    params = {"annee_scolaire": "2025", "codes_bcn_departements": ["092", "075"], "degre_etablissement": "2D"}
    sent = query(call({"check": "scolarite", "params": params}))
    assert sent[-4:] == (
        ("anneeScolaire", "2025"),
        ("degreEtablissement", "2D"),
        ("codesBcnDepartements[]", "092"),
        ("codesBcnDepartements[]", "075"),
    )


@pytest.mark.parametrize(
    ("check", "parameter"),
    [
        (BOURSIER | {"params": {"annee": 2026}}, "annee"),
        (BOURSIER | {"params": {"campaign_year": 2020}}, "campaign_year"),
        (
            SCHOOL | {"params": {"annee_scolaire": "2025-2027", "code_etablissement": "0990001Z"}},
            "annee_scolaire",
        ),
        (SCHOOL | {"params": {"annee_scolaire": "2028", "code_etablissement": "0990001Z"}}, "annee_scolaire"),
        (NOTICE | {"params": NOTICE["params"] | {"reference_avis": "2799999999001"}}, "reference_avis"),
        (NOTICE | {"params": NOTICE["params"] | {"numero_fiscal": "309999999900"}}, "numero_fiscal"),
        (NOTICE | {"params": NOTICE["params"] | {"numero_fiscal": "3099999999 01"}}, "numero_fiscal"),
        (BOURSIER | {"params": {"campaign_year": "2025"}}, "campaign_year"),
        (BOURSIER | {"api_version": 3, "params": {"campaign_year": 2025}}, "campaign_year"),
        (BOURSIER | {"call": "identite", "params": {"ine": INE}}, "ine"),
        (BOURSIER | {"call": "ine", "params": {"ine": INE[:10]}}, "ine"),
        (BOURSIER | {"call": "ine", "params": {"ine": 12345678901}}, "ine"),
        (BOURSIER | {"api_version": 5, "call": "identite", "params": {"ine": INE}}, "ine"),
        ({"check": "statut_sportif", "params": {"identifiant": " "}}, "identifiant"),
        ({"check": "statut_sportif", "params": {"identifiant": "1", "ine": INE}}, "ine"),
        (RSA | {"params": {"code_etablissement": "0990001Z"}}, "code_etablissement"),
    ],
)
def test_a_parameter_of_another_check_or_form_is_named(check: dict[str, Any], parameter: str) -> None:
    assert defect(check, identity=identity()) == (CheckCode.INVALID_PARAMETER, parameter)


def variant_names(check: dict[str, Any], **changes: Any) -> list[str | None]:
    return [variant.name for variant in call(check, **changes).variants]


TWO_NAMES = identity(prenoms=["CLAIRE", "ANNE"], nom_usage="MODELE")


def test_variants_are_planned_on_demand_only() -> None:
    assert variant_names(QF, identity=TWO_NAMES) == [None]
    assert variant_names(QF, identity=TWO_NAMES, identity_variants=True) == [
        None,
        "without_nom_usage",
        "first_prenom",
    ]


def test_a_variant_is_of_the_identity_and_of_nothing_else() -> None:
    (as_given, *others) = call(quotient(mois=5), identity=TWO_NAMES, identity_variants=True).variants
    for other in others:
        assert other.query[0] == as_given.query[0] == ("recipient", "26920023600017")
        assert other.query[-1] == as_given.query[-1] == ("mois", "5")
        assert other.query != as_given.query


def test_an_endpoint_that_takes_less_has_fewer_variants() -> None:
    student = {"check": "statut_etudiant"}
    assert variant_names(student, identity=TWO_NAMES, identity_variants=True) == [None]


def test_a_name_that_is_not_sent_to_the_letter_is_said_so() -> None:
    typed = identity(nom_naissance="L\u2019EXEMPLE", prenoms=["CLAIRE", "ANNE"])
    assert variant_names(QF, identity=typed) == ["normalised"]
    assert variant_names(QF, identity=typed, identity_variants=True) == [
        "normalised",
        "normalised+first_prenom",
    ]
    unused = identity(nom_usage="L\u2019USAGE")
    assert variant_names({"check": "statut_etudiant"}, identity=unused) == [None]


def test_a_call_without_the_identity_has_no_variant() -> None:
    check = BOURSIER | {"call": "ine", "params": {"ine": INE}}
    assert variant_names(check, identity=TWO_NAMES, identity_variants=True) == [None]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"annee": "2026"}, "nombre entier"),
        ({"mois": 13}, "au plus 12"),
        ({"mois": 0}, "au moins 1"),
        ({"an": 1}, "annee, mois"),
    ],
)
def test_a_wrong_parameter_says_what_is_expected(params: dict[str, Any], words: str) -> None:
    (result,) = planned(quotient(**params))
    assert isinstance(result, Rejected)
    assert result.defect.detail
    assert words in result.defect.detail
