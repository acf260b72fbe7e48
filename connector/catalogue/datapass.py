"""DataPass, where a CCAS asks for its habilitation: the prefilled link, and what the request may cite. Pure."""

import json
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from connector.catalogue.grants import scopes_of
from connector.catalogue.presets import PRESETS
from connector.jobs.records import Vendor

FORM: Final = "https://datapass.api.gouv.fr/api-particulier"
_LEGIFRANCE: Final = "https://www.legifrance.gouv.fr/codes/article_lc"
_ACTION_SOCIALE: Final = "Code de l'action sociale et des familles"
_RELATIONS: Final = "Code des relations entre le public et l'administration"


@dataclass(frozen=True, slots=True)
class Article:
    """A legal article, in French."""

    number: str
    code: str
    url: str
    """One of its versions on Légifrance, which leads to the others."""


ARTICLES: Final = (
    Article("L.312-1", _ACTION_SOCIALE, f"{_LEGIFRANCE}/LEGIARTI000026799356"),
    Article("R.123-5", _ACTION_SOCIALE, f"{_LEGIFRANCE}/LEGIARTI000031106561"),
    Article("L.114-8", _RELATIONS, f"{_LEGIFRANCE}/LEGIARTI000045213315"),
    Article("R.114-9-3", _RELATIONS, f"{_LEGIFRANCE}/LEGIARTI000038029900"),
)
"""The legal ground of a CCAS's request. Source: API Particulier's guides for CCAS, the links included."""


def boxes(vendor: Vendor) -> dict[str, bool]:
    """Return the form's boxes for a vendor, ticked or not: its preset's, in their order, then those added."""
    preset = PRESETS.get(vendor.preset)
    named = (*preset.scopes, *preset.declined) if preset else ()
    granted = scopes_of(vendor)
    return {scope: scope in granted for scope in dict.fromkeys((*named, *vendor.extra_scopes))}


def link(vendor: Vendor) -> str:
    """Return the address of the form as a CCAS that uses this vendor's product should find it filled in."""
    preset = PRESETS.get(vendor.preset)
    written = {
        "scopes": json.dumps(boxes(vendor), separators=(",", ":")),
        **(preset.legal_ground if preset else {}),
    }
    return f"{FORM}?{urlencode(written, quote_via=quote, safe='')}"
