"""Values that several checks carry."""

from typing import Annotated, Final

from pydantic import AfterValidator, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from schemas.base import Known
from schemas.dates import iso_date

_LARGEST: Final = 1e15
"""An amount beyond this is none; a double holds every whole number up to it."""


def _number(value: object) -> float:
    # A union of two types would name one of them in the place of an error.
    if isinstance(value, int | float) and not isinstance(value, bool) and -_LARGEST <= value <= _LARGEST:
        return value
    raise PydanticCustomError("number_type", "not a number")


Number = Annotated[int | float, PlainValidator(_number), WithJsonSchema({"type": "number"})]
"""A JSON number, kept as it was written: 1600 stays 1600, and 12.5 stays 12.5."""

SEXES: Final = ("F", "M")

Sexe = Annotated[str, Known(SEXES)]
"""The sex in the civil register."""


def _iso_where_whole(value: str) -> str:
    try:
        return iso_date(value)
    except PydanticCustomError:
        return value


LooseDate = Annotated[str, AfterValidator(_iso_where_whole)]
"""A date that a source also sends when it is none: ISO where it is a real day, else the source's own text."""
