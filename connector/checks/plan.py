"""Planning: each check of a job becomes the calls that may answer it, or the defect that prevents them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from pydantic import ValidationError

from connector.catalogue.definition import CheckDefinition, Endpoint, Source
from connector.catalogue.grants import Grant, Hidden
from connector.catalogue.identity import identity_defect
from connector.catalogue.variants import PersonQueries, Variant
from connector.checks.french import explain, received_at
from connector.checks.nearest import nearest_check
from connector.checks.shapes import SHAPES, looks_like, shape_of
from connector.jobs.defects import Defect, invalid, missing
from connector.sources.traits import traits_of
from schemas.base import RequestModel
from schemas.codes import Call, CheckCode
from schemas.request import CheckRequest, VerificationRequest

_LONGEST_NAME_SHOWN: Final = 64
_ABSENT: Final = (None, "")
INPUTS: Final[Mapping[Call, tuple[str, ...]]] = {
    Call.IDENTITE: ("identity",),
    Call.FRANCE_CONNECT: ("france_connect_token",),
    Call.INE: ("ine",),
    Call.IDENTIFIANT: ("identifiant",),
    Call.AVIS: ("numero_fiscal", "reference_avis"),
}
"""What a job gives for each call: a member of the job, or of the check's ``params``."""


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A call that can be made, and the further ones that its answer may lead to."""

    request: CheckRequest
    definition: CheckDefinition
    endpoint: Endpoint
    params: RequestModel
    variants: tuple[Variant, ...]
    """At least one; each of the others is for when nobody matches the ones before."""
    hidden: Hidden
    """What of its data the vendor may not receive."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A check that gets no call."""

    request: CheckRequest
    defect: Defect


PlannedCheck = PlannedCall | Rejected


def plan(
    job: VerificationRequest,
    catalogue: Mapping[str, CheckDefinition],
    grant: Grant,
    today: date,
) -> tuple[PlannedCheck, ...]:
    """Return one planned check per check of the job, in its order.

    ``grant`` is the vendor's; ``today`` is the day in Paris.
    """
    persons = PersonQueries(has_variants=job.identity_variants)
    return tuple(_plan_check(request, job, catalogue, grant, today, persons) for request in job.checks)


def _plan_check(
    request: CheckRequest,
    job: VerificationRequest,
    catalogue: Mapping[str, CheckDefinition],
    grant: Grant,
    today: date,
    persons: PersonQueries,
) -> PlannedCheck:
    definition = catalogue.get(request.check)
    if definition is None:
        return Rejected(request, Defect(CheckCode.UNKNOWN_CHECK, "check", _no_such_check(request.check)))
    # Before anything else that may be wrong: what a closed check takes is no help to who may not ask it.
    if not grant.opens(request.check):
        return Rejected(request, Defect(CheckCode.FORBIDDEN_CHECK, "check"))
    endpoint = _choose_endpoint(request, job, definition)
    if isinstance(endpoint, Defect):
        return Rejected(request, endpoint)
    params = _read_params(request, definition, endpoint)
    if isinstance(params, Defect):
        return Rejected(request, params)
    defect = definition.params_rule(params, today) or _person_defect(job, endpoint, today)
    if defect:
        return Rejected(request, defect)
    variants = _variants_of(job, endpoint, params, persons)
    return PlannedCall(request, definition, endpoint, params, variants, grant.hidden[request.check])


def _no_such_check(name: str) -> str | None:
    nearest = nearest_check(name)
    if nearest is None:
        return None
    return f"{traits_of(CheckCode.UNKNOWN_CHECK).detail} Le nom le plus proche est « {nearest} »."


def _variants_of(
    job: VerificationRequest, endpoint: Endpoint, params: RequestModel, persons: PersonQueries
) -> tuple[Variant, ...]:
    """Return the ways in which a call may be asked, at least one, in the order in which they are tried."""
    before = (("recipient", job.tenant),) if endpoint.source is Source.API_PARTICULIER else ()
    after = tuple(_params_query(params))
    if endpoint.identity is None or job.identity is None:
        return (Variant(before + after),)
    return tuple(
        Variant(before + person.query + after, person.name, person.narrows)
        for person in persons.of(endpoint.identity, job.identity)
    )


def _params_query(params: RequestModel) -> Iterator[tuple[str, str]]:
    for name, value in params.model_dump(by_alias=True, exclude_none=True).items():
        for item in value if isinstance(value, tuple) else (value,):
            yield name, str(item)


