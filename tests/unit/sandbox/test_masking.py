"""The sandbox leaves out of an answer what its token's scopes do not open, as production does."""

import json
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
import yaml

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import CheckDefinition, Endpoint, Source
from connector.sandbox.cases import SHIPPED
from connector.sandbox.france_connect import issue_france_connect_token
from connector.sandbox.masking import masked
from connector.sandbox.yaml_files import read_yaml
from schemas.codes import Call
from tests.conftest import REFERENCE
from tests.sandboxes import ALL, CLAIRE, NOW, QF, QF_FC, RECIPIENT, Got, habilitation, played

ENDPOINTS = [
    (definition, endpoint)
    for definition in CATALOGUE.values()
    for endpoint in definition.endpoints
    if endpoint.source is Source.API_PARTICULIER
]
QF_BLOCKS = {
    "cnaf_quotient_familial": "quotient_familial",
    "cnaf_allocataires": "allocataires",
    "cnaf_enfants": "enfants",
    "cnaf_adresse": "adresse",
}
AVIS = "/api/v2/avis-imposition"
AVIS_QUERY = {"numeroFiscal": "3099999999001", "referenceAvis": "2599999999001"}
ETUDIANT = CATALOGUE["statut_etudiant"].endpoints[0]
CIVIQUE = CATALOGUE["service_civique"].endpoints[0]


def _blocks(answer: Got) -> set[str]:
    assert answer.status == 200
    return set(answer.body["data"])


async def _example(definition: CheckDefinition, endpoint: Endpoint, scopes: frozenset[str]) -> Got:
    """Ask for the documented example with a token of these scopes alone."""
    params = read_yaml(SHIPPED / endpoint.operation / "200-exemple.yaml")["params"]
    query = {f"{name}[]" if isinstance(value, list) else name: value for name, value in params.items()}
    if endpoint.call is Call.FRANCE_CONNECT:
        of_person = {"nomNaissance", "prenoms", "nomUsage"} | {name for name in CLAIRE if name != "recipient"}
        identity = {name: value for name, value in params.items() if name in of_person}
        token = issue_france_connect_token(identity, scopes, NOW + timedelta(minutes=1))
        query = {name: value for name, value in query.items() if name.removesuffix("[]") not in identity}
    else:
        token = habilitation(scopes=scopes)
    return await played().ask(endpoint.path, token, {**RECIPIENT, **query})


@cache
def _published() -> Mapping[str, Any]:
    path = REFERENCE / "scopes-by-endpoint.yaml"
    if not path.is_file():
        pytest.skip(f"the reference is not at {path}")
    read: Mapping[str, Any] = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    return read


def _published_scopes(endpoint: Endpoint) -> set[str]:
    """Return what the file of scopes lists for an endpoint, whichever way it names its provider."""
    name = endpoint.operation.split("_", 3)[3]
    listed = {
        key.removeprefix("api_particulier/v3_and_more/").replace("/", "_"): scopes
        for key, scopes in _published().items()
        if key.startswith("api_particulier/v3_and_more/")
    }
    return set(listed.get(name, []))


@pytest.mark.parametrize("scope", QF_BLOCKS)
@pytest.mark.parametrize("call", ["identite", "france_connect"])
async def test_a_scope_of_the_quotient_opens_its_block_alone(scope: str, call: str) -> None:
    (endpoint,) = [one for one in CATALOGUE["quotient_familial"].endpoints if one.call == call]
    answer = await _example(CATALOGUE["quotient_familial"], endpoint, frozenset([scope]))
    assert _blocks(answer) == {QF_BLOCKS[scope]}


