"""The sandbox as a server: its routes, who is let in, how a person is found by FranceConnect, its commands."""

import asyncio
import base64
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from click.testing import CliRunner

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import Source
from connector.cli.sandbox.commands import sandbox as command
from connector.clock import utc_now
from connector.sandbox import server
from connector.sandbox.cases import SHIPPED, CasesError, load_cases
from connector.sandbox.france_connect import FranceConnect, issue_france_connect_token, load_france_connect
from connector.sandbox.particulier import operations
from connector.sandbox.route import Route
from connector.sandbox.server import application
from connector.sandbox.setting import Sandbox, ahead_to
from connector.sandbox.tokens import SandboxToken, issue_token
from schemas.codes import Call as Way
from tests.sandboxes import played

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
RECIPIENT = "26920023600017"
ENDPOINTS = [
    endpoint
    for definition in CATALOGUE.values()
    for endpoint in definition.endpoints
    if endpoint.source is Source.API_PARTICULIER
]
WITH_FRANCE_CONNECT = [endpoint for endpoint in ENDPOINTS if endpoint.call is Way.FRANCE_CONNECT]
QF = "/v3/dss/quotient_familial/identite"
QF_FC = "/v3/dss/quotient_familial/france_connect"
EAJE_FC = "/v3/dss/participation_familiale_eaje/france_connect"
ANTS_FC = "/v3/ants/extrait_immatriculation_vehicule/france_connect"
CNOUS_FC = "/v4/cnous/etudiant_boursier/france_connect"
FOLDER = "api_particulier_v3_cnav_quotient_familial_with_france_connect"
ALL = frozenset(scope for check in CATALOGUE.values() for scope in check.scopes)
CLAIRE: dict[str, Any] = {
    "nomNaissance": "EXEMPLE",
    "prenoms": ["CLAIRE"],
    "anneeDateNaissance": 1991,
    "moisDateNaissance": 4,
    "jourDateNaissance": 17,
    "sexeEtatCivil": "F",
    "codeCogInseePaysNaissance": "99100",
    "codeCogInseeCommuneNaissance": "69383",
}


def _setting(folder: Path = SHIPPED, **changes: Any) -> Sandbox:
    values: dict[str, Any] = {
        "cases": load_cases(folder, operations()),
        "france_connect": load_france_connect(folder),
        "clock": lambda: NOW,
    }
    return Sandbox(**(values | changes))


@pytest.fixture(scope="module")
def shipped() -> Sandbox:
    """A sandbox with the cases of the package."""
    return _setting()


async def _ask(
    sandbox: Sandbox, path: str, token: str | None, query: Mapping[str, Any] | None = None
) -> tuple[int, dict[str, Any]]:
    """Return what the application answers, without a socket."""
    params = {
        f"{name}[]" if isinstance(value, list) else name: value
        for name, value in {"recipient": RECIPIENT, **(query or {})}.items()
    }
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    request = make_mocked_request("GET", f"{path}?{urlencode(params, doseq=True)}", headers=headers)
    match = await application(sandbox).router.resolve(request)
    answer = await match.handler(request)
    assert isinstance(answer, web.Response)
    assert isinstance(answer.body, bytes)
    return answer.status, json.loads(answer.body)


def _code(answer: tuple[int, dict[str, Any]]) -> tuple[int, str]:
    status, body = answer
    return status, body["errors"][0]["code"]


def _habilitation(*scopes: str, **changes: Any) -> str:
    values: dict[str, Any] = {
        "name": "clamart",
        "scopes": frozenset(scopes) or ALL,
        "expires_at": NOW + timedelta(days=1),
    }
    return issue_token(SandboxToken(**(values | changes)))


def _person(identity: Mapping[str, Any] = CLAIRE, *scopes: str, seconds: int = 60) -> str:
    expires_at = NOW + timedelta(seconds=seconds)
    return issue_france_connect_token(identity, frozenset(scopes) or ALL, expires_at)


def test_every_endpoint_of_the_catalogue_is_routed(shipped: Sandbox) -> None:
    resources = application(shipped).router.resources()
    served = {resource.canonical for resource in resources}
    own = {"/api/ping", "/api/introspect", "/api/errors"}
    assert served >= {endpoint.path for endpoint in ENDPOINTS} | own
    assert len(ENDPOINTS) == 41
    assert "/v3/dss/allocation_rentree_scolaire/identite" in served
    assert {f"/v5/cnous/etudiant_boursier/{call}" for call in ("identite", "france_connect", "ine")} <= served


