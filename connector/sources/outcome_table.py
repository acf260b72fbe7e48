"""What each source's refusals and failures mean, as data.

Sources: API Particulier's OpenAPI file, its sandbox cases and its server's public code; the OpenAPI file of API
Impôt particulier, and what was seen of it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from connector.catalogue.definition import Source
from connector.sources.outcome import OutcomeTable, Rule, read_errors, read_flat_error, read_no_error
from schemas.codes import Call, CheckCode

_PERIOD: Final = (
    "La source n'a pas cette période. La CAF conserve le mois en cours et les 23 précédents, la MSA le mois en cours "
    "seulement : demander un mois plus récent."
)
_RECIPIENT: Final = (
    "L'API refuse le SIRET enregistré pour ce CCAS. L'hébergeur du connecteur doit corriger la fiche du CCAS."
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
    "00410": "code_etablissement",
    "00411": "annee_scolaire",
    "00412": "degre_etablissement",
    "00413": "codes_bcn_departements",
    "00414": "codes_bcn_departements",
    "00415": "code_etablissement",
    "00416": "codes_bcn_departements",
    "00417": "codes_bcn_regions",
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

_PARTICULIER: Final = (
    # Found wanting at the source.
    Rule("404", "(35|40)003", CheckCode.PROVIDER_UNAVAILABLE, text=r"^erreur\s+in?att?en?due"),
    Rule("404", r"\d\d003", CheckCode.NO_RECORD),
    # The identity.
    Rule("422", "00355", CheckCode.IDENTITY_UNMATCHED, text="^impossible d.identifier"),
    Rule("422", r"35561|36\d{3}", CheckCode.IDENTITY_UNMATCHED),
    Rule("422", "00391", CheckCode.IDENTITY_AMBIGUOUS),
    # The period.
    Rule("422", "00353|00356|00355|35565", CheckCode.INVALID_PARAMETER, "annee", detail=_PERIOD),
    Rule("422", "00354", CheckCode.INVALID_PARAMETER, "mois", detail=_PERIOD),
    # The recipient is ours to give: the tenant's record is wrong.
    Rule("422", "00203|00210", CheckCode.INVALID_PARAMETER, "tenant", detail=_RECIPIENT),
    # Any other parameter, named by its code.
    *(
        Rule("422", code, outcome, parameter, text)
        for code, parameter in _REFUSED_PARAMETERS.items()
        for outcome, text in (
            (CheckCode.MISSING_PARAMETER, "manquant"),
            (CheckCode.INVALID_PARAMETER, ""),
        )
    ),
    # The token.
    Rule("401", "00101", CheckCode.TOKEN_INVALID),
    Rule("401", "00103", CheckCode.TOKEN_EXPIRED),
    Rule("401", "00105|00106", CheckCode.TOKEN_REVOKED),
    Rule("403", "00100", CheckCode.INSUFFICIENT_SCOPE),
    Rule("403", "00107", CheckCode.IP_FORBIDDEN),
    # In flight already, here or at the provider's.
    Rule("409", r"\d\d015", CheckCode.PROVIDER_CONFLICT),
    Rule("410", ".*", CheckCode.SOURCE_WITHDRAWN),
    Rule("429", "00429|39004", CheckCode.RATE_LIMITED),
    # The provider behind the API.
    Rule("50[234]", r"\d\d020", CheckCode.PROVIDER_MAINTENANCE),
    Rule("502", r"\d\d(999|000|002|006)|35000", CheckCode.UPSTREAM_ERROR),
    Rule("50[34]", r"\d\d001", CheckCode.PROVIDER_UNAVAILABLE),
    Rule("50[34]", r"\d\d002", CheckCode.PROVIDER_TIMEOUT),
    Rule("50[34]", r"\d\d004", CheckCode.NETWORK_ERROR),
    Rule("50[34]", r"\d\d008", CheckCode.PROVIDER_RATE_LIMITED),
    Rule("50[34]", "00501", CheckCode.NETWORK_ERROR),
    Rule("509", ".*", CheckCode.PROVIDER_RATE_LIMITED),
)

_AVIS_V2: Final = (
    Rule("401", "access_denied", CheckCode.TOKEN_INVALID),
    Rule("404", "not_found", CheckCode.NO_RECORD),
    Rule("410", ".*", CheckCode.SOURCE_WITHDRAWN),
    Rule("500", "error", CheckCode.UPSTREAM_ERROR),
    Rule("502", "invalid_response", CheckCode.UPSTREAM_ERROR),
    Rule("503", "network_error", CheckCode.NETWORK_ERROR),
    Rule("509", ".*", CheckCode.PROVIDER_RATE_LIMITED),
)

_IMPOT_PARTICULIER: Final = (
    # Each of these was seen to mean that there is no such notice.
    Rule("204|403|404|410", ".*", CheckCode.NO_RECORD),
    Rule("401", ".*", CheckCode.TOKEN_INVALID),
)

_BY_STATUS: Final[Mapping[int, CheckCode]] = MappingProxyType(
    {
        401: CheckCode.TOKEN_INVALID,
        409: CheckCode.PROVIDER_CONFLICT,
        422: CheckCode.INVALID_PARAMETER,
        429: CheckCode.RATE_LIMITED,
        503: CheckCode.PROVIDER_UNAVAILABLE,
        504: CheckCode.PROVIDER_TIMEOUT,
    },
)


def _table(*rules: Rule) -> OutcomeTable:
    return OutcomeTable(rules=rules, by_status=_BY_STATUS, read_error=read_errors)


def _who(parameter: str) -> Rule:
    """Return what "civility parameters" means on a call that has none: what named the person instead."""
    return Rule("422", "00366", CheckCode.INVALID_PARAMETER, parameter)


_OF_CALL: Final[Mapping[Call, OutcomeTable]] = MappingProxyType(
    {
        Call.IDENTITE: _table(*_PARTICULIER),
        Call.FRANCE_CONNECT: _table(
            # The Bearer of this call is not the tenant's token.
            Rule("401", ".*", CheckCode.FRANCE_CONNECT_INVALID, "france_connect_token"),
            _who("france_connect_token"),
            *_PARTICULIER,
        ),
        Call.INE: _table(_who("ine"), *_PARTICULIER),
        Call.IDENTIFIANT: _table(_who("identifiant"), *_PARTICULIER),
    },
)
"""Of API Particulier from version 3 on."""
_OF_SOURCE: Final[Mapping[Source, OutcomeTable]] = MappingProxyType(
    {
        Source.API_PARTICULIER_V2: OutcomeTable(
            rules=_AVIS_V2, by_status=_BY_STATUS, read_error=read_flat_error
        ),
        Source.API_IMPOT_PARTICULIER: OutcomeTable(
            rules=_IMPOT_PARTICULIER, by_status=_BY_STATUS, read_error=read_no_error
        ),
    },
)


def outcome_table(source: Source, call: Call) -> OutcomeTable:
    """Return the table that reads the answers of a call."""
    return _OF_CALL[call] if source is Source.API_PARTICULIER else _OF_SOURCE[source]
