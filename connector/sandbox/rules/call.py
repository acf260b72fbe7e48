"""A call as the rules see it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from connector.sandbox.faults import ApiFault


@dataclass(frozen=True, slots=True)
class Call:
    """The parameters of a call, and the day it is made on."""

    params: Mapping[str, list[str]]
    today: date

    def one(self, name: str) -> str:
        """Return a parameter's only value, or an empty text."""
        return (self.params.get(name) or [""])[0]

    def number(self, name: str) -> int | None:
        """Return a parameter as a whole number: None when absent, 0 when it is none."""
        value = self.one(name)
        if not value:
            return None
        return int(value) if re.fullmatch("[0-9]{1,4}", value) else 0


Check = Callable[[Call], ApiFault | None]
"""Returns the error that the API answers with, None where it goes on."""
