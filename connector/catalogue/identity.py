"""The identity of a job as the query of an API Particulier call ``identite``: what each endpoint takes of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, auto
from typing import Final

from connector.jobs.defects import Defect, invalid, missing
from schemas.identity import FRANCE, MOST_PRENOMS_READ, Identity, PlaceOfBirth, normalised, split_date

Query = tuple[tuple[str, str], ...]
"""Parameters of a call under the API's names, in order, arrays repeated."""

NAMES: Final = frozenset({"nomNaissance", "nomUsage", "prenoms[]"})
"""The parameters that hold a name."""
EARLIEST_BIRTH: Final = date(1900, 1, 1)
_IN_FRENCH: Final = {
    "nom_naissance": "le nom de naissance",
    "prenoms": "les prénoms",
    "sexe": "le sexe",
    "lieu_naissance": "le lieu de naissance",
    "lieu_naissance.code_pays": "le code INSEE du pays de naissance",
}
_FULL_DATE: Final = 3
"""A year, a month and a day."""


class Sex(Enum):
    """Whether an endpoint takes the sex."""

    DEMANDED = auto()
    TAKEN = auto()
    LEFT_OUT = auto()


class Place(Enum):
    """What an endpoint takes of the place of birth."""

    COUNTRY_AND_COMMUNE = auto()
    """The country; for France a commune too where it is known, by code or by name."""
    COUNTRY_AND_CODE = auto()
    """The country; for France a commune is demanded, by code only."""
    COMMUNE = auto()
    """A commune, by code or by name, where the person was born in France; never a country."""
    LEFT_OUT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityProfile:
    """Which members of an identity an endpoint takes, and which it demands. It is sent these and no more.

    Source: the parameters of each ``/identite`` path in API Particulier's OpenAPI file.
    """

    sex: Sex
    place: Place
    takes_nom_usage: bool = False
    most_prenoms: int = MOST_PRENOMS_READ
    demands_full_date: bool = True


DSS: Final = IdentityProfile(
    sex=Sex.DEMANDED, place=Place.COUNTRY_AND_COMMUNE, takes_nom_usage=True, demands_full_date=False
)
CNOUS: Final = IdentityProfile(sex=Sex.TAKEN, place=Place.COMMUNE)
MESRI: Final = IdentityProfile(sex=Sex.DEMANDED, place=Place.COMMUNE, most_prenoms=1)
MEN: Final = IdentityProfile(sex=Sex.DEMANDED, place=Place.LEFT_OUT)
DSNJ: Final = IdentityProfile(sex=Sex.DEMANDED, place=Place.COUNTRY_AND_CODE)
GIP_MDS: Final = IdentityProfile(sex=Sex.LEFT_OUT, place=Place.LEFT_OUT)


def identity_defect(profile: IdentityProfile, identity: Identity, today: date) -> Defect | None:
    """Return what the endpoint would refuse, or None. ``today`` is the day in Paris."""
    return (
        _missing_member(profile, identity)
        or _date_defect(profile, identity, today)
        or _place_defect(profile, identity)
    )


def identity_query(profile: IdentityProfile, identity: Identity) -> Query:
    """Return what the endpoint takes of an identity that has no defect for it, names normalised."""
    return tuple(_query(profile, identity))


def _missing_member(profile: IdentityProfile, identity: Identity) -> Defect | None:
    demanded = ["nom_naissance", "prenoms", *(["sexe"] if profile.sex is Sex.DEMANDED else [])]
    return next((_demanded(member) for member in demanded if getattr(identity, member) is None), None)


def _demanded(member: str) -> Defect:
    return missing(member, f"Cette source demande {_IN_FRENCH[member]} de la personne.")


