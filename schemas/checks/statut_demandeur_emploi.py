"""``statut_demandeur_emploi``: the person's registration as a job seeker.

Source of the fields: ``/v3/france_travail/statut/identifiant`` in API Particulier's OpenAPI file.
"""

from typing import Annotated, Final

from schemas.base import DataModel, Known, Scope
from schemas.checks.valeurs import Integer
from schemas.dates import IsoDate, PartialDate

CATEGORIES: Final = (1, 2, 3, 4, 5)
LIBELLES_CATEGORIES: Final = (
    "PERSONNE SANS EMPLOI DISPONIBLE DUREE INDETERMINEE PLEIN TPS",
    "PERSONNE SANS EMPLOI DISPONIBLE DUREE INDETERMINEE PARTIEL",
    "PERSONNE SANS EMPLOI DISPONIBLE DUREE DETERMINEE OU SAISON",
    "PERSONNE SANS EMPLOI NON DISPONIBLE IMMEDIATEMENT",
    "PERSONNE POURVUE D'UN EMPLOI A LA RECHERCHE D'UN AUTRE",
)
CERTIFICATIONS: Final = ("VC", "IC", "PC", "AC", "DC", "EC", "RC")


class IdentiteDemandeur(DataModel):
    """The person, as typed in the online space and checked against a document."""

    civilite: Annotated[str, Known(("MME", "M."))] | None = None
    nom_naissance: str | None = None
    nom_usage: str | None = None
    prenom: str | None = None
    """Cut at 13 characters."""
    sexe: str | None = None
    """In words, ``Masculin`` or ``Féminin``, where other checks have a letter."""
    date_naissance: PartialDate | None = None


class Contact(DataModel):
    """How to reach the person."""

    telephone: str | None = None
    telephone2: str | None = None
    email: str | None = None


class AdresseDemandeur(DataModel):
    """The address that the person declared."""

    code_postal: str | None = None
    code_cog_insee_commune: str | None = None
    localite: str | None = None
    """Post code and town; the post code may differ from ``code_postal`` in the API's examples."""
    ligne_voie: str | None = None
    ligne_complement_destinataire: str | None = None
    ligne_complement_adresse: str | None = None
    ligne_complement_distribution: str | None = None
    ligne_nom: str | None = None


class CategorieInscription(DataModel):
    """What kind of job seeker the person is."""

    code: Annotated[Integer, Known(CATEGORIES)] | None = None
    """The labels of 1 to 5 are in this order in ``libelle``."""
    libelle: Annotated[str, Known(LIBELLES_CATEGORIES)] | None = None


class Inscription(DataModel):
    """The registration."""

    date_debut: IsoDate | None = None
    date_fin: IsoDate | None = None
    """Null while the person is registered. A past date is a person who is no longer."""
    categorie: CategorieInscription | None = None
    code_certification_cnav: Annotated[str, Known(CERTIFICATIONS)] | None = None
    """Whether the identity is certified: wholly (VC, IC), partly (PC), not or not yet (AC, DC, EC, RC, null).

    The OpenAPI file describes ``EC`` and leaves it out of its list.
    """


class StatutDemandeurEmploiData(DataModel):
    """Five blocks, each under a scope of its own."""

    identifiant: Annotated[str | None, Scope("pole_emploi_identifiant")] = None
    """The user name that was asked about."""
    identite: Annotated[IdentiteDemandeur | None, Scope("pole_emploi_identite")] = None
    contact: Annotated[Contact | None, Scope("pole_emploi_contact")] = None
    adresse: Annotated[AdresseDemandeur | None, Scope("pole_emploi_adresse")] = None
    inscription: Annotated[Inscription | None, Scope("pole_emploi_inscription")] = None
