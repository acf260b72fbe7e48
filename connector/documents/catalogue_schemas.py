"""The contract as JSON Schema documents: the two envelopes, and each check's parameters and data."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import CheckDefinition, Endpoint
from connector.documents.json_schema import json_schema
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
    """Return every document under its name."""
    documents = {REQUEST: _request(catalogue), REPLY: json_schema(Reply)}
    for definition in catalogue.values():
        documents[params_name(definition)] = _params(definition)
        for version in definition.api_versions:
            documents[data_name(definition, version)] = _data(definition, version)
    return {name: _headed(name, document) for name, document in documents.items()}


def _headed(name: str, document: Document) -> Document:
    head = {"$schema": _DIALECT, "$id": f"urn:ccas-connector:{name}"}
    ordered = {member: document[member] for member in ("title", "description")}
    return {**head, **ordered, **document}


def _request(catalogue: Mapping[str, CheckDefinition]) -> Document:
    """Return the request's schema, which names the checks and calls of today without refusing another.

    A check that does not exist is that check's own error: the job's other checks run.
    """
    document = json_schema(VerificationRequest)
    check = document["$defs"]["CheckRequest"]["properties"]
    check["check"]["x-extensible-enum"] = list(catalogue)
    check["call"]["x-extensible-enum"] = [call.value for call in Call]
    return document


def _params(definition: CheckDefinition) -> Document:
    document = _of_models(definition.endpoints, lambda endpoint: endpoint.params)
    for choice in document.get("anyOf", [document]):
        _allow_empty(choice)
    return _entitled(
        document, definition, "Params", f"{definition.title}: parameters of `{definition.name}`."
    )


def _allow_empty(schema: Document) -> None:
    """Let each optional parameter be an empty text, which planning takes for its absence."""
    for name, member in schema.get("properties", {}).items():
        if name not in schema.get("required", ()):
            member["anyOf"] = [*member["anyOf"], EMPTY_TEXT]


def _data(definition: CheckDefinition, version: int) -> Document:
    document = _of_models(definition.of_version(version), lambda endpoint: endpoint.data)
    suffix = "Data" if version == definition.api_version else f"DataApi{version}"
    what = f"{definition.title}: data of `{definition.name}`, version {version} of the source."
    return _entitled(document, definition, suffix, what)


def _entitled(document: Document, definition: CheckDefinition, suffix: str, what: str) -> Document:
    camel = "".join(word.capitalize() for word in definition.name.split("_"))
    own = document.get("description")
    return {**document, "title": f"{camel}{suffix}", "description": f"{what}\n\n{own}" if own else what}


def _of_models(endpoints: Iterable[Endpoint], model_of: Callable[[Endpoint], type[BaseModel]]) -> Document:
    """Return one schema of what some calls have in common, or the choice between theirs."""
    by_model: dict[type[BaseModel], list[Endpoint]] = {}
    for endpoint in endpoints:
        by_model.setdefault(model_of(endpoint), []).append(endpoint)
    if len(by_model) == 1:
        return json_schema(next(iter(by_model)))
    choices: list[Document] = []
    parts: Document = {}
    for model, calls in by_model.items():
        schema = json_schema(model)
        parts |= schema.pop("$defs", {})
        choices.append({**schema, "title": calls_title(calls)})
    return {"anyOf": choices, **({"$defs": parts} if parts else {})}


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
