"""Messages of every kind, made by the functions that make them in a worker: what generated classes have to hold."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from connector.catalogue import CATALOGUE
from connector.checks.assemble import assemble, rejection
from connector.checks.parsing import read_job
from connector.checks.reasons import job_error, reason
from connector.documents.examples import IDENTITY, example_job, example_reply
from connector.documents.typed.names import class_name
from connector.jobs.delivery import Delivery
from connector.jobs.records import Lane
from schemas.codes import CheckCode, CheckStatus, JobCode
from schemas.reply import CheckReply, Reply, Source, Upstream
from schemas.request import VerificationRequest

NOW: Final = datetime(2026, 11, 23, 8, 59, 30, 101_000, tzinfo=UTC)
SOURCE: Final = Source(
    api="api_particulier",
    api_version=3,
    endpoint="/v3/dss/quotient_familial/identite",
    provider=None,
    variant=None,
    http_status=403,
    attempts=2,
    duration_ms=38,
    cached=False,
)
UPSTREAM: Final = Upstream(http_status=403, code="00100", provider=None)
STATUSES: Final = {
    CheckCode.NO_RECORD: CheckStatus.NOT_FOUND,
    CheckCode.NOT_CONCERNED: CheckStatus.NOT_FOUND,
    CheckCode.IDENTITY_UNMATCHED: CheckStatus.NOT_IDENTIFIED,
    CheckCode.IDENTITY_AMBIGUOUS: CheckStatus.NOT_IDENTIFIED,
}

_INSTANTS: Final = ("received_at", "completed_at")

Message = dict[str, Any]


def replies() -> dict[str, Message]:
    """Return replies of every kind, each under a name that says which."""
    return {**examples(), **dict(_others())}


def examples() -> dict[str, Message]:
    """Return the reply of each check's published example, under the check's name."""
    return {name: example_reply(definition) for name, definition in CATALOGUE.items()}


def jobs() -> dict[str, Message]:
    """Return the job of each check's published example, and jobs that have every member, or null in each."""
    every: Message = {
        **example_job(CATALOGUE["quotient_familial"]),
        "dossier": "2026-004711",
        "agent": "agent-4831",
        "purpose": "aide-alimentaire",
        "expires_at": "2026-11-23T10:00:30+01:00",
        "identity_variants": True,
        "france_connect_token": "exemple",
    }
    checks = [
        {
            "id": "un",
            "check": "quotient_familial",
            "call": "identite",
            "api_version": 3,
            "params": {"mois": 5},
        },
        {"id": "deux", "check": "cadastre", "params": {"commune": "69383"}},
    ]
    nothing: Message = {
        **dict.fromkeys(every),
        **{name: every[name] for name in ("version", "job_id", "tenant")},
        "identity": dict.fromkeys((*IDENTITY, "nom_usage")),
        "checks": [
            {"id": None, "check": "prime_activite", "call": None, "api_version": None, "params": None}
        ],
    }
    found = {name: example_job(definition) for name, definition in CATALOGUE.items()}
    with_params = {f"{name}-params": _with_every_parameter(name, job) for name, job in found.items()}
    return {**found, **with_params, "every-member": {**every, "checks": checks}, "null-in-each": nothing}


def _with_every_parameter(name: str, job: Message) -> Message:
    """Return an example's job with every parameter of its check's calls, null where the example has none."""
    (check,) = job["checks"]
    parameters = dict.fromkeys(
        field for endpoint in CATALOGUE[name].endpoints for field in endpoint.params.model_fields
    )
    return {**job, "checks": [{**check, "params": {**parameters, **check.get("params", {})}}]}


def variant_of(check: str, part: str) -> str:
    """Return the name of the class of a check's question (``Request``), answer (``Reply``), ``Params`` or ``Data``."""
    return class_name(CATALOGUE[check], part)


def with_instants(message: Message) -> Message:
    """Return a message with its instants read: an instant has several writings."""
    read: Message = {name: datetime.fromisoformat(message[name]) for name in _INSTANTS if name in message}
    return {**message, **read}


def _others() -> Iterator[tuple[str, Message]]:
    for definition in CATALOGUE.values():
        for version in definition.api_versions[1:]:
            pinned = replace(definition, endpoints=definition.of_version(version))
            yield f"{definition.name}-api-{version}", example_reply(pinned)
        reply = example_reply(definition)
        (answer,) = reply["checks"]
        nothing = dict.fromkeys(answer["data"])
        yield f"{definition.name}-null", {**reply, "checks": [{**answer, "data": nothing}]}
        withheld = {**answer, "data": {}, "withheld": list(nothing)}
        yield f"{definition.name}-withheld", {**reply, "checks": [withheld]}
    for code in CheckCode:
        yield f"check-{code}", _written(_answered(code))
    yield (
        "partial",
        _written(_answered(CheckCode.INSUFFICIENT_SCOPE), *example_checks("scolarite", "service_civique")),
    )
    for job_code in JobCode:
        error = job_error(job_code, "Un détail.", "/checks/0/check")
        yield f"rejected-{job_code}", _as_json(rejection(_delivery(), (error,), NOW))
    yield "of-a-later-version", _of_a_later_version()


def example_checks(*names: str) -> list[CheckReply]:
    """Return the answers of some examples."""
    return [CheckReply.model_validate(example_reply(CATALOGUE[name])["checks"][0]) for name in names]


def _answered(code: CheckCode) -> CheckReply:
    is_unknown = code is CheckCode.UNKNOWN_CHECK
    why = reason(code, parameter="check", retry_after_seconds=60, upstream=None if is_unknown else UPSTREAM)
    check = "cadastre" if is_unknown else "quotient_familial"
    status = STATUSES.get(code, CheckStatus.ERROR)
    return CheckReply(id="un", check=check, status=status, reason=why, source=None if is_unknown else SOURCE)


def _of_a_later_version() -> Message:
    """Return a reply with members, a code and a check that these documents do not have: readers are open."""
    reply = example_reply(CATALOGUE["quotient_familial"])
    (answer,) = reply["checks"]
    known = {**answer, "attestation": {"url": None}, "data": {**answer["data"], "nouveau": {"valeur": 1}}}
    why = {**reason(CheckCode.EXPIRED).model_dump(mode="json"), "code": "a_later_code"}
    error = {**answer, "id": "deux", "status": "error", "data": None, "reason": why}
    added = {**answer, "id": "trois", "check": "cadastre", "data": {"parcelles": [{"surface": 12.5}]}}
    return {**reply, "signature": None, "checks": [known, error, added]}


def _written(*answers: CheckReply) -> Message:
    return _as_json(assemble(_delivery(), _job(), answers, NOW))


def _job() -> VerificationRequest:
    job = read_job(_body())
    assert isinstance(job, VerificationRequest)
    return job


def _body() -> bytes:
    return json.dumps(example_job(CATALOGUE["quotient_familial"])).encode()


def _delivery() -> Delivery:
    key = f"millesime.{Lane.INTERACTIVE}"
    return Delivery(body=_body(), lane=Lane.INTERACTIVE, routing_key=key, redelivered=True, received_at=NOW)


def _as_json(reply: Reply) -> Message:
    written: Message = json.loads(reply.model_dump_json())
    return written
