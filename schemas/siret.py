"""SIRET numbers: fourteen digits, checked as API Particulier checks its ``recipient``."""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

_LENGTH = 14
_LA_POSTE = "356000000"
_DOUBLED = {str(digit): sum(divmod(2 * digit, 10)) for digit in range(10)}
"""Luhn's weight of every other digit: twice its value, whose digits are added."""


def is_siret(value: str) -> bool:
    """Tell whether ``value`` is a SIRET: 14 digits whose Luhn sum is a multiple of ten.

    The establishments of La Poste (SIREN 356000000) pass on form alone, as they do at API Particulier.
    """
    if len(value) != _LENGTH or not (value.isascii() and value.isdigit()):
        return False
    if value.startswith(_LA_POSTE):
        return True
    luhn = sum(map(_DOUBLED.__getitem__, value[::2])) + sum(map(int, value[1::2]))
    return luhn % 10 == 0


def _validated(value: str) -> str:
    if not is_siret(value):
        raise PydanticCustomError("siret", "not a SIRET")
    return value


Siret = Annotated[str, StringConstraints(pattern=r"^[0-9]{14}$"), AfterValidator(_validated)]
