"""Planning: each check of a job becomes a call, or the defect that prevents it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from pydantic import ValidationError

from connector.catalogue import CheckDefinition
from connector.defects import Defect, invalid, missing
from connector.identity import Query
from schemas.base import RequestModel
from schemas.codes import CheckCode
from schemas.request import CheckRequest, VerificationRequest

_CALL: Final = "identite"
_LONGEST_NAME_SHOWN: Final = 64


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A call that can be made."""

    request: CheckRequest
    definition: CheckDefinition
    query: Query


@dataclass(frozen=True, slots=True)
class Refusal:
    """A check that gets no call."""

    request: CheckRequest
    defect: Defect


PlannedCheck = PlannedCall | Refusal


def plan(
    job: VerificationRequest,
    catalogue: Mapping[str, CheckDefinition],
    today: date,
) -> tuple[PlannedCheck, ...]:
    """Return one planned check per check of the job, in its order. ``today`` is the day in Paris."""
    return tuple(_plan_check(request, job, catalogue, today) for request in job.checks)


def _plan_check(
    request: CheckRequest,
    job: VerificationRequest,
    catalogue: Mapping[str, CheckDefinition],
    today: date,
) -> PlannedCheck:
    definition = catalogue.get(request.check)
    if definition is None:
        return Refusal(request, Defect(CheckCode.UNKNOWN_CHECK, "check"))
    if defect := _wrong_call(request, definition):
        return Refusal(request, defect)
    params = _read_params(request, definition, today)
    if isinstance(params, Defect):
        return Refusal(request, params)
    identity = _read_identity(job, definition, today)
    if isinstance(identity, Defect):
        return Refusal(request, identity)
    query = (("recipient", job.tenant), *identity, *definition.params_query(params))
    return PlannedCall(request, definition, query)


def _wrong_call(request: CheckRequest, definition: CheckDefinition) -> Defect | None:
    if request.call not in (None, _CALL):
        return invalid("call", "Cette vérification ne s'appelle pas ainsi ; appel possible : identite.")
    if request.api_version is not None and not _is_version(request.api_version, definition):
        return invalid(
            "api_version",
            f"Cette version de l'API n'est pas servie ; version possible : {definition.api_version}.",
        )
    return None


def _is_version(value: object, definition: CheckDefinition) -> bool:
    return type(value) is int and value == definition.api_version


def _read_params(request: CheckRequest, definition: CheckDefinition, today: date) -> RequestModel | Defect:
    try:
        params = definition.params.model_validate({} if request.params is None else request.params)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0])[:_LONGEST_NAME_SHOWN] if first["loc"] else "params"
        return missing(name) if first["type"] == "missing" else invalid(name)
    return definition.params_rule(params, today) or params


def _read_identity(job: VerificationRequest, definition: CheckDefinition, today: date) -> Query | Defect:
    if job.identity is None:
        return missing("identity", "Cette vérification demande l'identité de la personne.")
    return definition.identity_query(job.identity, today)
