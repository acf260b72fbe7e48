"""The members of the catalogue's models, one by one: parameters of a check, data of an answer, of an identity."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

from pydantic import BaseModel

from connector.catalogue.definition import CheckDefinition, Endpoint
from connector.catalogue.identity import IdentityProfile, Place, Sex
from connector.documents.forms import without_null
from connector.documents.json_schema import json_schema
from schemas.base import RequestModel


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of some of a check's calls."""

    name: str
    api_name: str
    is_required: bool
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DataMember:
    """A member of a check's data."""

    path: str
    """Dotted; a list's elements are told under the list's own path."""
    schema: Mapping[str, Any]
    may_be_null: bool
    may_be_absent: bool
    scope: str | None
    """What opens it: its own scope, else that of the block around it."""


class Need(Enum):
    """What an endpoint does with a member of an identity."""

    DEMANDED = auto()
    DEMANDED_IN_FRANCE = auto()
    """For a person born in France; the commune may be given by name where its name is taken."""
    TAKEN = auto()


def parameters(model: type[RequestModel]) -> Iterator[Parameter]:
    """Yield the parameters that a model holds."""
    schema = json_schema(model)
    for name, member in model.model_fields.items():
        api_name = member.serialization_alias or name
        yield Parameter(name, api_name, member.is_required(), schema["properties"][name])


def parameters_of(definition: CheckDefinition) -> list[tuple[Parameter, list[Endpoint]]]:
    """Return each parameter of a check with the calls that take it in this form."""
    found: list[tuple[Parameter, list[Endpoint]]] = []
    for endpoint in definition.endpoints:
        for parameter in parameters(endpoint.params):
            known = next((calls for other, calls in found if other == parameter), None)
            if known is None:
                found.append((parameter, [endpoint]))
            else:
                known.append(endpoint)
    return found


def data_members(model: type[BaseModel]) -> Iterator[DataMember]:
    """Yield every member of a data model, each before those inside it."""
    schema = json_schema(model)
    yield from _members(schema, schema.get("$defs", {}), "", None)


def envelope_members(model: type[BaseModel]) -> Iterator[DataMember]:
    """Yield every member of a job or of a reply, as ``data_members`` does of data; a text with a name is told as a text."""
    schema = json_schema(model)
    parts = schema.get("$defs", {})
    for member in data_members(model):
        value, _ = without_null(member.schema)
        target = parts.get(value.get("$ref", "").rpartition("/")[2], {})
        is_text = target.get("type") == "string"
        yield replace(member, schema={**target, **_without_reference(value)}) if is_text else member


def _without_reference(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != "$ref"}


def _members(
    schema: Mapping[str, Any], parts: Mapping[str, Any], prefix: str, around: str | None
) -> Iterator[DataMember]:
    required = schema.get("required", ())
    for name, member in schema.get("properties", {}).items():
        value, may_be_null = without_null(member)
        scope = member.get("x-scope", around)
        yield DataMember(f"{prefix}{name}", member, may_be_null, name not in required, scope)
        inner = without_null(value["items"])[0] if value.get("type") == "array" else value
        if "$ref" in inner:
            part = parts[inner["$ref"].rpartition("/")[2]]
            yield from _members(part, parts, f"{prefix}{name}.", scope)


def identity_needs(profile: IdentityProfile) -> dict[str, Need]:
    """Return what an endpoint does with each member of an identity; it is not sent the others."""
    by_sex = {Sex.DEMANDED: {"sexe": Need.DEMANDED}, Sex.TAKEN: {"sexe": Need.TAKEN}, Sex.LEFT_OUT: {}}
    return {
        "nom_naissance": Need.DEMANDED,
        **({"nom_usage": Need.TAKEN} if profile.takes_nom_usage else {}),
        "prenoms": Need.DEMANDED,
        **by_sex[profile.sex],
        "date_naissance": Need.DEMANDED if profile.demands_full_date else Need.TAKEN,
        **{f"lieu_naissance.{member}": need for member, need in _place_needs(profile.place).items()},
    }


def _place_needs(place: Place) -> dict[str, Need]:
    by_name = {"nom_commune": Need.TAKEN, "code_departement": Need.TAKEN}
    match place:
        case Place.COUNTRY_AND_COMMUNE:
            return {"code_pays": Need.DEMANDED, "code_commune": Need.TAKEN, **by_name}
        case Place.COUNTRY_AND_CODE:
            return {"code_pays": Need.DEMANDED, "code_commune": Need.DEMANDED_IN_FRANCE}
        case Place.COMMUNE:
            return {"code_commune": Need.TAKEN, **by_name}
        case Place.LEFT_OUT:
            return {}
