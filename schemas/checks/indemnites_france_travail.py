"""``indemnites_france_travail``: what France Travail paid to the person.

Source of the fields: ``/v3/france_travail/indemnites/identifiant`` in API Particulier's OpenAPI file.
"""

from typing import Annotated

from schemas.base import DataModel, NotNull, Scope
from schemas.checks.valeurs import Number
from schemas.dates import IsoDate


class Paiement(DataModel):
    """One payment, in euros."""

    date_versement: Annotated[IsoDate | None, NotNull] = None
    montant_total: Annotated[Number | None, NotNull] = None
    """What was paid: the sum of the three other amounts, less the income tax held back."""
    montant_allocations: Annotated[Number | None, NotNull] = None
    """Allowances, before tax."""
    montant_aides: Annotated[Number | None, NotNull] = None
    """Grants (mobility, child care, …), before tax."""
    montant_autres: Annotated[Number | None, NotNull] = None
    """The rest (prime de Noël, advances, …), before tax."""


class IndemnitesFranceTravailData(DataModel):
    """The payments, and whose they are: one scope opens both."""

    identifiant: Annotated[str | None, NotNull, Scope("pole_emploi_paiements")] = None
    """The user name that was asked about."""
    paiements: Annotated[tuple[Paiement, ...] | None, NotNull, Scope("pole_emploi_paiements")] = None
