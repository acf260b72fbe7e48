"""The identity of a job as the query of an API Particulier call ``identite``, per family of endpoints."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from connector.defects import Defect, invalid, missing
from schemas.identity import Identity, PlaceOfBirth, split_date

Query = tuple[tuple[str, str], ...]
"""Parameters of a call under the API's names, in order, arrays repeated."""

FRANCE: Final = "99100"
MAX_PRENOMS: Final = 3
"""The API reads at most three first names."""
EARLIEST_BIRTH: Final = date(1900, 1, 1)


def dss_identity(identity: Identity, today: date) -> Query | Defect:
    """Return the query of a Sécurité sociale (``dss``) endpoint, or what is missing or wrong.

    Day, month and year of birth may be unknown; a full date lies between 1900-01-01 and yesterday. Born in
    France wants a commune, by code or by name with département and year of birth; born abroad wants none.
    """
    defect = _dss_names(identity) or _dss_date(identity, today) or _dss_place(identity)
    return defect or tuple(_dss_query(identity))


def _dss_names(identity: Identity) -> Defect | None:
    for member in ("nom_naissance", "prenoms", "sexe"):
        if getattr(identity, member) is None:
            return missing(member)
    return None


def _dss_date(identity: Identity, today: date) -> Defect | None:
    parts = split_date(identity.date_naissance) if identity.date_naissance else ()
    is_full = len(parts) == len(("année", "mois", "jour"))
    if is_full and not EARLIEST_BIRTH <= date(*parts) <= today - timedelta(days=1):
        return invalid(
            "date_naissance", "La date de naissance doit être comprise entre le 01/01/1900 et hier."
        )
    return None


def _dss_place(identity: Identity) -> Defect | None:
    place = identity.lieu_naissance
    if place is None:
        return missing("lieu_naissance")
    if place.code_pays != FRANCE:
        return _no_commune(place)
    return None if place.code_commune else _commune_by_name(place, identity.date_naissance)


def _commune_by_name(place: PlaceOfBirth, date_naissance: str | None) -> Defect | None:
    if not place.nom_commune:
        return missing(
            "lieu_naissance.code_commune",
            "La commune de naissance est obligatoire pour une personne née en France.",
        )
    if not place.code_departement:
        return missing(
            "lieu_naissance.code_departement",
            "Une commune donnée par son nom demande le département de naissance.",
        )
    if not date_naissance:
        return missing("date_naissance", "Une commune donnée par son nom demande l'année de naissance.")
    return None


def _no_commune(place: PlaceOfBirth) -> Defect | None:
    for member in ("code_commune", "nom_commune", "code_departement"):
        if getattr(place, member) is not None:
            return invalid(
                f"lieu_naissance.{member}",
                "Aucune commune n'est attendue pour une personne née à l'étranger.",
            )
    return None


def _dss_query(identity: Identity) -> Iterator[tuple[str, str]]:
    yield "nomNaissance", identity.nom_naissance or ""
    if identity.nom_usage:
        yield "nomUsage", identity.nom_usage
    for prenom in (identity.prenoms or ())[:MAX_PRENOMS]:
        yield "prenoms[]", prenom
    if identity.date_naissance:
        names = ("anneeDateNaissance", "moisDateNaissance", "jourDateNaissance")
        for name, part in zip(names, split_date(identity.date_naissance), strict=False):
            yield name, str(part)
    yield "sexeEtatCivil", identity.sexe or ""
    if place := identity.lieu_naissance:
        yield "codeCogInseePaysNaissance", place.code_pays
        if place.code_commune:
            yield "codeCogInseeCommuneNaissance", place.code_commune
        elif place.nom_commune and place.code_departement:
            yield "nomCommuneNaissance", place.nom_commune
            yield "codeCogInseeDepartementNaissance", place.code_departement
