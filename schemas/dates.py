"""Dates as the sources send them, written in ISO form whichever way they came.

They come as ``2026-05-01``, ``20260501``, ``01/05/2026`` or an instant; what is unknown of a birth date is written as zeros: of
``1980-00-00`` the year is known, of ``0000-00-00`` nothing.
"""

import re
from datetime import date
from typing import Annotated, Final

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

_ISO: Final = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ]\d{2}:\d{2}[\d:.,Z+-]*)?)?)?", re.ASCII)
_BASIC: Final = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_FRENCH: Final = re.compile(r"(\d{2})/(\d{2})/(\d{4})", re.ASCII)


def partial_date(value: str) -> str | None:
    """Return a date as ``YYYY-MM-DD``, ``YYYY-MM`` or ``YYYY``, as far as it is known; None where nothing is.

    Raises ``PydanticCustomError``, which never shows the value, for what is no date in any of the forms.
    """
    text = value.strip()
    if not text:
        return None
    french, iso = _FRENCH.fullmatch(text), _ISO.fullmatch(text) or _BASIC.fullmatch(text)
    if french:
        return _as_far_as_known(french.groups()[::-1])
    if iso:
        return _as_far_as_known(tuple(part for part in iso.groups() if part is not None))
    raise PydanticCustomError("iso_date", "not a date")


def iso_date(value: str) -> str | None:
    """Return a whole date as ``YYYY-MM-DD``; None where nothing of it is known.

    Raises ``PydanticCustomError``, which never shows the value, for anything else.
    """
    day = partial_date(value)
    if day is not None and len(day) < len("YYYY-MM-DD"):
        raise PydanticCustomError("iso_date", "not a whole date")
    return day


def _as_far_as_known(parts: tuple[str, ...]) -> str | None:
    zeros = [int(part) == 0 for part in parts]
    if all(zeros):
        return None
    known = parts[: zeros.index(True)] if True in zeros else parts
    try:
        date(*(*map(int, known), 1, 1)[:3])
    except (TypeError, ValueError):
        # Also a month without its year: nothing of it can be written in ISO form.
        raise PydanticCustomError("iso_date", "not a date") from None
    return "-".join(known)


IsoDate = Annotated[str, AfterValidator(iso_date)]
"""A day of the calendar."""

PartialDate = Annotated[str, AfterValidator(partial_date)]
"""A birth, of which the day, or the month and the day, may be unknown."""