async def test_answers_from_version_3_on_are_of_the_type_of_json_api() -> None:
    query = {"recipient": RECIPIENT}
    failing = played(quota="3/s")
    answers = [
        await failing.ask(QF, _habilitation()),
        await failing.ask(QF, _habilitation(), query),
        await failing.ask(QF_FC, _person({"nomNaissance": "PERSONNE"}), query),
        await failing.ask(QF, None),
        *await asyncio.gather(*(failing.ask(QF_FC, "exemple", query) for _ in range(2))),
    ]
    failing.fail("dss=maintenance")
    answers += [await failing.ask(QF, _habilitation()) for _ in range(2)]
    assert [got.status for got in answers] == [200, 422, 404, 401, 200, 409, 503, 429]
    types = {got.headers["Content-Type"].split(";")[0] for got in answers}
    assert types == {"application/vnd.api+json"}


async def test_the_nomenclature_is_read_without_a_token_and_cached_by_anybody() -> None:
    got = await played().ask("/api/errors", None, {})
    assert got.status == 200
    assert got.headers["Cache-Control"] == "public, max-age=3600"
    assert set(got.body) == {"api", "providers", "generic_subcodes", "platform_codes", "endpoints"}
    assert set(got.body["endpoints"]) == set(operations())


async def test_the_nomenclature_is_asked_of_one_operation(shipped: Sandbox) -> None:
    _status, whole = await _ask(shipped, "/api/errors", None)
    status, one = await _ask(shipped, "/api/errors", None, {"operation_id": FOLDER})
    assert status == 200
    assert one == whole | {"endpoints": {FOLDER: whole["endpoints"][FOLDER]}}
    assert one["endpoints"][FOLDER]["provider"] == "CNAF & MSA"
    assert (await _ask(shipped, "/api/errors", None))[1] == whole


@pytest.mark.parametrize("operation", ["", "nothing", "api_particulier_v2_dgfip_avis_imposition"])
async def test_an_operation_that_the_nomenclature_does_not_list_is_unknown(
    shipped: Sandbox, operation: str
) -> None:
    answer = await _ask(shipped, "/api/errors", None, {"operation_id": operation})
    assert _code(answer) == (404, "00404")
    assert answer[1]["errors"][0]["title"] == "Opération inconnue"


