"""What a vendor publishes: one person, and the checks to run for that person."""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    JsonValue,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from schemas.base import EmptyIsAbsent, Label, Reference, RequestModel
from schemas.identity import Identity
from schemas.siret import Siret

SERVED_VERSIONS: Final = (1,)
MAX_CHECKS: Final = 20


_RFC_3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d{2}:\d{2})?",
    re.ASCII,
)


def _rfc_3339(value: Any) -> Any:
    # pydantic also takes numbers, in seconds or milliseconds as their size suggests.
    if not isinstance(value, str):
        raise PydanticCustomError("datetime_type", "not a text")
    if not _RFC_3339.fullmatch(value):
        raise PydanticCustomError("datetime_parsing", "not an RFC 3339 instant")
    return value


Deadline = Annotated[
    AwareDatetime,
    Field(strict=False),
    BeforeValidator(_rfc_3339),
    # Not ``format: date-time``: Java's own writing of an instant whose seconds are zero is none by RFC 3339.
    WithJsonSchema(
        {
            "type": "string",
            "pattern": (
                r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
                r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})$"
            ),
            "examples": ["2026-11-23T10:00:30+01:00"],
        }
    ),
]
JobId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,128}$")]


def _not_a_boolean(value: Any) -> Any:
    # Python holds True for 1, JSON does not.
    if isinstance(value, bool):
        raise PydanticCustomError("literal_error", "not 1", {"expected": "1"})
    return value


def _false_where_null(value: Any) -> Any:
    return False if value is None else value


# A wrong one is that check's own error, so that the job's other checks run: the model takes any JSON, and the
# published schema says what is right.
Call = Annotated[JsonValue, WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "null"}]})]
ApiVersion = Annotated[JsonValue, WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "null"}]})]
Params = Annotated[
    JsonValue, WithJsonSchema({"anyOf": [{"type": "object", "additionalProperties": True}, {"type": "null"}]})
]


class CheckRequest(RequestModel):
    """One question. What is wrong with its ``call``, ``api_version`` or ``params`` is that check's own error."""

    id: Annotated[Reference | None, EmptyIsAbsent()] = None
    """Labels the answer in the reply; unique in the job; default: the check's name."""
    check: Label
    """A name of the catalogue."""
    call: Call = None
    """``identite``, …; default: the only call whose inputs are present."""
    api_version: ApiVersion = None
    """Pins a version that the API still serves; default: the one frozen for version 1 of this contract."""
    params: Params = None
    """The check's own parameters, under the API's names in snake_case."""

    @property
    def label(self) -> str:
        """The name of this check's answer in the reply."""
        return self.id or self.check


def _labelled_apart(checks: tuple[CheckRequest, ...]) -> tuple[CheckRequest, ...]:
    seen: set[str] = set()
    for check in checks:
        if check.label in seen:
            raise PydanticCustomError("duplicate_check_id", "two checks share an id", {"label": check.label})
        seen.add(check.label)
    return checks


class VerificationRequest(RequestModel):
    """A job: published as UTF-8 JSON of at most 64 KiB under ``<vendor>.<lane>``."""

    version: Annotated[Literal[1], BeforeValidator(_not_a_boolean)]
    """The version of the contract that this job speaks."""
    job_id: JobId
    """The idempotency key, unique for the vendor."""
    tenant: Siret
    """SIRET of the CCAS in whose name the sources are asked."""
    dossier: Annotated[Reference | None, EmptyIsAbsent()] = None
    """An opaque reference, echoed, that groups the jobs of one family."""
    agent: Annotated[Reference | None, EmptyIsAbsent()] = None
    """An opaque reference of the person who asks; never a name."""
    purpose: Annotated[Label | None, EmptyIsAbsent()] = None
    """What the answer is for."""
    expires_at: Annotated[Deadline | None, EmptyIsAbsent()] = None
    """RFC 3339 instant with its offset, after which the answer is of no use; its seconds may be left out. At most 31 days away.

    Default: 60 s (interactive) or 24 h (batch) after the AMQP ``timestamp``.
    """
    identity: Identity | None = None
    """The person; required only by a check that is called with ``identite``."""
    identity_variants: Annotated[
        bool,
        BeforeValidator(_false_where_null),
        WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "null"}]}),
    ] = False
    """On ``not_identified``, try the documented variants of the identity."""
    france_connect_token: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=4096)] | None, EmptyIsAbsent()
    ] = None
    """A FranceConnect access token; it lives about 60 s. One that is no ASCII is the error of the checks that use it."""
    checks: Annotated[
        tuple[CheckRequest, ...],
        Field(min_length=1, max_length=MAX_CHECKS),
        AfterValidator(_labelled_apart),
    ]
    """What to ask, answered in this order."""
