"""``service_civique``: the person's current and past contracts of civic service.

Source of the fields: ``/v3/gip_mds/service_civique/identite`` in API Particulier's OpenAPI file.
"""

from typing import Annotated

from schemas.base import DataModel, Scope
from schemas.dates import IsoDate


class OrganismeAccueil(DataModel):
    """Where the person serves or served; both members are null without a contract."""

    siret: str | None = None
    raison_sociale: str | None = None


class Contrat(DataModel):
    """A contract, or that there is none; where and when are under scopes of their own."""

    contrat_trouve: bool | None = None
    """False is an answer: no such contract."""
    organisme_accueil: Annotated[
        OrganismeAccueil | None, Scope("gip_mds_service_civique_organisme_accueil")
    ] = None
    date_debut_contrat: Annotated[IsoDate | None, Scope("gip_mds_service_civique_dates")] = None
    """First day; null without a contract."""
    date_fin_contrat: Annotated[IsoDate | None, Scope("gip_mds_service_civique_dates")] = None
    """Last day, foreseen or real; null without a contract, and where the end is not set yet."""


class ServiceCiviqueData(DataModel):
    """Two blocks, each under a scope of its own."""

    statut_actuel: Annotated[Contrat | None, Scope("gip_mds_service_civique_statut_actuel")] = None
    statut_passe: Annotated[Contrat | None, Scope("gip_mds_service_civique_statut_passe")] = None
