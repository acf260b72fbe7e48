"""``statut_etudiant``: where the person is admitted or enrolled in higher education this year.

Source of the fields: ``/v3/mesri/statut_etudiant/identite`` in API Particulier's OpenAPI file.
"""

from typing import Annotated, Final

from schemas.base import DataModel, Known, Scope
from schemas.checks.valeurs import Liste, LooseDate
from schemas.dates import PartialDate

REGIMES: Final = ("RF1", "RF2", "RF3", "RF4", "RF5", "RF6", "RF7")
LIBELLES_REGIMES: Final = (
    "formation initiale",
    "formation initiale hors apprentissage",
    "reprise d'études non financée sans convention",
    "contrat d'apprentissage",
    "formation continue",
    "formation continue hors contrat professionnel",
    "contrat de professionnalisation",
)


class RegimeFormation(DataModel):
    """Under which regime the student studies."""

    libelle: Annotated[str, Known(LIBELLES_REGIMES)] | None = None
    code: Annotated[str, Known(REGIMES)] | None = None
    """The labels of ``RF1`` to ``RF7`` are in this order in ``libelle``."""


class EtablissementInscription(DataModel):
    """An institution of higher education."""

    uai: str | None = None
    """Its code in the national register: seven digits and a letter."""
    nom: str | None = None


class Admission(DataModel):
    """An institution that has at least admitted the person; most members are under a scope of their own."""

    date_debut: LooseDate | None = None
    date_fin: LooseDate | None = None
    """ISO where it is a real day: one of the API's examples shows ``2021-06-31``."""
    est_inscrit: Annotated[bool | None, Scope("mesri_admission_inscrit")] = None
    """False: admitted only, the enrolment or its fees are not complete, and may never be."""
    regime_formation: Annotated[RegimeFormation | None, Scope("mesri_admission_regime_formation")] = None
    code_cog_insee_commune: Annotated[str | None, Scope("mesri_admission_commune_etudes")] = None
    """INSEE code of the institution's commune; some of the API's examples hold a post code (93430, 78000)."""
    etablissement_etudes: Annotated[
        EtablissementInscription | None, Scope("mesri_admission_etablissement_etudes")
    ] = None


class IdentiteEtudiant(DataModel):
    """The student, as certified against the civil register."""

    nom_naissance: str | None = None
    prenom: str | None = None
    date_naissance: PartialDate | None = None


class StatutEtudiantData(DataModel):
    """The admissions, and whose they are."""

    identite: Annotated[IdentiteEtudiant | None, Scope("mesri_identite")] = None
    """Absent from an answer to a FranceConnect call, whatever the scopes."""
    admissions: Annotated[Liste[Admission] | None, Scope("mesri_admissions")] = None
    """One per institution. Being listed is not being enrolled: see ``est_inscrit``."""
