"""``quotient_familial``: the family quotient of the CAF or the MSA, and the family behind it.

Source of the fields: ``/v3/dss/quotient_familial/identite`` in API Particulier's OpenAPI file.
"""

from typing import Annotated

from pydantic import Field

from schemas.base import DataModel, Known, NotNull, RequestModel, Scope
from schemas.checks.foyer import Adresse, Personne


class QuotientFamilialParams(RequestModel):
    """The month asked for; the current one by default. The CAF keeps 23 months before it, the MSA none."""

    annee: Annotated[int, Field(ge=1900, le=9999)] | None = None
    """Year of the quotient; default: the current year."""
    mois: Annotated[int, Field(ge=1, le=12)] | None = None
    """Month of the quotient; default: the current month."""


class QuotientFamilial(DataModel):
    """The quotient, the month it applies to, and the month it was computed in."""

    fournisseur: Annotated[str, Known(("CNAF", "MSA"))]
    """The fund that answered."""
    valeur: int
    """Euros a month."""
    annee: int
    mois: int
    annee_calcul: int
    """The CAF computes again only when the family's situation was corrected; the MSA, at every call."""
    mois_calcul: int


class QuotientFamilialData(DataModel):
    """Four blocks, each under a scope of its own."""

    quotient_familial: Annotated[QuotientFamilial | None, NotNull, Scope("cnaf_quotient_familial")] = None
    allocataires: Annotated[tuple[Personne, ...] | None, NotNull, Scope("cnaf_allocataires")] = None
    """The person asked about and a spouse, as of the current month whatever the month asked for."""
    enfants: Annotated[tuple[Personne, ...] | None, NotNull, Scope("cnaf_enfants")] = None
    """As of the current month whatever the month asked for; empty for a family without children."""
    adresse: Annotated[Adresse | None, Scope("cnaf_adresse")] = None
