"""``allocation_rentree_scolaire``: the person's part in the back-to-school allowance (ARS).

Source of the fields: ``/v3/dss/allocation_rentree_scolaire/identite``, by the API's server and its sandbox cases; the
OpenAPI file does not describe it.
"""

from typing import Annotated

from schemas.base import DataModel, Known, Scope
from schemas.dates import IsoDate

Status = Annotated[str, Known(("allocataire", "ouvrant_droit", "non_beneficiaire"))]
"""Whom the allowance is paid to, the child who opens the right to it, or neither."""


class AllocationRentreeScolaireData(DataModel):
    """The right as of today."""

    status: Annotated[Status | None, Scope("cnav_allocation_rentree_scolaire")] = None
    """``allocataire`` is paid the ARS; ``ouvrant_droit`` is the child it is paid for."""
    date_debut_droit: Annotated[IsoDate | None, Scope("cnav_allocation_rentree_scolaire")] = None
    """Null when nobody receives the ARS."""
