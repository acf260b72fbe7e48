"""Telling what may have kept a person from being identified, in French, from what was sent of the identity: possibilities, for an agent.

Sources: API Particulier's advice on identities, by what weighs in a match; INSEE's code officiel géographique, in which an
arrondissement of Paris, Lyon or Marseille has a code of its own.
"""

import re
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Final

from connector.catalogue.identity import IdentityProfile, Place, Query
from schemas.identity import FRANCE

MOST_HINTS: Final = 3
_SEINE_WAS_SPLIT: Final = 1968
"""Until this year 75 was the Seine's number, whose communes had codes like today's postal codes of Paris."""
_OF_INSEE_ALONE: Final = re.compile(
    r"751(?:0[1-9]|1[0-9]|20)|6938[1-9]|132(?:0[1-9]|1[0-6])|2[AB][0-9]{3}", re.ASCII
)
"""An arrondissement, and a commune of Corsica: no postal code is written so, but 75116, which is the same place."""
_POSTAL_OF_PARIS: Final = re.compile(r"750(?:0[1-9]|1[0-9]|20)", re.ASCII)
_POSTAL_OF_LYON: Final = re.compile(r"6900[1-9]", re.ASCII)
_POSTAL_OF_MARSEILLE: Final = re.compile(r"130(?:0[1-9]|1[0-6])", re.ASCII)
_OF_PARIS: Final = "75101 à 75120 pour un arrondissement de Paris"
_IS_POSTAL_OF_PARIS: Final = (
    f"La commune de naissance est donnée par un code postal : donner le code INSEE ({_OF_PARIS})."
)
_LIKE_A_POSTAL_CODE: Final = "Le code de la commune de naissance ressemble à un code postal : si c'en est un, donner le code INSEE{example}."
_TOGETHER: Final = (
    "Un prénom contient une espace : si ce sont plusieurs prénoms, les donner séparément ; s'il est composé, avec un trait "
    "d'union."
)
_NAME_IN_USE: Final = "Le nom d'usage restreint la recherche : redemander sans lui."
_NO_COMMUNE: Final = "La commune de naissance n'est pas donnée : l'ajouter."
_NO_DAY: Final = "La date de naissance n'est pas complète : l'ajouter si elle est connue."


def identity_hints(profile: IdentityProfile, query: Query, tried: Collection[str]) -> tuple[str, ...]:
    """Return the likeliest reasons first, ``MOST_HINTS`` at most, of why nobody matched what was sent.

    ``tried`` are the names of the variants of this identity that are asked too: what they change is not the reason.
    """
    return tuple(islice(_hints(profile, query, tried), MOST_HINTS))


def commune_hint(query: Query) -> str | None:
    """Return that the commune's code looks like a postal code, or is one; None where it does not.

    The form does not tell them apart: 69001 is the postal code of Lyon's first arrondissement and INSEE's code of Affoux.
    """
    sent = dict(query)
    commune = sent.get("codeCogInseeCommuneNaissance", "")
    if _OF_INSEE_ALONE.fullmatch(commune):
        return None
    if _POSTAL_OF_PARIS.fullmatch(commune):
        born = sent.get("anneeDateNaissance")
        if born is not None and int(born) >= _SEINE_WAS_SPLIT:
            return _IS_POSTAL_OF_PARIS
        return _LIKE_A_POSTAL_CODE.format(example=f" ({_OF_PARIS})")
    if _POSTAL_OF_LYON.fullmatch(commune):
        return _LIKE_A_POSTAL_CODE.format(example=" (69381 à 69389 pour un arrondissement de Lyon)")
    if _POSTAL_OF_MARSEILLE.fullmatch(commune):
        return _LIKE_A_POSTAL_CODE.format(example=" (13201 à 13216 pour un arrondissement de Marseille)")
    return _LIKE_A_POSTAL_CODE.format(example="") if commune.endswith("0") else None


def _hints(profile: IdentityProfile, query: Query, tried: Collection[str]) -> Iterator[str]:
    sent = dict(query)
    if commune := commune_hint(query):
        yield commune
    if "all_prenoms" not in tried and any(name == "prenoms[]" and " " in value for name, value in query):
        yield _TOGETHER
    if "nomUsage" in sent and "without_nom_usage" not in tried:
        yield _NAME_IN_USE
    if _lacks_a_commune(profile, sent):
        yield _NO_COMMUNE
    if "jourDateNaissance" not in sent:
        yield _NO_DAY


def _lacks_a_commune(profile: IdentityProfile, sent: dict[str, str]) -> bool:
    if (
        profile.place is Place.LEFT_OUT
        or {"codeCogInseeCommuneNaissance", "nomCommuneNaissance"} & sent.keys()
    ):
        return False
    return sent.get("codeCogInseePaysNaissance") == FRANCE
