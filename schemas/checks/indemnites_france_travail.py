"""``indemnites_france_travail``: what France Travail paid to the person.

Source of the fields: ``/v3/france_travail/indemnites/identifiant`` in API Particulier's OpenAPI file.
"""

from typing import Annotated

from schemas.base import DataModel, Scope
from schemas.checks.valeurs import Liste, Number
from schemas.dates import IsoDate


class Paiement(DataModel):
    """One payment, in euros."""

    date_versement: IsoDate | None = None
    montant_total: Number | None = None
    """What was paid: the sum of the three other amounts, less the income tax held back."""
    montant_allocations: Number | None = None
    """Allowances, before tax."""
    montant_aides: Number | None = None
    """Grants (mobility, child care, …), before tax."""
    montant_autres: Number | None = None
    """The rest (prime de Noël, advances, …), before tax."""


class IndemnitesFranceTravailData(DataModel):
    """The payments, and whose they are: one scope opens both."""

    identifiant: Annotated[str | None, Scope("pole_emploi_paiements")] = None
    """The user name that was asked about."""
    paiements: Annotated[Liste[Paiement] | None, Scope("pole_emploi_paiements")] = None
