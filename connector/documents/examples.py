"""One example per check, a job and its reply: asked of the sandbox's own case by the functions that answer jobs."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import yaml

from connector.catalogue.definition import CheckDefinition
from connector.catalogue.grants import whole
from connector.checks.assemble import assemble
from connector.checks.decide import decide
from connector.checks.plan import PlannedCall, plan
from connector.clock import paris_day
from connector.errors import OperatorError
from connector.jobs.delivery import Delivery
from connector.jobs.records import Lane
from connector.sandbox.cases import SHIPPED
from connector.sandbox.yaml_files import read_yaml
from connector.sources.exchange import Answered
from schemas.codes import Call, CheckStatus
from schemas.reply import Reply
from schemas.request import VerificationRequest

CASE: Final = "200-exemple.yaml"
TENANT: Final = "26920023600017"
IDENTITY: Final = MappingProxyType(
    {
        "nom_naissance": "EXEMPLE",
        "prenoms": ["CLAIRE"],
        "sexe": "F",
        "date_naissance": "1991-04-17",
        "lieu_naissance": {"code_pays": "99100", "code_commune": "69383"},
    },
)
"""Nobody: the person of every example."""
FRANCE_CONNECT_TOKEN: Final = "exemple"  # noqa: S105 - the sandbox's, which opens nothing

_RECEIVED_AT: Final = datetime(2026, 11, 23, 8, 59, 30, 101_000, tzinfo=UTC)
_DURATION: Final = timedelta(milliseconds=412)
_OVERHEAD: Final = timedelta(milliseconds=5)


class ExampleError(OperatorError):
    """A check has no usable example; the message says what its definition or its case lacks."""


def example_job(definition: CheckDefinition) -> dict[str, Any]:
    """Return a job that asks this check alone, by its first call, with that call's inputs and no more."""
    check: dict[str, Any] = {"check": definition.name}
    if definition.example_params:
        check["params"] = dict(definition.example_params)
    job: dict[str, Any] = {"version": 1, "job_id": f"exemple-{definition.name}", "tenant": TENANT}
    match definition.endpoints[0].call:
        case Call.IDENTITE:
            job["identity"] = dict(IDENTITY)
        case Call.FRANCE_CONNECT:
            job["france_connect_token"] = FRANCE_CONNECT_TOKEN
        case _:
            pass
    return {**job, "checks": [check]}


def example_reply(definition: CheckDefinition, cases: Path = SHIPPED) -> dict[str, Any]:
    """Return the reply to ``example_job``, at fixed instants; its data is that of the sandbox's case.

    Raises ``ExampleError`` when the job gets no call, or the case is missing or not what the source documents.
    """
    body = json.dumps(example_job(definition)).encode()
    job = VerificationRequest.model_validate_json(body)
    catalogue = {definition.name: definition}
    (planned,) = plan(job, catalogue, whole(catalogue), paris_day(_RECEIVED_AT))
    if not isinstance(planned, PlannedCall):
        raise ExampleError(
            f"{definition.name}: its example gets no call ({planned.defect.code}, {planned.defect.parameter})"
        )
    path = cases / planned.endpoint.operation / CASE
    answered = _answered(path)
    decision = decide(planned, planned.variants[0], answered, _RECEIVED_AT + _DURATION)
    if decision.reply.status is not CheckStatus.FOUND or decision.drifts:
        places = ", ".join(f"{drift.kind} {drift.place}" for drift in decision.drifts)
        raise ExampleError(
            f"{path}: its answer is {decision.reply.status} ({places or 'as its status says'})"
        )
    delivery = Delivery(
        body=body,
        lane=Lane.INTERACTIVE,
        routing_key=f"millesime.{Lane.INTERACTIVE}",
        redelivered=False,
        received_at=_RECEIVED_AT,
    )
    return _as_json(assemble(delivery, job, [decision.reply], _RECEIVED_AT + _DURATION + _OVERHEAD))


def _answered(path: Path) -> Answered:
    try:
        case = read_yaml(path)
        status, payload = int(case["status"]), str(case["payload"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise ExampleError(
            f"{path}: no case with status and payload for the published example ({type(error).__name__})"
        ) from None
    duration_ms = _DURATION // timedelta(milliseconds=1)
    return Answered(http_status=status, headers={}, body=payload.encode(), duration_ms=duration_ms)


def _as_json(reply: Reply) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(reply.model_dump_json())
    return written
