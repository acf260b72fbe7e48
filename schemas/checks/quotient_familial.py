"""``quotient_familial``: the family quotient of the CAF or the MSA, and the family behind it.

Source of the fields: ``/v3/dss/quotient_familial/identite`` in API Particulier's OpenAPI file.
"""

from typing import Annotated

from pydantic import Field

from schemas.base import DataModel, Known, RequestModel, Scope
from schemas.checks.foyer import Adresse, Personne
from schemas.checks.valeurs import Integer, Liste


class QuotientFamilialParams(RequestModel):
    """The month asked for; the current one by default. The CAF keeps 23 months before it, the MSA none."""

    annee: Annotated[int, Field(ge=1900, le=9999)] | None = None
    """Year of the quotient; default: the current year."""
    mois: Annotated[int, Field(ge=1, le=12)] | None = None
    """Month of the quotient; default: the current month."""


class QuotientFamilial(DataModel):
    """The quotient, the month it applies to, and the month it was computed in."""

    fournisseur: Annotated[str, Known(("CNAF", "MSA"))] | None = None
    """The fund that answered."""
    valeur: Integer | None = None
    """Euros a month. Null where it cannot be computed; 0 has been seen to mean that the fund does not know it."""
    annee: Integer | None = None
    mois: Integer | None = None
    annee_calcul: Integer | None = None
    """The CAF computes again only when the family's situation was corrected; the MSA, at every call."""
    mois_calcul: Integer | None = None


class QuotientFamilialData(DataModel):
    """Four blocks, each under a scope of its own."""

    quotient_familial: Annotated[QuotientFamilial | None, Scope("cnaf_quotient_familial")] = None
    allocataires: Annotated[Liste[Personne] | None, Scope("cnaf_allocataires")] = None
    """The person asked about and a spouse, as of the current month whatever the month asked for."""
    enfants: Annotated[Liste[Personne] | None, Scope("cnaf_enfants")] = None
    """As of the current month whatever the month asked for; empty for a family without children."""
    adresse: Annotated[Adresse | None, Scope("cnaf_adresse")] = None
