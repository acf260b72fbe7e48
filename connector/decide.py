"""Deciding: what a call's result means for its check. Pure: values in, an answer out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from types import MappingProxyType
from typing import Final

from pydantic import ValidationError

from connector.attempts import Attempt
from connector.catalogue.definition import CheckDefinition, Endpoint
from connector.catalogue.definition import Source as ApiSource
from connector.maintenance import seconds_to_end
from connector.plan import PlannedCall, Refusal
from connector.reasons import RETRYABLE, reason
from connector.sources.outcome import ApiError, Outcome
from connector.sources.outcome_table import outcome_table
from connector.surprises import Surprise, SurpriseKind, take_unknown
from connector.upstream.exchange import Answered, Exchange, Unanswered
from connector.waits import retry_after_seconds
from connector.withhold import absent, without
from schemas.codes import CheckCode, CheckStatus
from schemas.reply import CheckReply, Reason, Source, Upstream
from schemas.request import CheckRequest

_OK: Final = 200
_NOT_CONNECTED: Final = "Cette vérification n'est pas raccordée chez l'hébergeur du connecteur. Demander le justificatif à la personne."
_DGFIP_DETAILS: Final[Mapping[CheckCode, str]] = MappingProxyType(
    {
        CheckCode.TOKEN_MISSING: (
            "Aucun identifiant de la DGFiP n'est enregistré pour ce CCAS. Demander à l'hébergeur du connecteur de les "
            "enregistrer."
        ),
        CheckCode.TOKEN_INVALID: (
            "Les identifiants de ce CCAS auprès de la DGFiP sont refusés. Demander à l'hébergeur du connecteur de les "
            "vérifier."
        ),
    },
)
"""Where the tax notice is asked with the tenant's own credentials, there is no token to speak of."""
_OF_A_WINDOW: Final = frozenset({CheckCode.PROVIDER_MAINTENANCE, CheckCode.PROVIDER_UNAVAILABLE})
"""Codes that a provider's regular maintenance explains."""
_CODE = re.compile(r"[0-9A-Za-z_]{1,32}")


@dataclass(frozen=True, slots=True)
class Decision:
    """What a call's result means for its check, and what of it nobody expected."""

    reply: CheckReply
    surprises: tuple[Surprise, ...] = ()


def refused(refusal: Refusal) -> CheckReply:
    """Return the answer of a check that got no call."""
    defect = refusal.defect
    return _error(refusal, reason(defect.code, detail=defect.detail, parameter=defect.parameter))


def without_call(planned: PlannedCall | Refusal, code: CheckCode) -> CheckReply:
    """Return the answer of a check whose call was not made, though nothing is wrong with the check."""
    source = planned.endpoint.source if isinstance(planned, PlannedCall) else None
    detail = _NOT_CONNECTED if code is CheckCode.SOURCE_WITHDRAWN else _source_detail(source, code)
    return _error(planned, reason(code, detail=detail))


def unexplained(request: CheckRequest) -> CheckReply:
    """Return the answer of a check in which the connector itself failed."""
    return CheckReply(
        id=request.label,
        check=request.check,
        status=CheckStatus.ERROR,
        reason=reason(
            CheckCode.UNEXPECTED_RESPONSE,
            detail="Le connecteur n'a pas su traiter cette vérification. Son hébergeur en est averti.",
        ),
    )


def decide(planned: PlannedCall, attempt: Attempt, exchange: Exchange, now: datetime) -> Decision:
    """Return the answer that one attempt's result gives."""
    match exchange:
        case Unanswered(code=code):
            why = reason(code, detail=_source_detail(planned.endpoint.source, code))
            return Decision(_error(planned, why, _source(planned.endpoint, attempt, exchange)))
        case Answered(http_status=status) if status == _OK:
            return _found(planned, attempt, exchange)
        case Answered():
            return _not_found(planned, attempt, exchange, now)


