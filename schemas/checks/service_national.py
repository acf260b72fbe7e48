"""``service_national``: whether the person has met the duties of national service.

Source of the fields: ``/v3/dsnj/service_national/identite`` in API Particulier's OpenAPI file.
"""

from typing import Annotated

from schemas.base import DataModel, Known, Scope

Statut = Annotated[str, Known(("en_regle", "pas_en_regle", "indetermine", "non_concerne"))]
"""Met, not met, not known, or not due."""


class ServiceNationalData(DataModel):
    """The status as of today."""

    statut_service_national: Annotated[Statut | None, Scope("dsnj_statut_service_national")] = None
    """``indetermine`` says that the provider does not know, not that the person is at fault."""
    commentaires: Annotated[str | None, Scope("dsnj_statut_service_national")] = None
    """The provider's words on the case, with the day of a past or coming summons at times."""
