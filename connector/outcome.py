"""API Particulier's refusals and failures, read as outcomes: one ordered table, the first rule that fits.

A code may have two meanings that only its title tells apart, so a rule is keyed on status, code and, where
needed, title. Source: API Particulier's OpenAPI file, its sandbox cases and its server's public code.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from schemas.codes import CheckCode, CheckStatus


class _Lenient(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        coerce_numbers_to_str=True,
    )


class ErrorMeta(_Lenient):
    """What accompanies an error."""

    provider: str | None = None
    retry_in: float | None = None
    """Seconds."""


class ApiError(_Lenient):
    """One error of the API."""

    code: str = ""
    title: str = ""
    detail: str = ""
    meta: Annotated[ErrorMeta, BeforeValidator(lambda value: value or {})] = ErrorMeta()


class _ErrorBody(_Lenient):
    errors: tuple[ApiError, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an answer without data means."""

    code: CheckCode
    parameter: str | None = None
    known: bool = True
    """False when no rule fits and the status alone decided."""

    @property
    def status(self) -> CheckStatus:
        """The status of the check that got this outcome."""
        return _STATUSES.get(self.code, CheckStatus.ERROR)


_STATUSES: Final = {
    CheckCode.NO_RECORD: CheckStatus.NOT_FOUND,
    CheckCode.IDENTITY_UNMATCHED: CheckStatus.NOT_IDENTIFIED,
    CheckCode.IDENTITY_AMBIGUOUS: CheckStatus.NOT_IDENTIFIED,
}


@dataclass(frozen=True, slots=True)
class _Rule:
    statuses: str
    """Pattern of the HTTP status."""
    codes: str
    """Pattern of the error's code: two digits of provider, three of kind."""
    outcome: CheckCode
    parameter: str | None = None
    text: str = ""
    """Pattern to be found in the error's title or detail, where the code alone does not tell."""

    def fits(self, status: int, error: ApiError) -> bool:
        return (
            re.fullmatch(self.statuses, str(status)) is not None
            and re.fullmatch(self.codes, error.code) is not None
            and re.search(self.text, f"{error.title}\n{error.detail}", re.IGNORECASE) is not None
        )


# The API rarely says in `source` which parameter it refuses: the code does.
_REFUSED_PARAMETERS: Final = {
    "00360": "ine",
    "00361": "nom_naissance",
    "00362": "prenoms",
    "00363": "date_naissance",
    "00364": "sexe",
    "00365": "lieu_naissance",
    "00366": "identity",
    "00367": "prenoms",
    "00368": "campaign_year",
    "00380": "identifiant",
    "00400": "lieu_naissance.code_pays",
    "00401": "request_id",
    "00410": "code_etablissement",
    "00411": "annee_scolaire",
    "00412": "degre_etablissement",
    "00413": "perimetre",
    "00414": "perimetre",
    "00415": "perimetre",
    "00416": "codes_bcn_departements",
    "00417": "codes_bcn_regions",
    "00418": "identifiants_siren_intercommunalites",
    "00419": "code_etablissement",
    "00420": "nom_naissance",
    "00421": "prenoms",
    "00422": "date_naissance",
    "00423": "date_naissance",
    "00424": "date_naissance",
    "00425": "date_naissance",
    "00426": "lieu_naissance.code_commune",
    "00427": "sexe",
    "00428": "lieu_naissance.code_departement",
    "00430": "immatriculation",
}

_RULES: Final = (
    # Found wanting at the source.
    _Rule("404", "(35|40)003", CheckCode.PROVIDER_UNAVAILABLE, text=r"^erreur\s+in?att?en?due"),
    _Rule("404", r"\d\d003", CheckCode.NO_RECORD),
    # The identity.
    _Rule("422", "00355", CheckCode.IDENTITY_UNMATCHED, text="^impossible d.identifier"),
    _Rule("422", r"35561|36\d{3}", CheckCode.IDENTITY_UNMATCHED),
    _Rule("422", "00391", CheckCode.IDENTITY_AMBIGUOUS),
    # The period.
    _Rule("422", "00353|00356|00355|35565", CheckCode.INVALID_PARAMETER, "annee"),
    _Rule("422", "00354", CheckCode.INVALID_PARAMETER, "mois"),
    # The recipient is ours to give: the tenant's record is wrong.
    _Rule("422", "00203|00210", CheckCode.INVALID_PARAMETER, "tenant"),
    # Any other parameter, named by its code.
    *(
        _Rule("422", code, outcome, parameter, text)
        for code, parameter in _REFUSED_PARAMETERS.items()
        for outcome, text in (
            (CheckCode.MISSING_PARAMETER, "manquant"),
            (CheckCode.INVALID_PARAMETER, ""),
        )
    ),
    # The token.
    _Rule("401", "00101", CheckCode.TOKEN_INVALID),
    _Rule("401", "00103", CheckCode.TOKEN_EXPIRED),
    _Rule("401", "00105|00106", CheckCode.TOKEN_REVOKED),
    _Rule("403", "00100", CheckCode.INSUFFICIENT_SCOPE),
    _Rule("403", "00107", CheckCode.IP_FORBIDDEN),
    # In flight already, here or at the provider's.
    _Rule("409", r"\d\d015", CheckCode.PROVIDER_CONFLICT),
    _Rule("410", ".*", CheckCode.SOURCE_WITHDRAWN),
    _Rule("429", "00429|39004", CheckCode.RATE_LIMITED),
    # The provider behind the API.
    _Rule("50[234]", r"\d\d020", CheckCode.PROVIDER_MAINTENANCE),
    _Rule("502", r"\d\d(999|000|002|006)|35000", CheckCode.UPSTREAM_ERROR),
    _Rule("50[34]", r"\d\d001", CheckCode.PROVIDER_UNAVAILABLE),
    _Rule("50[34]", r"\d\d002", CheckCode.PROVIDER_TIMEOUT),
    _Rule("50[34]", r"\d\d004", CheckCode.NETWORK_ERROR),
    _Rule("50[34]", r"\d\d008", CheckCode.PROVIDER_RATE_LIMITED),
    _Rule("50[34]", "00501", CheckCode.NETWORK_ERROR),
    _Rule("509", ".*", CheckCode.PROVIDER_RATE_LIMITED),
)

_BY_STATUS: Final = {
    401: CheckCode.TOKEN_INVALID,
    409: CheckCode.PROVIDER_CONFLICT,
    422: CheckCode.INVALID_PARAMETER,
    429: CheckCode.RATE_LIMITED,
    503: CheckCode.PROVIDER_UNAVAILABLE,
    504: CheckCode.PROVIDER_TIMEOUT,
}
_SERVER_ERRORS: Final = range(500, 600)


def read_errors(body: bytes) -> ApiError:
    """Return the first error of a body, or an empty one when the body is not the API's (a proxy's page)."""
    try:
        errors = _ErrorBody.model_validate_json(body).errors
    except ValidationError:
        errors = ()
    return errors[0] if errors else ApiError()


def read_outcome(status: int, error: ApiError) -> Outcome:
    """Return what an answer other than 200 means.

    What no rule knows is decided by its status alone: a server's error may pass, anything else is unexpected.
    """
    for rule in _RULES:
        if rule.fits(status, error):
            return Outcome(rule.outcome, rule.parameter)
    default = CheckCode.UPSTREAM_ERROR if status in _SERVER_ERRORS else CheckCode.UNEXPECTED_RESPONSE
    return Outcome(_BY_STATUS.get(status, default), known=False)
