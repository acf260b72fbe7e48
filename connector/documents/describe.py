"""One check of the catalogue as plain values, for a person's terminal or a script."""

from typing import Any

from connector.catalogue.definition import CheckDefinition, Endpoint, scoped_members
from connector.catalogue.grants import Grant, paths
from connector.documents.examples import example_job
from connector.documents.forms import ENGLISH, form
from connector.documents.inputs import inputs
from connector.documents.members import identity_needs, parameters


def summary(definition: CheckDefinition) -> dict[str, Any]:
    """Return what tells a check from the others."""
    return {
        "name": definition.name,
        "title": definition.title,
        "provider": definition.provider,
        "calls": list(dict.fromkeys(endpoint.call.value for endpoint in definition.endpoints)),
        "api_versions": list(definition.api_versions),
        "quota_group": definition.quota_group.value,
    }


def description(definition: CheckDefinition) -> dict[str, Any]:
    """Return everything that the catalogue says of a check, the frozen version first."""
    return {
        **summary(definition),
        "endpoints": [_endpoint(endpoint) for endpoint in definition.endpoints],
        "scopes": scopes(definition),
        "params_note": definition.params_note,
        "no_record_detail": definition.no_record_detail,
        "not_concerned_detail": definition.not_concerned_detail,
        "essential": list(definition.essential),
        "notes": list(definition.notes),
        "example_job": example_job(definition),
    }


def granted(check: str, grant: Grant | None) -> dict[str, Any]:
    """Return what a vendor's grant opens of a check; nothing where no vendor is asked about."""
    if grant is None:
        return {}
    return {
        "grant": {"opens": grant.opens(check), "withheld": list(paths(grant.hidden.get(check, {})))},
    }


def _endpoint(endpoint: Endpoint) -> dict[str, Any]:
    needs = identity_needs(endpoint.identity) if endpoint.identity else {}
    return {
        "call": endpoint.call.value,
        "api_version": endpoint.api_version,
        "source": endpoint.source.value,
        "path": endpoint.path,
        "inputs": list(inputs(endpoint.call)),
        "identity": {member: need.name.lower() for member, need in needs.items()},
        "params": [
            {
                "name": parameter.name,
                "api_name": parameter.api_name,
                "required": parameter.is_required,
                "form": form(parameter.schema, ENGLISH),
            }
            for parameter in parameters(endpoint.params)
        ],
    }


def scopes(definition: CheckDefinition) -> dict[str, list[str]]:
    """Return the members that each scope opens; none where it opens the call itself."""
    opened: dict[str, dict[str, None]] = {scope: {} for scope in definition.scopes}
    for endpoint in definition.endpoints:
        for member, scope in scoped_members(endpoint.data):
            opened[scope][member] = None
    return {scope: list(members) for scope, members in opened.items()}
