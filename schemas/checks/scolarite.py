"""``scolarite``: whether the child goes to school, where, and whether with a scholarship.

Source of the fields: ``/v5/men/scolarites/identite`` in API Particulier's OpenAPI file, and the same path under
``/v3`` and ``/v4``, which are still served.
"""

from typing import Annotated, Final, Literal

from pydantic import Field

from schemas.base import DataModel, Known, RequestModel, Scope
from schemas.checks.parametres import AnneeScolaire, CodeBcnDepartement, CodeBcnRegion, CodeUai
from schemas.checks.valeurs import Integer, Sexe
from schemas.dates import PartialDate

STATUTS: Final = ("ST", "AP", "CQ", "FC", "ED", "IN", "FQ", "SC", "CP", "NC", "NS")
REGIMES: Final = ("0", "1", "2", "3", "4", "5", "6")

# JSON knows lists only, hence no strict tuple.
Departements = Annotated[tuple[CodeBcnDepartement, ...], Field(strict=False, min_length=1, max_length=20)]
Regions = Annotated[tuple[CodeBcnRegion, ...], Field(strict=False, min_length=1, max_length=20)]


class ScolariteParams(RequestModel):
    """The school year, and where to look for the child.

    Either a school (``code_etablissement``) or an area, not both. An area is of exactly one kind
    (``codes_bcn_departements`` or ``codes_bcn_regions``) and needs ``degre_etablissement``.
    """

    code_etablissement: CodeUai | None = Field(
        default=None, serialization_alias="codeEtablissement", examples=["0000000A"]
    )
    """The school's UAI code."""
    annee_scolaire: AnneeScolaire = Field(serialization_alias="anneeScolaire", examples=["2025-2026"])
    """The current school year, or the next one for some schools."""
    degre_etablissement: Literal["1D", "2D"] | None = Field(
        default=None, serialization_alias="degreEtablissement"
    )
    """``1D``: nursery and primary schools; ``2D``: collèges and lycées."""
    codes_bcn_departements: Departements | None = Field(
        default=None, serialization_alias="codesBcnDepartements[]", examples=[["092"]]
    )
    """Départements in the ministry's own nomenclature (N_DEPARTEMENT), which is not INSEE's."""
    codes_bcn_regions: Regions | None = Field(
        default=None, serialization_alias="codesBcnRegions[]", examples=[["10"]]
    )
    """Régions académiques in the ministry's own nomenclature (N_REGION_ACADEMIQUE), which is not INSEE's."""


class ScolariteV3Params(RequestModel):
    """The school year, and the school: version 3 looks for the child in one school alone."""

    code_etablissement: CodeUai = Field(serialization_alias="codeEtablissement", examples=["0000000A"])
    """The school's UAI code."""
    annee_scolaire: AnneeScolaire = Field(serialization_alias="anneeScolaire", examples=["2025-2026"])
    """The current school year, or the next one for some schools."""


class IdentiteEleve(DataModel):
    """The pupil, from the documents shown when enrolling."""

    nom: str | None = None
    prenom: str | None = None
    sexe: Sexe | None = None
    date_naissance: PartialDate | None = None


class ModuleElementaireFormation(DataModel):
    """The class, in the ministry's nomenclature."""

    code_mef_stat: str | None = None
    libelle: str | None = None


class Etablissement(DataModel):
    """The school."""

    code_uai: str | None = None
    """Its code in the national register: seven digits and a letter."""
    nom: str | None = None
    """Absent from the OpenAPI file; some of the API's examples have it."""
    code_ministere_tutelle: str | None = None
    """Which ministry the school belongs to: two digits."""


class StatutEleve(DataModel):
    """As what the pupil is enrolled."""

    code: Annotated[str, Known(STATUTS)] | None = None
    """``ST`` for most pupils, ``AP`` for an apprentice. ``NS``, not enrolled, is only in the API's examples."""
    libelle: str | None = None


class RegimePensionnat(DataModel):
    """Whether the pupil boards."""

    code: Annotated[str, Known(REGIMES)] | None = None
    """0 and 1: day pupil; 2 and 6: lunch, at the school or elsewhere; 3, 4 and 5: boarder."""
    libelle: str | None = None


class ScolariteV3Data(DataModel):
    """Versions 3 and 4."""

    identite: Annotated[IdentiteEleve | None, Scope("men_statut_identite")] = None
    module_elementaire_formation: Annotated[
        ModuleElementaireFormation | None, Scope("men_statut_module_elementaire_formation")
    ] = None
    annee_scolaire: Annotated[str | None, Scope("men_statut_scolarite")] = None
    """As ``2025-2026``, or ``2025`` alone."""
    est_scolarise: Annotated[bool | None, Scope("men_statut_scolarite")] = None
    statut_eleve: Annotated[StatutEleve | None, Scope("men_statut_scolarite")] = None
    etablissement: Annotated[Etablissement | None, Scope("men_statut_etablissement")] = None
    est_boursier: Annotated[bool | None, Scope("men_statut_boursier")] = None
    """Collèges and lycées only. False before mid-October may only mean that nothing is recorded yet.

    Null when it is not known: the OpenAPI file says so in words, and the contrary in its schema.
    """
    echelon_bourse: Annotated[
        Annotated[Integer, Known((1, 2, 3, 4, 5, 6))] | None, Scope("men_echelon_bourse")
    ] = None
    """1 to 3 in a collège, 1 to 6 in a lycée; null without a scholarship, and in some examples with one."""


class ScolariteData(ScolariteV3Data):
    """Version 5, which adds whether the pupil boards."""

    regime_pensionnat: Annotated[RegimePensionnat | None, Scope("men_regime_pensionnat")] = None
    """Null when it is not known."""
