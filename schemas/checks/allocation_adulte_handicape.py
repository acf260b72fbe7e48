"""``allocation_adulte_handicape``: whether the person receives the AAH, and since when.

Source of the fields: ``/v3/dss/allocation_adulte_handicape/identite`` in API Particulier's OpenAPI file.
"""

from typing import Annotated

from schemas.base import DataModel, Scope
from schemas.dates import IsoDate


class AllocationAdulteHandicapeData(DataModel):
    """The right as of today."""

    est_beneficiaire: Annotated[bool | None, Scope("allocation_adulte_handicape")] = None
    """False is an answer: the fund knows the person, who does not receive the AAH."""
    date_debut_droit: Annotated[IsoDate | None, Scope("allocation_adulte_handicape")] = None
    """Null when the person does not receive the AAH."""
