"""A tax notice as API Impôt particulier writes it, read into the form of the contract.

Sources: the bean ``SituationsIRAssiettesJAXBbean`` of its OpenAPI file, and API Particulier's public code, which
derived version 2's members from it.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final

from pydantic import AfterValidator, ConfigDict, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from schemas.base import DataModel
from schemas.checks.avis_imposition import SITUATIONS, AvisImpositionData, AvisImpositionParams, annee_impots
from schemas.checks.valeurs import Number
from schemas.dates import iso_date

_COUPLES: Final = ("M", "O")
"""``sitFam`` of a couple that declares together: married, or in a civil partnership."""


def _day(text: str) -> str:
    # The specification gives no format of these dates, and version 2 let its language guess it: a form that is
    # none of these must not cost the notice.
    day = text[:10] if re.fullmatch(r"\d{4}-\d{2}-\d{2}[T ].*", text) else text
    try:
        return iso_date(day)
    except PydanticCustomError:
        return text


_Day = Annotated[str, AfterValidator(_day)]


class _Bean(DataModel):
    # An error tells the source's own name of a member.
    model_config = ConfigDict(alias_generator=to_camel)

    dropped: ClassVar[frozenset[str]] = frozenset()
    """Members that the specification documents and the contract does not take."""


class _DateNais(_Bean):
    jour: str | None = None
    mois: str | None = None
    annee: str | None = None

    @property
    def text(self) -> str | None:
        """The date as version 2 wrote it; what is unknown of it is left out."""
        parts = (self.jour and self.jour.zfill(2), self.mois and self.mois.zfill(2), self.annee)
        return "/".join(part for part in parts if part) if self.annee else None


class _Pac(_Bean):
    """``PacJAXBbean``: how many dependants, of which the contract takes the total."""

    dropped: ClassVar = frozenset(f"nbPac{kind}" for kind in "FGHIRJNP")

    nb_pac: int | None = None


class _SituationIr(_Bean):
    """``SituationsIRAssiettesJAXBbean``: what the contract takes of it, under its own names."""

    dropped: ClassVar = frozenset(
        {
            *("dptNaissDec1", "lieuNaissDec1", "dptNaissDec2", "lieuNaissDec2", "aftDetail", "sitParIso"),
            *("pensAlPer", "indDeficit", "sitPart", "sitParDeclaree", "indOptionImpotSepar", "mntRevbareme"),
            *("numRole", "fipNum", "rev", "annRevenu"),
        }
    )

    nm_usa_dec1: str | None = None
    nm_nai_dec1: str | None = None
    prnm_dec1: str | None = None
    date_nais_dec1: _DateNais | None = None
    nm_usa_dec2: str | None = None
    nm_nai_dec2: str | None = None
    prnm_dec2: str | None = None
    date_nais_dec2: _DateNais | None = None
    aft: str | None = None
    dat_rec: _Day | None = None
    dat_etab: _Day | None = None
    nb_part: Number | None = None
    sit_fam: str | None = None
    pac: _Pac | None = None
    revenu_brut_global: Number | None = None
    rev_imposable: Number | None = None
    imp_av_imput: Number | None = None
    mont_tot_ir: Number | None = None
    rfr: Number | None = None

    @model_validator(mode="after")
    def _is_a_notice(self) -> "_SituationIr":
        # No member is mandatory, but an answer that has none of them is no notice: an agent must not read one.
        if not self.model_fields_set & set(type(self).model_fields):
            raise PydanticCustomError("no_notice", "no member of a tax notice")
        return self


def read_situation_ir(body: bytes, params: AvisImpositionParams) -> AvisImpositionData:
    """Read the answer of API Impôt particulier. Raises ``ValidationError``.

    A member that the habilitation does not open is left out there, and here: which is not null.
    """
    bean = _SituationIr.model_validate_json(body)
    given = bean.model_fields_set
    year = annee_impots(params.reference_avis)
    direct = {data: getattr(bean, name) for name, data in _DIRECT.items() if name in given}
    if any(name.endswith("dec1") for name in given):
        direct["declarant1"] = _declarant(bean, 1)
    if "aft" in given:
        direct["foyer_fiscal"] = {"adresse": bean.aft, "annee": year}
    if "sit_fam" in given:
        direct["situation_famille"] = SITUATIONS.get(bean.sit_fam or "", bean.sit_fam) or None
    if "pac" in given:
        direct["nombre_personnes_charge"] = bean.pac and bean.pac.nb_pac
    return AvisImpositionData.model_validate(
        {
            **_unknown(bean),
            **direct,
            **_second_declarant(bean),
            **_taxes(bean),
            "annee_impots": str(year),
            "annee_revenus": str(year - 1),
            "erreur_correctif": "",
            "situation_partielle": "",
        }
    )


_DIRECT: Final[Mapping[str, str]] = {
    "dat_rec": "date_recouvrement",
    "dat_etab": "date_etablissement",
    "nb_part": "nombre_parts",
    "revenu_brut_global": "revenu_brut_global",
    "rev_imposable": "revenu_imposable",
    "rfr": "revenu_fiscal_reference",
}


def _declarant(bean: _SituationIr, position: int) -> dict[str, Any]:
    born: _DateNais | None = getattr(bean, f"date_nais_dec{position}")
    return {
        "nom": getattr(bean, f"nm_usa_dec{position}"),
        "nom_naissance": getattr(bean, f"nm_nai_dec{position}"),
        "prenoms": getattr(bean, f"prnm_dec{position}"),
        "date_naissance": born and born.text,
    }


def _second_declarant(bean: _SituationIr) -> dict[str, Any]:
    """Return the second declarant, null for a notice that names one person; nothing where it is not known."""
    given = bean.model_fields_set
    if any(name.endswith("dec2") for name in given):
        return {"declarant2": _declarant(bean, 2)}
    is_alone = bean.sit_fam is not None and bean.sit_fam not in _COUPLES
    return {"declarant2": None} if is_alone else {}


def _taxes(bean: _SituationIr) -> dict[str, Any]:
    """Return both amounts: null where there is no tax, and nothing where the habilitation opens no amount."""
    given = bean.model_fields_set
    amounts = {
        "impot_revenu_net_avant_corrections": ("imp_av_imput", bean.imp_av_imput),
        "montant_impot": ("mont_tot_ir", bean.mont_tot_ir),
    }
    opens_amounts = bool(given & {"imp_av_imput", "mont_tot_ir", "rfr", "rev_imposable"})
    return {
        data: _positive(amount) for data, (name, amount) in amounts.items() if name in given or opens_amounts
    }


def _positive(amount: float | None) -> float | None:
    return amount if amount is not None and amount > 0 else None


def _unknown(bean: _SituationIr) -> dict[str, Any]:
    """Return what the specification does not document, for the data's reader to drop and count."""
    inner = (
        ("", bean),
        ("pac.", bean.pac),
        ("dateNaisDec1.", bean.date_nais_dec1),
        ("dateNaisDec2.", bean.date_nais_dec2),
    )
    return {
        f"{prefix}{name}": None
        for prefix, model in inner
        if model is not None
        for name in model.model_extra or {}
        if name not in model.dropped
    }
