"""The sandbox's checks of a call: per family of endpoints, in the API's order and with its codes."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import Source
from connector.sandbox.faults import ApiFault
from connector.sandbox.rules import Call, checks_of

TODAY = date(2026, 11, 23)
RECIPIENT = "26920023600017"
QF = "/v3/dss/quotient_familial/identite"
RSA = "/v3/dss/revenu_solidarite_active/identite"
ARS = "/v3/dss/allocation_rentree_scolaire/identite"
DSS = (QF, RSA, ARS)
CNOUS = "/v4/cnous/etudiant_boursier/identite"
CNOUS_V3 = "/v3/cnous/etudiant_boursier/identite"
CNOUS_V5 = "/v5/cnous/etudiant_boursier/identite"
MESRI = "/v3/mesri/statut_etudiant/identite"
MEN = "/v5/men/scolarites/identite"
MEN_V3 = "/v3/men/scolarites/identite"
DSNJ = "/v3/dsnj/service_national/identite"
GIP_MDS = "/v3/gip_mds/service_civique/identite"
WHOLE_DATE = (CNOUS, CNOUS_V3, CNOUS_V5, MESRI, MEN, MEN_V3, DSNJ, GIP_MDS)
ANTS = "/v3/ants/extrait_immatriculation_vehicule/france_connect"
GOOD: dict[str, list[str]] = {
    "recipient": [RECIPIENT],
    "nomNaissance": ["D'ÉTÉ-LE ROUX"],
    "nomUsage": ["EXEMPLE"],
    "prenoms[]": ["JEANNE"],
    "anneeDateNaissance": ["1987"],
    "moisDateNaissance": ["6"],
    "jourDateNaissance": ["27"],
    "sexeEtatCivil": ["F"],
    "codeCogInseePaysNaissance": ["99100"],
    "codeCogInseeCommuneNaissance": ["08480"],
    "codeEtablissement": ["0990001Z"],
    "anneeScolaire": ["2025-2026"],
    "ine": ["0990000001A"],
    "identifiant": ["jeanne.roux"],
    "immatriculation": ["ZZ-123-ZZ"],
}
"""Good for every endpoint: each takes its own of it, and looks at nothing else."""
PATHS = sorted(
    endpoint.path
    for definition in CATALOGUE.values()
    for endpoint in definition.endpoints
    if endpoint.source is Source.API_PARTICULIER
)
Changes = Mapping[str, str | list[str] | None]


def _refuse(path: str, params: Mapping[str, list[str]]) -> ApiFault | None:
    call = Call(params, TODAY)
    return next((fault for check in checks_of(path) if (fault := check(call))), None)


def _code(path: str, changes: Changes) -> str | None:
    """Return the code that refuses a good call with these changes, None when it passes."""
    params = {
        name: value if isinstance(value, list) else [value]
        for name, value in {**GOOD, **changes}.items()
        if value is not None
    }
    fault = _refuse(path, params)
    if fault is None:
        return None
    assert fault.status == 422
    return fault.code


ABROAD: dict[str, Any] = {
    "codeCogInseePaysNaissance": "99350",
    "codeCogInseeCommuneNaissance": None,
}
BY_NAME: dict[str, Any] = {
    "codeCogInseeCommuneNaissance": None,
    "nomCommuneNaissance": "SEDAN",
    "codeCogInseeDepartementNaissance": "08",
}
NO_DATE: dict[str, Any] = {
    "anneeDateNaissance": None,
    "moisDateNaissance": None,
    "jourDateNaissance": None,
}


def test_the_catalogue_has_41_routes_of_which_every_one_has_rules() -> None:
    assert len(PATHS) == len(set(PATHS)) == 41
    assert all(_code(path, {}) is None for path in PATHS)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("code", "value"),
    [("00203", None), ("00203", ""), ("00210", "26920023600018"), ("00210", "2692002360001")],
)
def test_every_endpoint_demands_the_recipient(path: str, code: str, value: str | None) -> None:
    assert _code(path, {"recipient": value}) == code


@pytest.mark.parametrize(
    "changes",
    [
        {"nomUsage": None},
        {"prenoms[]": ["JEANNE", "ZOÉ", "ANNE-MARIE"]},
        {"sexeEtatCivil": "m"},
        {"recipient": "35600000000001"},
        {"jourDateNaissance": None},
        {"moisDateNaissance": None, "jourDateNaissance": None},
        NO_DATE,
        {"anneeDateNaissance": "1900", "moisDateNaissance": "01", "jourDateNaissance": "1"},
        {"anneeDateNaissance": "2026", "moisDateNaissance": "11", "jourDateNaissance": "22"},
        {"codeCogInseeCommuneNaissance": "2A004"},
        {"codeCogInseeCommuneNaissance": "97411"},
        {"codeCogInseePaysNaissance": "92352", "codeCogInseeCommuneNaissance": None},
        {"codeCogInseeCommuneNaissance": None},
        {"codeCogInseeCommuneNaissance": None} | NO_DATE,
        ABROAD,
        BY_NAME,
        {"annee": "2026", "mois": "11"},
        {"annee": "2025"},
        {"annee": "2024", "mois": "12"},
        {"mois": "1"},
    ],
)
@pytest.mark.parametrize("path", DSS)
def test_a_call_that_dss_takes_passes(path: str, changes: Changes) -> None:
    assert _code(path, changes) is None


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("00427", {"sexeEtatCivil": None}),
        ("00427", {"sexeEtatCivil": "X"}),
        ("00365", {"codeCogInseeCommuneNaissance": "8480"}),
        ("00365", {"codeCogInseeCommuneNaissance": "20004"}),
        ("00365", {"codeCogInseeCommuneNaissance": "2C004"}),
        ("00428", BY_NAME | {"codeCogInseeDepartementNaissance": None}),
        ("00422", BY_NAME | NO_DATE),
        ("00400", {"codeCogInseePaysNaissance": None}),
        ("00400", ABROAD | {"codeCogInseePaysNaissance": "98100"}),
        ("00400", ABROAD | {"codeCogInseePaysNaissance": "991000"}),
        ("00363", {"moisDateNaissance": "13"}),
        ("00363", {"moisDateNaissance": "0"}),
        ("00363", {"jourDateNaissance": "32"}),
        ("00363", {"moisDateNaissance": "2", "jourDateNaissance": "30"}),
        ("00363", {"anneeDateNaissance": "MCMLXXXVII"}),
        ("00363", {"anneeDateNaissance": "1899", "moisDateNaissance": "12", "jourDateNaissance": "31"}),
        ("00363", {"anneeDateNaissance": "2026", "moisDateNaissance": "11", "jourDateNaissance": "23"}),
        ("00363", {"anneeDateNaissance": "99999"}),
        ("00367", {"prenoms[]": None}),
        ("00367", {"prenoms[]": None, "prenoms": "JEANNE"}),
        ("00421", {"prenoms[]": ["A", "B", "C", "D"]}),
        ("00421", {"prenoms[]": ["JEANNE", "R2"]}),
        ("00421", {"prenoms[]": [""]}),
        ("00420", {"nomNaissance": None}),
        ("00420", {"nomNaissance": "R0UX"}),
        ("00426", {"nomUsage": "R0UX"}),
    ],
)
@pytest.mark.parametrize("path", DSS)
def test_a_call_that_dss_refuses_gets_its_code(path: str, code: str, changes: Changes) -> None:
    assert _code(path, changes) == code


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("00354", {"mois": "0"}),
        ("00354", {"mois": "13"}),
        ("00354", {"mois": "mai"}),
        ("00354", {"mois": "12"}),
        ("00354", {"annee": "2026", "mois": "12"}),
        ("00354", {"annee": "2027", "mois": "1"}),
        ("00355", {"annee": "2024", "mois": "11"}),
        ("00356", {"annee": "2023", "mois": "12"}),
        ("00355", {"annee": "2024"}),
        ("00356", {"annee": "2027"}),
    ],
)
def test_a_period_is_refused_by_the_family_quotient_alone(code: str, changes: Changes) -> None:
    assert _code(QF, changes) == code
    assert _code("/v3/dss/quotient_familial/france_connect", changes) == code
    assert _code(RSA, changes) is None


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("00420", {"nomNaissance": None}),
        ("00420", {"nomNaissance": "R0UX"}),
        ("00421", {"prenoms[]": None}),
        ("00421", {"prenoms[]": ["R2"]}),
        ("00421", {"prenoms[]": ["A", "B", "C", "D"]}),
        ("00422", NO_DATE),
        ("00422", {"anneeDateNaissance": "l'an deux"}),
        ("00422", {"anneeDateNaissance": "0"}),
        ("00423", {"moisDateNaissance": None}),
        ("00423", {"moisDateNaissance": "13"}),
        ("00424", {"jourDateNaissance": None}),
        ("00424", {"jourDateNaissance": "32"}),
        ("00425", {"moisDateNaissance": "2", "jourDateNaissance": "30"}),
        (None, {"nomUsage": "R0UX"}),
    ],
)
@pytest.mark.parametrize("path", WHOLE_DATE)
def test_the_other_sources_demand_names_and_a_whole_date(
    path: str, code: str | None, changes: Changes
) -> None:
    assert _code(path, changes) == code


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        (
            {"sexeEtatCivil": None},
            {CNOUS: None, MESRI: "00427", MEN: "00427", DSNJ: "00427", GIP_MDS: None},
        ),
        (
            {"sexeEtatCivil": "X"},
            {CNOUS: "00427", MESRI: "00427", MEN: "00427", DSNJ: "00427", GIP_MDS: None},
        ),
        (
            {"codeCogInseePaysNaissance": None},
            {CNOUS: None, MESRI: None, MEN: None, DSNJ: "00400", GIP_MDS: None},
        ),
        (
            {"codeCogInseeCommuneNaissance": None},
            {CNOUS: None, MESRI: None, MEN: None, DSNJ: "00365", GIP_MDS: None},
        ),
        (
            {"codeCogInseeCommuneNaissance": "8480"},
            {CNOUS: "00365", MESRI: "00365", MEN: None, DSNJ: "00365", GIP_MDS: None},
        ),
        (BY_NAME, {CNOUS: None, MESRI: None, MEN: None, DSNJ: "00365", GIP_MDS: None}),
        (ABROAD, {CNOUS: None, MESRI: None, MEN: None, DSNJ: None, GIP_MDS: None}),
        (
            {"prenoms[]": ["JEANNE", "ZOÉ"]},
            {CNOUS: None, MESRI: "00421", MEN: None, DSNJ: None, GIP_MDS: None},
        ),
    ],
)
def test_each_source_takes_its_own_of_an_identity(changes: Changes, codes: dict[str, str | None]) -> None:
    assert {path: _code(path, changes) for path in codes} == codes


@pytest.mark.parametrize(
    ("year", "code"),
    [
        (None, None),
        ("2021", None),
        ("2025", None),
        ("2026", None),
        ("2027", None),
        ("9999", None),
        ("2020", "00368"),
        ("20260", "00368"),
        ("25", "00368"),
        ("deux", "00368"),
    ],
)
@pytest.mark.parametrize("call", ["identite", "france_connect", "ine"])
def test_a_campaign_is_of_2021_or_later_those_to_come_too(
    call: str, year: str | None, code: str | None
) -> None:
    assert _code(f"/v5/cnous/etudiant_boursier/{call}", {"campaignYear": year}) == code
    assert _code(f"/v4/cnous/etudiant_boursier/{call}", {"campaignYear": year}) == code
    assert _code(f"/v3/cnous/etudiant_boursier/{call}", {"campaignYear": year}) is None


@pytest.mark.parametrize("ine", [None, "", "099000000A", "0990000001AB", "099000000-A"])
@pytest.mark.parametrize("path", [path for path in PATHS if path.endswith("/ine")])
def test_a_student_has_eleven_letters_and_digits(path: str, ine: str | None) -> None:
    assert _code(path, {"ine": ine}) == "00360"


@pytest.mark.parametrize("identifiant", [None, "", "  "])
@pytest.mark.parametrize("path", [path for path in PATHS if path.endswith("/identifiant")])
def test_an_identifier_is_there(path: str, identifiant: str | None) -> None:
    assert _code(path, {"identifiant": identifiant}) == "00380"


@pytest.mark.parametrize("immatriculation", [None, "", "  "])
def test_a_number_plate_is_there(immatriculation: str | None) -> None:
    assert _code(ANTS, {"immatriculation": immatriculation}) == "00430"


def test_a_france_connect_call_has_no_identity_to_check() -> None:
    for path in PATHS:
        if path.endswith("/france_connect") and path != ANTS:
            assert _refuse(path, {"recipient": [RECIPIENT]}) is None


AREA: dict[str, Any] = {
    "codeEtablissement": None,
    "degreEtablissement": "1D",
    "codesBcnDepartements[]": ["092", "02A"],
}
REGION: dict[str, Any] = {
    "codeEtablissement": None,
    "degreEtablissement": "2D",
    "codesBcnRegions[]": ["10", "01"],
}


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        (None, {}),
        (None, AREA),
        (None, REGION),
        (None, {"anneeScolaire": "2025"}),
        (None, {"degreEtablissement": "3D"}),
        ("00410", {"codeEtablissement": None}),
        ("00410", {"codeEtablissement": "990001Z"}),
        ("00410", {"codeEtablissement": "0990001-"}),
        ("00411", {"anneeScolaire": None}),
        ("00411", {"anneeScolaire": "2025/2026"}),
        ("00411", AREA | {"anneeScolaire": "25-26"}),
        ("00412", AREA | {"degreEtablissement": None}),
        ("00412", AREA | {"degreEtablissement": "3D"}),
        ("00413", AREA | REGION),
        ("00414", AREA | {"codesBcnDepartements[]": ["092", " "]}),
        ("00414", AREA | {"codesBcnDepartements[]": None, "codesBcnDepartements": "092"}),
        ("00416", AREA | {"codesBcnDepartements[]": ["092", "92"]}),
        ("00416", AREA | {"codesBcnDepartements[]": ["020"]}),
        ("00416", AREA | {"codesBcnDepartements[]": ["096"]}),
        ("00417", REGION | {"codesBcnRegions[]": ["19"]}),
        ("00417", REGION | {"codesBcnRegions[]": ["84"]}),
        ("00419", AREA | {"codeEtablissement": "0990001Z"}),
    ],
)
@pytest.mark.parametrize("version", [4, 5])
def test_a_pupil_is_looked_for_in_a_school_or_an_area(
    version: int, code: str | None, changes: Changes
) -> None:
    assert _code(f"/v{version}/men/scolarites/identite", changes) == code


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        (None, {}),
        (None, {"anneeScolaire": "2025"}),
        (None, AREA | {"codeEtablissement": "0990001Z"}),
        (None, AREA | REGION | {"codeEtablissement": "0990001Z", "degreEtablissement": "3D"}),
        ("00410", AREA),
        ("00410", REGION),
        ("00410", {"codeEtablissement": None}),
        ("00410", {"codeEtablissement": "990001Z"}),
        ("00410", {"codeEtablissement": "0990001-"}),
        ("00411", {"anneeScolaire": None}),
        ("00411", {"anneeScolaire": "2025/2026"}),
    ],
)
def test_version_3_looks_for_a_pupil_in_a_school_alone(code: str | None, changes: Changes) -> None:
    assert _code(MEN_V3, changes) == code


@pytest.mark.parametrize(
    ("path", "faults", "codes"),
    [
        (
            QF,
            {"nomUsage": "R0UX", "jourDateNaissance": "32", "codeCogInseeCommuneNaissance": "8480"}
            | dict.fromkeys(
                ["recipient", "sexeEtatCivil", "codeCogInseePaysNaissance", "prenoms[]", "nomNaissance"]
            ),
            ["00203", "00427", "00365", "00400", "00363", "00367", "00420", "00426"],
        ),
        (
            MEN,
            dict.fromkeys(
                [
                    *("recipient", "nomNaissance", "prenoms[]", "anneeDateNaissance", "sexeEtatCivil"),
                    *("codeEtablissement", "anneeScolaire"),
                ]
            ),
            ["00203", "00420", "00421", "00422", "00427", "00410", "00411"],
        ),
        (
            MEN_V3,
            dict.fromkeys(
                [
                    *("recipient", "nomNaissance", "prenoms[]", "anneeDateNaissance", "sexeEtatCivil"),
                    *("codeEtablissement", "anneeScolaire"),
                ]
            ),
            ["00203", "00420", "00421", "00422", "00427", "00410", "00411"],
        ),
        (
            DSNJ,
            {"codeCogInseeCommuneNaissance": "8480"}
            | dict.fromkeys(
                [
                    *("recipient", "prenoms[]", "nomNaissance", "jourDateNaissance", "sexeEtatCivil"),
                    "codeCogInseePaysNaissance",
                ]
            ),
            ["00203", "00421", "00420", "00424", "00427", "00365", "00400"],
        ),
    ],
)
def test_the_first_fault_in_the_apis_order_is_the_one_answered(
    path: str, faults: dict[str, Any], codes: list[str]
) -> None:
    answered = []
    left = dict(faults)
    while (code := _code(path, left)) is not None:
        answered.append(code)
        mended = next(
            name for name in left if _code(path, {key: left[key] for key in left if key != name}) != code
        )
        del left[mended]
    assert answered == codes
    assert left == {}
