"""Deciding: what a call's result means for its check. Pure: values in, an answer out."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from types import MappingProxyType
from typing import Final

from connector.catalogue.definition import CheckDefinition, Endpoint
from connector.catalogue.definition import Source as ApiSource
from connector.catalogue.hidden import absent, is_hidden, with_nulls, without
from connector.catalogue.variants import Variant
from connector.checks.identity_hints import commune_hint, identity_hints
from connector.checks.plan import PlannedCall, Rejected
from connector.checks.reasons import reason
from connector.checks.waits import retry_after_seconds
from connector.jobs.json_pointer import members_of
from connector.sources.exchange import Answered, Exchange, Unanswered
from connector.sources.maintenance import seconds_to_end
from connector.sources.outcome import ApiError, Outcome
from connector.sources.outcome_table import outcome_table
from connector.sources.reading import NoReading, Unread, read_answer
from connector.sources.schema_drift import DriftKind, SchemaDrift, take_unknown
from connector.sources.traits import Alert, traits_of
from schemas.base import DataModel
from schemas.codes import CheckCode, CheckStatus
from schemas.reply import CheckReply, Reason, Source, Upstream
from schemas.request import CheckRequest

_OK: Final = 200
_NOT_CONNECTED: Final = "Cette vérification n'est pas raccordée chez l'hébergeur du connecteur. Demander le justificatif à la personne."
_NO_TURN: Final = (
    "D'autres demandes avec FranceConnect de ce CCAS attendent déjà leur tour à la source, qui les prend une par une. "
    "Redemander dans quelques minutes ; l'usager doit s'identifier de nouveau."
)
_UNASKED_DETAILS: Final[Mapping[CheckCode, str]] = MappingProxyType(
    {CheckCode.SOURCE_WITHDRAWN: _NOT_CONNECTED, CheckCode.PROVIDER_CONFLICT: _NO_TURN},
)
"""What a code means where no call was made."""
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
MAX_ANSWER_BYTES: Final = 24 * 1024
"""The longest answer of a check, as JSON. The longest seen has 5 KiB; twenty such answers travel back through the broker, sealed
with their job, in an envelope of ``MAX_ENVELOPE_BYTES`` at the most."""
_OF_THE_COMMUNE: Final = ("identity", "lieu_naissance", "lieu_naissance.code_commune")
"""The parameters of a refusal whose reason may be the commune's code."""
_CODE = re.compile(r"[0-9A-Za-z_]{1,32}")


@dataclass(frozen=True, slots=True)
class Decision:
    """What a call's result means for its check, and what of it nobody expected."""

    reply: CheckReply
    drifts: tuple[SchemaDrift, ...] = ()
    alert: Alert | None = None
    """Of what the operator is to be told."""


def refused(refusal: Rejected) -> CheckReply:
    """Return the answer of a check that got no call."""
    defect = refusal.defect
    return _error(refusal, reason(defect.code, detail=defect.detail, parameter=defect.parameter))


def without_call(planned: PlannedCall | Rejected, code: CheckCode, detail: str | None = None) -> CheckReply:
    """Return the answer of a check whose call was not made, though nothing is wrong with the check.

    ``detail`` says more than the code does, where there is more.
    """
    source = planned.endpoint.source if isinstance(planned, PlannedCall) else None
    detail = detail or _UNASKED_DETAILS.get(code) or _source_detail(source, code)
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


def decide(planned: PlannedCall, variant: Variant, exchange: Exchange, now: datetime) -> Decision:
    """Return the answer that one variant's result gives."""
    match exchange:
        case Unanswered(code=code):
            why = reason(code, detail=_source_detail(planned.endpoint.source, code))
            return Decision(
                _error(planned, why, _source(planned.endpoint, variant, exchange)),
                alert=traits_of(code).alerts,
            )
        case Answered(http_status=status) if status == _OK:
            return _bounded(_found(planned, variant, exchange), planned, variant, exchange)
        case Answered():
            return _bounded(_not_found(planned, variant, exchange, now), planned, variant, exchange)


