"""``avis_imposition``: an income tax notice, the household behind it, and its address.

Sources of the fields: ``/api/v2/avis-imposition`` in API Particulier's OpenAPI file, the bean
``SituationsIRAssiettesJAXBbean`` in that of API Impôt particulier, and API Particulier's public code, which made the
first from the second. A reply is the same whichever was asked.
"""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StringConstraints

from schemas.base import DataModel, Known, RequestModel, Scope
from schemas.checks.valeurs import Integer, LooseDate, Number

AVIS: Final = Scope("dgfip_avis_imposition")
ADRESSE: Final = Scope("dgfip_adresse")

NumeroFiscal = Annotated[str, StringConstraints(pattern=r"^[0-9]{13}$"), Field(examples=["3099999999001"])]
"""A taxpayer's number (SPI): 13 digits, without the spaces that a notice prints between them."""

ReferenceAvis = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{2}[0-9A-Za-z]{11,12}$"), Field(examples=["2599999999001"])
]
"""A notice's reference: 13 or 14 letters and digits without spaces, the first two of which give its year."""


def annee_impots(reference_avis: str) -> int:
    """Return the year of the tax, which the notice's reference starts with; the income is of the year before."""
    return 2000 + int(reference_avis[:2])


class AvisImpositionParams(RequestModel):
    """The notice, by the two numbers on its first page."""

    numero_fiscal: Annotated[NumeroFiscal, Field(serialization_alias="numeroFiscal")]
    """Numéro fiscal of either person that the notice names."""
    reference_avis: Annotated[ReferenceAvis, Field(serialization_alias="referenceAvis")]
    """Référence de l'avis. A rectified notice has another one than the first."""


class SituationIrParams(AvisImpositionParams):
    """The same two numbers, as API Impôt particulier is asked: a taxpayer, and the year of the income."""

    numero_fiscal: Annotated[NumeroFiscal, Field(serialization_alias="spi")]
    """Numéro fiscal of either person that the notice names."""
    reference_avis: Annotated[
        ReferenceAvis,
        PlainSerializer(lambda reference: str(annee_impots(reference) - 1), return_type=str),
        Field(serialization_alias="annrev"),
    ]
    """Référence de l'avis, of which this source uses the first two digits alone: they give the year."""


def _null_where_empty(value: Any) -> Any:
    return None if value == "" else value


Texte = Annotated[str | None, AfterValidator(lambda text: (text or "").strip() or None)]
"""A text that may be unknown. Version 2 writes an empty text there, which is null here, as in the two dates."""

Naissance = Annotated[LooseDate | None, BeforeValidator(_null_where_empty)]
"""A date of birth that may be unknown, in whole or in part: ``00/00/1950`` stays as it came."""

Jour = Annotated[LooseDate | None, BeforeValidator(_null_where_empty)]
"""A day of the notice: nobody asks for a notice because of it, so an odd form does not cost the rest."""


class Declarant(DataModel):
    """One of the two people that a notice may name."""

    nom: Texte = None
    """Name in use, null where it is unknown or the birth name alone is used."""
    nom_naissance: Texte = None
    prenoms: Texte = None
    """First names, separated by spaces."""
    date_naissance: Naissance = None


class FoyerFiscal(DataModel):
    """Where the household lived on 1 January of the tax's year."""

    adresse: Texte = None
    """On one line."""
    annee: Integer | None = None
    """The year of the tax."""


SITUATIONS: Final = {
    "C": "Célibataire",
    "D": "Divorcé(e)",
    "M": "Marié(e)s",
    "O": "Pacsé(e)s",
    "V": "Veuf(ve)",
}
"""The family situations, by the letter that API Impôt particulier has for each."""


class AvisImpositionData(DataModel):
    """The notice. A member that the source was not granted is left out; a member that it has no value for is null."""

    declarant1: Annotated[Declarant | None, AVIS] = None
    declarant2: Annotated[Declarant | None, AVIS] = None
    """Null where the notice names one person alone."""
    foyer_fiscal: Annotated[FoyerFiscal | None, ADRESSE] = None
    date_recouvrement: Annotated[Jour, AVIS] = None
    """When the tax is put into collection."""
    date_etablissement: Annotated[Jour, AVIS] = None
    nombre_parts: Annotated[Number | None, AVIS] = None
    situation_famille: Annotated[str | None, Known(tuple(SITUATIONS.values())), AVIS] = None
    """As a notice prints it."""
    nombre_personnes_charge: Annotated[Integer | None, AVIS] = None
    revenu_brut_global: Annotated[Number | None, AVIS] = None
    """Euros, as every amount."""
    revenu_imposable: Annotated[Number | None, AVIS] = None
    impot_revenu_net_avant_corrections: Annotated[Number | None, AVIS] = None
    """Null where it is not positive."""
    montant_impot: Annotated[Number | None, AVIS] = None
    """Null where it is not positive: no tax, or one that is refunded."""
    revenu_fiscal_reference: Annotated[Number | None, AVIS] = None
    annee_impots: Annotated[str | None, AVIS] = None
    """Four digits: the year in which the notice was made."""
    annee_revenus: Annotated[str | None, AVIS] = None
    """Four digits: the year of the income, the one before."""
    erreur_correctif: Annotated[str | None, AVIS] = None
    """A sentence where the source knows of a more recent notice, under another reference; else an empty text.

    API Impôt particulier does not tell: always empty.
    """
    situation_partielle: Annotated[str | None, AVIS] = None
    """A sentence where a death splits the year between two notices; else an empty text.

    API Impôt particulier does not tell: always empty.
    """
