"""Reading a job from bytes: the contract's model, or what is wrong with it, in French."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, from_json

from connector.french import explain
from connector.json_pointer import json_pointer
from connector.messaging.delivery import MAX_BODY_BYTES
from connector.reasons import job_error
from schemas.base import Reference
from schemas.codes import JobCode
from schemas.reply import JobError
from schemas.request import SERVED_VERSIONS, JobId, VerificationRequest
from schemas.siret import Siret

MAX_ERRORS: Final = 20
"""A job with more defects than this gets the first ones: enough to correct it by."""
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What can be told of a job that cannot be run, so that the vendor knows which one is answered."""

    job_id: str | None = None
    tenant: str | None = None
    dossier: str | None = None


NOTHING_SEEN: Final = Seen()
_SEEN_TYPES: Final[Mapping[str, TypeAdapter[str]]] = MappingProxyType(
    {"job_id": TypeAdapter(JobId), "tenant": TypeAdapter(Siret), "dossier": TypeAdapter(Reference)},
)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A body that is no job of the contract."""

    errors: tuple[JobError, ...]
    seen: Seen = NOTHING_SEEN


def read_job(body: bytes) -> VerificationRequest | Unreadable:
    """Return the job in ``body``, or every defect of its envelope (at most ``MAX_ERRORS``)."""
    if len(body) > MAX_BODY_BYTES:
        return Unreadable((_invalid("Le corps du message dépasse 64 Kio."),))
    # RFC 8259, 8.1: a reader may ignore a byte order mark, which some writers cannot help.
    text = body.removeprefix(_BYTE_ORDER_MARK)
    try:
        job = VerificationRequest.model_validate_json(text)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
    else:
        return job if _is_json(text) else Unreadable((_invalid("Le corps contient un nombre hors de JSON."),))
    try:
        document = from_json(text, allow_inf_nan=False)
    except ValueError:
        return Unreadable(
            (_invalid("Le corps n'est pas du JSON en UTF-8, ou son imbrication est excessive."),)
        )
    if not isinstance(document, dict):
        return Unreadable((_invalid("Le corps doit être un objet JSON.", ""),))
    seen = _see(document)
    version = document.get("version")
    if type(version) is int and version not in SERVED_VERSIONS:
        served = ", ".join(str(served) for served in SERVED_VERSIONS)
        detail = f"Cette version du contrat n'est pas servie ; versions servies : {served}."
        return Unreadable((job_error(JobCode.UNSUPPORTED_VERSION, detail, "/version"),), seen)
    return Unreadable(tuple(map(_read_detail, _innermost(details)[:MAX_ERRORS])), seen)


def _is_json(text: bytes) -> bool:
    """Tell whether a body that was read is JSON to the letter: the reader lets ``NaN`` and ``Infinity`` pass."""
    if b"NaN" not in text and b"Infinity" not in text:
        return True
    try:
        from_json(text, allow_inf_nan=False)
    except ValueError:
        return False
    return True


def _innermost(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out what only follows from a defect further in: an array is not too short for a wrong element."""
    places = (detail["loc"] for detail in details)
    outer = {place[:length] for place in places for length in range(len(place))}
    return [detail for detail in details if detail["loc"] not in outer]


def glimpse(body: bytes) -> Seen:
    """Return what can be told of the job in ``body``, which is not going to be run."""
    try:
        document = from_json(body.removeprefix(_BYTE_ORDER_MARK)) if len(body) <= MAX_BODY_BYTES else None
    except ValueError:
        return NOTHING_SEEN
    return _see(document) if isinstance(document, dict) else NOTHING_SEEN


def _see(document: dict[str, Any]) -> Seen:
    """Keep the members that are right by themselves; a wrong one is not repeated back."""
    return Seen(
        **{
            name: document[name]
            for name, type_ in _SEEN_TYPES.items()
            if _is_valid(type_, document.get(name))
        },
    )


def _is_valid(type_: TypeAdapter[str], value: object) -> bool:
    try:
        type_.validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


def _read_detail(detail: ErrorDetails) -> JobError:
    return _invalid(explain(detail), json_pointer(detail["loc"]))


def _invalid(detail: str, pointer: str | None = None) -> JobError:
    return job_error(JobCode.INVALID_MESSAGE, detail, pointer)
