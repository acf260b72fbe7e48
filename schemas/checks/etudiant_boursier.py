"""``etudiant_boursier``: whether the student holds a scholarship of the CROUS, and on which terms.

Source of the fields: ``/v4/cnous/etudiant_boursier/identite`` in API Particulier's OpenAPI file, and the same path
under ``/v3``, which is still served, and under ``/v5``.
"""

from typing import Annotated, Final

from pydantic import Field

from schemas.base import DataModel, Known, RequestModel, Scope
from schemas.checks.parametres import IneParams
from schemas.checks.valeurs import Liste, Number, Sexe
from schemas.dates import IsoDate, PartialDate

ECHELONS: Final = ("0bis", "1", "2", "3", "4", "5", "6", "7")


class EtudiantBoursierParams(RequestModel):
    """The school year asked for; by default, a scholarship now valid, the latest one where there are several."""

    campaign_year: Annotated[int, Field(ge=2021, le=9999)] | None = Field(
        default=None, serialization_alias="campaignYear", examples=[2025]
    )
    """The year in which the school year starts: 2025 for 2025-2026. The first years hold few regional scholarships."""


class EtudiantBoursierIneParams(EtudiantBoursierParams, IneParams):
    """The student, by national number, and the school year."""


class StatutBoursier(DataModel):
    """Whether there is a scholarship, and whether it was taken away."""

    est_boursier: bool | None = None
    est_radie: bool | None = None
    """Whether the student was struck off."""
    date_radiation: IsoDate | None = None
    """Null unless the student was struck off."""


class PeriodeVersementBourse(DataModel):
    """When the scholarship is paid."""

    date_rentree: IsoDate | None = None
    """The start of term, from which it is paid."""
    duree: Number | None = None
    """Months."""


class EtablissementEtudes(DataModel):
    """Where the student studies."""

    nom_commune: str | None = None
    nom_etablissement: str | None = None


class EchelonBourse(DataModel):
    """How much the scholarship is."""

    echelon: Annotated[str, Known(ECHELONS)] | None = None
    """From ``0bis``, the lowest, to ``7``; each is an amount for the school year."""
    echelon_bourse_regionale_provisoire: bool | None = None
    """Whether the échelon may still change; regional scholarships only."""


class IdentiteBoursier(DataModel):
    """The student, as typed by the student; checked against a document for national scholarships, place apart."""

    nom: str | None = None
    prenoms: Liste[str] | None = None
    date_naissance: PartialDate | None = None
    nom_commune_naissance: str | None = None
    sexe: Sexe | None = None


class _Bourse(DataModel):
    """What both versions of the endpoint tell beside the status."""

    periode_versement_bourse: Annotated[PeriodeVersementBourse | None, Scope("cnous_periode_versement")] = (
        None
    )
    etablissement_etudes: Annotated[EtablissementEtudes | None, Scope("cnous_ville_etudes")] = None
    echelon_bourse: Annotated[EchelonBourse | None, Scope("cnous_echelon_bourse")] = None
    email: Annotated[str | None, Scope("cnous_email")] = None
    """Any text: one of the API's examples has two at signs."""
    identite: Annotated[IdentiteBoursier | None, Scope("cnous_identite")] = None
    """Absent from an answer to a FranceConnect call, whatever the scopes."""


class EtudiantBoursierData(_Bourse):
    """Version 4: the status says whether the student was struck off."""

    statut_boursier: Annotated[StatutBoursier | None, Scope("cnous_statut_boursier")] = None


class EtudiantBoursierV5Data(EtudiantBoursierData):
    """Version 5, which adds the student's national number."""

    ine: Annotated[str | None, Scope("cnous_ine")] = None
    """Identifiant national étudiant: 11 letters and digits."""


class EtudiantBoursierV3Data(_Bourse):
    """Version 3: the status is one member."""

    est_boursier: Annotated[bool | None, Scope("cnous_statut_boursier")] = None
