"""``statut_sportif``: whether the person is or was a top-level athlete, and in which sport.

Source of the fields: ``/v3/sdh/statut_sportif/identifiant`` in API Particulier's OpenAPI file.
"""

from typing import Annotated

from schemas.base import DataModel, Scope
from schemas.checks.valeurs import Integer, Liste, Sexe
from schemas.dates import IsoDate, PartialDate


class IdentiteSportif(DataModel):
    """The athlete."""

    nom_naissance: str | None = None
    nom_usage: str | None = None
    prenoms: str | None = None
    """All the first names in one text, separated by spaces."""
    date_naissance: PartialDate | None = None
    sexe: Sexe | None = None


class PeriodeActuelle(DataModel):
    """From when to when the current status holds."""

    date_debut_statut: IsoDate | None = None
    date_fin_statut: IsoDate | None = None


class PeriodePassee(DataModel):
    """From when to when a past status held; the reference promises neither."""

    date_debut_statut: IsoDate | None = None
    date_fin_statut: IsoDate | None = None


class Federation(DataModel):
    """A sports federation. As in the three records below, the reference promises no member of a past one."""

    code_federation: str | None = None
    nom_federation: str | None = None
    nom_court_federation: str | None = None


class EtablissementSportif(DataModel):
    """The institution that looks after the athlete."""

    code_etablissement: str | None = None
    nom_etablissement: str | None = None


class Region(DataModel):
    """The athlete's region."""

    code_region: str | None = None
    """INSEE code of the region."""
    nom_region: str | None = None


class CategorieSportive(DataModel):
    """The athlete's category on the ministry's list."""

    code_categorie: str | None = None
    nom_categorie: str | None = None
    """Upper and lower case vary: ``elite``, ``Elite``."""
    valeur: str | None = None


class StatutActuel(DataModel):
    """The current status."""

    periode: PeriodeActuelle | None = None
    federation: Federation | None = None
    etablissement: EtablissementSportif | None = None
    region: Region | None = None
    categorie: CategorieSportive | None = None
    sportif_de_haut_niveau: bool | None = None
    """Whether this status is one of a top-level athlete."""


class StatutPrecedent(DataModel):
    """A past status; the reference promises none of its members."""

    fiche: Integer | None = None
    """Number of the record."""
    periode: PeriodePassee | None = None
    federation: Federation | None = None
    etablissement: EtablissementSportif | None = None
    region: Region | None = None
    categorie: CategorieSportive | None = None
    sportif_de_haut_niveau: bool | None = None
    """Whether that status was one of a top-level athlete."""


class StatutSportifData(DataModel):
    """Five blocks, each under a scope of its own."""

    identite: Annotated[IdentiteSportif | None, Scope("sdh_statut_sportif_identite")] = None
    est_sportif_de_haut_niveau: Annotated[
        bool | None, Scope("sdh_statut_sportif_est_sportif_de_haut_niveau")
    ] = None
    a_ete_sportif_de_haut_niveau: Annotated[
        bool | None, Scope("sdh_statut_sportif_a_ete_sportif_de_haut_niveau")
    ] = None
    informations_statut: Annotated[StatutActuel | None, Scope("sdh_statut_sportif_informations_statut")] = (
        None
    )
    informations_statuts_precedents: Annotated[
        Liste[StatutPrecedent] | None,
        Scope("sdh_statut_sportif_informations_statuts_precedents"),
    ] = None
