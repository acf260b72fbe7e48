"""The AsyncAPI 3.0.0 document of the contract, seen from a vendor: it sends jobs and receives replies."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import CheckDefinition
from connector.documents.broker import channels, operations, security_schemes, servers
from connector.documents.catalogue_schemas import (
    REPLY,
    REQUEST,
    data_name,
    schema_documents,
)
from connector.documents.codes import DocumentedCode, check_codes, job_codes
from connector.documents.components import schema_components, schema_ref
from connector.documents.examples import example_job, example_reply
from connector.documents.inputs import inputs
from connector.documents.messages import TRACE_HEADERS_CLASS, Example, messages, trace_headers
from connector.documents.typed.names import class_name, data_class, params_class
from connector.documents.typed.variants import DISCRIMINATOR

VERSION: Final = "1.1.0"
"""Its first number is the version of the contract; the second one grows with what is added."""
_DESCRIPTION: Final = Path(__file__).with_name("info.md")


def asyncapi_document(
    catalogue: Mapping[str, CheckDefinition] = CATALOGUE, example_reply: Example = example_reply
) -> dict[str, Any]:
    """Return the document. Raises ``ExampleError`` for a check without a usable example."""
    definitions = catalogue.values()
    return {
        "asyncapi": "3.0.0",
        "id": "urn:ccas-connector:verification:v1",
        "info": {
            "title": "ccas-connector",
            "version": VERSION,
            "description": _DESCRIPTION.read_text(encoding="utf-8").strip(),
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": servers(),
        "channels": channels(),
        "operations": operations(),
        "components": {
            "messages": messages(definitions, example_job, example_reply),
            "schemas": _schemas(catalogue),
            "securitySchemes": security_schemes(),
        },
        "x-checks": {definition.name: _check(definition) for definition in definitions},
        "x-check-codes": _codes(check_codes()),
        "x-job-codes": _codes(job_codes()),
    }


def _schemas(catalogue: Mapping[str, CheckDefinition]) -> dict[str, Any]:
    """Return every schema under its name; the checks of a job and of a reply have ``check`` for discriminator.

    The specification asks that the schema of a choice have that member itself.
    """
    documents = schema_documents(catalogue)
    of_versions = [
        documents[data_name(definition, version)]
        for definition in catalogue.values()
        for version in definition.api_versions
        if len(definition.api_versions) > 1
    ]
    schemas = schema_components((documents[REQUEST], documents[REPLY], *of_versions))
    schemas[TRACE_HEADERS_CLASS] = trace_headers()
    for definition in catalogue.values():
        _share_name(schemas, definition)
    for choice in ("CheckRequest", "CheckReply"):
        schemas[choice] = {
            "type": "object",
            **schemas[choice],
            "discriminator": DISCRIMINATOR,
            "properties": {DISCRIMINATOR: {"type": "string"}},
            "required": [DISCRIMINATOR],
        }
    return schemas


def _share_name(schemas: dict[str, Any], definition: CheckDefinition) -> None:
    """Put the name of a check, which its question and its answer have alike, beside them."""
    for part in ("Request", "Reply"):
        members = schemas[class_name(definition, part)]["properties"]
        schemas[members[DISCRIMINATOR]["title"]] = members[DISCRIMINATOR]
        members[DISCRIMINATOR] = schema_ref(members[DISCRIMINATOR]["title"])


def _check(definition: CheckDefinition) -> dict[str, Any]:
    return {
        "title": definition.title,
        "provider": definition.provider,
        "calls": [
            {
                "call": endpoint.call.value,
                "version": endpoint.api_version,
                "inputs": list(inputs(endpoint.call)),
            }
            for endpoint in definition.endpoints
        ],
        "scopes": list(definition.scopes),
        "essential": list(definition.essential),
        "params": schema_ref(params_class(definition)),
        "data": {
            str(version): schema_ref(data_class(definition, version)) for version in definition.api_versions
        },
    }


def _codes(codes: Iterable[DocumentedCode]) -> dict[str, Any]:
    return {
        code.code: {"title": code.title, "detail": code.detail, "retryable": code.retryable} for code in codes
    }
