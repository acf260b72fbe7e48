"""API Particulier's own nomenclature of errors, as data: who says a code, and which kind of outcome it is.

A code is ``XXYYY``: XX is who says it, YYY the kind. The kinds are the same whoever says it; what the platform itself
says (``00YYY``) is a code of its own each time.

Source: ``/api/errors`` of API Particulier, and the older codes of its OpenAPI file and sandbox, which are understood too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from schemas.codes import CheckCode

PLATFORM: Final = "00"
INSEE: Final = "01"
"""Asked by the platform for the code of a commune that is given by its name, before the provider is."""
FRANCE_CONNECT: Final = "51"
"""Asked by the platform about the person's token, before the provider is."""
FRANCE_CONNECT_BEFORE: Final = "50"
"""As the platform said it before."""

PROVIDERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        PLATFORM: "API Particulier",
        INSEE: "INSEE",
        "10": "MSA",
        "23": "CNAF",
        "24": "France Travail",
        "25": "MESRI",
        "26": "CNOUS",
        "30": "MEN",
        "31": "GIP-MDS",
        "35": "CNAF & MSA",
        "36": "Sécurité sociale",
        "37": "CNAV",
        "39": "DSNJ",
        "40": "RNCPS",
        "41": "SDH",
        "42": "ANTS",
        FRANCE_CONNECT: "FranceConnect",
    }
)
"""Who says a code, by its first two digits."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of outcome."""

    title: str
    """As the API names it."""
    means: CheckCode
    status: str
    """Pattern of the statuses under which it is believed: those that the API lists, and those it listed before."""
    parameter: str | None = None
    """The request's member that it refuses, where it is the same for every call."""


_FAILED: Final = "5[0-9]{2}"
"""A kind of failure is believed under any status of a server's failure: they have changed over time."""

KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "000": Kind("Erreur interne du fournisseur de données", CheckCode.UPSTREAM_ERROR, _FAILED),
        "001": Kind("Service non disponible", CheckCode.PROVIDER_UNAVAILABLE, _FAILED),
        "002": Kind("Intermédiaire hors-délai", CheckCode.PROVIDER_TIMEOUT, _FAILED),
        "003": Kind("Ressource non trouvée", CheckCode.NO_RECORD, "404"),
        "004": Kind("Erreur de résolution DNS", CheckCode.NETWORK_ERROR, _FAILED),
        "005": Kind("Indisponible pour des raisons légales", CheckCode.NO_RECORD, "451|404|502"),
        "006": Kind(
            "Erreur d'authentification auprès du fournisseur de données", CheckCode.UPSTREAM_ERROR, _FAILED
        ),
        "008": Kind(
            "Erreur auprès du fournisseur de données : trop de requêtes",
            CheckCode.PROVIDER_RATE_LIMITED,
            _FAILED,
        ),
        "009": Kind(
            "Erreur de connexion sécurisée (TLS) avec le fournisseur de données",
            CheckCode.NETWORK_ERROR,
            _FAILED,
        ),
        "011": Kind("Erreur temporaire du fournisseur de données", CheckCode.PROVIDER_UNAVAILABLE, _FAILED),
        "015": Kind("Conflit", CheckCode.PROVIDER_CONFLICT, "409"),
        "020": Kind("Maintenance du fournisseur de données", CheckCode.PROVIDER_MAINTENANCE, _FAILED),
        "560": Kind(
            "Identité non reconnue par le fournisseur de données", CheckCode.IDENTITY_UNMATCHED, "422|404"
        ),
        "561": Kind(
            "Paramètres de civilité refusés par le fournisseur de données", CheckCode.INVALID_PARAMETER, "422"
        ),
        "562": Kind("Identifiant refusé par le fournisseur de données", CheckCode.INVALID_PARAMETER, "422"),
        "563": Kind("Identité ambiguë pour le fournisseur de données", CheckCode.IDENTITY_AMBIGUOUS, "422"),
        "564": Kind(
            "Identité inexploitable renvoyée par le fournisseur de données",
            CheckCode.FRANCE_CONNECT_INVALID,
            "422",
            "france_connect_token",
        ),
        "565": Kind(
            "Période refusée par le fournisseur de données", CheckCode.INVALID_PARAMETER, "422", "annee"
        ),
        "999": Kind("Erreur inconnue du fournisseur de données", CheckCode.UPSTREAM_ERROR, _FAILED),
    }
)
"""What the last three digits mean, whoever says it but the platform."""

UNLISTED_KINDS: Final[Mapping[str, CheckCode]] = MappingProxyType({"998": CheckCode.UPSTREAM_ERROR})
"""Kinds of failures that the server's code sends and its nomenclature does not list."""

