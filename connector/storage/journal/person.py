"""What a person's records are hashed from, and the ways in which another spelling of the same person may have been. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from schemas.base import RequestModel
from schemas.identity import Identity

PERSON: Final = "person"
"""The kind of an identity's hash."""
IDENTIFIERS: Final = ("ine", "identifiant", "numero_fiscal", "immatriculation")
"""The kinds of identifiers: parameters of checks, each by its name."""
_LIGATURES: Final = str.maketrans({"Œ": "OE", "Æ": "AE", "Ø": "O"})
"""Capitals that the API takes in a name, and that no decomposition turns into letters of A to Z."""
_BETWEEN_NAMES: Final = re.compile(r"[\s\u2010-\u2015-]+")
_NOT_A_LETTER: Final = re.compile(r"[^A-Z]")
_NOT_OF_A_NUMBER: Final = re.compile(r"[^A-Z0-9]")


def person_of(identity: Identity | None) -> str | None:
    """Return what the identity of a job is hashed from: birth name, first of the first names, date of birth as given.

    None where there is no name to find anybody by. ``Jean-Pierre`` and ``Jean Pierre`` are two first names: a vendor
    may give either in one text, or in two.
    """
    if identity is None or identity.nom_naissance is None or not identity.prenoms:
        return None
    first = _names(identity.prenoms[:1])[0]
    return _person(identity.nom_naissance, first, identity.date_naissance or "")


def likely_persons(nom_naissance: str, prenoms: Sequence[str], date_naissance: str) -> tuple[str, ...]:
    """Return what the same person may have been hashed from: in another spelling, with another part of the date.

    Any of the first names may have come first, or two of them as one. ``prenoms`` holds one name at least;
    ``date_naissance`` is ``YYYY``, ``YYYY-MM``, ``YYYY-MM-DD`` or empty: from a part of a date follow all its days, from
    none of it only the records that have none either.
    """
    names = _names(prenoms)
    joined = ("".join(pair) for pair in pairwise(names))
    firsts = dict.fromkeys([*names, *joined, "".join(names)])
    dates = _dates(date_naissance)
    return tuple(dict.fromkeys(_person(nom_naissance, first, date) for first in firsts for date in dates))


def identifier_of(params: RequestModel) -> tuple[str, str] | None:
    """Return the kind and the value of the identifier among a check's parameters, where there is one."""
    members = type(params).model_fields
    for kind in IDENTIFIERS:
        # A model is slow to say that it has no such member.
        if kind in members and isinstance(value := getattr(params, kind), str):
            return kind, plain_identifier(kind, value)
    return None


def plain_identifier(kind: str, value: str) -> str:
    """Return an identifier without what may differ in writing: an identifiant as it is, the others in capitals, together."""
    return value.strip() if kind == "identifiant" else _NOT_OF_A_NUMBER.sub("", value.upper())


def _names(prenoms: Sequence[str]) -> list[str]:
    return [name for name in _BETWEEN_NAMES.split(" ".join(prenoms)) if name] or [""]


def _dates(given: str) -> list[str]:
    parts = given.split("-") if given else []
    vaguer = ["-".join(parts[:known]) for known in range(len(parts), -1, -1)]
    months = [f"{given}-{month:02}" for month in range(1, 13)] if len(parts) == 1 else []
    days = [f"{month}-{day:02}" for month in months or [given] for day in range(1, 32)]
    return [*vaguer, *months, *(days if len(parts) in {1, 2} else ())]


def _person(nom_naissance: str, prenom: str, date_naissance: str) -> str:
    return "|".join((_plain(nom_naissance), _plain(prenom), date_naissance))


def _plain(name: str) -> str:
    """Return a name's letters: without accents, case, hyphens, apostrophes and spaces."""
    decomposed = unicodedata.normalize("NFKD", name.upper().translate(_LIGATURES))
    return _NOT_A_LETTER.sub("", decomposed.upper())
