"""Telling what an unknown name was meant to be: another writing of a known one, one that stands elsewhere, or a slip of the finger."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel

from connector.catalogue import CATALOGUE
from schemas.identity import Identity, PlaceOfBirth
from schemas.request import CheckRequest, VerificationRequest

Location = tuple[int | str, ...]

LONGEST_NAME_READ: Final = 64
"""Of a longer name nothing is said: it is a text."""
_SLIP: Final = 2
"""Characters that one slip leaves wrong: a letter too many, too few or another, or two that have changed places."""
_SHORTEST_BEGINNING: Final = 8
"""Characters of a name that was cut short, by which it is still known."""
_ACRONYM: Final = re.compile(r"\((?P<acronym>[A-Z0-9]+)\)")


class Names:
    """Known names, found by what was written instead."""

    def __init__(self, names: Iterable[str], others: Mapping[str, str] = MappingProxyType({})) -> None:
        """``others`` are what a known name is also called."""
        self._by_plain = {_plain(name): name for name in names}
        self._others = others

    def same(self, written: str) -> str | None:
        """Return the name that ``written`` is but for capitals, hyphens, accents and the like."""
        if len(written) > LONGEST_NAME_READ:
            return None
        plain = _plain(written)
        return self._by_plain.get(plain) or self._others.get(plain)

    def nearest(self, written: str) -> str | None:
        """Return the name that ``written`` is but for one slip, or begins; None where there is none.

        ``difflib`` knows of more slips, and takes 30 microseconds a name: twenty in a job would cost as much as the job.
        """
        if known := self.same(written):
            return known
        if len(written) > LONGEST_NAME_READ:
            return None
        plain = _plain(written)
        for known in self._by_plain:
            if _is_a_slip(plain, known):
                return self._by_plain[known]
        if len(plain) < _SHORTEST_BEGINNING:
            return None
        begun = [known for known in self._by_plain if known.startswith(plain)]
        return self._by_plain[begun[0]] if len(begun) == 1 else None


def _plain(name: str) -> str:
    """Return a name's letters and digits, small and without accents: ``nomNaissance`` is ``nom_naissance``."""
    text = name if name.isascii() else unicodedata.normalize("NFKD", name)
    return "".join(filter(str.isalnum, text.lower().encode("ascii", "ignore").decode()))


def _is_a_slip(written: str, known: str) -> bool:
    """Tell whether two names differ in one place alone, by ``_SLIP`` characters at most."""
    longest, shortest = max(len(written), len(known)), min(len(written), len(known))
    if longest - shortest > _SLIP or shortest <= _SLIP:
        return False
    start = next((at for at in range(shortest) if written[at] != known[at]), shortest)
    end = next((at for at in range(shortest - start) if written[-1 - at] != known[-1 - at]), shortest - start)
    return longest - start - end <= _SLIP


@dataclass(frozen=True, slots=True)
class _Place:
    """Where members stand in a job."""

    location: Location
    """Every item of a list is 0."""
    is_told: str
    """French: where that is."""
    names: Names


def _of_model(location: Location, is_told: str, model: type[BaseModel]) -> _Place:
    return _Place(location, is_told, Names(model.model_fields))


_PARAMS: Final = _Place(
    ("checks", 0, "params"),
    "dans « params » de la vérification",
    Names(
        name
        for definition in CATALOGUE.values()
        for endpoint in definition.endpoints
        for name in endpoint.params.model_fields
    ),
)
_PLACES: Final = (
    _of_model((), "à la racine de la demande", VerificationRequest),
    _of_model(("identity",), "dans « identity »", Identity),
    _of_model(("identity", "lieu_naissance"), "dans « identity.lieu_naissance »", PlaceOfBirth),
    _of_model(("checks", 0), "dans un élément de « checks »", CheckRequest),
    _PARAMS,
)
API_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "recipient": "tenant",
        "sexeEtatCivil": "sexe",
        "anneeDateNaissance": "date_naissance",
        "moisDateNaissance": "date_naissance",
        "jourDateNaissance": "date_naissance",
        "codeCogInseePaysNaissance": "code_pays",
        "codeCogInseeCommuneNaissance": "code_commune",
        "nomCommuneNaissance": "nom_commune",
        "codeCogInseeDepartementNaissance": "code_departement",
    }
)
"""API Particulier's names that ours do not resemble."""
_OTHERS_WORDS: Final = {"siret": "tenant", "nom": "nom_naissance", "civilite": "sexe"}
"""What a vendor's own database may call them."""
_OURS: Final[Mapping[str, str]] = MappingProxyType(
    {_plain(api): ours for api, ours in API_NAMES.items()} | _OTHERS_WORDS
)

UNKNOWN_MEMBER: Final = "Ce champ n'existe pas"


def unknown_member(location: Location) -> str:
    """Return a sentence about the member at ``location``, which the contract does not know: what it may be, and where that stands."""
    name, holder = str(location[-1]), tuple(0 if isinstance(part, int) else part for part in location[:-1])
    here = next((place for place in _PLACES if place.location == holder), None)
    if here is None or len(name) > LONGEST_NAME_READ:
        return f"{UNKNOWN_MEMBER} : le retirer."
    wanted = _OURS.get(_plain(name), name)
    if known := here.names.same(wanted):
        return f"{UNKNOWN_MEMBER} ; il s'écrit « {known} »."
    for place in _PLACES:
        if known := place.names.same(wanted):
            written = "" if known == name else f", sous le nom « {known} »"
            return f"{UNKNOWN_MEMBER} ici : le donner {place.is_told}{written}."
    if known := here.names.nearest(name):
        return f"{UNKNOWN_MEMBER} ; le plus proche est « {known} »."
    return f"{UNKNOWN_MEMBER} : le retirer."


_CHECKS: Final = Names(
    CATALOGUE,
    {
        _plain(acronym["acronym"]): definition.name
        for definition in CATALOGUE.values()
        for acronym in _ACRONYM.finditer(definition.title)
    },
)


def nearest_check(name: str) -> str | None:
    """Return the check of the catalogue that an unknown name most looks like."""
    return _CHECKS.nearest(name)