def _bounded(decision: Decision, planned: PlannedCall, variant: Variant, answered: Answered) -> Decision:
    """Answer an error instead of what could not come back through the broker."""
    # What is read of a body is hardly longer than the body.
    if 2 * len(answered.body) <= MAX_ANSWER_BYTES or _size_of(decision.reply) <= MAX_ANSWER_BYTES:
        return decision
    why = reason(
        CheckCode.UNEXPECTED_RESPONSE,
        detail="La réponse de la source est bien plus longue que prévu. L'hébergeur du connecteur en est averti.",
        upstream=Upstream(http_status=answered.http_status, code=None, provider=None),
    )
    reply = _error(planned, why, _source(planned.endpoint, variant, answered))
    return Decision(reply, (SchemaDrift(DriftKind.TOO_LONG, "answer"),), decision.alert)


def _size_of(reply: CheckReply) -> int:
    return len(reply.__pydantic_serializer__.to_json(reply))


def _found(planned: PlannedCall, variant: Variant, answered: Answered) -> Decision:
    reading = read_answer(answered.body, planned.endpoint, planned.params)
    if isinstance(reading, NoReading):
        drift = SchemaDrift(DriftKind.WRONG_TYPE, reading.place, reading.found)
        return Decision(_unexpected(planned, variant, answered, reading.place), (drift,))
    unread = [one for one in reading.unread if not is_hidden(one.pointer, planned.hidden)]
    drifts = tuple(
        dict.fromkeys(
            (
                *(SchemaDrift(DriftKind.WRONG_TYPE, one.place, one.found) for one in reading.unread),
                *take_unknown(reading.data),
            )
        )
    )
    lost = next((one for one in unread if _costs_the_answer(one.pointer, planned.definition)), None)
    if lost is not None:
        return Decision(_unexpected(planned, variant, answered, lost.place), drifts)
    defect = planned.definition.answer_rule(reading.data, planned.params)
    if defect is not None and not is_hidden(defect.pointer, planned.hidden):
        why = reason(
            CheckCode.UNEXPECTED_RESPONSE, detail=defect.detail, upstream=_upstream(answered, ApiError())
        )
        drift = SchemaDrift(DriftKind.OTHER_THAN_ASKED, ".".join(members_of(defect.pointer)))
        return Decision(_error(planned, why, _source(planned.endpoint, variant, answered)), (*drifts, drift))
    return Decision(_read(planned, variant, answered, reading.data, unread), drifts)


def _read(
    planned: PlannedCall, variant: Variant, answered: Answered, data: DataModel, unread: Sequence[Unread]
) -> CheckReply:
    definition = planned.definition
    told = data.model_dump(mode="json", exclude_unset=True)
    shown = without(told, planned.hidden) if planned.hidden else told
    unreadable = tuple(one.pointer for one in unread)
    return CheckReply(
        id=planned.request.label,
        check=planned.request.check,
        status=CheckStatus.FOUND,
        data=shown,
        withheld=absent(with_nulls(shown, unreadable) if unreadable else shown, planned.endpoint.blocks),
        unreadable=unreadable,
        source=_source(
            planned.endpoint, variant, answered, definition.provider_of(data) or definition.provider
        ),
    )


def _costs_the_answer(pointer: str, definition: CheckDefinition) -> bool:
    """Tell whether a value that cannot be read is one that the check exists for, or holds it."""
    return any(f"{essential}/".startswith(f"{pointer}/") for essential in definition.essential)


def _unexpected(planned: PlannedCall, variant: Variant, answered: Answered, place: str) -> CheckReply:
    detail = f"La réponse de la source n'a pas la forme attendue (champ : {place})."
    why = reason(CheckCode.UNEXPECTED_RESPONSE, detail=detail, upstream=_upstream(answered, ApiError()))
    return _error(planned, why, _source(planned.endpoint, variant, answered))