@pytest.mark.parametrize(
    ("definition", "endpoint"), ENDPOINTS, ids=[endpoint.path for _definition, endpoint in ENDPOINTS]
)
async def test_the_published_scopes_of_an_endpoint_open_it_whole_and_together_alone(
    definition: CheckDefinition, endpoint: Endpoint
) -> None:
    payload = json.loads(read_yaml(SHIPPED / endpoint.operation / "200-exemple.yaml")["payload"])
    published = _published_scopes(endpoint) or set(definition.scopes)
    if definition.name == "etudiant_boursier":
        # Newer than the file.
        published.add("cnous_ine")
    assert (await _example(definition, endpoint, frozenset(published))).body == payload
    opened: set[str] = set()
    for scope in published:
        opened |= _blocks(await _example(definition, endpoint, frozenset([scope])))
    # A block within another needs the scope of that one too.
    assert opened == set(payload["data"])
    others = await _example(definition, endpoint, ALL - published)
    assert others.code == (403, "00100")


def test_a_block_within_another_is_left_out_of_it() -> None:
    payload = read_yaml(SHIPPED / CIVIQUE.operation / "200-exemple.yaml")["payload"]
    scopes = {"gip_mds_service_civique_statut_passe", "gip_mds_service_civique_organisme_accueil"}
    past = {
        "contrat_trouve": True,
        "organisme_accueil": {"siret": "99000000000010", "raison_sociale": "ASSOCIATION DES ESSAIS"},
    }
    assert json.loads(masked(payload, CIVIQUE, scopes))["data"] == {"statut_passe": past}
    only_within = {"gip_mds_service_civique_organisme_accueil"}
    assert json.loads(masked(payload, CIVIQUE, only_within))["data"] == {}


def test_a_block_is_left_out_of_each_item_of_a_list() -> None:
    admissions = [{"est_inscrit": True, "code_cog_insee_commune": "69383"}, {"est_inscrit": None}]
    payload = json.dumps({"data": {"identite": {}, "admissions": admissions}, "meta": {"a": 1}})
    scopes = {"mesri_admissions", "mesri_admission_commune_etudes"}
    assert json.loads(masked(payload, ETUDIANT, scopes)) == {
        "data": {"admissions": [{"code_cog_insee_commune": "69383"}, {}]},
        "meta": {"a": 1},
    }


@pytest.mark.parametrize(
    "payload", ["", "{", "[]", "null", '{"errors": []}', '{"data": null}', '{"data": 3}']
)
def test_what_is_no_answer_stays(payload: str) -> None:
    assert masked(payload, CIVIQUE, set()).replace(" ", "") == payload.replace(" ", "")


async def test_a_franceconnect_call_never_gets_an_identity() -> None:
    endpoints = [one for one in CATALOGUE["statut_etudiant"].endpoints if one.call is Call.FRANCE_CONNECT]
    (endpoint,) = endpoints
    payload = json.dumps({"data": {"identite": {"nom": "EXEMPLE"}, "admissions": []}})
    assert json.loads(masked(payload, endpoint, ALL)) == {"data": {"admissions": []}}
    assert json.loads(masked(payload, ETUDIANT, ALL)) == json.loads(payload)


async def test_the_token_of_a_file_is_the_public_sandbox_s_and_masks_nothing() -> None:
    answer = await played().ask(QF_FC, "exemple", RECIPIENT)
    assert _blocks(answer) == set(QF_BLOCKS.values())


async def test_an_error_is_not_masked() -> None:
    unknown = {**CLAIRE, "nomNaissance": "PERSONNE"}
    answers = [
        await played().ask(QF, habilitation(scopes=scopes), unknown) for scopes in (ALL, {"cnaf_enfants"})
    ]
    assert answers[0].body == answers[1].body
    assert answers[0].status == 404


async def test_a_notice_of_version_2_has_its_address_with_the_scope_of_it() -> None:
    for scopes, has_address in ((ALL, True), ({"dgfip_avis_imposition"}, False)):
        key = {"X-Api-Key": habilitation(scopes=scopes)}
        answer = await played().ask(AVIS, None, AVIS_QUERY, headers=key)
        assert answer.status == 200
        assert ("foyerFiscal" in answer.body) is has_address
        assert answer.body["nombreParts"] == 1.5
