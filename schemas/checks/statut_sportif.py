"""``statut_sportif``: whether the person is or was a top-level athlete, and in which sport.

Source of the fields: ``/v3/sdh/statut_sportif/identifiant`` in API Particulier's OpenAPI file.
"""

from typing import Annotated

from schemas.base import DataModel, NotNull, Scope
from schemas.checks.valeurs import Sexe
from schemas.dates import IsoDate


class IdentiteSportif(DataModel):
    """The athlete."""

    nom_naissance: str | None
    nom_usage: str | None
    prenoms: str | None
    """All the first names in one text, separated by spaces."""
    date_naissance: IsoDate | None
    sexe: Sexe | None


class PeriodeActuelle(DataModel):
    """From when to when the current status holds."""

    date_debut_statut: IsoDate
    date_fin_statut: IsoDate


class PeriodePassee(DataModel):
    """From when to when a past status held; the reference promises neither."""

    date_debut_statut: Annotated[IsoDate | None, NotNull] = None
    date_fin_statut: Annotated[IsoDate | None, NotNull] = None


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


class Categorie(DataModel):
    """The athlete's category on the ministry's list."""

    code_categorie: str | None = None
    nom_categorie: str | None = None
    """Upper and lower case vary: ``elite``, ``Elite``."""
    valeur: str | None = None


class StatutActuel(DataModel):
    """The current status."""

    periode: PeriodeActuelle
    federation: Federation
    etablissement: EtablissementSportif
    region: Region
    categorie: Categorie
    sportif_de_haut_niveau: bool
    """Whether this status is one of a top-level athlete."""


class StatutPrecedent(DataModel):
    """A past status; the reference promises none of its members."""

    fiche: Annotated[int | None, NotNull] = None
    """Number of the record."""
    periode: Annotated[PeriodePassee | None, NotNull] = None
    federation: Annotated[Federation | None, NotNull] = None
    etablissement: Annotated[EtablissementSportif | None, NotNull] = None
    region: Annotated[Region | None, NotNull] = None
    categorie: Annotated[Categorie | None, NotNull] = None
    sportif_de_haut_niveau: Annotated[bool | None, NotNull] = None
    """Whether that status was one of a top-level athlete."""


class StatutSportifData(DataModel):
    """Five blocks, each under a scope of its own."""

    identite: Annotated[IdentiteSportif | None, NotNull, Scope("sdh_statut_sportif_identite")] = None
    est_sportif_de_haut_niveau: Annotated[
        bool | None, NotNull, Scope("sdh_statut_sportif_est_sportif_de_haut_niveau")
    ] = None
    a_ete_sportif_de_haut_niveau: Annotated[
        bool | None, NotNull, Scope("sdh_statut_sportif_a_ete_sportif_de_haut_niveau")
    ] = None
    informations_statut: Annotated[
        StatutActuel | None, NotNull, Scope("sdh_statut_sportif_informations_statut")
    ] = None
    informations_statuts_precedents: Annotated[
        tuple[StatutPrecedent, ...] | None,
        NotNull,
        Scope("sdh_statut_sportif_informations_statuts_precedents"),
    ] = None
