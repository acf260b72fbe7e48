"""The API's errors, as it writes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


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


INVALID: Final = ApiFault(
    401,
    "00101",
    "Interdit",
    "Votre token n'est pas valide ou n'est pas renseigné",
    "token",
)
EXPIRED: Final = ApiFault(
    401,
    "00103",
    "Jeton expiré",
    "Votre token est expiré. Vous devez refaire une demande",
    "token",
)
REVOKED: Final = ApiFault(401, "00105", "Jeton sur liste noire", "Votre jeton est sur liste noire", "token")
NO_SCOPE: Final = ApiFault(
    403,
    "00100",
    "Privilèges insuffisants",
    "Votre token est valide mais vos privilèges sont insuffisants. Listez vos privilèges sur /api/introspect",
    "token",
)
FRANCE_CONNECT_MALFORMED: Final = ApiFault(
    401, "50001", "Accès non autorisé", "Le jeton d'accès FranceConnect est mal formé."
)
FRANCE_CONNECT_UNKNOWN: Final = ApiFault(
    401, "50002", "Accès non autorisé", "Le jeton d'accès FranceConnect est inconnu ou expiré."
)
"""Unknown and expired are one code, since FranceConnect does not tell them apart."""


def unprocessable(code: str, detail: str, parameter: str | None = None) -> ApiFault:
    """Return the error of a refused parameter."""
    return ApiFault(422, code, "Entité non traitable", detail, parameter)


def malformed(code: str, what: str) -> ApiFault:
    """Return the error of a parameter whose form is refused."""
    return unprocessable(code, f"Le paramètre n'est pas correctement formaté : {what}")


def no_record(provider: str) -> ApiFault:
    """Return the error for a person whom ``provider``, as a path names it, has no file of."""
    code, name = PROVIDERS[provider]
    detail = "Aucun dossier ne correspond à cet appel."
    return ApiFault(404, f"{code}003", "Entité non trouvée", detail, meta={"provider": name})


PROVIDERS: Final[Mapping[str, tuple[str, str]]] = {
    "ants": ("42", "ANTS"),
    "cnous": ("26", "CNOUS"),
    "dsnj": ("39", "DSNJ"),
    "dss": ("37", "CNAV"),
    "france_travail": ("24", "France Travail"),
    "gip_mds": ("31", "GIP-MDS"),
    "men": ("30", "MEN"),
    "mesri": ("25", "MESRI"),
    "sdh": ("41", "SDH"),
}
"""First digits of a provider's codes, and its name in ``meta.provider``."""
