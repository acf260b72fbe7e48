"""A record of one call, as a value: who asked what of which source, when, and how it ended. Never of whom, nor what came."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import AwareDatetime, TypeAdapter

from schemas.codes import CheckCode

UNKNOWN: Final = "unknown"
"""The outcome of a call that set out, and whose end nobody has noted: its delivery was interrupted."""
NOT_MADE: Final = "not_made"
"""The outcome of a call that did not set out after all: something held it back once its record was made."""
FOUND: Final = "found"
OUTCOMES: Final = frozenset({FOUND, UNKNOWN, NOT_MADE, *map(str, CheckCode)})
_ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One call. Two records of one id are of the same call: before it, and after it."""

    id: str
    at: AwareDatetime
    """When the call set out."""
    vendor: str
    tenant: str
    """SIRET of the CCAS whose credentials, or whose name, the call was made with."""
    job_id: str
    lane: str
    label: str
    """The check's, within its job."""
    check: str
    endpoint: str
    """The path's template: nothing of a person."""
    agent: str | None
    dossier: str | None
    purpose: str | None
    attempt: int
    """From 1, among the calls made for the check."""
    person: str | None
    """Keyed hash of the identity, ``key:digest``."""
    identifier: str | None
    """Keyed hash of the INE, identifiant, numéro fiscal or immatriculation that was asked with."""
    outcome: str
    """``found``, a code of the contract, ``unknown`` or ``not_made``."""
    http_status: int | None = None
    duration_ms: int | None = None


_RECORDS: Final = TypeAdapter(tuple[Record, ...])


def record_id(vendor: str, job_id: str, run: str, label: str, attempt: int, number: int) -> str:
    """Return what names a call: its job, one run of one delivery of it, its check, and its place among the calls made.

    ``number`` is the record's, among those of the check in this run: a source may ask twice within one attempt, and a
    call that was not made leaves its attempt to the next.
    """
    named = "\0".join((vendor, job_id, run, label, str(attempt), str(number)))
    return hashlib.blake2b(named.encode(), digest_size=_ID_BYTES).hexdigest()


def merged(records: Iterable[Record]) -> list[Record]:
    """Return one record per id, in the order of their ids: that with an outcome, where there is one."""
    by_id: dict[str, Record] = {}
    for record in records:
        known = by_id.get(record.id)
        if known is None or known.outcome == UNKNOWN:
            by_id[record.id] = record
    return [by_id[name] for name in sorted(by_id)]


def written(records: Iterable[Record]) -> bytes:
    """Return records as the JSON in which they travel."""
    return _RECORDS.dump_json(tuple(records))


def read(body: bytes) -> tuple[Record, ...]:
    """Return the records of a JSON that travelled. Raises pydantic's ``ValidationError``."""
    return _RECORDS.validate_json(body)


def months_before(now: datetime, months: int) -> datetime:
    """Return the same day and time so many calendar months before; the month's last day where it is shorter."""
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    for day in (now.day, 30, 29, 28):
        try:
            return now.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
