"""``allocation_enfant_handicape``: the person's part in the allowance for disabled children (AEEH).

Source of the fields: ``/v3/dss/allocation_enfant_handicape/identite`` in API Particulier's OpenAPI file.
"""

from typing import Annotated

from schemas.base import DataModel, Known, Scope
from schemas.dates import IsoDate

Status = Annotated[str, Known(("allocataire", "ouvrant_droit", "non_beneficiaire"))]
"""Whom the allowance is paid to, the child who opens the right to it, or neither."""


class AllocationEnfantHandicapeData(DataModel):
    """The right as of today."""

    status: Annotated[Status | None, Scope("cnav_allocation_enfant_handicape")] = None
    """``allocataire`` is paid the AEEH; ``ouvrant_droit`` is the child it is paid for."""
    date_debut_droit: Annotated[IsoDate | None, Scope("cnav_allocation_enfant_handicape")] = None
    """Null when nobody receives the AEEH."""
