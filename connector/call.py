"""One call of a check: past what holds it back, to its source, and what its end teaches.

    suspension ─▶ breaker ─▶ quota ─▶ breaker (a probe?) ─▶ the journal ─▶ the call ─▶ decide ─▶ note what it says of all
    of them

A call that is held back costs no attempt; one that waits for its quota's turn waits here, in its tenant's own line. None
sets out before the broker has its record.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from connector.admission import Admitted
from connector.advance import attempt_of
from connector.breaker import Probe, gate, without_answer
from connector.decide import Decision, decide, without_call
from connector.journal.journal import UNEXPLAINED, Accesses, outcome_of
from connector.messaging.delivery import Lane
from connector.messaging.publisher import PublishError
from connector.outage import breaker_of, end_of, note_end, note_held, stay_open
from connector.plan import PlannedCall
from connector.progress import CheckProgress
from connector.quota.bounds import OF_THE_ADDRESS, token_key
from connector.quota.limiter import Bound, Demand
from connector.quota.told import note_of
from connector.quota.turns import Claim
from connector.refused import note_answer, suspension_of
from connector.retry import Held
from connector.services import Services
from connector.telemetry.tracing import Span
from connector.upstream.exchange import Answered, Exchange, Upstream
from schemas.codes import CheckCode
from schemas.reply import CheckReply

LONGEST_TURN_SECONDS: Final = 90.0
"""How long a call waits for its turn in the worker: RabbitMQ takes a delivery back that is not settled in half an hour."""
TURN_AGAIN_SECONDS: Final = 30.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a check's calls are made with."""

    planned: PlannedCall
    admitted: Admitted
    upstream: Upstream
    secret: str = field(repr=False)
    deadline: datetime
    accesses: Accesses

    @property
    def breaker(self) -> str:
        """The name of its provider's breaker."""
        return breaker_of(self.planned)


async def call(question: Question, progress: CheckProgress, services: Services) -> CheckReply | Held:
    """Make one call, unless it is held back: by a suspension of its tenant, its provider's breaker, or its quota.

    Raises ``PublishError`` when the connection to the broker ended before the call could be noted: it is not made.
    """
    tenant = question.admitted.tenant
    bounds = services.quotas.bounds(question.planned, tenant)
    held = await _held_back(question, bounds, services)
    if held is not None:
        return held
    passage = await services.breakers.change(question.breaker, lambda state: gate(state, services.clock()))
    if isinstance(passage, Held):
        return note_held(question.planned, tenant, passage, services)
    try:
        if isinstance(passage, Probe) and passage.ping_first and not await _ping(question, services):
            return note_held(question.planned, tenant, await stay_open(question.breaker, services), services)
        asked_at = services.clock()
        exchange, decision = await _ask(question, progress, services)
    except BaseException:
        if isinstance(passage, Probe):
            # Cancelled with its connection, most likely: another probe must not wait for this one's end.
            await services.breakers.change(
                question.breaker, lambda state: (without_answer(state, services.clock()), None)
            )
        raise
    _tell(question, decision.reply, exchange, services)
    for surprise in decision.surprises:
        services.tally.count(question.planned.definition.name, surprise)
    _note_quota(question, bounds, exchange, services)
    await note_answer(question.planned, tenant, decision.reply, services)
    await note_end(question.planned, tenant, end_of(decision.reply, asked_at, progress), services)
    return decision.reply


async def _ask(question: Question, progress: CheckProgress, services: Services) -> tuple[Exchange, Decision]:
    """Ask the source, each of its calls noted before it sets out and when it has ended."""
    planned, attempt = question.planned, attempt_of(question.planned, progress)
    access = question.accesses.of(planned, progress.calls + 1)

    def ended(exchange: Exchange) -> Decision:
        decision = decide(planned, attempt, exchange, services.clock())
        access.end(outcome_of(decision.reply), exchange)
        return decision

    async def again(exchange: Exchange) -> None:
        ended(exchange)
        await access.begin()

    await access.begin()
    left_seconds = _seconds_until(question.deadline, services.clock())
    try:
        with services.tracer.span("http.client", f"GET {planned.endpoint.path}") as span:
            exchange = await question.upstream.ask(
                planned.endpoint, attempt.query, question.secret, left_seconds, again
            )
            _note_span(span, planned, exchange)
        return exchange, ended(exchange)
    except PublishError:
        raise
    except Exception:
        access.end(UNEXPLAINED)
        raise


