"""Dates as API Particulier sends them: ISO, or ``DD/MM/YYYY``; written in ISO form whichever way they came."""

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

_FRENCH = re.compile(r"(\d{2})/(\d{2})/(\d{4})", re.ASCII)


def iso_date(value: str) -> str:
    """Return ``value`` as ``YYYY-MM-DD``.

    Raises ``PydanticCustomError`` (never showing the value) when it is no real day in either form.
    """
    french = _FRENCH.fullmatch(value)
    text = "-".join(reversed(french.groups())) if french else value
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise PydanticCustomError("iso_date", "not a date") from None


IsoDate = Annotated[str, AfterValidator(iso_date)]