def _choose_endpoint(
    request: CheckRequest, job: VerificationRequest, definition: CheckDefinition
) -> Endpoint | Defect:
    version = definition.api_version if request.api_version is None else request.api_version
    endpoints = definition.of_version(version) if type(version) is int else ()
    if not endpoints:
        served = ", ".join(map(str, definition.api_versions))
        not_served = (
            "Cette version de l'API n'est pas servie"
            if type(version) is int
            else "Un nombre entier, sans guillemets, est attendu"
        )
        return invalid("api_version", f"{not_served} ; versions possibles : {served}.")
    if request.call not in _ABSENT:
        called = next((endpoint for endpoint in endpoints if endpoint.call == request.call), None)
        return called or invalid(
            "call", f"Cette vérification ne s'appelle pas ainsi ; appels possibles : {_calls(endpoints)}."
        )
    given = [endpoint for endpoint in endpoints if _gives_input(job, request, endpoint.call)]
    match given or endpoints:
        case (only,):
            return only
        case several if given:
            return missing(
                "call", f"Plusieurs appels sont possibles, il faut en choisir un : {_calls(several)}."
            )
        case _:
            needed = " ou ".join(name for endpoint in endpoints for name in INPUTS[endpoint.call])
            return missing(INPUTS[endpoints[0].call][0], f"Cette vérification demande : {needed}.")


def _calls(endpoints: tuple[Endpoint, ...] | list[Endpoint]) -> str:
    return ", ".join(endpoint.call for endpoint in endpoints)


def _gives_input(job: VerificationRequest, request: CheckRequest, call: Call) -> bool:
    params: Any = request.params if isinstance(request.params, dict) else {}
    return any(
        getattr(job, name, None) is not None or params.get(name) not in _ABSENT for name in INPUTS[call]
    )


def _read_params(
    request: CheckRequest, definition: CheckDefinition, endpoint: Endpoint
) -> RequestModel | Defect:
    given = _given(request.params, definition)
    taken = endpoint.params.model_fields
    # Before the values are looked at: of a thousand unknown members one is told.
    unknown = next((name for name in given if name not in taken), None) if isinstance(given, dict) else None
    if unknown is not None:
        possible = ", ".join(taken) or "aucun"
        return invalid(
            unknown[:_LONGEST_NAME_SHOWN],
            f"Cette vérification ne prend pas ce paramètre ; paramètres possibles : {possible}.",
        )
    try:
        return endpoint.params.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
    name = str(first["loc"][0])[:_LONGEST_NAME_SHOWN] if first["loc"] else "params"
    match first["type"]:
        case "missing":
            shape = f" : {SHAPES[name]}" if name in SHAPES else ""
            return missing(name, f"Cette vérification demande {name}{shape}.")
        case "string_pattern_mismatch":
            # An agent may read this: it begins with what is to be looked at.
            seems = looks_like(name, received_at(first["loc"], given))
            received = f" Reçu : {seems}." if seems else ""
            return invalid(name, f"Vérifier {name} : {shape_of(name)}.{received}")
        case _:
            return invalid(name, f"{name} : {explain(first, received_at(first['loc'], given))}")


def _given(params: Any, definition: CheckDefinition) -> Any:
    """Return the parameters without those that are null or empty, which count as absent.

    Those of the check's other calls and versions too: a vendor's form has a field for each. An unknown one stays, and is
    an error.
    """
    if not isinstance(params, dict):
        return {} if params is None else params
    if not params:
        return params
    known = {name for endpoint in definition.endpoints for name in endpoint.params.model_fields}
    return {name: value for name, value in params.items() if name not in known or value not in _ABSENT}


def _person_defect(job: VerificationRequest, endpoint: Endpoint, today: date) -> Defect | None:
    if endpoint.call is Call.FRANCE_CONNECT:
        return _token_defect(job.france_connect_token)
    if endpoint.identity is None:
        return None
    if job.identity is None:
        return missing("identity", "Cette vérification demande l'identité de la personne.")
    return identity_defect(endpoint.identity, job.identity, today)


def _token_defect(token: str | None) -> Defect | None:
    if token is None:
        return missing("france_connect_token", "Cet appel demande le jeton FranceConnect de la personne.")
    if not token.isascii() or not token.isprintable() or " " in token:
        return invalid(
            "france_connect_token",
            "Un jeton FranceConnect ne contient que de l'ASCII, sans espace : donner le jeton seul, sans « Bearer ».",
        )
    return None
