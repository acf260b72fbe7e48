"""What a source answered that the contract does not know: told as values, counted, never shown.

A surprise names a place (a field, an error's code), not what was there.
"""

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import structlog
from pydantic import BaseModel

from connector.events import Event
from schemas.base import DataModel, Known

_LARGEST_TALLY: Final = 1000
"""Different surprises counted apart; beyond, they are counted together."""
# As the sources write their members; a key made from data could be anything else.
_A_NAME = re.compile(r"(?:[a-z][A-Za-z_]{0,63}[0-9]?\.){0,3}[a-z][A-Za-z_]{0,63}[0-9]?")

_log = structlog.get_logger(__name__)


class DriftKind(StrEnum):
    """How an answer differs from what is known of the source."""

    UNKNOWN_FIELD = "unknown_field"
    """A member that the contract does not know: it was dropped."""
    UNKNOWN_VALUE = "unknown_value"
    """A value that the API does not document: it was passed on."""
    WRONG_TYPE = "wrong_type"
    """A value that cannot be read under its member's type: it was left out."""
    TOO_LONG = "too_long"
    """An answer longer than any that is known of the source: the check is ``unexpected_response``."""
    UNKNOWN_OUTCOME = "unknown_outcome"
    """A status and code that no rule knows: the status alone decided."""
    OTHER_THAN_ASKED = "other_than_asked"
    """An answer to another question than the one asked: the check is ``unexpected_response``."""
    REFUSED_REQUEST = "refused_request"
    """The API refuses the connector's request as wrong, or no longer serves the version that it asks for."""


@dataclass(frozen=True, slots=True)
class SchemaDrift:
    """One difference, by its place."""

    kind: DriftKind
    place: str
    found: str = ""
    """The JSON type of what was there, of a value that cannot be read."""


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    known: tuple[str | int, ...]
    """The values that the API documents; empty where it documents none."""


def take_unknown(model: DataModel, prefix: str = "") -> Iterator[SchemaDrift]:
    """Drop what the contract does not know from a source's data, in place, and yield what there was.

    Yields one surprise per place: two children with the same new member are one.
    """
    extra = model.__pydantic_extra__ or {}
    for name in extra:
        yield SchemaDrift(DriftKind.UNKNOWN_FIELD, f"{prefix}{name if _A_NAME.fullmatch(name) else '?'}")
    extra.clear()
    for member in _members(type(model)):
        value = getattr(model, member.name)
        if isinstance(value, DataModel):
            yield from take_unknown(value, f"{prefix}{member.name}.")
        elif isinstance(value, tuple):
            inner = (item for item in value if isinstance(item, DataModel))
            found = (drift for item in inner for drift in take_unknown(item, f"{prefix}{member.name}."))
            yield from dict.fromkeys(found)
        elif member.known and value is not None and value not in member.known:
            yield SchemaDrift(DriftKind.UNKNOWN_VALUE, f"{prefix}{member.name}")


@functools.cache
def _members(model: type[BaseModel]) -> tuple[_Member, ...]:
    return tuple(
        _Member(
            name,
            tuple(value for known in _known([*info.metadata, info.annotation]) for value in known.values),
        )
        for name, info in model.model_fields.items()
    )


def _known(hints: Iterable[Any]) -> Iterator[Known]:
    for hint in hints:
        if isinstance(hint, Known):
            yield hint
        elif not isinstance(hint, type):
            yield from _known((*getattr(hint, "__args__", ()), *getattr(hint, "__metadata__", ())))


class DriftCounter:
    """Counts surprises, and logs each at its 1st, 10th, 100th… time."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, DriftKind, str, str], int] = {}

    def count(self, check: str, drift: SchemaDrift) -> None:
        """Count one surprise of a check's source."""
        key = (check, drift.kind, drift.place, drift.found)
        if key not in self._counts and len(self._counts) >= _LARGEST_TALLY:
            key = (check, drift.kind, "others", "")
        self._counts[key] = count = self._counts.get(key, 0) + 1
        if count == 10 ** (len(str(count)) - 1):
            found = {"found": key[3]} if key[3] else {}
            _log.warning(
                Event.SOURCE_SURPRISE, check=key[0], kind=key[1].value, place=key[2], count=count, **found
            )

    def counts(self) -> dict[tuple[str, DriftKind, str, str], int]:
        """Return how often each was seen, by check, kind, place and what was found there."""
        return dict(self._counts)
