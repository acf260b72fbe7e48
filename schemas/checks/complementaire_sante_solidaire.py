"""``complementaire_sante_solidaire``: whether the person has the C2S, since when, and whether a share is paid.

Source of the fields: ``/v3/dss/complementaire_sante_solidaire/identite`` in API Particulier's OpenAPI file.
"""

from typing import Annotated

from schemas.base import DataModel, Scope
from schemas.dates import IsoDate


class ComplementaireSanteSolidaireData(DataModel):
    """The right as of today."""

    est_beneficiaire: Annotated[bool | None, Scope("complementaire_sante_solidaire")] = None
    """False is an answer: the person is known and does not have the C2S."""
    avec_participation: Annotated[bool | None, Scope("complementaire_sante_solidaire")] = None
    """Whether the person pays a share.

    Documented as null without the C2S, and false in the API's examples of it: read ``est_beneficiaire`` first.
    """
    date_debut_droit: Annotated[IsoDate | None, Scope("complementaire_sante_solidaire")] = None
    """Null without the C2S. A renewal keeps the date of the first grant; a right lost and granted again does not."""
