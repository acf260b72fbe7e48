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
from connector.identity import identity_query
from schemas.identity import Identity, PlaceOfBirth

REFERENCE = Path(__file__).parents[3] / "shared" / "reference" / "api-particulier"
ABSENT_FROM_THE_FILE = "allocation_rentree_scolaire"
"""New in 2026."""
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
    paths = yaml.safe_load(path.read_text("utf-8"))["paths"]
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
    paths = yaml.safe_load((REFERENCE / "openapi-v3.yaml").read_text("utf-8"))["paths"]
    ours = {
        endpoint.path
        for definition in CATALOGUE.values()
        for endpoint in definition.endpoints
        if endpoint.source is Source.API_PARTICULIER and definition.name != ABSENT_FROM_THE_FILE
    }
    assert len(CATALOGUE) == 19
    assert ours == set(paths)


def test_every_operation_names_one_endpoint_and_every_folder_of_cases_is_one() -> None:
    operations = [endpoint.operation for check in CATALOGUE.values() for endpoint in check.endpoints]
    folders = {path.name for path in (REFERENCE / "cases").iterdir() if path.name != "france_connect"}
    assert len(operations) == len(set(operations))
    assert folders <= set(operations)


@EACH
def test_an_endpoint_is_sent_only_what_it_describes_and_all_that_it_requires(
    definition: CheckDefinition, endpoint: Endpoint, operation: dict[str, Any]
) -> None:
    parameters = {
        one["name"]: one for one in operation["parameters"] if one["name"] not in NO_PARAMETER_OF_OURS
    }
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
    assert required - person == demanded


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
    published = yaml.safe_load((REFERENCE / "scopes-by-endpoint.yaml").read_text("utf-8"))
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
            assert set(definition.scopes) == scopes, definition.name


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
    first = definition.endpoints[0]
    params = first.params.model_validate(dict(definition.example_params))
    assert definition.params_rule(params, date(2026, 11, 23)) is None


def test_the_frozen_versions_are_those_of_the_contract() -> None:
    frozen = {definition.name: definition.api_version for definition in CATALOGUE.values()}
    assert {name for name, version in frozen.items() if version != 3} == {
        "etudiant_boursier",
        "scolarite",
        "avis_imposition",
    }
    assert (frozen["etudiant_boursier"], frozen["scolarite"]) == (4, 5)
