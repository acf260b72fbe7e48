"""A tax notice as API Impôt particulier writes it, in the form of the contract.

Sources: the bean ``SituationsIRAssiettesJAXBbean`` of its OpenAPI file, and API Particulier's public code, which
derived version 2's members from it. Values pass as they came: the data's model reads them, or says which it cannot.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic_core import PydanticCustomError

from connector.catalogue.declarants import somebody
from connector.catalogue.definition import NotAnAnswerError, as_object
from schemas.checks.avis_imposition import SITUATIONS, AvisImpositionParams, annee_impots
from schemas.checks.valeurs import read_number

_COUPLES: Final = ("M", "O")
"""``sitFam`` of a couple that declares together: married, or in a civil partnership."""
_DIRECT: Final[Mapping[str, str]] = {
    "datRec": "date_recouvrement",
    "datEtab": "date_etablissement",
    "nbPart": "nombre_parts",
    "revenuBrutGlobal": "revenu_brut_global",
    "revImposable": "revenu_imposable",
    "rfr": "revenu_fiscal_reference",
}
_AMOUNTS: Final = ("impAvImput", "montTotIr", "rfr", "revImposable")
"""Any of them says that the habilitation opens the amounts of tax."""
_DECLARANT: Final = ("nmUsaDec", "nmNaiDec", "prnmDec", "dateNaisDec")
_TAKEN: Final = frozenset(
    {
        *_DIRECT,
        *_AMOUNTS,
        *(f"{name}{position}" for name in _DECLARANT for position in (1, 2)),
        *("aft", "sitFam", "pac"),
    }
)
"""Members that the contract takes."""
_DOCUMENTED: Final[Mapping[str, frozenset[str]]] = {
    "": frozenset(
        {
            *("dptNaissDec1", "lieuNaissDec1", "dptNaissDec2", "lieuNaissDec2", "aftDetail", "sitParIso"),
            *("pensAlPer", "indDeficit", "sitPart", "sitParDeclaree", "indOptionImpotSepar", "mntRevbareme"),
            *("numRole", "fipNum", "rev", "annRevenu"),
        }
    ),
    "pac": frozenset({"nbPac", *(f"nbPac{kind}" for kind in "FGHIRJNP")}),
    "dateNaisDec1": frozenset({"jour", "mois", "annee"}),
    "dateNaisDec2": frozenset({"jour", "mois", "annee"}),
}
"""Members that the specification documents, by the block that they are in; of them, the contract takes a few."""


def situation_ir(document: Any, params: AvisImpositionParams) -> dict[str, Any]:
    """Return a notice under the contract's names. Raises ``NotAnAnswerError``.

    A member that the habilitation does not open is left out there, and here: which is not null.
    """
    notice = as_object(document, "body")
    if _TAKEN.isdisjoint(notice):
        # No member is mandatory, but what has none of them is no notice: an agent must not read one.
        raise NotAnAnswerError("body", notice)
    year = annee_impots(params.reference_avis)
    return {
        **dict.fromkeys(_unknown(notice)),
        **{data: notice[name] for name, data in _DIRECT.items() if name in notice},
        **_declarants(notice),
        **({"foyer_fiscal": {"adresse": notice["aft"], "annee": year}} if "aft" in notice else {}),
        **_household(notice),
        **_taxes(notice),
        "annee_impots": str(year),
        "annee_revenus": str(year - 1),
        "erreur_correctif": "",
        "situation_partielle": "",
    }


def _declarants(notice: Mapping[str, Any]) -> dict[str, Any]:
    """Return both declarants; the second is null for a notice that names one person, absent where it is not known."""
    found = {}
    for position in (1, 2):
        if any(f"{name}{position}" in notice for name in _DECLARANT):
            who = _declarant(notice, position)
            found[f"declarant{position}"] = who if position == 1 else somebody(who)
    situation = notice.get("sitFam")
    is_alone = isinstance(situation, str) and situation not in _COUPLES
    return {"declarant2": None, **found} if is_alone else found


def _declarant(notice: Mapping[str, Any], position: int) -> dict[str, Any]:
    return {
        "nom": notice.get(f"nmUsaDec{position}"),
        "nom_naissance": notice.get(f"nmNaiDec{position}"),
        "prenoms": notice.get(f"prnmDec{position}"),
        "date_naissance": _birth(notice.get(f"dateNaisDec{position}")),
    }


def _birth(born: Any) -> Any:
    """Return a birth date in ISO form as far as it is known; as it came where it is none."""
    if not isinstance(born, dict):
        return born
    parts = [born.get(name) for name in ("annee", "mois", "jour")]
    if not all(
        part is None or (isinstance(part, str | int) and not isinstance(part, bool)) for part in parts
    ):
        return born
    written = ["" if part is None else str(part).zfill(2) for part in parts]
    return "-".join(itertools.takewhile(bool, written)) or None


def _household(notice: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "sitFam" in notice:
        situation = notice["sitFam"]
        found["situation_famille"] = (
            SITUATIONS.get(situation, situation) or None if isinstance(situation, str) else situation
        )
    if "pac" in notice:
        pac = notice["pac"]
        found["nombre_personnes_charge"] = pac.get("nbPac") if isinstance(pac, dict) else pac
    return found


def _taxes(notice: Mapping[str, Any]) -> dict[str, Any]:
    """Return both amounts: null where there is no tax, and nothing where the habilitation opens no amount."""
    opens_amounts = any(name in notice for name in _AMOUNTS)
    amounts = {"impot_revenu_net_avant_corrections": "impAvImput", "montant_impot": "montTotIr"}
    return {data: _positive(notice.get(name)) for data, name in amounts.items() if opens_amounts}


def _positive(amount: Any) -> Any:
    try:
        number = None if amount is None else read_number(amount)
    except PydanticCustomError:
        return amount
    return number if number is not None and number > 0 else None


def _unknown(notice: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the specification does not document, for the data's reader to drop and count."""
    for block, documented in _DOCUMENTED.items():
        members = notice.get(block) if block else notice
        for name in members if isinstance(members, dict) else ():
            if name not in documented and (block or name not in _TAKEN):
                yield f"{block}.{name}" if block else name
