"""What a person's records are hashed from, and the ways in which another spelling of the same person may have been. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, Final

from schemas.identity import Identity

PERSON: Final = "person"
"""The kind of an identity's hash."""
IDENTIFIERS: Final = ("ine", "identifiant", "numero_fiscal", "immatriculation")
"""The kinds of identifiers: parameters of checks, each by its name."""
_LIGATURES: Final = str.maketrans({"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss", "ø": "o", "Ø": "O"})
_NOT_A_LETTER: Final = re.compile(r"[^A-Z]")
_NOT_OF_A_NUMBER: Final = re.compile(r"[^A-Z0-9]")


def person_of(identity: Identity | None) -> str | None:
    """Return what the identity of a job is hashed from: birth name, first of the first names, date of birth as given.

    None where there is no name to find anybody by.
    """
    if identity is None or identity.nom_naissance is None or not identity.prenoms:
        return None
    return _person(identity.nom_naissance, identity.prenoms[0], identity.date_naissance or "")


def likely_persons(nom_naissance: str, prenoms: Sequence[str], date_naissance: str) -> tuple[str, ...]:
    """Return what the same person may have been hashed from: in another spelling, with a part of the date, or none.

    ``prenoms`` holds one name at least; ``date_naissance`` is ``YYYY``, ``YYYY-MM``, ``YYYY-MM-DD`` or empty.
    """
    words = " ".join(prenoms).split()
    firsts = dict.fromkeys([prenoms[0], words[0], "".join(words[:2]), "".join(words)])
    parts = date_naissance.split("-") if date_naissance else []
    dates = ["-".join(parts[:known]) for known in range(len(parts), -1, -1)]
    return tuple(dict.fromkeys(_person(nom_naissance, first, date) for first in firsts for date in dates))


def identifier_of(params: Any) -> tuple[str, str] | None:
    """Return the kind and the value of the identifier among a check's parameters, where there is one."""
    for kind in IDENTIFIERS:
        value = getattr(params, kind, None)
        if isinstance(value, str):
            return kind, plain_identifier(kind, value)
    return None


def plain_identifier(kind: str, value: str) -> str:
    """Return an identifier without what may differ in writing: an identifiant as it is, the others in capitals, together."""
    return value.strip() if kind == "identifiant" else _NOT_OF_A_NUMBER.sub("", value.upper())


def _person(nom_naissance: str, prenom: str, date_naissance: str) -> str:
    return "|".join((_plain(nom_naissance), _plain(prenom), date_naissance))


def _plain(name: str) -> str:
    """Return a name's letters: without accents, case, hyphens, apostrophes and spaces."""
    decomposed = unicodedata.normalize("NFKD", name.translate(_LIGATURES))
    return _NOT_A_LETTER.sub("", decomposed.upper())
