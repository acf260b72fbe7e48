"""The sandbox: the tokens of habilitations, the errors as the API writes and lists them, and the cases."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import Endpoint, Source
from connector.sandbox.cases import SHIPPED, Case, Cases, CasesError, comparable, load_cases
from connector.sandbox.faults import ApiFault, no_record
from connector.sandbox.nomenclature import nomenclature
from connector.sandbox.particulier import operations
from connector.sandbox.rules import Call, checks_of
from connector.sandbox.tokens import InvalidTokenError, SandboxToken, issue_token, read_token
from connector.sources.reading import Reading, read_answer
from connector.sources.schema_drift import take_unknown
from schemas.codes import Call as Way
from tests.conftest import REFERENCE
from tests.nullability import Answer, answers

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
RECIPIENT = "26920023600017"
ENDPOINTS = {
    endpoint.operation: endpoint
    for definition in CATALOGUE.values()
    for endpoint in definition.endpoints
    if endpoint.source is Source.API_PARTICULIER
}
SHIPPED_CASES = [path for path in sorted(SHIPPED.glob("*/*.yaml")) if path.parent.name in ENDPOINTS]
NEWEST = REFERENCE / "2026-10" / "errors.yaml"


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
    assert faults["gip_mds"].title == "Entité non trouvée"
    assert faults["gip_mds"].meta == {"provider": "GIP-MDS"}
    assert faults["dss"].code == "35003"
    assert faults["dss"].title == "Allocataire non référencé"
    assert faults["dss"].meta == {"provider": "CNAF & MSA"}
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


FUND = ApiFault(404, "23003", "Dossier allocataire absent CNAF", "", meta={"provider": "CNAF"})


@pytest.mark.parametrize("operation", sorted(ENDPOINTS))
def test_every_endpoint_has_an_example_and_an_answer_for_unknown_people(
    operation: str, shipped: Cases
) -> None:
    unknown = shipped.find(operation, comparable([("nomNaissance", "PERSONNE-D'AUTRE")]))
    assert (SHIPPED / operation / "200-exemple.yaml").is_file()
    assert unknown is not None
    assert unknown.status == 404
    (error,) = json.loads(unknown.payload)["errors"]
    provider = ENDPOINTS[operation].path.split("/")[2]
    expected = FUND if provider == "dss" else no_record(provider)
    if "complementaire_sante_solidaire" in operation:
        expected = ApiFault(404, "40003", "Dossier allocataire absent RNCPS", "", meta={"provider": "RNCPS"})
    assert (error["code"], error["title"]) == (expected.code, expected.title)
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
    document = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    endpoint, query = ENDPOINTS[path.parent.name], _query(document)
    call = Call(query, NOW.date())
    assert [fault for check in checks_of(endpoint.path) if (fault := check(call))] == []
    params = comparable((name, value) for name, values in query.items() for value in values)
    assert shipped.find(path.parent.name, params) == Case(document["status"], document["payload"])


EAJE = "api_particulier_v3_cnav_participation_familiale_eaje_with_{}"
MEN = "api_particulier_v{}_men_scolarites_with_civility"
DSNJ = "api_particulier_v3_dsnj_service_national_with_civility"
ANTS = "api_particulier_v3_ants_extrait_immatriculation_vehicule_with_france_connect"


@pytest.mark.parametrize(
    ("operation", "name", "code", "title"),
    [
        (EAJE.format("civility"), "404-non-concernee", "37003", "Allocataire non éligible"),
        (EAJE.format("france_connect"), "404-non-concernee", "37003", "Allocataire non éligible"),
        (MEN.format(3), "404-non-scolarise", "30404", "Scolarité non trouvée"),
        (MEN.format(4), "404-non-scolarise", "30404", "Scolarité non trouvée"),
        (MEN.format(5), "404-non-scolarise", "30404", "Scolarité non trouvée"),
        (DSNJ, "422-hors-des-ages", "39400", "Age non pertinent pour le Service National"),
        (ANTS, "404-autre-titulaire", "42404", "Identité non trouvée"),
    ],
)
def test_somebody_whom_the_source_knows_and_does_not_answer_for_has_a_case(
    operation: str, name: str, code: str, title: str
) -> None:
    document = _shipped_case(operation, name)
    (error,) = json.loads(document["payload"])["errors"]
    assert str(document["status"]) == name[:3]
    assert (error["code"], error["title"]) == (code, title)


def _shipped_case(operation: str, name: str) -> Any:
    return yaml.load((SHIPPED / operation / f"{name}.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)


def _read(endpoint: Endpoint, name: str) -> Reading:
    reading = read_answer(_shipped_case(endpoint.operation, name)["payload"].encode(), endpoint, None)
    assert isinstance(reading, Reading)
    return reading


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=lambda endpoint: endpoint.operation)
def test_the_example_shows_every_block_of_the_answer(endpoint: Endpoint) -> None:
    document = _shipped_case(endpoint.operation, "200-exemple")
    data = json.loads(document["payload"])["data"]
    reading = _read(endpoint, "200-exemple")
    assert reading.unread == ()
    assert list(take_unknown(reading.data)) == []
    assert {block.split(".")[0] for block in endpoint.blocks} == set(data)
    if endpoint.call is Way.IDENTITE:
        assert document["params"]["nomNaissance"] == "EXEMPLE"


@pytest.mark.parametrize("operation", sorted(name for name in ENDPOINTS if "_v5_cnous_" in name))
def test_version_5_of_a_scholarship_gives_the_students_number(operation: str) -> None:
    assert json.loads(_shipped_case(operation, "200-exemple")["payload"])["data"]["ine"] == "0000000000A"


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=lambda endpoint: endpoint.operation)
def test_the_case_of_nulls_is_read_whole(endpoint: Endpoint) -> None:
    assert _read(endpoint, "200-nul").unread == ()


def _values(value: Any, path: list[str]) -> Iterator[Any]:
    """Yield what stands at a path: once per item of a list on the way, null for what is in a null."""
    if not path or value is None:
        yield value
        return
    part, *rest = path
    for inner in value if part == "[]" else (value[part],):
        yield from _values(inner, rest)


@pytest.mark.parametrize(
    "answer", [answer for answer in answers() if answer.change[1] is None], ids=lambda answer: answer.name
)
def test_the_case_of_nulls_has_all_that_the_server_can_send_as_null(answer: Answer) -> None:
    path = answer.change[0].replace("[]", ".[]").split(".")
    endpoints = CATALOGUE[answer.check].of_version(answer.api_version)
    for endpoint in endpoints:
        if path[0] not in endpoint.never_returns:
            data = json.loads(_shipped_case(endpoint.operation, "200-nul")["payload"])["data"]
            assert set(_values(data, path)) == {None}
    assert endpoints


@cache
def _published() -> Any:
    if not NEWEST.is_file():
        pytest.skip(f"the reference is not at {NEWEST}")
    return yaml.load(NEWEST.read_text("utf-8"), Loader=yaml.CSafeLoader)


def test_the_nomenclature_lists_who_says_a_code_and_each_kind_as_the_api_does() -> None:
    listed, published = nomenclature(), _published()
    assert listed["api"] == "particulier"
    assert listed["providers"] == published["providers"]
    titles = {digits: kind["title"] for digits, kind in listed["generic_subcodes"].items()}
    assert titles == published["generic_subcodes"]


def test_the_nomenclature_lists_what_the_platform_says_on_any_endpoint() -> None:
    of_both = [
        {
            (status, error["code"], error["title"])
            for status, errors in document["platform_codes"].items()
            for error in errors
        }
        for document in (nomenclature(), _published())
    ]
    assert of_both[0] == of_both[1]


def test_the_nomenclature_lists_the_endpoints_of_the_catalogue_which_the_api_lists_too() -> None:
    listed = set(nomenclature()["endpoints"])
    assert len(listed) == 41
    assert listed == set(ENDPOINTS)
    assert listed == set(_published()["endpoints"])


@pytest.mark.parametrize("operation", sorted(ENDPOINTS))
def test_the_nomenclature_lists_what_an_endpoint_can_answer_as_the_api_does(operation: str) -> None:
    listed, published = nomenclature()["endpoints"][operation], _published()
    expected = published["endpoints"][operation]
    assert listed["provider"] == expected["provider"]
    errors = [(status, error) for status, errors in listed["errors"].items() for error in errors]
    titles = {f"{status} {error['code']}": error["title"] for status, error in errors}
    assert len(titles) == len(errors)
    assert titles == {
        f"{status} {code}": published["titles"][f"{status} {code}"]
        for status, codes in expected["errors"].items()
        for code in codes
    }


def test_the_nomenclature_names_who_says_a_code_that_is_not_the_platforms() -> None:
    quotient = nomenclature()["endpoints"]["api_particulier_v3_cnav_quotient_familial_with_france_connect"]
    said_by = {error["code"]: error.get("meta") for errors in quotient["errors"].values() for error in errors}
    assert said_by["00355"] is None
    assert said_by["23003"] == {"provider": "CNAF"}
    assert said_by["35999"] == {"provider": "CNAF & MSA"}
    assert said_by["51502"] == {"provider": "FranceConnect"}
    assert all(error["detail"] for errors in quotient["errors"].values() for error in errors)
