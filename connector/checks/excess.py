"""What a job has too much of: looked at before its members are, so that a body full of defects costs no more than one with few."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from connector.checks.french import NO_OBJECT, too_long
from connector.checks.nearest import Location, unknown_member
from connector.checks.reasons import job_error
from connector.jobs.json_pointer import pointer_of
from schemas.codes import JobCode
from schemas.identity import MAX_PRENOMS, Identity, PlaceOfBirth
from schemas.reply import JobError
from schemas.request import MAX_CHECKS, CheckRequest, VerificationRequest


def excess_of(document: dict[str, Any]) -> Iterator[JobError]:
    """Yield a job's unknown members and lists that are too long, one by one: whoever has enough of them asks no further."""
    yield from _unknown_members((), document, VerificationRequest)
    identity = document.get("identity")
    if isinstance(identity, dict):
        yield from _unknown_members(("identity",), identity, Identity)
        place = identity.get("lieu_naissance")
        if isinstance(place, dict):
            yield from _unknown_members(("identity", "lieu_naissance"), place, PlaceOfBirth)
        yield from _too_long(("identity", "prenoms"), identity.get("prenoms"), MAX_PRENOMS)
    checks = document.get("checks")
    yield from _too_long(("checks",), checks, MAX_CHECKS)
    for index, check in enumerate(checks[:MAX_CHECKS] if isinstance(checks, list) else ()):
        if isinstance(check, dict):
            yield from _unknown_members(("checks", index), check, CheckRequest)
        else:
            yield _invalid(NO_OBJECT, ("checks", index))


def _unknown_members(location: Location, given: dict[str, Any], model: type[BaseModel]) -> Iterator[JobError]:
    for name in given:
        if name not in model.model_fields:
            yield _invalid(unknown_member((*location, name)), (*location, name))


def _too_long(location: Location, given: object, most: int) -> Iterator[JobError]:
    if isinstance(given, list) and len(given) > most:
        yield _invalid(too_long(str(location[-1]), most), location)


def _invalid(detail: str, location: Location) -> JobError:
    return job_error(JobCode.INVALID_MESSAGE, detail, pointer_of(location))
