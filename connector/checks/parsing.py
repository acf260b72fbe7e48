"""Reading a job from bytes: the contract's model, or what is wrong with it, in French."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, from_json

from connector.checks.excess import excess_of
from connector.checks.french import explain, json_type, received_at
from connector.checks.not_json import why_not_json
from connector.checks.reasons import job_error
from connector.jobs.delivery import MAX_BODY_BYTES
from connector.jobs.json_pointer import pointer_of
from schemas.base import Reference
from schemas.codes import JobCode
from schemas.reply import JobError
from schemas.request import SERVED_VERSIONS, JobId, VerificationRequest
from schemas.siret import Siret

TOO_LARGE: Final = "Le corps du message dépasse 64 Kio : une demande concerne une personne et porte au plus 20 vérifications."
MAX_ERRORS: Final = 20
"""A job with more defects than this gets the first ones: enough to correct it by."""
MAX_PARTS: Final = 1_000
"""Arrays, objects and commas of a body. The longest job of the contract has some hundreds; a body of 64 KiB can hold
65,000, and each takes longer to read than a letter of a text."""
MAX_DIGITS: Final = 200
"""Digits one after the other. No text of a job has so many, and a number takes a time that grows with their square."""
FEW_PARTS: Final = 100
"""A body with fewer parts has too few members to cost much, whatever is wrong with them."""
_PARTS: Final = (b",", b"[", b"{")
_DIGITS_ALIKE: Final = bytes.maketrans(b"123456789", b"0" * 9)
_TOO_MANY_DIGITS: Final = b"0" * (MAX_DIGITS + 1)
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_NO_NUMBER: Final = "Le corps contient NaN ou Infinity, qui ne sont pas du JSON : écrire un nombre, ou null."


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
        return Unreadable((_invalid(TOO_LARGE),))
    # RFC 8259, 8.1: a reader may ignore a byte order mark, which some writers cannot help.
    text = body.removeprefix(_BYTE_ORDER_MARK)
    if refused := _beyond_reading(text) or _crowded(text):
        return refused
    try:
        job = VerificationRequest.model_validate_json(text)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
    else:
        return job if _is_json(text) else Unreadable((_invalid(_NO_NUMBER),))
    document = _document(text)
    if isinstance(document, Unreadable):
        return document
    told = _innermost(details)[:MAX_ERRORS]
    errors = _unserved(document) or tuple(_read_detail(detail, document) for detail in told)
    return Unreadable(errors, _see(document))


def _document(text: bytes) -> dict[str, Any] | Unreadable:
    try:
        document = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        return Unreadable((_invalid(why_not_json(text, error)),))
    return document if isinstance(document, dict) else Unreadable((_invalid(_no_object(document), ""),))


def _no_object(document: Any) -> str:
    received = f"Le corps doit être un objet JSON. Reçu : {json_type(document)}"
    if isinstance(document, list):
        return f"{received}. Publier un message par demande."
    if isinstance(document, str) and document.lstrip().startswith("{"):
        return f"{received} qui contient du JSON : la demande est sérialisée deux fois."
    return f"{received}."


def _unserved(document: Mapping[str, Any]) -> tuple[JobError, ...]:
    """Return that a job speaks another version of the contract: what is wrong by this one may be right by that."""
    version = document.get("version")
    if type(version) is not int or version in SERVED_VERSIONS:
        return ()
    served = ", ".join(map(str, SERVED_VERSIONS))
    detail = f"Cette version du contrat n'est pas servie ; versions servies : {served}."
    return (job_error(JobCode.UNSUPPORTED_VERSION, detail, "/version"),)


def _parts_of(text: bytes) -> int:
    """Count what a body may be made of, without reading it: brackets and commas within its texts count too."""
    return sum(map(text.count, _PARTS))


def _has_a_long_number(text: bytes) -> bool:
    return len(text) > MAX_DIGITS and _TOO_MANY_DIGITS in text.translate(_DIGITS_ALIKE)


def _beyond_reading(text: bytes) -> Unreadable | None:
    """Return why a body is not read at all: it is no job, and would take long; None where it is read."""
    if _parts_of(text) > MAX_PARTS:
        return Unreadable((_invalid("Le corps compte trop d'éléments pour être une demande."),))
    if _has_a_long_number(text):
        return Unreadable((_invalid(f"Le corps contient plus de {MAX_DIGITS} chiffres d'affilée."),))
    return None


def _crowded(text: bytes) -> Unreadable | None:
    """Return what is wrong with the counts of a body, before its members are looked at; None where nothing is."""
    if _parts_of(text) <= FEW_PARTS:
        return None
    document = _document(text)
    if isinstance(document, Unreadable):
        return document
    errors = _unserved(document) or tuple(islice(excess_of(document), MAX_ERRORS))
    return Unreadable(errors, _see(document)) if errors else None


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
        document = from_json(body.removeprefix(_BYTE_ORDER_MARK)) if _is_readable(body) else None
    except ValueError:
        return NOTHING_SEEN
    return _see(document) if isinstance(document, dict) else NOTHING_SEEN


def _is_readable(body: bytes) -> bool:
    return len(body) <= MAX_BODY_BYTES and _beyond_reading(body) is None


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


def _read_detail(detail: ErrorDetails, document: dict[str, Any]) -> JobError:
    return _invalid(explain(detail, received_at(detail["loc"], document)), pointer_of(detail["loc"]))


def _invalid(detail: str, pointer: str | None = None) -> JobError:
    return job_error(JobCode.INVALID_MESSAGE, detail, pointer)
