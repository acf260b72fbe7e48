"""What each source's refusals and failures mean, as data.

API Particulier's rows are, in this order: what one endpoint, status or title makes of a code; the platform's own codes;
the kinds of its nomenclature (``connector.sources.nomenclature.table``). What no row fits is decided by its status, and counted.

Sources: API Particulier's nomenclature (``/api/errors``), its OpenAPI file, its sandbox cases and its server's public
code; the OpenAPI file of API Impôt particulier, and what was seen of it.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from connector.catalogue.definition import Source
from connector.sources.nomenclature.table import KINDS, PARAMETERS, PLATFORM, UNLISTED_KINDS
from connector.sources.outcome import OutcomeTable, Rule, read_errors, read_flat_error, read_no_error
from connector.sources.traits import Alert
from schemas.codes import Call, CheckCode
from schemas.identity import Identity

_PERIOD: Final = (
    "La source n'a pas cette période. La CAF conserve le mois en cours et les 23 précédents, la MSA le mois en cours "
    "seulement : demander l'un de ces mois."
)
_RECIPIENT: Final = (
    "L'API refuse le SIRET enregistré pour ce CCAS. L'hébergeur du connecteur doit corriger la fiche du CCAS."
)
_OF_PRODUCTION: Final = (
    "Le jeton d'accès de ce CCAS est un jeton de production, et le connecteur interroge l'environnement de test. "
    "L'hébergeur du connecteur doit corriger l'adresse de l'API."
)
_OF_STAGING: Final = (
    "Le jeton d'accès de ce CCAS est un jeton de l'environnement de test, et le connecteur interroge la production. "
    "L'hébergeur du connecteur doit enregistrer le jeton de l'habilitation de ce CCAS."
)
_OUR_REQUEST: Final = (
    "La source refuse la requête du connecteur, pas la demande. L'hébergeur du connecteur en est averti."
)
_CONSENT: Final = (
    "La session FranceConnect de l'usager ne transmet pas l'identité ou l'autorisation que cette vérification demande. "
    "S'identifier de nouveau n'y change rien : demander avec l'identité saisie."
)
_UNUSABLE_IDENTITY: Final = (
    "L'identité que FranceConnect a transmise est incomplète ou inutilisable par la source. Demander avec l'identité "
    "saisie."
)
_HOLDER: Final = (
    "Cette immatriculation existe, et la personne identifiée par FranceConnect n'en est pas le titulaire. Demander qui est "
    "titulaire du certificat d'immatriculation : le conjoint, par exemple."
)
_COMMUNE: Final = (
    "Aucune commune ne porte ce nom dans ce département l'année de la naissance. Corriger la commune de naissance, ou la "
    "donner par son code INSEE, puis redemander."
)
_CERTIFIED: Final[Mapping[CheckCode, str]] = MappingProxyType(
    {
        CheckCode.IDENTITY_UNMATCHED: (
            "L'organisme ne reconnaît pas l'identité certifiée par FranceConnect : la personne peut y être connue sous un "
            "autre nom. Demander avec l'identité saisie."
        ),
        CheckCode.IDENTITY_AMBIGUOUS: (
            "Plusieurs personnes correspondent à l'identité certifiée par FranceConnect. Demander avec l'identité saisie."
        ),
    },
)
_SESSION: Final = "france_connect_token"
_UNIDENTIFIED: Final = "^impossible d.identifier"
"""The title of 00355 when it is of the person, in older words; otherwise the code is of the year."""

_EXCEPTIONS: Final = (
    # FranceConnect's word on the person's token. Its older codes start with 50.
    Rule(status="401", code="51503|50003", means=CheckCode.FRANCE_CONNECT_INVALID, parameter=_SESSION, detail=_CONSENT),
    Rule(status="401", code="515[0-9]{2}|50[0-9]{3}", means=CheckCode.FRANCE_CONNECT_INVALID, parameter=_SESSION),
    # Until the summer of 2026, a fund that failed was told as a file that is not there.
    Rule(status="404", code="(35|36|40)003", title=r"^erreur\s+in?att?en?due", means=CheckCode.PROVIDER_UNAVAILABLE),
    # A family without a file, whatever the code: 35004 and 35005 have been sent with this title too.
    Rule(status="404", title="^dossier allocataire absent", means=CheckCode.NO_RECORD),
    # The source knows the person, and the question is not theirs.
    Rule(status="404", code="37003", check="participation_familiale_eaje", provider="(?!SDH).*", means=CheckCode.NOT_CONCERNED),
    Rule(status="404", code="30(004|404)", means=CheckCode.NOT_CONCERNED),
    Rule(status="422", code="39400", means=CheckCode.NOT_CONCERNED),
    # The plate exists, and this person is not its holder.
    Rule(status="404", code="42(005|404)", means=CheckCode.IDENTITY_UNMATCHED, parameter="immatriculation", detail=_HOLDER),
    # INSEE is asked for the code of a commune that is given by its name.
    Rule(status="404", code="01003", means=CheckCode.NO_RECORD, parameter="lieu_naissance.nom_commune", detail=_COMMUNE),
    Rule(status="429", code="39004", means=CheckCode.RATE_LIMITED),
    # The identity, in older words.
    Rule(status="422", code="00355", title=_UNIDENTIFIED, means=CheckCode.IDENTITY_UNMATCHED),
    Rule(status="422", code="00391", means=CheckCode.IDENTITY_AMBIGUOUS),
)  # fmt: skip

_OF_THE_PLATFORM: Final = (
    # The period.
    Rule(status="422", code="00354", means=CheckCode.INVALID_PARAMETER, parameter="mois", detail=_PERIOD),
    Rule(status="422", code="00353|00355|00356", means=CheckCode.INVALID_PARAMETER, parameter="annee", detail=_PERIOD),
    # The recipient is ours to give: the tenant's record is wrong.
    Rule(status="422", code="00203|00210", means=CheckCode.INVALID_PARAMETER, parameter="tenant", detail=_RECIPIENT, alert=Alert.RECORD),
    # Any other parameter, named by its code.
    *(
        Rule(status="422", code=code, detail_says=says, means=means, parameter=parameter)
        for code, parameter in (*PARAMETERS.items(), ("00(30|31|36|38|40|41|42)[0-9]", None))
        for says, means in (("manquant", CheckCode.MISSING_PARAMETER), ("", CheckCode.INVALID_PARAMETER))
    ),
    # The token.
    Rule(status="401", code="00101", means=CheckCode.TOKEN_INVALID),
    Rule(status="401", code="00103", means=CheckCode.TOKEN_EXPIRED),
    Rule(status="401", code="00105|00106", means=CheckCode.TOKEN_REVOKED),
    Rule(status="401", code="00108", means=CheckCode.TOKEN_INVALID, detail=_OF_PRODUCTION),
    Rule(status="401", code="00109", means=CheckCode.TOKEN_INVALID, detail=_OF_STAGING),
    Rule(status="403", code="00100", means=CheckCode.INSUFFICIENT_SCOPE),
    Rule(status="403", code="00107", means=CheckCode.IP_FORBIDDEN),
    Rule(status="422", code="00212", means=CheckCode.DELEGATION_AMBIGUOUS),
    Rule(status="403", code="00213", means=CheckCode.DELEGATION_MISSING),
    # The request, or the version asked for.
    Rule(status="400", code="00401", means=CheckCode.UNEXPECTED_RESPONSE, detail=_OUR_REQUEST, alert=Alert.REQUEST),
    Rule(status="404", code="00402", means=CheckCode.UNEXPECTED_RESPONSE, detail=_OUR_REQUEST, alert=Alert.REQUEST),
    # The same call is in flight; for FranceConnect, any call to the same endpoint for the same recipient.
    Rule(status="409", code="00015", means=CheckCode.PROVIDER_CONFLICT),
    Rule(status="410", means=CheckCode.SOURCE_WITHDRAWN),
    Rule(status="429", code="00429", means=CheckCode.RATE_LIMITED),
    Rule(status="5[0-9]{2}", code="00501", means=CheckCode.NETWORK_ERROR),
    Rule(status="509", means=CheckCode.PROVIDER_RATE_LIMITED),
)  # fmt: skip

_PERIOD_KIND: Final = "565"
_WHO_KINDS: Final = ("561", "562")
"""Kinds that refuse what named the person in the call."""
_OF_A_KIND: Final = (
    *(
        Rule(
            status=kind.status,
            code=f"(?!{PLATFORM})[0-9]{{2}}{digits}",
            means=kind.means,
            parameter=kind.parameter,
            detail={_PERIOD_KIND: _PERIOD, "564": _UNUSABLE_IDENTITY}.get(digits),
        )
        for digits, kind in KINDS.items()
    ),
    *(
        Rule(status="5[0-9]{2}", code=f"(?!{PLATFORM})[0-9]{{2}}{digits}", means=means)
        for digits, means in UNLISTED_KINDS.items()
    ),
)

_AVIS_V2: Final = (
    Rule(status="401", code="access_denied", means=CheckCode.TOKEN_INVALID),
    Rule(status="404", code="not_found", means=CheckCode.NO_RECORD),
    Rule(status="410", means=CheckCode.SOURCE_WITHDRAWN),
    Rule(status="500", code="error", means=CheckCode.UPSTREAM_ERROR),
    Rule(status="502", code="invalid_response", means=CheckCode.UPSTREAM_ERROR),
    Rule(status="503", code="network_error", means=CheckCode.NETWORK_ERROR),
    Rule(status="509", means=CheckCode.PROVIDER_RATE_LIMITED),
)

_IMPOT_PARTICULIER: Final = (
    # Each of these was seen to mean that there is no such notice.
    Rule(status="204|403|404|410", means=CheckCode.NO_RECORD),
    Rule(status="401", means=CheckCode.TOKEN_INVALID),
)

BY_STATUS: Final[Mapping[int, CheckCode]] = MappingProxyType(
    {
        401: CheckCode.TOKEN_INVALID,
        403: CheckCode.INSUFFICIENT_SCOPE,
        409: CheckCode.PROVIDER_CONFLICT,
        422: CheckCode.INVALID_PARAMETER,
        429: CheckCode.RATE_LIMITED,
        451: CheckCode.NO_RECORD,
        503: CheckCode.PROVIDER_UNAVAILABLE,
        504: CheckCode.PROVIDER_TIMEOUT,
    },
)
"""What no row fits means. A refusal (401, 403, 429) counts as one whatever its code: what is not counted has the
address banned. Any other status of a server's failure is ``upstream_error``; the rest is ``unexpected_response``."""


