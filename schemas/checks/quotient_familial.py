"""``quotient_familial``: the family quotient of the CAF or the MSA, and the family behind it.

Source of the fields: ``/v3/dss/quotient_familial/identite`` in API Particulier's OpenAPI file.
"""

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import DataModel, NotNull, RequestModel
from schemas.dates import IsoDate


class QuotientFamilialParams(RequestModel):
    """The month asked for; the current one by default. The CAF keeps 23 months before it, the MSA none."""

    annee: Annotated[int, Field(ge=1900, le=9999)] | None = None
    """Year of the quotient; default: the current year."""
    mois: Annotated[int, Field(ge=1, le=12)] | None = None
    """Month of the quotient; default: the current month."""


class Personne(DataModel):
    """A member of the family, as the fund knows them."""

    nom_naissance: str | None = None
    nom_usage: str | None = None
    prenoms: str | None = None
    date_naissance: IsoDate | None = None
    sexe: Literal["F", "M"] | None = None


class Adresse(DataModel):
    """The family's address as it declared it, line by line as La Poste writes one."""

    destinataire: str | None
    complement_information: str | None
    complement_information_geographique: str | None
    numero_libelle_voie: str | None
    lieu_dit: str | None
    code_postal_ville: str | None
    pays: str | None


class QuotientFamilial(DataModel):
    """The quotient, the month it applies to, and the month it was computed in."""

    fournisseur: Literal["CNAF", "MSA"]
    valeur: int
    annee: int
    mois: int
    annee_calcul: int
    mois_calcul: int


class QuotientFamilialData(DataModel):
    """Four blocks, each under a scope of its own."""

    quotient_familial: Annotated[QuotientFamilial | None, NotNull] = None
    """Scope ``cnaf_quotient_familial``."""
    allocataires: Annotated[tuple[Personne, ...] | None, NotNull] = None
    """Scope ``cnaf_allocataires``: the person asked about and a spouse, as of the current month."""
    enfants: Annotated[tuple[Personne, ...] | None, NotNull] = None
    """Scope ``cnaf_enfants``."""
    adresse: Adresse | None = None
    """Scope ``cnaf_adresse``."""