def _found(planned: PlannedCall, attempt: Attempt, answered: Answered) -> Decision:
    endpoint = planned.endpoint
    try:
        data = endpoint.read(answered.body, planned.params)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors(include_input=False, include_url=False)[0]["loc"])
        detail = f"La réponse de la source n'a pas la forme attendue (champ : {place})." if place else None
        why = reason(CheckCode.UNEXPECTED_RESPONSE, detail=detail, upstream=_upstream(answered, ApiError()))
        surprise = Surprise(SurpriseKind.WRONG_TYPE, place or "body")
        return Decision(_error(planned, why, _source(endpoint, attempt, answered)), (surprise,))
    surprises = tuple(take_unknown(data))
    definition = planned.definition
    told = data.model_dump(mode="json", exclude_unset=True)
    shown = without(told, planned.hidden) if planned.hidden else told
    reply = CheckReply(
        id=planned.request.label,
        check=planned.request.check,
        status=CheckStatus.FOUND,
        data=shown,
        withheld=absent(shown, endpoint.blocks),
        source=_source(endpoint, attempt, answered, definition.provider_of(data) or definition.provider),
    )
    return Decision(reply, surprises)


def _not_found(planned: PlannedCall, attempt: Attempt, answered: Answered, now: datetime) -> Decision:
    table = outcome_table(planned.endpoint.source, planned.endpoint.call)
    error = table.read_error(answered.body)
    outcome = table.outcome(answered.http_status, error)
    why = reason(
        outcome.code,
        detail=_detail(planned, outcome),
        parameter=outcome.parameter,
        retry_after_seconds=_wait(planned.definition, answered, error, outcome.code, now),
        upstream=_upstream(answered, error),
    )
    reply = CheckReply(
        id=planned.request.label,
        check=planned.request.check,
        status=outcome.status,
        reason=why,
        source=_source(planned.endpoint, attempt, answered, error.meta.provider),
    )
    if outcome.known:
        return Decision(reply)
    code = error.code if _CODE.fullmatch(error.code) else "without a code"
    return Decision(reply, (Surprise(SurpriseKind.UNKNOWN_OUTCOME, f"{answered.http_status} {code}"),))


def _wait(
    definition: CheckDefinition, answered: Answered, error: ApiError, code: CheckCode, now: datetime
) -> int | None:
    if code not in RETRYABLE:
        return None
    headers = dict(answered.headers)
    if code is not CheckCode.RATE_LIMITED:
        # Every answer tells when the quota's window ends; only a refusal for the quota waits for it.
        headers.pop("ratelimit-reset", None)
    told = retry_after_seconds(headers, error, now)
    if told is None and code in _OF_A_WINDOW:
        provider = error.meta.provider or definition.provider
        left = seconds_to_end(provider, now)
        return None if left is None else ceil(left)
    return told


def _detail(planned: PlannedCall, outcome: Outcome) -> str | None:
    if outcome.code is CheckCode.NO_RECORD:
        return planned.definition.no_record_detail
    return outcome.detail or _source_detail(planned.endpoint.source, outcome.code)


def _source_detail(source: ApiSource | None, code: CheckCode) -> str | None:
    return _DGFIP_DETAILS.get(code) if source is ApiSource.API_IMPOT_PARTICULIER else None


def _error(planned: PlannedCall | Refusal, why: Reason, source: Source | None = None) -> CheckReply:
    return CheckReply(
        id=planned.request.label,
        check=planned.request.check,
        status=CheckStatus.ERROR,
        reason=why,
        source=source,
    )


def _upstream(answered: Answered, error: ApiError) -> Upstream:
    return Upstream(
        http_status=answered.http_status,
        code=error.code or None,
        provider=error.meta.provider,
    )


def _source(endpoint: Endpoint, attempt: Attempt, exchange: Exchange, provider: str | None = None) -> Source:
    answered = exchange if isinstance(exchange, Answered) else None
    return Source(
        api=endpoint.source.api,
        api_version=endpoint.api_version,
        endpoint=endpoint.path,
        provider=provider,
        variant=attempt.variant,
        http_status=answered.http_status if answered else None,
        attempts=1,
        duration_ms=exchange.duration_ms,
        cached=answered is not None
        and answered.headers.get("x-response-cached", "").lower() in ("1", "true"),
    )
