"""Reading a source's answer, member by member: what cannot be read costs itself and nothing else.

A strict model of somebody else's data is a bet against their next release. So an answer is validated as it is; where that
fails, each value at fault is taken out of it, and named, until the rest is valid. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from connector.catalogue.definition import Endpoint, NotAnAnswerError
from connector.jobs.json_pointer import json_pointer
from connector.sources.json_document import read_json
from schemas.base import DataModel

MOST_UNREADABLE: Final = 1000
"""With more values than this that cannot be read, it is not the answer that was asked for."""
_TYPES: Final = (
    (bool, "boolean"),
    (str | bytes, "string"),
    (int, "number"),
    (float, "number"),
    (list, "array"),
    (dict, "object"),
)
_WHOLE: Final = "body"


@dataclass(frozen=True, slots=True)
class Unread:
    """A value that could not be read, by its place."""

    location: tuple[int | str, ...]
    """Names of members and indexes of items, from ``data`` on."""
    found: str
    """The JSON type of what was there."""

    @property
    def pointer(self) -> str:
        """Its JSON Pointer into ``data``."""
        return json_pointer(self.location)

    @property
    def place(self) -> str:
        """Its members' names, dotted: items of one list are one place."""
        return ".".join(part for part in self.location if isinstance(part, str)) or _WHOLE


@dataclass(frozen=True, slots=True)
class Reading:
    """The data of an answer, and what of it could not be read."""

    data: DataModel
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True)
class NoReading:
    """A body that is no answer."""

    place: str
    """``body``, or the member that should have held the data."""
    found: str


def read_answer(body: bytes, endpoint: Endpoint, params: Any) -> Reading | NoReading:
    """Return the data in the body of a 200, or where it stopped being an answer. Never raises, shows no value."""
    try:
        document = read_json(body)
    except (ValueError, RecursionError):
        return NoReading(_WHOLE, "")
    try:
        data = endpoint.form(document, params)
    except NotAnAnswerError as error:
        return NoReading(error.place, type_of(error.found))
    return _read(endpoint.data, data)


def _read(model: type[DataModel], data: dict[str, Any]) -> Reading | NoReading:
    unread: dict[tuple[int | str, ...], str] = {}
    while True:
        try:
            return Reading(
                model.model_validate(data), tuple(Unread(place, found) for place, found in unread.items())
            )
        except ValidationError as error:
            if error.error_count() + len(unread) > MOST_UNREADABLE:
                return NoReading(_WHOLE, "")
            faults = error.errors(include_url=False, include_input=False, include_context=False)
        before = len(unread)
        for fault in faults:
            if _holds(data, fault["loc"]):
                unread[fault["loc"]] = _take_out(data, fault["loc"])
        if len(unread) == before:
            return NoReading(Unread(faults[0]["loc"], "").place, "")


def _holds(value: Any, location: Sequence[int | str]) -> bool:
    """Tell whether a document has something at a place; not where what is around it was taken out already."""
    for part in location:
        is_there = part in value if isinstance(value, dict) else _is_item(value, part)
        if not is_there:
            return False
        value = value[part]
    return bool(location) and value is not None


def _is_item(value: Any, part: int | str) -> bool:
    return isinstance(value, list) and isinstance(part, int) and part < len(value)


def _take_out(value: Any, location: Sequence[int | str]) -> str:
    """Take a value out of a document, in place, and return its JSON type."""
    *around, last = location
    for part in around:
        value = value[part]
    found = type_of(value[last])
    if isinstance(value, dict):
        del value[last]
    else:
        # The items behind it keep their places, by which others are named.
        value[last] = None
    return found


def type_of(value: Any) -> str:
    """Return the JSON type of a value."""
    return next((name for type_, name in _TYPES if isinstance(value, type_)), "null")