def _table(who: str, *rules: Rule) -> OutcomeTable:
    """Return the table of a call; ``who`` is the member of the request that names the person in it."""
    named = (
        Rule(
            status="422",
            code="00366",
            detail_says="manquant",
            means=CheckCode.MISSING_PARAMETER,
            parameter=who,
        ),
        Rule(status="422", code="00366", means=CheckCode.INVALID_PARAMETER, parameter=who),
        *(
            Rule(
                status="422",
                code=rf"(?!{PLATFORM})[0-9]{{2}}{digits}",
                means=KINDS[digits].means,
                parameter=who,
            )
            for digits in _WHO_KINDS
        ),
    )
    every = (*_EXCEPTIONS, *rules, *named, *_OF_THE_PLATFORM, *_OF_A_KIND)
    return OutcomeTable(rules=every, by_status=BY_STATUS, read_error=read_errors)


def _by_france_connect(*rules: Rule) -> OutcomeTable:
    """Return the table of the calls whose identity FranceConnect gives: the agent has none to correct."""
    table = _table(_SESSION, *rules)
    return replace(table, rules=tuple(map(_of_the_session, table.rules)))


def _of_the_session(rule: Rule) -> Rule:
    if rule.means in _CERTIFIED and rule.parameter is None:
        return replace(rule, detail=_CERTIFIED[rule.means])
    is_of_identity = rule.parameter is not None and rule.parameter.partition(".")[0] in Identity.model_fields
    if is_of_identity or (rule.parameter == _SESSION and rule.status == "422"):
        return replace(rule, parameter=_SESSION, detail=_UNUSABLE_IDENTITY)
    return rule


_OF_CALL: Final[Mapping[Call, OutcomeTable]] = MappingProxyType(
    {
        Call.IDENTITE: _table("identity"),
        Call.FRANCE_CONNECT: _by_france_connect(
            # The Bearer of this call is not the tenant's token.
            Rule(status="401", means=CheckCode.FRANCE_CONNECT_INVALID, parameter=_SESSION),
        ),
        Call.INE: _table("ine"),
        Call.IDENTIFIANT: _table("identifiant"),
    },
)  # fmt: skip
"""Of API Particulier from version 3 on."""
_OF_SOURCE: Final[Mapping[Source, OutcomeTable]] = MappingProxyType(
    {
        Source.API_PARTICULIER_V2: OutcomeTable(
            rules=_AVIS_V2, by_status=BY_STATUS, read_error=read_flat_error
        ),
        Source.API_IMPOT_PARTICULIER: OutcomeTable(
            rules=_IMPOT_PARTICULIER, by_status=BY_STATUS, read_error=read_no_error
        ),
    },
)


def outcome_table(source: Source, call: Call) -> OutcomeTable:
    """Return the table that reads the answers of a call."""
    return _OF_CALL[call] if source is Source.API_PARTICULIER else _OF_SOURCE[source]