def _date_defect(profile: IdentityProfile, identity: Identity, today: date) -> Defect | None:
    parts = split_date(identity.date_naissance) if identity.date_naissance else ()
    if len(parts) == _FULL_DATE:
        if EARLIEST_BIRTH <= date(*parts) <= today - timedelta(days=1):
            return None
        return invalid(
            "date_naissance", "La date de naissance doit être comprise entre le 01/01/1900 et hier."
        )
    if parts > (today.year, today.month)[: len(parts)]:
        return invalid("date_naissance", "La date de naissance est dans le futur.")
    if not profile.demands_full_date:
        return None
    detail = "Cette source demande la date de naissance complète (jour, mois et année)."
    return missing("date_naissance", detail)


def _place_defect(profile: IdentityProfile, identity: Identity) -> Defect | None:
    place = identity.lieu_naissance
    match profile.place:
        case Place.LEFT_OUT:
            return None
        case Place.COMMUNE:
            return _commune_by_name_defect(place, identity)
        case Place.COUNTRY_AND_COMMUNE:
            return _country_defect(place) or _commune_by_name_defect(place, identity)
        case Place.COUNTRY_AND_CODE:
            return _country_defect(place) or _commune_code_defect(place)


def _country_defect(place: PlaceOfBirth | None) -> Defect | None:
    if place is None:
        return _demanded("lieu_naissance")
    if place.pays is None:
        return _demanded("lieu_naissance.code_pays")
    return None if place.pays == FRANCE else _commune_abroad(place)


def _commune_code_defect(place: PlaceOfBirth | None) -> Defect | None:
    if place is None or place.code_commune or place.pays != FRANCE:
        return None
    return missing(
        "lieu_naissance.code_commune",
        "Cette source demande la commune de naissance, par son code INSEE, d'une personne née en France.",
    )


def _commune_by_name_defect(place: PlaceOfBirth | None, identity: Identity) -> Defect | None:
    """Return what the API would need besides the name of a commune."""
    if place is None or place.code_commune or not place.nom_commune or place.pays != FRANCE:
        return None
    if not place.code_departement:
        return missing(
            "lieu_naissance.code_departement",
            "Une commune donnée par son nom demande le département de naissance.",
        )
    if not identity.date_naissance:
        return missing("date_naissance", "Une commune donnée par son nom demande l'année de naissance.")
    return None


def _commune_abroad(place: PlaceOfBirth) -> Defect | None:
    for member in ("code_commune", "nom_commune", "code_departement"):
        if getattr(place, member) is not None:
            return invalid(
                f"lieu_naissance.{member}",
                "Aucune commune n'est attendue pour une personne née à l'étranger.",
            )
    return None


def _query(profile: IdentityProfile, identity: Identity) -> Iterator[tuple[str, str]]:
    person = identity.as_sent
    yield "nomNaissance", person.nom_naissance or ""
    if profile.takes_nom_usage and person.nom_usage:
        yield "nomUsage", person.nom_usage
    for prenom in (person.prenoms or ())[: profile.most_prenoms]:
        yield "prenoms[]", prenom
    if identity.date_naissance:
        names = ("anneeDateNaissance", "moisDateNaissance", "jourDateNaissance")
        for name, part in zip(names, split_date(identity.date_naissance), strict=False):
            yield name, str(part)
    if profile.sex is not Sex.LEFT_OUT and identity.sexe:
        yield "sexeEtatCivil", identity.sexe
    if identity.lieu_naissance and profile.place is not Place.LEFT_OUT:
        yield from _place_query(profile, identity.lieu_naissance)


def _place_query(profile: IdentityProfile, place: PlaceOfBirth) -> Iterator[tuple[str, str]]:
    if profile.place is not Place.COMMUNE:
        yield "codeCogInseePaysNaissance", place.pays or FRANCE
    elif place.pays != FRANCE:
        return
    if place.code_commune:
        yield "codeCogInseeCommuneNaissance", place.code_commune
    elif place.nom_commune and place.code_departement:
        yield "nomCommuneNaissance", normalised(place.nom_commune)
        yield "codeCogInseeDepartementNaissance", place.code_departement
