"""The sandbox: the tokens of habilitations, the errors as the API writes them, and the cases."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import Endpoint, Source
from connector.sandbox.cases import SHIPPED, Case, Cases, CasesError, comparable, load_cases
from connector.sandbox.faults import ApiFault, no_record
from connector.sandbox.particulier import operations
from connector.sandbox.rules import Call, checks_of
from connector.sandbox.tokens import InvalidTokenError, SandboxToken, issue_token, read_token
from schemas.codes import Call as Way

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
RECIPIENT = "26920023600017"
ENDPOINTS = {
    endpoint.operation: endpoint
    for definition in CATALOGUE.values()
    for endpoint in definition.endpoints
    if endpoint.source is Source.API_PARTICULIER
}
SHIPPED_CASES = [path for path in sorted(SHIPPED.glob("*/*.yaml")) if path.parent.name in ENDPOINTS]


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
    assert read_token(issue_token(_token(is_ended=True))) == _token(is_ended=True)


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


def test_every_provider_has_an_error_for_people_it_does_not_know() -> None:
    faults = {
        path: no_record(path) for path in {endpoint.path.split("/")[2] for endpoint in ENDPOINTS.values()}
    }
    assert {fault.status for fault in faults.values()} == {404}
    assert faults["gip_mds"].code == "31003"
    assert faults["gip_mds"].meta == {"provider": "GIP-MDS"}
    assert len({fault.code for fault in faults.values()}) == len(faults) == 9


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


def test_former_names_of_parameters_are_read_as_todays(tmp_path: Path) -> None:
    _case(
        tmp_path / "op",
        "200.yaml",
        "params: {prenom: ZOÉ, codeInseeLieuDeNaissance: '69383', codePaysLieuDeNaissance: '99100'}\n"
        "status: 200\npayload: '{}'\n",
    )
    call = [
        ("prenoms[]", "ZOÉ"),
        ("codeCogInseeCommuneNaissance", "69383"),
        ("codeCogInseePaysNaissance", "99100"),
    ]
    assert load_cases(tmp_path, ["op"]).find("op", comparable(call)) == Case(200, "{}")


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


@pytest.fixture(scope="module")
def shipped() -> Cases:
    """The cases of the package."""
    return load_cases(SHIPPED, operations())


def test_every_shipped_case_is_loaded_and_unique(shipped: Cases) -> None:
    assert len(shipped) == len(SHIPPED_CASES) > 0
    assert set(operations()) == set(ENDPOINTS)


@pytest.mark.parametrize("operation", sorted(ENDPOINTS))
def test_every_endpoint_has_an_example_and_an_answer_for_unknown_people(
    operation: str, shipped: Cases
) -> None:
    unknown = shipped.find(operation, comparable([("nomNaissance", "PERSONNE-D'AUTRE")]))
    assert (SHIPPED / operation / "200-exemple.yaml").is_file()
    assert unknown is not None
    assert unknown.status == 404
    (error,) = json.loads(unknown.payload)["errors"]
    expected = no_record(ENDPOINTS[operation].path.split("/")[2])
    if "complementaire_sante_solidaire" in operation:
        expected = ApiFault(404, "40003", "", "", meta={"provider": "RNCPS"})
    assert error["code"] == expected.code
    assert error["meta"] == expected.meta


def _query(document: dict[str, Any]) -> dict[str, list[str]]:
    """Return the parameters of a case as those of a call."""
    return {
        f"{name}[]" if isinstance(value, list) else name: [
            str(item) for item in (value if isinstance(value, list) else [value])
        ]
        for name, value in document["params"].items()
    } | {"recipient": [RECIPIENT]}


@pytest.mark.parametrize("path", SHIPPED_CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_shipped_case_is_one_that_the_sandbox_can_answer_with(path: Path, shipped: Cases) -> None:
    document = yaml.safe_load(path.read_text("utf-8"))
    endpoint, query = ENDPOINTS[path.parent.name], _query(document)
    call = Call(query, NOW.date())
    assert [fault for check in checks_of(endpoint.path) if (fault := check(call))] == []
    params = comparable((name, value) for name, values in query.items() for value in values)
    assert shipped.find(path.parent.name, params) == Case(document["status"], document["payload"])


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=lambda endpoint: endpoint.operation)
def test_the_example_shows_every_block_of_the_answer(endpoint: Endpoint) -> None:
    document = yaml.safe_load((SHIPPED / endpoint.operation / "200-exemple.yaml").read_text("utf-8"))
    data = json.loads(document["payload"])["data"]
    assert endpoint.read(document["payload"].encode(), None).model_extra == {}
    assert {block.split(".")[0] for block in endpoint.blocks} == set(data)
    if endpoint.call is Way.IDENTITE:
        assert document["params"]["nomNaissance"] == "EXEMPLE"
