"""The API's errors, as it writes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from connector.sources.nomenclature.table import title_of


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
    401, "51501", "Accès non autorisé", "Le jeton d'accès FranceConnect est mal formé."
)
FRANCE_CONNECT_UNKNOWN: Final = ApiFault(
    401, "51502", "Accès non autorisé", "Le jeton d'accès FranceConnect est inconnu ou expiré."
)
"""Unknown and expired are one code, since FranceConnect does not tell them apart."""


def unprocessable(code: str, detail: str, parameter: str | None = None) -> ApiFault:
    """Return the error of a refused parameter."""
    return ApiFault(422, code, "Entité non traitable", detail, parameter)


def malformed(code: str, what: str) -> ApiFault:
    """Return the error of a parameter whose form is refused."""
    return unprocessable(code, f"Le paramètre n'est pas correctement formaté : {what}")


CONFLICT: Final = ApiFault(
    409,
    "00015",
    "Conflit",
    "Une requête associée à votre jeton est déjà en cours pour ces paramètres",
)


def no_record(provider: str) -> ApiFault:
    """Return the error for a person whom ``provider``, as a path names it, has no file of."""
    code, name = _REFERENCES.get(provider) or SAID_BY[provider]
    detail = "Aucun dossier ne correspond à cet appel."
    return ApiFault(404, f"{code}003", title_of(f"{code}003"), detail, meta={"provider": name})


FRANCE_CONNECT: Final = "france_connect"
"""Whom the API asks about a person's token, before the provider."""
SAID_BY: Final[Mapping[str, tuple[str, str]]] = {
    "ants": ("42", "ANTS"),
    "cnous": ("26", "CNOUS"),
    "dsnj": ("39", "DSNJ"),
    "dss": ("36", "Sécurité sociale"),
    FRANCE_CONNECT: ("51", "FranceConnect"),
    "france_travail": ("24", "France Travail"),
    "gip_mds": ("31", "GIP-MDS"),
    "men": ("30", "MEN"),
    "mesri": ("25", "MESRI"),
    "quotient_familial": ("35", "CNAF & MSA"),
    "sdh": ("41", "SDH"),
}
"""First digits of the codes that are said of a provider or an endpoint, as a path names it, and their ``meta.provider``."""
_REFERENCES: Final[Mapping[str, tuple[str, str]]] = {"dss": ("35", "CNAF & MSA")}
"""Whom the API names when a person is in no fund."""
PROVIDERS: Final = (
    *("ants", "cnous", "dsnj", "dss", FRANCE_CONNECT, "france_travail", "gip_mds", "men", "mesri", "sdh"),
)
"""Whose failures can be asked for, as a path names them."""
