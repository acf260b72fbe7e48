"""The API's checks of a call, in its order, each with its error code.

A parameter that an endpoint does not take is not looked at.
"""

from collections.abc import Mapping
from typing import Final

from connector.sandbox.faults import unprocessable
from connector.sandbox.rules.call import Call, Check
from connector.sandbox.rules.identite import (
    commune,
    commune_by_code,
    commune_if_given,
    date_partly_known,
    nom_naissance,
    nom_usage,
    pays,
    prenoms,
    sexe,
    sexe_if_given,
    whole_date,
)
from connector.sandbox.rules.parametres import (
    campaign_year,
    identifiant,
    immatriculation,
    ine,
    period,
    recipient,
)
from connector.sandbox.rules.perimetre import school, school_or_area, school_year

__all__ = ("Call", "Check", "checks_of")

_NO_PRENOM: Final = unprocessable("00421", "Le ou les prénoms sont manquants")
_PRENOMS: Final = prenoms(3, _NO_PRENOM)
_IDENTITE: Final[Mapping[str, tuple[Check, ...]]] = {
    "dss": (
        sexe,
        commune,
        pays,
        date_partly_known,
        prenoms(3, unprocessable("00367", "Le ou les prénoms sont manquants.")),
        nom_naissance,
        nom_usage,
    ),
    "cnous": (nom_naissance, _PRENOMS, whole_date, sexe_if_given, commune_if_given),
    "mesri": (nom_naissance, prenoms(1, _NO_PRENOM), whole_date, sexe, commune_if_given),
    "men": (nom_naissance, _PRENOMS, whole_date, sexe),
    "dsnj": (_PRENOMS, nom_naissance, whole_date, sexe, commune_by_code, pays),
    "gip_mds": (nom_naissance, _PRENOMS, whole_date),
}
"""Per provider, as a path names it."""
_WHO: Final[Mapping[str, Mapping[str, tuple[Check, ...]]]] = {
    "identite": _IDENTITE,
    "ine": {"cnous": (ine,), "mesri": (ine,)},
    "identifiant": {"france_travail": (identifiant,), "sdh": (identifiant,)},
    "france_connect": {},
}
"""Per call, then per provider. A FranceConnect call has its identity from the token."""
_WHAT: Final[Mapping[tuple[str, str], tuple[Check, ...]]] = {
    ("v3", "quotient_familial"): (period,),
    ("v4", "etudiant_boursier"): (campaign_year,),
    ("v5", "etudiant_boursier"): (campaign_year,),
    ("v3", "scolarites"): (school, school_year),
    ("v4", "scolarites"): (school_or_area, school_year),
    ("v5", "scolarites"): (school_or_area, school_year),
    ("v3", "extrait_immatriculation_vehicule"): (immatriculation,),
}
"""The parameters of an endpoint whatever the call."""


def checks_of(path: str) -> tuple[Check, ...]:
    """Return the checks of the endpoint at ``path``, in the API's order."""
    _root, version, provider, name, call = path.split("/")
    return (recipient, *_WHO[call].get(provider, ()), *_WHAT.get((version, name), ()))