async def test_another_source_adds_its_routes(shipped: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.json_response({"status": "other"})

    other = Route(path="/other", handler=answer)
    monkeypatch.setattr(server, "GROUPS", (*server.GROUPS, lambda _sandbox: [other]))
    assert await _ask(shipped, "/other", None) == (200, {"status": "other"})
    assert (await _ask(shipped, "/api/ping", None))[1] == {"status": "ok"}


async def test_every_answer_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    late = _setting(latency_seconds=0.25)
    assert (await _ask(late, "/api/ping", None))[0] == 200
    assert _code(await _ask(late, QF, None)) == (401, "00101")
    assert slept == [0.25, 0.25]


async def test_a_token_is_introspected(shipped: Sandbox) -> None:
    answer = await _ask(shipped, "/api/introspect", _habilitation("b", "a"))
    assert answer == (200, {"_id": "clamart", "name": "clamart", "scopes": ["a", "b"]})
    assert _code(await _ask(shipped, "/api/introspect", None)) == (401, "00101")


@pytest.mark.parametrize(
    ("expected", "token"),
    [
        ((401, "00101"), None),
        ((401, "00101"), "garbage"),
        ((401, "00101"), _person()),
        ((401, "00103"), _habilitation(expires_at=NOW)),
        ((401, "00103"), _habilitation(is_ended=True)),
        ((401, "00105"), _habilitation(is_revoked=True)),
        ((403, "00100"), _habilitation("cnous_email")),
    ],
)
async def test_a_habilitation_is_refused_before_its_parameters(
    shipped: Sandbox, expected: tuple[int, str], token: str | None
) -> None:
    assert _code(await _ask(shipped, QF, token, {"recipient": ""})) == expected


async def test_parameters_are_refused_before_the_case(shipped: Sandbox) -> None:
    assert _code(await _ask(shipped, QF, _habilitation(), CLAIRE | {"nomNaissance": "R2"})) == (422, "00420")


async def test_a_surplus_parameter_is_ignored_by_the_rules_and_finds_no_case(shipped: Sandbox) -> None:
    token = _habilitation("cnaf_quotient_familial")
    assert (await _ask(shipped, QF, token, CLAIRE))[0] == 200
    assert _code(await _ask(shipped, QF, token, CLAIRE | {"ine": "?"})) == (404, "23003")


async def test_an_operation_without_cases_still_knows_its_provider(tmp_path: Path) -> None:
    status, body = await _ask(_setting(tmp_path), CNOUS_FC, _person())
    assert status == 404
    assert body["errors"][0]["code"] == "26003"
    assert body["errors"][0]["meta"] == {"provider": "CNOUS"}


@pytest.mark.parametrize("endpoint", WITH_FRANCE_CONNECT, ids=lambda endpoint: endpoint.operation)
@pytest.mark.parametrize("token", ["exemple", _person()])
async def test_the_person_of_the_examples_is_found_by_france_connect(
    shipped: Sandbox, endpoint: Any, token: str
) -> None:
    own = {"immatriculation": "ZZ-123-ZZ"} if endpoint.path == ANTS_FC else {}
    status, body = await _ask(shipped, endpoint.path, token, own)
    payload = (SHIPPED / endpoint.operation / "200-exemple.yaml").read_text("utf-8").split("payload: |-")[1]
    assert (status, body) == (200, json.loads(payload))
    assert (await _ask(shipped, endpoint.path, _person({"nomNaissance": "PERSONNE"}), own))[0] == 404


@pytest.mark.parametrize(
    ("code", "token"),
    [
        ("00101", None),
        ("51501", ""),
        ("51501", "pas un jeton"),
        ("51501", "é"),
        ("51502", "inconnu"),
        ("51502", f"{_person()}x"),
        ("51502", _habilitation()),
        ("51502", _person(seconds=0)),
        ("51502", _person(seconds=-1)),
    ],
)
async def test_a_france_connect_token_is_known_and_alive(
    shipped: Sandbox, code: str, token: str | None
) -> None:
    assert _code(await _ask(shipped, QF_FC, token)) == (401, code)


async def test_a_france_connect_call_checks_scopes_then_its_own_parameters(shipped: Sandbox) -> None:
    other = _person(CLAIRE, "openid", "revenu_solidarite_active")
    assert _code(await _ask(shipped, QF_FC, other, {"recipient": ""})) == (403, "00100")
    assert _code(await _ask(shipped, QF_FC, _person(), {"recipient": ""})) == (422, "00203")
    assert _code(await _ask(shipped, QF_FC, _person(), {"mois": "13"})) == (422, "00354")
    assert _code(await _ask(shipped, ANTS_FC, _person())) == (422, "00430")


def _write(folder: Path, name: str, params: str, answer: str) -> None:
    folder.mkdir(exist_ok=True, parents=True)
    status = 404 if name == "404" else 200
    (folder / f"{name}.yaml").write_text(
        f"params: {params}\nstatus: {status}\npayload: '{json.dumps({'answer': answer})}'\n", "utf-8"
    )


@pytest.fixture
def roux(tmp_path: Path) -> Sandbox:
    """A sandbox with cases of different depth about one name."""
    cases = tmp_path / FOLDER
    _write(cases, "200-name", "{nomNaissance: ROUX}", "name")
    _write(cases, "200-one", "{nomNaissance: ROUX, prenoms: ZOÉ}", "one")
    _write(cases, "200-month", "{nomNaissance: ROUX, prenoms: [ZOÉ], annee: 2026, mois: 6}", "month")
    _write(cases, "200-usage", "{nomNaissance: BLANC, nomUsage: NOIR}", "usage")
    _write(cases, "200-misspelt", "{nomNaissance: GRIS, anneeDateDaissance: 1990}", "misspelt")
    _write(cases, "404", "{nomNaissance: ROUX, prenoms: [NOEL]}", "unknown")
    return _setting(tmp_path)


@pytest.mark.parametrize(
    ("identity", "query", "answer"),
    [
        ({"nomNaissance": "ROUX"}, {}, "name"),
        ({"nomNaissance": "roux", "sexeEtatCivil": "F"}, {}, "name"),
        ({"nomNaissance": "ROUX", "prenoms": ["ZOÉ"]}, {}, "one"),
        ({"nomNaissance": "ROUX", "prenoms": ["ZOÉ", "ANNE"]}, {}, "name"),
        ({"nomNaissance": "ROUX", "prenoms": ["NOEL"]}, {}, "unknown"),
        ({"nomNaissance": "ROUX", "prenoms": ["ZOÉ"]}, {"annee": 2026, "mois": 6}, "month"),
        ({"nomNaissance": "ROUX", "prenoms": ["ZOÉ"]}, {"annee": 2026, "mois": 5}, "unknown"),
        ({"nomNaissance": "ROUX", "prenoms": ["ZOÉ"]}, {"annee": 2026}, "unknown"),
        ({"nomNaissance": "ROUX", "prenoms": ["ZOÉ"]}, {"surplus": "1"}, "unknown"),
        ({"nomNaissance": "ROUX"}, {"annee": 2026, "mois": 6}, "unknown"),
        ({"prenoms": ["ZOÉ"]}, {}, "unknown"),
        ({}, {}, "unknown"),
        ({}, {"nomNaissance": "ROUX"}, "unknown"),
        ({"nomNaissance": "BLANC"}, {}, "usage"),
        ({"nomNaissance": "BLANC", "nomUsage": "NOIR"}, {}, "usage"),
        ({"nomNaissance": "BLANC", "nomUsage": "BLEU"}, {}, "unknown"),
        ({"nomNaissance": "GRIS", "anneeDateNaissance": 1990}, {}, "unknown"),
    ],
)
async def test_the_most_specific_case_that_fits_a_token_is_the_answer(
    roux: Sandbox, identity: dict[str, Any], query: dict[str, Any], answer: str
) -> None:
    status, body = await _ask(roux, QF_FC, _person(identity), query)
    assert (status, body) == (404 if answer == "unknown" else 200, {"answer": answer})


def _token_file(folder: Path, name: str, **changes: Any) -> None:
    claims: dict[str, Any] = {
        "active": True,
        "exp": 1704965388,
        "scope": "openid cnaf_enfants",
        "gender": "female",
        "family_name": "Roux",
        "given_name": "Zoé",
        "birthdate": "1994-04-06",
        "birthplace": "",
        "birthcountry": "99350",
    } | changes
    api_path = claims.pop("api_path", "/v2/composition-familiale-v2")
    document = json.dumps({"token_introspection": claims})
    (folder / "france_connect").mkdir(exist_ok=True)
    (folder / "france_connect" / f"{name}.yml").write_text(
        f"api_path: '{api_path}'\nparams: {{token: {name}}}\nstatus: 200\npayload: '{document}'\n", "utf-8"
    )


async def test_the_token_of_a_file_is_always_alive(tmp_path: Path) -> None:
    person = (
        "{nomNaissance: ROUX, prenoms: [ZOÉ], anneeDateNaissance: 1994, moisDateNaissance: 4, "
        "jourDateNaissance: 6, sexeEtatCivil: F, codePaysLieuDeNaissance: '99350'}"
    )
    _write(tmp_path / FOLDER, "200", person, "found")
    _token_file(tmp_path, "zoe")
    _token_file(tmp_path, "anne", given_name="Anne", given_name_array=["Zoé"])
    _token_file(tmp_path, "jean", gender="male")
    sandbox = _setting(tmp_path)
    assert await _ask(sandbox, QF_FC, "zoe") == (200, {"answer": "found"})
    assert await _ask(sandbox, QF_FC, "anne") == (200, {"answer": "found"})
    assert _code(await _ask(sandbox, QF_FC, "jean")) == (404, "35003")
    assert _code(await _ask(sandbox, QF_FC, "zo")) == (401, "51502")
    assert len(sandbox.france_connect) == 3


async def test_the_token_of_a_file_opens_what_its_scopes_say_or_what_it_is_for(tmp_path: Path) -> None:
    _token_file(tmp_path, "quotient")
    _token_file(tmp_path, "former", scope="openid eaje_enfants")
    _token_file(tmp_path, "meant", api_path=EAJE_FC)
    sandbox = _setting(tmp_path)
    opened = {
        token: [path for path in (QF_FC, EAJE_FC) if (await _ask(sandbox, path, token))[0] == 404]
        for token in ("quotient", "former", "meant")
    }
    assert opened == {"quotient": [QF_FC], "former": [EAJE_FC], "meant": [QF_FC, EAJE_FC]}


@pytest.mark.parametrize("text", ["", "params: {token: a}\n", "params: {token: a}\npayload: '{}'\n", "a: ["])
def test_a_file_that_is_no_france_connect_token_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "france_connect").mkdir()
    (tmp_path / "france_connect" / "broken.yaml").write_text(text, "utf-8")
    with pytest.raises(CasesError, match=r"broken\.yaml: no FranceConnect token"):
        load_france_connect(tmp_path)


