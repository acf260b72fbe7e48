"""The person a job asks about, in API Particulier's words shortened.

Only what every endpoint agrees on is checked here; what one endpoint demands is checked with its check.
"""

import itertools
import re
import unicodedata
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from schemas.base import EmptyIsAbsent, MayBeEmpty, Reference, RequestModel, without_empty

_PARTIAL_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
# What the API refuses in a name: all but Latin letters of ISO 8859-1, apostrophe, space and hyphen.
_REFUSED_IN_NAMES = re.compile(r"[^A-Za-zÀ-ÖØ-öø-ÿ' -]")
_TYPOGRAPHY: Final = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201b\u02bc\u02b9\u2032\u00b4\u0060\uff07", "'"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d", "-"),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff"),
    },
)


def normalised(name: str) -> str:
    """Return a name as the API reads it: NFC, plain apostrophes and hyphens, single spaces, nothing invisible."""
    return " ".join(unicodedata.normalize("NFC", name.translate(_TYPOGRAPHY)).split())


def _name(value: str) -> str:
    text = normalised(value)
    refused = _REFUSED_IN_NAMES.search(text)
    if refused:
        character = refused.group()
        code_point = f"U+{ord(character):04X}"
        raise PydanticCustomError(
            "name_character",
            "a character that the API refuses in a name",
            {"character": f"« {character} » ({code_point})" if _shows(character) else code_point},
        )
    return _with_a_letter(value)


def _shows(character: str) -> bool:
    return character.isprintable() and not unicodedata.combining(character)


def _with_a_letter(value: str) -> str:
    if not any(map(str.isalpha, value)):
        raise PydanticCustomError("name_empty", "a name without a letter")
    return value


Name = Annotated[str, StringConstraints(min_length=1, max_length=128), AfterValidator(_name)]
"""Latin letters, accented included, apostrophe, space and hyphen, in any Unicode form (``normalised``)."""


def split_date(value: str) -> tuple[int, ...]:
    """Return (year,), (year, month) or (year, month, day) of a ``YYYY[-MM[-DD]]`` text.

    Raises ``ValueError`` when the text has another form or names no real day.
    """
    match = _PARTIAL_DATE.fullmatch(value)
    if match is None:
        raise ValueError("not YYYY, YYYY-MM or YYYY-MM-DD")
    parts = tuple(int(part) for part in match.groups() if part is not None)
    date(*(*parts, 1, 1)[:3])
    return parts


def _partial_date(value: str) -> str | None:
    """Return as much of a date as is known: FranceConnect and civil registers write zeros for what is not."""
    match = _PARTIAL_DATE.fullmatch(value)
    parts = [part for part in match.groups() if part is not None] if match else ["no date"]
    try:
        known = list(itertools.takewhile(int, parts))
        date(*(*map(int, known), 1, 1, 1)[:3])
    except ValueError:
        raise PydanticCustomError("partial_date", "not a date") from None
    return "-".join(known) or None


PartialDate = Annotated[
    str,
    AfterValidator(_partial_date),
    Field(json_schema_extra={"pattern": "^[0-9]{4}(?:-[0-9]{2}){0,2}$"}),
]
"""As much of a date as is known; ``1979-00-00`` is ``1979``, ``0000-00-00`` is absent."""
CodePays = Annotated[str, StringConstraints(pattern=r"^(?:99[0-9]{3}|92352)$")]
CodeCommune = Annotated[str, StringConstraints(pattern=r"^(?:[013-9][0-9]|2[AB1-9])[0-9]{3}$")]
CodeDepartement = Annotated[str, StringConstraints(pattern=r"^(?:[0-9]{2,3}|2[AB])$")]


FRANCE: Final = "99100"
"""INSEE's code of the country."""


MAX_PRENOMS: Final = 20
MOST_PRENOMS_READ: Final = 3
"""First names of a query, beyond which the API reads none."""
# JSON knows lists only, hence no strict tuple.
Prenoms = Annotated[
    tuple[Annotated[Name, MayBeEmpty()], ...],
    Field(strict=False, min_length=1, max_length=MAX_PRENOMS),
    AfterValidator(without_empty),
]


class PlaceOfBirth(RequestModel):
    """Where the person was born: a country and, for France, a commune by code or by name and département."""

    code_pays: Annotated[CodePays | None, EmptyIsAbsent()] = None
    """INSEE code of the country: 99100 is France, 92352 French Algeria. It may be left out where a commune is given."""
    code_commune: Annotated[CodeCommune | None, EmptyIsAbsent()] = None
    """INSEE code of the commune, for a person born in France."""
    nom_commune: Annotated[Annotated[Reference, AfterValidator(_with_a_letter)] | None, EmptyIsAbsent()] = (
        None
    )
    """Name of the commune, with ``code_departement`` and a year of birth, where its code is not known."""
    code_departement: Annotated[CodeDepartement | None, EmptyIsAbsent()] = None
    """INSEE code of the département, with ``nom_commune``."""

    @property
    def pays(self) -> str | None:
        """The country: as given, else France where a commune is given; None where nothing says it."""
        return self.code_pays or (FRANCE if self.code_commune or self.nom_commune else None)


class Identity(RequestModel):
    """A person. Each check sends what its endpoint takes of it, and no more."""

    nom_naissance: Annotated[Name | None, EmptyIsAbsent()] = None
    """Birth name: with the year and place of birth, what identification rests on."""
    nom_usage: Annotated[Name | None, EmptyIsAbsent()] = None
    """Name in daily use; it narrows the match and can cost an answer."""
    prenoms: Prenoms | None = None
    """First names in the order of the birth record; the API reads the first three."""
    sexe: Annotated[Literal["M", "F"] | None, EmptyIsAbsent()] = None
    """Sex of the civil status."""
    date_naissance: Annotated[PartialDate | None, EmptyIsAbsent()] = None
    """``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``; absent when unknown. ``1979-00-00`` is ``1979``."""
    lieu_naissance: PlaceOfBirth | None = None
    """Place of birth."""

    @cached_property
    def as_sent(self) -> "Identity":
        """The identity with its names as the API reads them, its first names no more than it reads: for every check at once."""
        given = {"nom_naissance": self.nom_naissance, "nom_usage": self.nom_usage}
        names: dict[str, Any] = {member: normalised(name) for member, name in given.items() if name}
        if self.prenoms:
            names["prenoms"] = tuple(map(normalised, self.prenoms[:MOST_PRENOMS_READ]))
        return self.model_copy(update=names)
