"""``allocation_soutien_familial``: whether the person receives the ASF, and since when.

Source of the fields: ``/v3/dss/allocation_soutien_familial/identite`` in API Particulier's OpenAPI file.
"""

from typing import Annotated

from schemas.base import DataModel, Scope
from schemas.dates import IsoDate


class AllocationSoutienFamilialData(DataModel):
    """The right as of today."""

    est_beneficiaire: Annotated[bool | None, Scope("allocation_soutien_familial")] = None
    """False is an answer: the fund knows the person, who does not receive the ASF."""
    date_debut_droit: Annotated[IsoDate | None, Scope("allocation_soutien_familial")] = None
    """Null when the person does not receive the ASF."""