def _note_span(span: Span, planned: PlannedCall, exchange: Exchange) -> None:
    span.note("check", planned.definition.name)
    span.note("provider", planned.definition.provider)
    if isinstance(exchange, Answered):
        span.note("http.response.status_code", exchange.http_status)


def _tell(question: Question, answer: CheckReply, exchange: Exchange, services: Services) -> None:
    """Count the call, and log it."""
    check = question.planned.definition.name
    code = answer.reason.code if answer.reason else None
    services.metrics.call_ended(check, question.admitted.tenant, code, exchange.duration_ms)
    _log.debug("call.ended", check=check, code=str(code or "found"), duration_ms=exchange.duration_ms)


async def _held_back(
    question: Question, bounds: tuple[Bound, ...], services: Services
) -> CheckReply | Held | None:
    """Return what holds the call back; None once its turn has come, and nothing does."""
    held = _held_by_refusals(question, services)
    if held is not None:
        return held
    _, likely = gate(services.breakers.peek(question.breaker), services.clock())
    if isinstance(likely, Held):
        return note_held(question.planned, question.admitted.tenant, likely, services)
    if not await _take_turn(question, bounds, services):
        return _without_turn(question, services)
    # A suspension may have begun while this call waited, as hundreds may.
    return _held_by_refusals(question, services)


def _held_by_refusals(question: Question, services: Services) -> CheckReply | Held | None:
    """Return how the call ends without being made while its tenant is suspended, or the address pauses."""
    suspended = suspension_of(question.planned, question.admitted.tenant, services)
    if suspended is None:
        return None
    if suspended.code is CheckCode.RATE_LIMITED:
        return Held(suspended.until, suspended.code, is_known=True)
    # A token that is refused stays so until somebody acts: waiting answers nobody.
    return without_call(question.planned, suspended.code)


def _without_turn(question: Question, services: Services) -> Held:
    """Return when to ask for a turn again: a job that waits for long does not wait in a worker's hand."""
    again = services.clock() + timedelta(seconds=TURN_AGAIN_SECONDS)
    return Held(min(again, question.deadline), CheckCode.RATE_LIMITED, is_known=True)


async def _take_turn(question: Question, bounds: tuple[Bound, ...], services: Services) -> bool:
    admitted = question.admitted
    claim = Claim(
        line=token_key(question.planned, admitted.tenant),
        vendor=admitted.vendor.name,
        demand=Demand(bounds, is_urgent=admitted.lane is Lane.INTERACTIVE),
    )
    since = services.clock()
    left_seconds = _seconds_until(question.deadline, since)
    has_come = await services.turns.take(claim, min(left_seconds, LONGEST_TURN_SECONDS))
    if bounds:
        services.metrics.turn_came(admitted.lane, (services.clock() - since) / timedelta(seconds=1))
    return has_come


async def _ping(question: Question, services: Services) -> bool:
    """Tell whether the provider may be up, as far as a ping says."""
    if question.planned.endpoint.source in OF_THE_ADDRESS:
        demand = Demand(services.quotas.of_the_address(), is_urgent=True)
        await services.turns.take(Claim(line="ping", vendor="", demand=demand), LONGEST_TURN_SECONDS)
    left_seconds = _seconds_until(question.deadline, services.clock())
    return await question.upstream.ping(question.planned.endpoint, left_seconds) is not False


def _note_quota(
    question: Question, bounds: tuple[Bound, ...], exchange: Exchange, services: Services
) -> None:
    """Take in what the API says of the token's quota, where there is one to keep to."""
    key = token_key(question.planned, question.admitted.tenant)
    bound = next((bound for bound in bounds if bound.key == key), None)
    if bound is None or not isinstance(exchange, Answered):
        return
    note = note_of(exchange.headers, bound.quota, services.clock())
    if note is not None:
        services.turns.note(key, note)


def _seconds_until(instant: datetime | None, now: datetime) -> float:
    return 0.0 if instant is None else max(0.0, (instant - now) / timedelta(seconds=1))