PLATFORM_CODES: Final[Mapping[str, tuple[int, str]]] = MappingProxyType(
    {
        "00015": (409, "Conflit"),
        "00100": (403, "Privilèges insuffisants"),
        "00101": (401, "Interdit"),
        "00103": (401, "Jeton expiré"),
        "00105": (401, "Jeton sur liste noire"),
        "00107": (403, "Adresse IP non autorisée"),
        "00108": (401, "Jeton de production sur staging"),
        "00109": (401, "Jeton de staging en production"),
        "00203": (422, "Entité non traitable"),
        "00210": (422, "Entité non traitable"),
        "00212": (422, "Entité non traitable"),
        "00213": (403, "Accès refusé"),
        "00401": (400, "Mauvaise requête"),
        "00402": (404, "Version d'API non prise en charge"),
        "00429": (429, "Trop de requêtes"),
        "00501": (502, "Erreur réseau"),
    }
)
"""What the platform says on any endpoint: the status and the title of each code."""

PARAMETERS: Final[Mapping[str, str | None]] = MappingProxyType(
    {
        # The API's own references of a call, which the connector does not send.
        "00308": None,
        "00316": None,
        "00405": None,
        "00317": "lieu_naissance.nom_commune",
        "00354": "mois",
        "00355": "annee",
        "00356": "annee",
        "00360": "ine",
        "00361": "nom_naissance",
        "00362": "prenoms",
        "00363": "date_naissance",
        "00364": "sexe",
        "00365": "lieu_naissance",
        "00367": "prenoms",
        "00368": "campaign_year",
        "00380": "identifiant",
        "00400": "lieu_naissance.code_pays",
        "00410": "code_etablissement",
        "00411": "annee_scolaire",
        "00412": "degre_etablissement",
        "00413": "codes_bcn_departements",
        "00414": "codes_bcn_departements",
        "00415": "code_etablissement",
        "00416": "codes_bcn_departements",
        "00417": "codes_bcn_regions",
        "00419": "code_etablissement",
        "00420": "nom_naissance",
        "00421": "prenoms",
        "00422": "date_naissance",
        "00423": "date_naissance",
        "00424": "date_naissance",
        "00425": "date_naissance",
        "00426": "nom_usage",
        "00427": "sexe",
        "00428": "lieu_naissance.code_departement",
        "00430": "immatriculation",
    }
)
"""Which member of the request the platform refuses with a code; the API rarely says it in ``source``."""

_UNAUTHORISED: Final = "Accès non autorisé"
_UNPROCESSABLE: Final = "Entité non traitable"
_NOT_FOUND: Final = "Entité non trouvée"
OTHER_CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Beside the kinds.
        "30404": "Scolarité non trouvée",
        "39400": "Age non pertinent pour le Service National",
        "42404": "Identité non trouvée",
        # FranceConnect's word on the person's token, and its older form.
        **dict.fromkeys(
            ("51501", "51502", "51503", "51504", "50001", "50002", "50003", "50004"), _UNAUTHORISED
        ),
        # The older nomenclature.
        "00106": "Interdit",
        **dict.fromkeys(("00353", "00366", "00391"), _UNPROCESSABLE),
    }
)
"""Codes that are known by name though they are neither of a kind nor the platform's on any endpoint, with their titles."""
_OWN_TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "10003": "Dossier allocataire absent MSA",
        "23003": "Dossier allocataire absent CNAF",
        "35003": "Allocataire non référencé",
        "36003": _NOT_FOUND,
        "37003": "Allocataire non éligible",
        "40003": "Dossier allocataire absent RNCPS",
    }
)
"""Titles of codes of the kind 003, which the API words for each fund."""


def title_of(code: str) -> str:
    """Return the title that the API gives a code; empty for one that is not known by name."""
    if code in PLATFORM_CODES:
        return PLATFORM_CODES[code][1]
    if code in PARAMETERS:
        return _UNPROCESSABLE
    own = OTHER_CODES.get(code) or _OWN_TITLES.get(code)
    if own is not None or not is_named(code):
        return own or ""
    return _NOT_FOUND if code.endswith("003") else KINDS[code[2:]].title if code[2:] in KINDS else ""


def is_named(code: str) -> bool:
    """Tell whether a code is known by name: that of its kind, or its own."""
    if code in PLATFORM_CODES or code in PARAMETERS or code in OTHER_CODES:
        return True
    who, kind = code[:2], code[2:]
    return who in PROVIDERS and who != PLATFORM and (kind in KINDS or kind in UNLISTED_KINDS)
