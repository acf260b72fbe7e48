"""Null means the same as absence in every optional member of a job: programs with types write all of them."""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic import BaseModel

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import Endpoint, models_within
from connector.catalogue.grants import whole
from connector.checks.parsing import read_job
from connector.checks.plan import PlannedCall, plan
from connector.documents.catalogue_schemas import REQUEST, schema_documents
from schemas.codes import Call
from schemas.request import VerificationRequest

TODAY = date(2026, 11, 23)
SCHEMA = Draft202012Validator(schema_documents()[REQUEST])
IDENTITY: dict[str, Any] = {
    "nom_naissance": "EXEMPLE",
    "nom_usage": "MODELE",
    "prenoms": ["CLAIRE"],
    "sexe": "F",
    "date_naissance": "1991-04-17",
    "lieu_naissance": {
        "code_pays": "99100",
        "code_commune": "69383",
        "nom_commune": "Lyon",
        "code_departement": "69",
    },
}
JOB: dict[str, Any] = {
    "version": 1,
    "job_id": "demande-1",
    "tenant": "26920023600017",
    "dossier": "2026-004711",
    "agent": "agent-4831",
    "purpose": "aide-alimentaire",
    "expires_at": "2026-11-23T10:00:30+01:00",
    "identity": IDENTITY,
    "identity_variants": True,
    "france_connect_token": "exemple",
    "checks": [
        {
            "id": "un",
            "check": "quotient_familial",
            "call": "identite",
            "api_version": 3,
            "params": {"annee": 2026, "mois": 5},
        }
    ],
}
"""A job that has every member there is, but for the other checks' parameters."""
Place = tuple[str | int, ...]


def _optional(model: type[BaseModel], given: Any, place: Place = ()) -> Iterator[Place]:
    """Yield the place of every member of a job that may be left out."""
    for name, field in model.model_fields.items():
        here = (*place, name)
        assert name in given, f"the job above has no {here}"
        if not field.is_required():
            yield here
        for inner in models_within(field.annotation):
            is_list = isinstance(given[name], list)
            value = given[name][0] if is_list else given[name]
            yield from _optional(inner, value, (*here, 0) if is_list else here)


PLACES = list(_optional(VerificationRequest, JOB))


def _changed(place: Place, *, to_null: bool) -> bytes:
    job: Any = json.loads(json.dumps(JOB))
    inner = job
    for step in place[:-1]:
        inner = inner[step]
    if to_null:
        inner[place[-1]] = None
    else:
        del inner[place[-1]]
    return json.dumps(job).encode()


def test_every_part_of_a_job_is_looked_at() -> None:
    assert {place[0] for place in PLACES} >= {"dossier", "identity_variants", "identity", "checks"}
    assert {place[-1] for place in PLACES} >= {
        "code_departement",
        "prenoms",
        "id",
        "call",
        "params",
        "api_version",
    }


@pytest.mark.parametrize("place", PLACES, ids=lambda place: ".".join(map(str, place)))
def test_null_in_an_optional_member_is_its_absence(place: Place) -> None:
    null, absent = (read_job(_changed(place, to_null=to_null)) for to_null in (True, False))
    assert isinstance(null, VerificationRequest)
    assert null == absent
    assert null != read_job(json.dumps(JOB).encode()), "the member means something"
    assert SCHEMA.is_valid(json.loads(_changed(place, to_null=True)))


INPUTS: dict[Call, dict[str, Any]] = {
    Call.IDENTITE: {"identity": IDENTITY},
    Call.FRANCE_CONNECT: {"france_connect_token": "exemple"},
}
VALUES: dict[str, Any] = {
    "ine": "0990000000A",
    "identifiant": "camille.exemple00",
    "annee_scolaire": "2025-2026",
    "code_etablissement": "0990001Z",
    "numero_fiscal": "3099999999001",
    "reference_avis": "2599999999001",
    "immatriculation": "AA-123-AA",
}
"""Of each parameter that some call demands."""
CASES = [
    (name, endpoint, parameter)
    for name, definition in CATALOGUE.items()
    for endpoint in definition.endpoints
    for parameter in dict.fromkeys(field for one in definition.endpoints for field in one.params.model_fields)
]
"""Each parameter of any call, with each call: a program's class has a member for all of them."""


def _planned(name: str, endpoint: Endpoint, params: dict[str, Any] | None) -> Any:
    check = {"check": name, "call": endpoint.call, "api_version": endpoint.api_version, "params": params}
    job = {
        "version": 1,
        "job_id": "a",
        "tenant": "26920023600017",
        **INPUTS.get(endpoint.call, {}),
        "checks": [check],
    }
    read = read_job(json.dumps(job).encode())
    assert isinstance(read, VerificationRequest)
    (planned,) = plan(read, CATALOGUE, whole(CATALOGUE), TODAY)
    fits = SCHEMA.is_valid(job)
    return (
        (planned.endpoint, planned.params, planned.variants, fits)
        if isinstance(planned, PlannedCall)
        else planned.defect
    )


@pytest.mark.parametrize(
    ("name", "endpoint", "parameter"),
    CASES,
    ids=[f"{name}-{one.call}-{one.api_version}-{parameter}" for name, one, parameter in CASES],
)
def test_a_null_parameter_is_an_absent_one(name: str, endpoint: Endpoint, parameter: str) -> None:
    demanded = [field for field, one in endpoint.params.model_fields.items() if one.is_required()]
    others = {field: VALUES[field] for field in demanded if field != parameter}
    if name == "scolarite":
        others.setdefault("code_etablissement", VALUES["code_etablissement"])
    others.pop(parameter, None)
    null, absent = _planned(name, endpoint, {**others, parameter: None}), _planned(name, endpoint, others)
    assert null == absent
    if parameter not in demanded and not (name == "scolarite" and parameter == "code_etablissement"):
        assert null[-1] is True, "it is planned, and fits the schema"


@pytest.mark.parametrize(
    ("name", "endpoint"),
    [(name, one) for name, definition in CATALOGUE.items() for one in definition.endpoints],
    ids=lambda value: value if isinstance(value, str) else f"{value.call}-{value.api_version}",
)
def test_parameters_that_are_null_altogether_are_none(name: str, endpoint: Endpoint) -> None:
    assert _planned(name, endpoint, None) == _planned(name, endpoint, {})
