"""The AsyncAPI 3.0.0 document of the contract, seen from a vendor: it sends jobs and receives replies."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import CheckDefinition
from connector.documents.broker import channels, operations, security_schemes, servers
from connector.documents.catalogue_schemas import (
    calls_title,
    data_name,
    params_name,
    schema_documents,
)
from connector.documents.codes import DocumentedCode, check_codes, job_codes
from connector.documents.components import schema_components, schema_ref
from connector.documents.examples import example_job, example_reply
from connector.documents.messages import Example, messages

VERSION: Final = "1.0.0"
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
            "schemas": schema_components(schema_documents(catalogue)),
            "securitySchemes": security_schemes(),
        },
        "x-checks": {definition.name: _check(definition) for definition in definitions},
        "x-check-codes": _codes(check_codes()),
        "x-job-codes": _codes(job_codes()),
    }


def _check(definition: CheckDefinition) -> dict[str, Any]:
    return {
        "title": definition.title,
        "provider": definition.provider,
        "calls": calls_title(definition.endpoints),
        "scopes": list(definition.scopes),
        "params": schema_ref(params_name(definition)),
        "data": {
            str(version): schema_ref(data_name(definition, version)) for version in definition.api_versions
        },
    }


def _codes(codes: Iterable[DocumentedCode]) -> dict[str, Any]:
    return {
        code.code: {"title": code.title, "detail": code.detail, "retryable": code.retryable} for code in codes
    }
