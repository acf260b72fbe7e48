"""``revenu_solidarite_active``: whether the person receives the RSA, since when, and whether it is raised.

Source of the fields: ``/v3/dss/revenu_solidarite_active/identite`` in API Particulier's OpenAPI file.
"""

from typing import Annotated

from schemas.base import DataModel, Scope
from schemas.dates import IsoDate


class RevenuSolidariteActiveData(DataModel):
    """The right as of today."""

    est_beneficiaire: Annotated[bool | None, Scope("revenu_solidarite_active")] = None
    """False is an answer: the fund knows the person, who does not receive the RSA."""
    avec_majoration: Annotated[bool | None, Scope("revenu_solidarite_active_majoration")] = None
    """Null when the person does not receive the RSA."""
    date_debut_droit: Annotated[IsoDate | None, Scope("revenu_solidarite_active")] = None
    """Null when the person does not receive the RSA."""
