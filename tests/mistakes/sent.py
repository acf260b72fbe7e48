"""A message with a mistake in it, what its vendor is told, and how it is run through the pipeline."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType, SimpleNamespace
from typing import Any, Final

import httpx

from connector.jobs.delivery import read_delivery
from connector.jobs.records import Lane, Tenant
from connector.jobs.settlement import Answer
from schemas.reply import Reply
from tests.answers import fault
from tests.fakes import START, ManualTime, services, verified
from tests.jobs import QF, identity, job
from tests.registry import CLAMART, OneToken

JOB_ID: Final = "demande-1"
OTHERS_TENANT: Final = "26620498300016"
"""Registered, and has given this vendor no right."""
NOW: Final = int(START.timestamp())


@dataclass(frozen=True, slots=True)
class Told:
    """One error of a rejected job, or one check's reason."""

    code: str
    place: str | None
    """The error's ``pointer``, or the reason's ``parameter``."""
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One message of the vendor ``millesime``, and what it meets."""

    body: bytes
    properties: Mapping[str, Any] = field(default_factory=dict)
    lane: Lane = Lane.INTERACTIVE
    late_seconds: float = 0
    """How long after its ``timestamp`` it is taken from its queue."""
    source: httpx.Response | None = None
    """What the source answers, should it be asked; None where it must not be."""
    preset: str = "all"
    require_user_id: bool = False


@dataclass(frozen=True, slots=True)
class Mistake:
    """One line of the table."""

    what: str
    """French Markdown, as the guide says it."""
    sent: Sent
    status: str
    """Of the reply."""
    told: tuple[Told, ...]


def message(body: bytes, **properties: Any) -> Sent:
    """Return a message of any body; a property that is None is left out."""
    return Sent(body=body, properties=properties)


def published(*, text: bytes | None = None, **properties: Any) -> Sent:
    """Return a right job, published with other AMQP properties."""
    return message(_body(job()) if text is None else text, **properties)


def with_(*checks: Any, **changes: Any) -> Sent:
    """Return a job with other members."""
    return message(_body(job(*checks) | changes))


def without(member: str) -> Sent:
    """Return a job that lacks a member."""
    return message(_body({name: value for name, value in job().items() if name != member}))


def renamed(member: str, name: str) -> Sent:
    """Return a job with a member under another name."""
    return message(_body({name if known == member else known: value for known, value in job().items()}))


def person(**changes: Any) -> Sent:
    """Return a job with another identity; a member that is None is left out."""
    given = {name: value for name, value in identity(**changes).items() if value is not None}
    return with_(identity=given)


def born_in(**place: Any) -> Sent:
    """Return a job with another place of birth."""
    return person(lieu_naissance=place)


def check(name: str, /, *, members: Mapping[str, Any] = MappingProxyType({}), **params: Any) -> Sent:
    """Return a job with one check, its parameters, and further members of it."""
    return with_({"check": name, "params": params, **members})


def unmatched(sent: Sent, *, code: str = "36560", status: int = 422) -> Sent:
    """Have the source answer that nobody matches."""
    return replace(sent, source=fault(status, code))


def _body(document: dict[str, Any]) -> bytes:
    return json.dumps(document | ({"job_id": JOB_ID} if _has_default_id(document) else {})).encode()


def _has_default_id(document: dict[str, Any]) -> bool:
    # The default is a UUID of its own each time.
    value = document.get("job_id")
    return isinstance(value, str) and len(value) == len("00000000-0000-0000-0000-000000000000")


async def answer_to(sent: Sent) -> Reply:
    """Return what the vendor is answered; a source that must not be asked fails the test."""

    async def ask(_request: httpx.Request) -> httpx.Response:
        assert sent.source is not None, "a source was asked"
        return sent.source

    received_at = START + timedelta(seconds=sent.late_seconds)
    acting = services(httpx.MockTransport(ask), _registry(sent.preset), ManualTime(received_at))
    properties = {"content_type": "application/json", "timestamp": NOW, **sent.properties}
    settlement = await verified(
        _delivery(sent, properties, received_at), replace(acting, require_user_id=sent.require_user_id)
    )
    assert isinstance(settlement, Answer), settlement
    assert settlement.queue == "replies.millesime"
    return settlement.reply


def _delivery(sent: Sent, properties: Mapping[str, Any], received_at: datetime) -> Any:
    given = {name: value for name, value in properties.items() if value is not None}
    taken = SimpleNamespace(
        body=sent.body,
        properties=given,
        delivery_info={"routing_key": f"millesime.{sent.lane}", "redelivered": False},
    )
    return read_delivery(taken, sent.lane, received_at)


def _registry(preset: str) -> OneToken:
    holder = OneToken(preset=preset)
    other = Tenant(siret=OTHERS_TENANT, name="L", vendors=frozenset({"sonate-opus"}))
    holder.registry = replace(holder.registry, tenants={**holder.registry.tenants, OTHERS_TENANT: other})
    return holder


def told_in(reply: Reply) -> tuple[Told, ...]:
    """Return everything that a reply says to correct."""
    errors = [Told(error.code, error.pointer, error.detail) for error in reply.errors]
    reasons = [
        Told(each.reason.code, each.reason.parameter, each.reason.detail)
        for each in reply.checks
        if each.reason
    ]
    return (*errors, *reasons)


__all__ = ["CLAMART", "NOW", "QF"]
