"""Deciding: what a call's result means for its check. Pure: values in, an answer out."""

import email.utils
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import ValidationError

from connector.catalogue import CheckDefinition
from connector.outcome import ApiError, read_errors, read_outcome
from connector.plan import PlannedCall, Refusal
from connector.reasons import RETRYABLE, reason
from connector.upstream.exchange import Answered, Exchange, Unanswered
from schemas.codes import CheckCode, CheckStatus
from schemas.reply import CheckReply, Reason, Source, Upstream
from schemas.request import CheckRequest

_OK: Final = 200
_LONGEST_WAIT_SECONDS: Final = 366 * 24 * 3600.0
"""A wait beyond this is no wait but nonsense."""


def refused(refusal: Refusal) -> CheckReply:
    """Return the answer of a check that got no call."""
    defect = refusal.defect
    return _error(refusal, reason(defect.code, detail=defect.detail, parameter=defect.parameter))


def without_call(planned: PlannedCall | Refusal, code: CheckCode) -> CheckReply:
    """Return the answer of a check whose call was not made, for a reason that is the whole job's."""
    return _error(planned, reason(code))


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


def decide(planned: PlannedCall, exchange: Exchange, now: datetime) -> CheckReply:
    """Return the answer that the call's result gives."""
    match exchange:
        case Unanswered(code=code):
            return _error(planned, reason(code), _source(planned.definition, exchange))
        case Answered(http_status=status) if status == _OK:
            return _found(planned, exchange)
        case Answered():
            return _not_found(planned, exchange, now)


def _found(planned: PlannedCall, answered: Answered) -> CheckReply:
    definition = planned.definition
    try:
        data = definition.answer.model_validate_json(answered.body).data
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors(include_input=False, include_url=False)[0]["loc"])
        detail = f"La réponse de la source n'a pas la forme attendue (champ : {field})." if field else None
        return _error(
            planned,
            reason(CheckCode.UNEXPECTED_RESPONSE, detail=detail, upstream=_upstream(answered, ApiError())),
            _source(definition, answered),
        )
    return CheckReply(
        id=planned.request.label,
        check=planned.request.check,
        status=CheckStatus.FOUND,
        data=data.model_dump(mode="json", exclude_unset=True),
        withheld=tuple(block for block in definition.blocks if block not in data.model_fields_set),
        source=_source(definition, answered, definition.provider_of(data) or definition.provider),
    )


def _not_found(planned: PlannedCall, answered: Answered, now: datetime) -> CheckReply:
    error = read_errors(answered.body)
    outcome = read_outcome(answered.http_status, error)
    why = reason(
        outcome.code,
        detail=planned.definition.no_record_detail if outcome.code is CheckCode.NO_RECORD else None,
        parameter=outcome.parameter,
        retry_after_seconds=_wait(answered, error, outcome.code, now),
        upstream=_upstream(answered, error),
    )
    source = _source(planned.definition, answered, error.meta.provider)
    return CheckReply(
        id=planned.request.label,
        check=planned.request.check,
        status=outcome.status,
        reason=why,
        source=source,
    )


def retry_after_seconds(headers: Mapping[str, str], error: ApiError, now: datetime) -> int | None:
    """Return how long the API asks to wait: ``Retry-After``, else ``RateLimit-Reset``, else ``retry_in``.

    ``Retry-After`` is in seconds or an HTTP date (RFC 9110, 10.2.3), ``RateLimit-Reset`` a Unix time. None
    when the API did not say, which is not zero.
    """
    waits = (
        _seconds(headers.get("retry-after")),
        _until_http_date(headers.get("retry-after"), now),
        _until_unix_time(headers.get("ratelimit-reset"), now),
        error.meta.retry_in,
    )
    known = next((wait for wait in waits if wait is not None and abs(wait) <= _LONGEST_WAIT_SECONDS), None)
    return None if known is None else max(0, math.ceil(known))


def _wait(answered: Answered, error: ApiError, code: CheckCode, now: datetime) -> int | None:
    if code not in RETRYABLE:
        return None
    headers = dict(answered.headers)
    if code is not CheckCode.RATE_LIMITED:
        # Every answer tells when the quota's window ends; only a refusal for the quota waits for it.
        headers.pop("ratelimit-reset", None)
    return retry_after_seconds(headers, error, now)


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.strip().isdecimal() else None


def _until_http_date(text: str | None, now: datetime) -> float | None:
    try:
        return (email.utils.parsedate_to_datetime(text) - now).total_seconds() if text else None
    except (ValueError, TypeError, OverflowError):
        return None


def _until_unix_time(text: str | None, now: datetime) -> float | None:
    reset = _seconds(text)
    return None if reset is None else reset - now.timestamp()


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


def _source(definition: CheckDefinition, exchange: Exchange, provider: str | None = None) -> Source:
    answered = exchange if isinstance(exchange, Answered) else None
    return Source(
        api="api_particulier",
        api_version=definition.api_version,
        endpoint=definition.endpoint,
        provider=provider,
        http_status=answered.http_status if answered else None,
        attempts=1,
        duration_ms=exchange.duration_ms,
        cached=answered is not None
        and answered.headers.get("x-response-cached", "").lower() in ("1", "true"),
    )
