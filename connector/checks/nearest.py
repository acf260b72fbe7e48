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
    """Known names, found by what was written instead, as ``plain`` gives it."""

    def __init__(self, names: Iterable[str], others: Mapping[str, str] = MappingProxyType({})) -> None:
        """``others`` are what a known name is also called."""
        self.by_plain = {plain(name): name for name in names}
        self._others = others

    def same(self, written: str) -> str | None:
        """Return the name that ``written`` is but for capitals, hyphens, accents and the like."""
        return self.by_plain.get(written) or self._others.get(written)

    def nearest(self, written: str) -> str | None:
        """Return the name that ``written`` is but for one slip, or begins; None where there is none.

        ``difflib`` knows of more slips, and takes 30 microseconds a name: twenty in a job would cost as much as the job.
        """
        if known := self.same(written):
            return known
        for known in self.by_plain:
            if abs(len(known) - len(written)) <= _SLIP and _is_a_slip(written, known):
                return self.by_plain[known]
        if len(written) < _SHORTEST_BEGINNING:
            return None
        begun = [known for known in self.by_plain if known.startswith(written)]
        return self.by_plain[begun[0]] if len(begun) == 1 else None


def plain(name: str) -> str:
    """Return a name's letters and digits, small and without accents: ``nomNaissance`` is ``nom_naissance``."""
    text = name if name.isascii() else unicodedata.normalize("NFKD", name)
    return "".join(filter(str.isalnum, text.lower().encode("ascii", "ignore").decode()))


def _is_a_slip(written: str, known: str) -> bool:
    """Tell whether two names of about one length differ in one place alone, by ``_SLIP`` characters at most."""
    longest, shortest = max(len(written), len(known)), min(len(written), len(known))
    if shortest <= _SLIP:
        return False
    start = _shared(written, known)
    end = min(_shared(written[::-1], known[::-1]), shortest - start)
    return longest - start - end <= _SLIP


def _shared(one: str, other: str) -> int:
    """Return how many characters two names have in common from their beginnings."""
    for at, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return at
    return min(len(one), len(other))


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
_BY_LOCATION: Final = MappingProxyType({place.location: place for place in _PLACES})
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
    {plain(written): plain(ours) for written, ours in {**API_NAMES, **_OTHERS_WORDS}.items()}
)

UNKNOWN_MEMBER: Final = "Ce champ n'existe pas"


_ELSEWHERE: Final[Mapping[str, tuple[_Place, str]]] = MappingProxyType(
    {
        written: (place, known)
        for place in reversed(_PLACES)
        for written, known in place.names.by_plain.items()
    }
)
"""Where each member stands; one of several places, at the first."""


def unknown_member(location: Location) -> str:
    """Return a sentence about the member at ``location``, which the contract does not know: what it may be, and where that stands."""
    name, holder = str(location[-1]), tuple(0 if isinstance(part, int) else part for part in location[:-1])
    here = _BY_LOCATION.get(holder)
    if here is None or len(name) > LONGEST_NAME_READ:
        return f"{UNKNOWN_MEMBER} : le retirer."
    written = plain(name)
    wanted = _OURS.get(written, written)
    if known := here.names.same(wanted):
        return f"{UNKNOWN_MEMBER} ; il s'écrit « {known} »."
    if wanted in _ELSEWHERE:
        place, known = _ELSEWHERE[wanted]
        under = "" if known == name else f", sous le nom « {known} »"
        return f"{UNKNOWN_MEMBER} ici : le donner {place.is_told}{under}."
    if known := here.names.nearest(written):
        return f"{UNKNOWN_MEMBER} ; le plus proche est « {known} »."
    return f"{UNKNOWN_MEMBER} : le retirer."


_CHECKS: Final = Names(
    CATALOGUE,
    {
        plain(acronym["acronym"]): definition.name
        for definition in CATALOGUE.values()
        for acronym in _ACRONYM.finditer(definition.title)
    },
)


def nearest_check(name: str) -> str | None:
    """Return the check of the catalogue that an unknown name most looks like."""
    return _CHECKS.nearest(plain(name)) if len(name) <= LONGEST_NAME_READ else None
