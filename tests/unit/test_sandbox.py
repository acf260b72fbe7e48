"""The sandbox: its tokens, its checks of a call in the API's order and with its codes, and its cases."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.catalogue import CATALOGUE
from connector.sandbox.cases import SHIPPED, Case, Cases, CasesError, comparable, load_cases
from connector.sandbox.rules import CHECKS, ApiFault, Call
from connector.sandbox.server import operation_of
from connector.sandbox.tokens import InvalidTokenError, SandboxToken, issue_token, read_token

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
RECIPIENT = "26920023600017"
OPERATIONS = {operation_of(definition): definition.name for definition in CATALOGUE.values()}
SHIPPED_CASES = sorted(SHIPPED.glob("*/*.yaml"))
GOOD: dict[str, list[str]] = {
    "recipient": [RECIPIENT],
    "nomNaissance": ["D'ÉTÉ-LE ROUX"],
    "nomUsage": ["EXEMPLE"],
    "prenoms[]": ["JEANNE", "ZOÉ", "ANNE-MARIE"],
    "anneeDateNaissance": ["1987"],
    "moisDateNaissance": ["6"],
    "jourDateNaissance": ["27"],
    "sexeEtatCivil": ["F"],
    "codeCogInseePaysNaissance": ["99100"],
    "codeCogInseeCommuneNaissance": ["08480"],
}


def _token(**changes: Any) -> SandboxToken:
    values: dict[str, Any] = {
        "name": "clamart",
        "scopes": frozenset({"b", "a"}),
        "expires_at": NOW + timedelta(days=1),
    }
    return SandboxToken(**(values | changes))


def test_a_token_says_what_it_was_issued_with() -> None:
    token = _token()
    assert read_token(issue_token(token)) == token


def test_a_token_has_the_form_of_the_apis() -> None:
    header, claims, signature = issue_token(_token()).split(".")
    assert all(part and set(part).isdisjoint("=+/") for part in (header, claims, signature))


def test_an_expired_and_a_revoked_token_are_still_read() -> None:
    expired = _token(expires_at=NOW - timedelta(days=1))
    revoked = _token(is_revoked=True)
    assert read_token(issue_token(expired)).expires_at == NOW - timedelta(days=1)
    assert read_token(issue_token(revoked)).is_revoked
    assert not read_token(issue_token(expired)).is_revoked


@pytest.mark.parametrize(
    "text", ["", ".", "..", "garbage", "a.b.c", "a.b.", "é.é.é", "Bearer x.y.z", "\udce9"]
)
def test_garbage_is_no_token(text: str) -> None:
    with pytest.raises(InvalidTokenError):
        read_token(text)


def test_a_token_whose_claims_were_changed_is_none() -> None:
    header, _, signature = issue_token(_token()).split(".")
    _, claims, _ = issue_token(_token(scopes=frozenset({"everything"}))).split(".")
    with pytest.raises(InvalidTokenError):
        read_token(f"{header}.{claims}.{signature}")


def _refuse(check: str, params: dict[str, list[str]], today: date = TODAY) -> ApiFault | None:
    call = Call(params, today)
    return next((fault for rule in CHECKS[check] if (fault := rule(call))), None)


def _code(check: str = "quotient_familial", **changes: str | list[str] | None) -> str | None:
    """Return the code that refuses a good call with these changes, None when it passes."""
    params = GOOD | {
        name: value if isinstance(value, list) else [value]
        for name, value in changes.items()
        if value is not None
    }
    fault = _refuse(
        check, {name: value for name, value in params.items() if changes.get(name, "") is not None}
    )
    if fault is None:
        return None
    assert fault.status == 422
    return fault.code


def test_every_check_of_the_catalogue_has_its_rules() -> None:
    assert set(CHECKS) == set(CATALOGUE)


ABROAD: dict[str, str | None] = {
    "codeCogInseePaysNaissance": "99350",
    "codeCogInseeCommuneNaissance": None,
}
BY_NAME: dict[str, str | None] = {
    "codeCogInseeCommuneNaissance": None,
    "nomCommuneNaissance": "SEDAN",
    "codeCogInseeDepartementNaissance": "08",
}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"nomUsage": None},
        {"prenoms[]": ["JEANNE"]},
        {"sexeEtatCivil": "m"},
        {"recipient": "35600000000001"},
        {"jourDateNaissance": None},
        {"moisDateNaissance": None, "jourDateNaissance": None},
        {"anneeDateNaissance": None, "moisDateNaissance": None, "jourDateNaissance": None},
        {"anneeDateNaissance": "1900", "moisDateNaissance": "01", "jourDateNaissance": "1"},
        {"anneeDateNaissance": "2026", "moisDateNaissance": "11", "jourDateNaissance": "22"},
        {"codeCogInseeCommuneNaissance": "2A004"},
        {"codeCogInseeCommuneNaissance": "97411"},
        {"codeCogInseePaysNaissance": "92352", "codeCogInseeCommuneNaissance": None},
        ABROAD,
        BY_NAME,
        {"annee": "2026", "mois": "11"},
        {"annee": "2025"},
        {"mois": "1"},
    ],
)
@pytest.mark.parametrize("check", sorted(CHECKS))
def test_a_call_that_the_api_takes_passes(check: str, changes: dict[str, Any]) -> None:
    assert _code(check, **changes) is None


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("00203", {"recipient": None}),
        ("00203", {"recipient": ""}),
        ("00210", {"recipient": "26920023600018"}),
        ("00210", {"recipient": "2692002360001"}),
        ("00427", {"sexeEtatCivil": None}),
        ("00427", {"sexeEtatCivil": "X"}),
        ("00365", {"codeCogInseeCommuneNaissance": None}),
        ("00365", {"codeCogInseeCommuneNaissance": "8480"}),
        ("00365", {"codeCogInseeCommuneNaissance": "20004"}),
        ("00365", {"codeCogInseeCommuneNaissance": "2C004"}),
        ("00365", BY_NAME | {"codeCogInseeDepartementNaissance": None}),
        ("00365", BY_NAME | {"nomCommuneNaissance": None}),
        (
            "00365",
            BY_NAME | {"anneeDateNaissance": None, "moisDateNaissance": None, "jourDateNaissance": None},
        ),
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
        ("00366", {"nomUsage": "R0UX"}),
    ],
)
@pytest.mark.parametrize("check", sorted(CHECKS))
def test_a_call_that_the_api_refuses_gets_its_code(check: str, code: str, changes: dict[str, Any]) -> None:
    assert _code(check, **changes) == code


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("00354", {"mois": "0"}),
        ("00354", {"mois": "13"}),
        ("00354", {"mois": "mai"}),
        ("00354", {"mois": "12"}),
        ("00354", {"annee": "2026", "mois": "12"}),
        ("00354", {"annee": "2027", "mois": "1"}),
        ("00356", {"annee": "2027"}),
    ],
)
def test_a_period_is_refused_by_the_family_quotient_alone(code: str, changes: dict[str, Any]) -> None:
    assert _code("quotient_familial", **changes) == code
    assert _code("revenu_solidarite_active", **changes) is None


def test_the_first_fault_in_the_apis_order_is_the_one_answered() -> None:
    codes = []
    params: dict[str, list[str]] = {"nomUsage": ["R0UX"], "jourDateNaissance": ["32"], "mois": ["13"]}
    params["codeCogInseeCommuneNaissance"] = ["8480"]
    for name in (
        "recipient",
        "sexeEtatCivil",
        "codeCogInseeCommuneNaissance",
        "codeCogInseePaysNaissance",
        "jourDateNaissance",
        "prenoms[]",
        "nomNaissance",
        "nomUsage",
    ):
        fault = _refuse("quotient_familial", params)
        assert fault is not None
        codes.append(fault.code)
        params[name] = GOOD[name]
    assert codes == ["00203", "00427", "00365", "00400", "00363", "00367", "00420", "00366"]
    last = _refuse("quotient_familial", params)
    assert last is not None
    assert last.code == "00354"


def test_a_fault_is_written_as_the_api_writes_it() -> None:
    fault = ApiFault(503, "37020", "Titre", "Détail", "recipient", {"retry_in": 3})
    assert fault.body() == {
        "errors": [
            {
                "code": "37020",
                "title": "Titre",
                "detail": "Détail",
                "source": {"parameter": "recipient"},
                "meta": {"retry_in": 3},
            },
        ],
    }
    assert ApiFault(404, "37003", "Titre", "Détail").body()["errors"][0]["source"] is None


def test_calls_are_the_same_without_regard_to_order_case_and_recipient() -> None:
    call = [("nomNaissance", "Été"), ("prenoms[]", "Jeanne"), ("prenoms[]", "ZOÉ"), ("annee", "2026")]
    case = {"annee": 2026, "prenoms": ["JEANNE", "zoé"], "nomNaissance": "E\u0301TE\u0301"}
    assert comparable([*call, ("recipient", RECIPIENT)]) == comparable(case.items())
    assert comparable(reversed(case.items())) == comparable(case.items())


@pytest.mark.parametrize(
    "other",
    [
        {"nom": "ROUX"},
        {"nom": "ROUX", "prenoms": ["ZOÉ", "JEANNE"]},
        {"nom": "ROUX", "prenoms": ["JEANNE"]},
        {"nom": "ROUX", "prenoms": ["JEANNE", "ZOÉ"], "annee": 2026},
        {"nom": "LEROUX", "prenoms": ["JEANNE", "ZOÉ"]},
    ],
)
def test_calls_differ_by_any_parameter(other: dict[str, Any]) -> None:
    assert comparable(other.items()) != comparable({"nom": "ROUX", "prenoms": ["JEANNE", "ZOÉ"]}.items())


def _case(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, "utf-8")


def test_a_person_gets_their_case_and_anybody_else_the_one_for_unknown_people(tmp_path: Path) -> None:
    _case(tmp_path / "op", "200-roux.yaml", "params: {nom: Roux, annee: 1987}\nstatus: 200\npayload: '{}'\n")
    _case(tmp_path / "op", "404.yml", "params: {nom: Personne}\nstatus: 404\npayload: 'none'\n")
    cases = load_cases(tmp_path, ["op", "other"])
    assert len(cases) == 2
    assert cases.find("op", comparable([("annee", "1987"), ("nom", "ROUX")])) == Case(200, "{}")
    assert cases.find("op", comparable([("nom", "ROUX")])) == Case(404, "none")
    assert cases.find("other", comparable([("nom", "ROUX")])) is None
    assert cases.find("nowhere", comparable([])) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "just text",
        "params: {a: b}\npayload: '{}'\n",
        "params: {a: b}\nstatus: 200\n",
        "params: [a]\nstatus: 200\npayload: '{}'\n",
        "params: {a: b}\nstatus: good\npayload: '{}'\n",
        "params: {a: b\n",
    ],
)
def test_a_file_that_is_no_case_is_named(text: str, tmp_path: Path) -> None:
    _case(tmp_path / "op", "200-broken.yaml", text)
    with pytest.raises(CasesError, match=r"200-broken\.yaml: no case") as caught:
        load_cases(tmp_path, ["op"])
    assert "\n" not in str(caught.value)


def test_every_shipped_case_is_loaded_and_unique() -> None:
    cases: Cases = load_cases(SHIPPED, OPERATIONS)
    assert len(cases) == len(SHIPPED_CASES) > 0
    assert {path.parent.name for path in SHIPPED_CASES} == set(OPERATIONS)
    for operation in OPERATIONS:
        unknown = cases.find(operation, comparable([("nomNaissance", "PERSONNE-D'AUTRE")]))
        assert unknown is not None
        assert unknown.status == 404


@pytest.mark.parametrize("path", SHIPPED_CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_shipped_case_is_one_that_the_sandbox_can_answer_with(path: Path) -> None:
    document = yaml.safe_load(path.read_text("utf-8"))
    params = {
        f"{name}[]" if isinstance(value, list) else name: [str(item) for item in value]
        if isinstance(value, list)
        else [str(value)]
        for name, value in document["params"].items()
    } | {"recipient": [RECIPIENT]}
    assert _refuse(OPERATIONS[path.parent.name], params) is None
    call = [(name, value) for name, values in params.items() for value in values]
    found = load_cases(SHIPPED, OPERATIONS).find(path.parent.name, comparable(call))
    assert found == Case(document["status"], document["payload"])
