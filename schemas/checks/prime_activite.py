"""``prime_activite``: whether the person receives the prime d'activité, since when, and whether it is raised.

Source of the fields: ``/v3/dss/prime_activite/identite`` in API Particulier's OpenAPI file.
"""

from typing import Annotated

from schemas.base import DataModel, Scope
from schemas.dates import IsoDate


class PrimeActiviteData(DataModel):
    """The right as of today."""

    est_beneficiaire: Annotated[bool | None, Scope("prime_activite")] = None
    """False is an answer: the fund knows the person, who does not receive the prime d'activité."""
    avec_majoration: Annotated[bool | None, Scope("prime_activite_majoration")] = None
    """Null when the person does not receive the prime d'activité.

    One of the API's examples, named after a person without the right, is null here while ``est_beneficiaire`` is
    true.
    """
    date_debut_droit: Annotated[IsoDate | None, Scope("prime_activite")] = None
    """Null when the person does not receive the prime d'activité."""
