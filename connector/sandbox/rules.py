"""The API's checks of a call, in its order, each with its error code.

Source: API Particulier's OpenAPI file and its server's public code, for the ``dss`` endpoints.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from schemas.siret import is_siret

_NAME: Final = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ' -]+")
_COUNTRY: Final = re.compile(r"99[0-9]{3}|92352")
_COMMUNE: Final = re.compile(r"(?:[013-9][0-9]|2[ABab1-9])[0-9]{3}")
_MOST_PRENOMS: Final = 3
_FRANCE: Final = "99100"


@dataclass(frozen=True, slots=True)
class ApiFault:
    """An error of the API."""

    status: int
    code: str
    title: str
    detail: str
    parameter: str | None = None
    meta: Mapping[str, Any] | None = None

    def body(self) -> dict[str, Any]:
        """Return it as the API writes it."""
        return {
            "errors": [
                {
                    "code": self.code,
                    "title": self.title,
                    "detail": self.detail,
                    "source": {"parameter": self.parameter} if self.parameter else None,
                    "meta": dict(self.meta or {}),
                },
            ],
        }


@dataclass(frozen=True, slots=True)
class Call:
    """The parameters of a call."""

    params: Mapping[str, list[str]]
    today: date

    def one(self, name: str) -> str:
        """Return a parameter's only value, or an empty text."""
        return (self.params.get(name) or [""])[0]

    def number(self, name: str) -> int | None:
        """Return a parameter as a whole number: None when absent, 0 when it is none."""
        value = self.one(name)
        if not value:
            return None
        return int(value) if re.fullmatch("[0-9]{1,4}", value) else 0


Check = Callable[[Call], ApiFault | None]


def unprocessable(code: str, detail: str, parameter: str | None = None) -> ApiFault:
    """Return the error of a refused parameter."""
    return ApiFault(422, code, "Entité non traitable", detail, parameter)


def recipient(call: Call) -> ApiFault | None:
    """Check the SIRET of the administration that asks."""
    if not call.one("recipient"):
        return unprocessable("00203", "Le paramètre recipient est obligatoire", "recipient")
    if not is_siret(call.one("recipient")):
        return unprocessable("00210", "Le paramètre recipient n'est pas un siret valide", "recipient")
    return None


def sexe(call: Call) -> ApiFault | None:
    """Check the sex of the civil status."""
    if call.one("sexeEtatCivil").upper() not in ("M", "F"):
        return unprocessable("00427", "Le sexe de l'état civil est manquant")
    return None


def commune(call: Call) -> ApiFault | None:
    """Check the place of birth: born in France wants a commune, by code or by name, département and year."""
    code = call.one("codeCogInseeCommuneNaissance")
    if code:
        return None if _COMMUNE.fullmatch(code) else unprocessable("00365", _malformed("lieu de naissance"))
    if call.one("codeCogInseePaysNaissance") != _FRANCE:
        return None
    by_name = ("nomCommuneNaissance", "codeCogInseeDepartementNaissance", "anneeDateNaissance")
    if not all(call.one(name) for name in by_name):
        return unprocessable("00365", _malformed("lieu de naissance"))
    return None


def pays(call: Call) -> ApiFault | None:
    """Check the country of birth."""
    if not _COUNTRY.fullmatch(call.one("codeCogInseePaysNaissance")):
        return unprocessable("00400", _malformed("code du pays de naissance"))
    return None


def date_naissance(call: Call) -> ApiFault | None:
    """Check the date of birth: any part may be unknown, a whole one lies between 1900 and yesterday."""
    fault = unprocessable("00363", "La date de naissance n'est pas correctement formatée")
    annee, mois, jour = (call.number(f"{part}DateNaissance") for part in ("annee", "mois", "jour"))
    if annee == 0 or (mois is not None and not 1 <= mois <= 12) or (jour is not None and not 1 <= jour <= 31):  # noqa: PLR2004 - months and days
        return fault
    if annee is None or mois is None or jour is None:
        return None
    try:
        born = date(annee, mois, jour)
    except ValueError:
        return fault
    return None if date(1900, 1, 1) <= born <= call.today - timedelta(days=1) else fault


def prenoms(call: Call) -> ApiFault | None:
    """Check the first names: one to three."""
    names = call.params.get("prenoms[]", [])
    if not names:
        return unprocessable("00367", "Le ou les prénoms sont manquants.")
    if len(names) > _MOST_PRENOMS or not all(_NAME.fullmatch(name) for name in names):
        return unprocessable("00421", _malformed("prénoms"))
    return None


def nom_naissance(call: Call) -> ApiFault | None:
    """Check the birth name."""
    if not _NAME.fullmatch(call.one("nomNaissance")):
        return unprocessable("00420", _malformed("nom de naissance"))
    return None


def nom_usage(call: Call) -> ApiFault | None:
    """Check the name in use, which may be absent."""
    name = call.one("nomUsage")
    return unprocessable("00366", _malformed("nom d'usage")) if name and not _NAME.fullmatch(name) else None


def period(call: Call) -> ApiFault | None:
    """Check the month of a family quotient: which cannot lie in the future."""
    annee, mois = call.number("annee"), call.number("mois")
    if mois is not None and not 1 <= mois <= 12:  # noqa: PLR2004 - months
        return unprocessable("00354", _malformed("mois"))
    asked = 12 * (annee if annee is not None else call.today.year) + (mois or call.today.month)
    age = 12 * call.today.year + call.today.month - asked
    if age < 0:
        return unprocessable("00354" if mois else "00356", "La période demandée est dans le futur")
    return None


_DSS: Final[tuple[Check, ...]] = (
    recipient,
    sexe,
    commune,
    pays,
    date_naissance,
    prenoms,
    nom_naissance,
    nom_usage,
)
CHECKS: Final[Mapping[str, tuple[Check, ...]]] = {
    "quotient_familial": (*_DSS, period),
    "revenu_solidarite_active": _DSS,
}
"""The checks of each check's endpoint, in the API's order."""


def _malformed(what: str) -> str:
    return f"Le paramètre n'est pas correctement formaté : {what}"
