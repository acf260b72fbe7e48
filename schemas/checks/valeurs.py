"""Values that several checks carry, in every form in which a source sends them.

A number may come as a text, and a whole one as ``412.0``; an empty text is no value. What cannot be read raises a
``PydanticCustomError`` that never shows the value: it costs that member alone (``connector.sources.reading``).
"""

import re
from typing import Annotated, Final, TypeVar

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from schemas.base import Known
from schemas.dates import partial_date

_LARGEST: Final = 1e15
"""An amount beyond this is none; a double holds every whole number up to it."""
_NUMBER: Final = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,9})?", re.ASCII)

_ItemT = TypeVar("_ItemT")
Liste = Annotated[tuple[_ItemT | None, ...], Field(strict=False)]
"""A list, of which each item may be null: a source's own null, or an item that could not be read."""


def read_number(value: object) -> float | None:
    """Return a number, None for an empty text. Raises ``PydanticCustomError``."""
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        if _NUMBER.fullmatch(text):
            return float(text) if "." in text else int(text)
    # A union of two types would name one of them in the place of an error.
    elif isinstance(value, int | float) and not isinstance(value, bool) and -_LARGEST <= value <= _LARGEST:
        return value
    raise PydanticCustomError("number_type", "not a number")


def _read_integer(value: object) -> int | None:
    number = read_number(value)
    if number is None or number == int(number):
        return None if number is None else int(number)
    raise PydanticCustomError("integer_type", "not a whole number")


Number = Annotated[int | float, PlainValidator(read_number), WithJsonSchema({"type": "number"})]
"""A number, kept as it was written: 1600 stays 1600, and 12.5 stays 12.5."""

Integer = Annotated[int, PlainValidator(_read_integer), WithJsonSchema({"type": "integer"})]
"""A whole number, ``412.0`` among them."""

SEXES: Final = ("F", "M")

Sexe = Annotated[str, Known(SEXES)]
"""The sex in the civil register."""


def _iso_where_it_is_one(value: str) -> str | None:
    try:
        return partial_date(value)
    except PydanticCustomError:
        return value


LooseDate = Annotated[str, AfterValidator(_iso_where_it_is_one)]
"""A date that a source also sends when it is none: in ISO form where it is one, else the source's own text."""