def _not_found(planned: PlannedCall, variant: Variant, answered: Answered, now: datetime) -> Decision:
    table = outcome_table(planned.endpoint.source, planned.endpoint.call)
    error = table.read_error(answered.body)
    outcome = table.outcome(planned.definition.name, answered.http_status, error)
    why = reason(
        outcome.code,
        detail=_with_hints(planned, variant, outcome, _detail(planned, outcome)),
        parameter=outcome.parameter,
        retry_after_seconds=_wait(planned.definition, answered, error, outcome.code, now),
        upstream=_upstream(answered, error),
    )
    reply = CheckReply(
        id=planned.request.label,
        check=planned.request.check,
        status=outcome.status,
        reason=why,
        source=_source(planned.endpoint, variant, answered, error.meta.provider),
    )
    return Decision(reply, tuple(_drifts(answered, error, outcome)), outcome.alerts)


def _drifts(answered: Answered, error: ApiError, outcome: Outcome) -> Iterator[SchemaDrift]:
    code = error.code if _CODE.fullmatch(error.code) else "without a code"
    if not outcome.known:
        yield SchemaDrift(DriftKind.UNKNOWN_OUTCOME, f"{answered.http_status} {code}")
    elif outcome.alerts is Alert.REQUEST:
        yield SchemaDrift(DriftKind.REFUSED_REQUEST, f"{answered.http_status} {code}")


def _wait(
    definition: CheckDefinition, answered: Answered, error: ApiError, code: CheckCode, now: datetime
) -> int | None:
    if not traits_of(code).is_retryable:
        return None
    headers = dict(answered.headers)
    if code is not CheckCode.RATE_LIMITED:
        # Every answer tells when the quota's window ends; only a refusal for the quota waits for it.
        headers.pop("ratelimit-reset", None)
    told = retry_after_seconds(headers, error, now)
    if told is None and traits_of(code).is_of_a_window:
        provider = error.meta.provider or definition.provider
        left = seconds_to_end(provider, now)
        return None if left is None else ceil(left)
    return told


def _detail(planned: PlannedCall, outcome: Outcome) -> str | None:
    definition = planned.definition
    of_check = {
        CheckCode.NO_RECORD: definition.no_record_detail,
        CheckCode.NOT_CONCERNED: definition.not_concerned_detail,
    }
    return (
        outcome.detail or of_check.get(outcome.code) or _source_detail(planned.endpoint.source, outcome.code)
    )


def _with_hints(planned: PlannedCall, variant: Variant, outcome: Outcome, detail: str | None) -> str | None:
    """Return the detail with what may be wrong with the identity that was sent, where that is what the answer is about."""
    profile = planned.endpoint.identity
    if profile is None:
        return detail
    hints: tuple[str, ...] = ()
    if outcome.code is CheckCode.IDENTITY_UNMATCHED:
        hints = identity_hints(
            profile, variant.query, {each.change for each in planned.variants if each.change}
        )
    elif outcome.code is CheckCode.INVALID_PARAMETER and outcome.parameter in _OF_THE_COMMUNE:
        hints = tuple(filter(None, [commune_hint(variant.query)]))
    return " ".join((detail or traits_of(outcome.code).detail, *hints)) if hints else detail


def _source_detail(source: ApiSource | None, code: CheckCode) -> str | None:
    return _DGFIP_DETAILS.get(code) if source is ApiSource.API_IMPOT_PARTICULIER else None


def _error(planned: PlannedCall | Rejected, why: Reason, source: Source | None = None) -> CheckReply:
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


def _source(endpoint: Endpoint, variant: Variant, exchange: Exchange, provider: str | None = None) -> Source:
    answered = exchange if isinstance(exchange, Answered) else None
    return Source(
        api=endpoint.source.api,
        api_version=endpoint.api_version,
        endpoint=endpoint.path,
        provider=provider,
        variant=variant.name,
        http_status=answered.http_status if answered else None,
        attempts=1,
        duration_ms=exchange.duration_ms,
        cached=answered is not None
        and answered.headers.get("x-response-cached", "").lower() in ("1", "true"),
    )
