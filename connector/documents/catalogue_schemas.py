"""The contract as JSON Schema documents: the two envelopes, and each check's parameters and data."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import CheckDefinition, Endpoint
from connector.documents.json_schema import json_schema
from connector.documents.typed.merged import merged_data, merged_params
from connector.documents.typed.names import data_class, params_class
from connector.documents.typed.nullable import with_null_in_types
from connector.documents.typed.variants import with_reply_variants, with_request_variants
from schemas.base import EMPTY_TEXT
from schemas.codes import Call
from schemas.reply import Reply
from schemas.request import VerificationRequest

REQUEST: Final = "verification.request.v1"
REPLY: Final = "verification.reply.v1"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

Document = dict[str, Any]


def params_name(definition: CheckDefinition) -> str:
    """Return the name of the document of a check's parameters."""
    return f"{definition.name}.params.v1"


def data_name(definition: CheckDefinition, api_version: int) -> str:
    """Return the name of the document of a check's data, as one version of the source gives it."""
    name = f"{definition.name}.data.v1"
    return name if api_version == definition.api_version else f"{name}.api-{api_version}"


def schema_documents(catalogue: Mapping[str, CheckDefinition] = CATALOGUE) -> dict[str, Document]:
    """Return every document under its name. Each says of null what code generators understand."""
    params = {params_class(definition): _params(definition) for definition in catalogue.values()}
    data = {data_class(definition): _data_of_every_version(definition) for definition in catalogue.values()}
    documents = {
        REQUEST: with_request_variants(_request(), catalogue, params),
        REPLY: with_reply_variants(_reply(), catalogue, data),
    }
    for definition in catalogue.values():
        documents[params_name(definition)] = params[params_class(definition)]
        for version in definition.api_versions:
            documents[data_name(definition, version)] = _data(definition, version)
    return {name: _headed(name, with_null_in_types(document)) for name, document in documents.items()}


def _headed(name: str, document: Document) -> Document:
    head = {"$schema": _DIALECT, "$id": f"urn:ccas-connector:{name}"}
    ordered = {member: document[member] for member in ("title", "description")}
    return {**head, **ordered, **document}


def _request() -> Document:
    """Return the request's schema, which names the calls of today without refusing another."""
    document = json_schema(VerificationRequest)
    check = document["$defs"]["CheckRequest"]["properties"]
    check["call"]["x-extensible-enum"] = [call.value for call in Call]
    return document


def _reply() -> Document:
    """Return the reply's schema without its free values, for which each check's data stands."""
    document = json_schema(Reply)
    del document["$defs"]["JsonValue"]
    return document


def _params(definition: CheckDefinition) -> Document:
    """Return the parameters of every call; where these differ, with what each takes and demands."""
    by_model = _by_model(definition.endpoints, lambda endpoint: endpoint.params)
    schemas = {model: json_schema(model) for model in by_model}
    document = merged_params(list(schemas.values()))
    for name, member in document["properties"].items():
        if name not in document.get("required", ()) and EMPTY_TEXT not in member["anyOf"]:
            member["anyOf"] = [*member["anyOf"], EMPTY_TEXT]
    by_call = [
        {
            "calls": calls_title(endpoints),
            "takes": list(schemas[model].get("properties", {})),
            "demands": schemas[model].get("required", []),
        }
        for model, endpoints in by_model.items()
    ]
    what = f"{definition.title}: parameters of `{definition.name}`."
    entitled = _entitled(document, params_class(definition), what)
    are_alike = all({**one, "calls": ""} == {**by_call[0], "calls": ""} for one in by_call)
    return entitled if are_alike else {**entitled, "x-calls": by_call}


def _data(definition: CheckDefinition, version: int) -> Document:
    schema = merged_data({version: json_schema(_data_model(definition, version))})
    what = f"{definition.title}: data of `{definition.name}`, version {version} of the source."
    return _entitled(schema, data_class(definition, version), what)


def _data_of_every_version(definition: CheckDefinition) -> Document:
    by_version = {
        version: json_schema(_data_model(definition, version)) for version in definition.api_versions
    }
    if len(by_version) == 1:
        return _data(definition, definition.api_version)
    versions = ", ".join(map(str, sorted(by_version)))
    what = f"{definition.title}: data of `{definition.name}`, in versions {versions} of the source."
    document = {**merged_data(by_version), "description": ""}
    return _entitled(document, data_class(definition), what)


def _data_model(definition: CheckDefinition, version: int) -> type[BaseModel]:
    """Return the one model of a version's data, whichever call is made."""
    (model,) = _by_model(definition.of_version(version), lambda endpoint: endpoint.data)
    return model


def _entitled(document: Document, title: str, what: str) -> Document:
    own = document.get("description")
    return {**document, "title": title, "description": f"{what}\n\n{own}" if own else what}


def _by_model(
    endpoints: Iterable[Endpoint], model_of: Callable[[Endpoint], type[BaseModel]]
) -> dict[type[BaseModel], list[Endpoint]]:
    by_model: dict[type[BaseModel], list[Endpoint]] = {}
    for endpoint in endpoints:
        by_model.setdefault(model_of(endpoint), []).append(endpoint)
    return by_model


def calls_title(endpoints: Iterable[Endpoint]) -> str:
    """Return which calls are meant, with their versions: ``identite, ine (version 4)``, ``ine (versions 3, 4)``."""
    by_version: dict[int, list[str]] = {}
    for endpoint in endpoints:
        by_version.setdefault(endpoint.api_version, []).append(endpoint.call)
    by_calls: dict[tuple[str, ...], list[int]] = {}
    for version, calls in by_version.items():
        by_calls.setdefault(tuple(calls), []).append(version)
    return ", ".join(
        f"{', '.join(calls)} (version{'s' if len(versions) > 1 else ''} {', '.join(map(str, sorted(versions)))})"
        for calls, versions in by_calls.items()
    )
