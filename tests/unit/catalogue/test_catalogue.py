"""The catalogue, held against API Particulier's own description: every route, parameter, field and scope."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import CheckDefinition, Endpoint, Source, models_within
from connector.catalogue.identity import identity_query
from schemas.identity import Identity, PlaceOfBirth

REFERENCE = Path(__file__).parents[4] / "shared" / "reference" / "api-particulier"
ABSENT_FROM_THE_FILE = "allocation_rentree_scolaire"
"""New in 2026."""
NEWER_THAN_THE_FILE = {
    f"/v5/cnous/etudiant_boursier/{call}" for call in ("identite", "france_connect", "ine")
}
"""New in the summer of 2026, with a scope of their own."""
TAKEN_AWAY_SINCE = {
    "/v3/men/scolarites/identite": {"degreEtablissement", "codesBcnDepartements[]", "codesBcnRegions[]"}
}
"""Parameters that the file lists and that the endpoint no longer takes."""
DEMANDED_SINCE = {"/v3/men/scolarites/identite": {"codeEtablissement"}}
"""Parameters that the file leaves optional and that the endpoint demands now."""
NO_PARAMETER_OF_OURS = {"recipient", "Cache-Control"}
WHOLE = Identity(
    nom_naissance="EXEMPLE",
    nom_usage="MODELE",
    prenoms=("CLAIRE", "ANNE", "ZOE"),
    sexe="F",
    date_naissance="1991-04-17",
    lieu_naissance=PlaceOfBirth(code_pays="99100", code_commune="69383"),
)
BY_NAME = PlaceOfBirth(code_pays="99100", nom_commune="Clermont-Ferrand", code_departement="63")

Described = tuple[CheckDefinition, Endpoint, dict[str, Any]]


def described() -> list[Described]:
    """Every endpoint that the OpenAPI file describes, with its operation."""
    path = REFERENCE / "openapi-v3.yaml"
    if not path.is_file():
        return []
    paths = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)["paths"]
    return [
        (definition, endpoint, paths[endpoint.path]["get"])
        for definition in CATALOGUE.values()
        for endpoint in definition.endpoints
        if endpoint.path in paths
    ]


EACH = pytest.mark.parametrize(
    ("definition", "endpoint", "operation"), described(), ids=lambda value: getattr(value, "path", "")
)
pytestmark = pytest.mark.skipif(not REFERENCE.is_dir(), reason=f"no reference at {REFERENCE}")


def test_nineteen_checks_and_every_path_of_the_file() -> None:
    paths = yaml.load((REFERENCE / "openapi-v3.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)["paths"]
    ours = {
        endpoint.path
        for definition in CATALOGUE.values()
        for endpoint in definition.endpoints
        if endpoint.source is Source.API_PARTICULIER and definition.name != ABSENT_FROM_THE_FILE
    }
    assert len(CATALOGUE) == 19
    assert ours == set(paths) | NEWER_THAN_THE_FILE


def test_forty_one_endpoints_of_api_particulier() -> None:
    paths = [
        endpoint.path
        for definition in CATALOGUE.values()
        for endpoint in definition.endpoints
        if endpoint.source is Source.API_PARTICULIER
    ]
    assert len(paths) == len(set(paths)) == 41


def test_every_operation_names_one_endpoint_and_every_folder_of_cases_is_one() -> None:
    operations = [endpoint.operation for check in CATALOGUE.values() for endpoint in check.endpoints]
    folders = {path.name for path in (REFERENCE / "cases").iterdir() if path.name != "france_connect"}
    assert len(operations) == len(set(operations))
    assert folders <= set(operations)


@EACH
def test_an_endpoint_is_sent_only_what_it_describes_and_all_that_it_requires(
    definition: CheckDefinition, endpoint: Endpoint, operation: dict[str, Any]
) -> None:
    left_out = NO_PARAMETER_OF_OURS | TAKEN_AWAY_SINCE.get(endpoint.path, set())
    parameters = {one["name"]: one for one in operation["parameters"] if one["name"] not in left_out}
    own = {info.serialization_alias or name for name, info in endpoint.params.model_fields.items()}
    person: set[str] = set()
    if endpoint.identity is not None:
        for place in (WHOLE.lieu_naissance, BY_NAME):
            sent = identity_query(endpoint.identity, WHOLE.model_copy(update={"lieu_naissance": place}))
            person |= {name for name, _ in sent}
    by_name = {"nomCommuneNaissance", "codeCogInseeDepartementNaissance"}
    assert own | person == set(parameters) | (by_name & person)
    required = {name for name, one in parameters.items() if one.get("required")}
    demanded = {
        info.serialization_alias or name
        for name, info in endpoint.params.model_fields.items()
        if info.is_required()
    }
    assert (required - person) | DEMANDED_SINCE.get(endpoint.path, set()) == demanded


@EACH
def test_every_documented_field_is_in_the_data(
    definition: CheckDefinition, endpoint: Endpoint, operation: dict[str, Any]
) -> None:
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["data"]
    left_out = {path for path in members(endpoint.data) if path.split(".")[0] in endpoint.never_returns}
    undocumented = members(endpoint.data) - documented(schema) - left_out
    assert documented(schema) <= members(endpoint.data)
    # Only the API's own examples show the name of a pupil's school.
    assert undocumented <= {"etablissement.nom"}


def members(model: type[BaseModel]) -> set[str]:
    """Every member of a data model, dotted."""
    return set(_members(model))


def _members(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, info in model.model_fields.items():
        yield f"{prefix}{name}"
        for inner in models_within(info.annotation):
            yield from _members(inner, f"{prefix}{name}.")


def documented(schema: dict[str, Any], prefix: str = "") -> set[str]:
    """Every property of a JSON Schema, dotted; the elements of an array under its own name."""
    inner = schema.get("items", schema)
    found = set()
    for name, property_ in inner.get("properties", {}).items():
        found |= {f"{prefix}{name}"} | documented(property_, f"{prefix}{name}.")
    return found


def test_each_check_has_the_scopes_of_its_endpoints() -> None:
    published = yaml.load((REFERENCE / "scopes-by-endpoint.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)
    prefix = "api_particulier/v3_and_more/"
    for definition in CATALOGUE.values():
        scopes = {
            scope
            for endpoint in definition.endpoints
            for scope in published.get(prefix + endpoint_key(endpoint), [])
        }
        if definition.name in (ABSENT_FROM_THE_FILE, "avis_imposition"):
            assert not scopes
        else:
            newer = {"cnous_ine"} if definition.name == "etudiant_boursier" else set()
            assert set(definition.scopes) == scopes | newer, definition.name


def endpoint_key(endpoint: Endpoint) -> str:
    """Name an endpoint as the file of scopes does: ``cnav/quotient_familial_with_civility``."""
    _api, _particulier, _version, *rest = endpoint.operation.split("_")
    providers = ("france_travail", "gip_mds")
    name = "_".join(rest)
    provider = next((one for one in providers if name.startswith(one)), rest[0])
    return f"{provider}/{name.removeprefix(provider + '_')}"


@pytest.mark.parametrize("definition", CATALOGUE.values(), ids=CATALOGUE)
def test_a_definition_is_whole(definition: CheckDefinition) -> None:
    assert definition.title
    assert definition.provider
    assert definition.scopes
    assert definition.api_versions[0] == definition.endpoints[0].api_version
    for endpoint in definition.endpoints:
        assert (endpoint.identity is not None) == (endpoint.call == "identite")
        assert endpoint.blocks
        reached = [pointer for pointer in definition.essential if dotted(pointer) in members(endpoint.data)]
        assert len(reached) == len(definition.essential) or definition.name == "etudiant_boursier"
        assert reached
    first = definition.endpoints[0]
    params = first.params.model_validate(dict(definition.example_params))
    assert definition.params_rule(params, date(2026, 11, 23)) is None


def dotted(pointer: str) -> str:
    """Return a JSON Pointer as ``members`` names what it leads to."""
    return pointer.removeprefix("/").replace("/", ".")


def test_what_each_check_exists_for() -> None:
    assert {definition.name: definition.essential for definition in CATALOGUE.values()} == {
        "quotient_familial": ("/quotient_familial/valeur",),
        "participation_familiale_eaje": (
            "/parametres_calcul_participation_familiale/nombre_enfants_a_charge",
            "/parametres_calcul_participation_familiale/base_ressources_annuelles/valeur",
        ),
        "revenu_solidarite_active": ("/est_beneficiaire",),
        "prime_activite": ("/est_beneficiaire",),
        "allocation_adulte_handicape": ("/est_beneficiaire",),
        "allocation_enfant_handicape": ("/status",),
        "allocation_soutien_familial": ("/est_beneficiaire",),
        "allocation_rentree_scolaire": ("/status",),
        "complementaire_sante_solidaire": ("/est_beneficiaire",),
        "etudiant_boursier": ("/statut_boursier/est_boursier", "/est_boursier"),
        "statut_etudiant": ("/admissions",),
        "scolarite": ("/est_scolarise",),
        "statut_demandeur_emploi": ("/inscription/date_fin",),
        "indemnites_france_travail": ("/paiements",),
        "service_national": ("/statut_service_national",),
        "service_civique": ("/statut_actuel/contrat_trouve",),
        "statut_sportif": ("/est_sportif_de_haut_niveau",),
        "immatriculation_vehicule": ("/donnees_immatriculation_vehicule/numero_immatriculation",),
        "avis_imposition": ("/revenu_fiscal_reference",),
    }


def test_an_agent_reads_why_a_person_is_not_concerned_where_a_source_says_so() -> None:
    told = {name for name, definition in CATALOGUE.items() if definition.not_concerned_detail}
    assert told == {"participation_familiale_eaje", "scolarite", "service_national"}


def test_version_5_of_the_scholarship_adds_the_national_number_and_is_asked_on_demand() -> None:
    definition = CATALOGUE["etudiant_boursier"]
    assert definition.api_versions == (4, 5, 3)
    by_default, newer = definition.of_version(4), definition.of_version(5)
    assert [endpoint.call for endpoint in newer] == [endpoint.call for endpoint in by_default]
    assert members(newer[0].data) - members(by_default[0].data) == {"ine"}
    assert "ine" in newer[0].blocks


def test_version_3_of_schooling_wants_the_school_and_takes_no_area() -> None:
    of_version = {endpoint.api_version: endpoint.params for endpoint in CATALOGUE["scolarite"].endpoints}
    assert set(of_version[3].model_fields) == {"code_etablissement", "annee_scolaire"}
    assert all(member.is_required() for member in of_version[3].model_fields.values())
    assert not of_version[4].model_fields["code_etablissement"].is_required()
    assert of_version[5] is of_version[4]


def test_the_frozen_versions_are_those_of_the_contract() -> None:
    frozen = {definition.name: definition.api_version for definition in CATALOGUE.values()}
    assert {name for name, version in frozen.items() if version != 3} == {
        "etudiant_boursier",
        "scolarite",
        "avis_imposition",
    }
    assert (frozen["etudiant_boursier"], frozen["scolarite"]) == (4, 5)