async def test_parameters_are_judged_by_the_shifted_day_and_tokens_by_the_clock() -> None:
    ahead = ahead_to(date(2031, 2, 1), NOW)
    shifted = _setting(ahead=ahead)
    assert shifted.today() == date(2031, 2, 1)
    assert _setting().today() == date(2026, 11, 23)
    assert (NOW + ahead).isoformat() == "2031-02-01T11:00:00+00:00"
    period = CLAIRE | {"annee": 2031, "mois": 2}
    assert _code(await _ask(shifted, QF, _habilitation(), period)) == (404, "23003")
    assert _code(await _ask(_setting(), QF, _habilitation(), period)) == (422, "00354")
    assert _code(await _ask(shifted, QF, _habilitation(expires_at=NOW))) == (401, "00103")
    assert (await _ask(shifted, QF_FC, _person()))[0] == 200
    assert _code(await _ask(shifted, QF_FC, _person(seconds=0))) == (401, "51502")


def _served(monkeypatch: pytest.MonkeyPatch, *options: str) -> Sandbox:
    seen: list[Sandbox] = []

    async def serve(sandbox: Sandbox, *_where: Any) -> None:
        seen.append(sandbox)

    monkeypatch.setattr(server, "serve", serve)
    result = CliRunner().invoke(command, [*options, "--port", "0"])
    assert result.exit_code == 0, result.output
    (setting,) = seen
    return setting


