"""Values that several checks carry."""

import math
from typing import Annotated, Final

from pydantic import AfterValidator, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from schemas.base import Known
from schemas.dates import iso_date


def _number(value: object) -> float:
    # A union of two types would name one of them in the place of an error.
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise PydanticCustomError("number_type", "not a number")
    return value


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