def test_the_command_takes_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    setting = _served(monkeypatch, "--today", "2031-02-01")
    assert setting.today() == date(2031, 2, 1)
    believed = setting.clock() + setting.ahead
    assert timedelta(0) <= believed - datetime(2031, 2, 1, 11, 0, tzinfo=UTC) < timedelta(minutes=5)
    assert _served(monkeypatch).ahead == timedelta(0)
    assert len(setting.france_connect) > 0
    assert CliRunner().invoke(command, ["--today", "demain"]).exit_code == 2


def test_the_command_reads_the_tokens_of_its_cases(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _token_file(tmp_path, "zoe")
    setting = _served(monkeypatch, "--cases", str(tmp_path))
    assert not hasattr(setting.france_connect.introspect("zoe", NOW), "code")
    assert len(setting.cases) == 0


async def test_the_command_prints_a_token_of_a_person(shipped: Sandbox) -> None:
    options = [
        *("--nom", "EXEMPLE", "--prenom", "CLAIRE", "--naissance", "1991-04-17", "--sexe", "F"),
        *("--pays", "99100", "--commune", "69383"),
    ]
    live = Sandbox(cases=shipped.cases, france_connect=FranceConnect({}), clock=utc_now)
    assert (await _ask(live, QF_FC, _printed(*options)))[0] == 200
    assert _code(await _ask(live, QF_FC, _printed("--nom", "EXEMPLE"))) == (404, "23003")
    assert _code(await _ask(live, QF_FC, _printed(*options, "--seconds", "-1"))) == (401, "51502")
    assert _code(await _ask(live, QF_FC, _printed(*options, "--scope", "prime_activite"))) == (403, "00100")


def _printed(*options: str) -> str:
    result = CliRunner().invoke(command, ["france-connect-token", *options])
    assert result.exit_code == 0, result.output
    return result.output.strip()


@pytest.mark.parametrize(
    ("written", "known"),
    [("1979", [1979]), ("1979-00-00", [1979]), ("1979-06", [1979, 6]), ("0000-00-00", [])],
)
def test_a_person_s_token_says_as_much_of_the_birth_as_is_known(written: str, known: list[int]) -> None:
    _head, payload, _signature = _printed("--nom", "ESSAI", "--naissance", written).split(".")
    identity = json.loads(base64.urlsafe_b64decode(f"{payload}=="))["identity"]
    names = ("anneeDateNaissance", "moisDateNaissance", "jourDateNaissance")
    assert [identity[name] for name in names if name in identity] == known


def test_a_birth_that_is_no_date_is_told_what_to_write() -> None:
    result = CliRunner().invoke(command, ["france-connect-token", "--naissance", "19 avril"])
    assert result.exit_code == 2
    assert "write YYYY-MM-DD" in result.output


def test_the_command_prints_the_token_of_a_habilitation() -> None:
    result = CliRunner().invoke(command, ["token", "--scope", "cnous_email"])
    assert result.exit_code == 0
    assert result.output.count(".") == 2
