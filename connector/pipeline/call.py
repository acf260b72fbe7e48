"""The call itself: sent, decided, and noted in the journal when it has ended. Before it set out it was noted by its gate."""

from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from connector.amqp.confirmed_channel import PublishError
from connector.checks.admission import Admitted
from connector.checks.advance import variant_of
from connector.checks.decide import Decision, decide
from connector.checks.plan import PlannedCall
from connector.clock import seconds_left
from connector.events import Event
from connector.jobs.progress import CheckProgress
from connector.limits.suspension import Keys
from connector.pipeline.ports import Sending
from connector.sources.exchange import Answered, Exchange, Unanswered, Upstream
from connector.storage.journal.journal import UNEXPLAINED, Access, Accesses, outcome_of
from connector.telemetry.tracing import Span
from connector.time_limits import ASK_SECONDS
from schemas.codes import CheckCode
from schemas.reply import CheckReply

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """What the calls of one check are made with."""

    planned: PlannedCall
    admitted: Admitted
    upstream: Upstream
    secret: str = field(repr=False)
    deadline: datetime
    accesses: Accesses
    breakers: tuple[str, ...]
    """The names of the breakers that they pass, the provider's last."""
    keys: Keys
    """Under which names their refusals are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A call that was made."""

    asked_at: datetime
    exchange: Exchange
    decision: Decision


async def send(context: CallContext, progress: CheckProgress, access: Access, ports: Sending) -> Ended:
    """Ask the source by a call that is noted already; each of its HTTP calls is noted when it has ended."""
    planned, variant = context.planned, variant_of(context.planned, progress)
    asked_at = ports.clock()

    def ended(exchange: Exchange) -> Decision:
        decision = decide(planned, variant, exchange, ports.clock())
        access.end(outcome_of(decision.reply), exchange)
        _tell(context, decision.reply, exchange, ports)
        return decision

    async def again(exchange: Exchange) -> None:
        ended(exchange)
        await access.begin()

    left_seconds = seconds_left(asked_at, context.deadline)
    within_seconds = min(left_seconds, ASK_SECONDS)
    try:
        with ports.tracer.span("http.client", f"GET {planned.endpoint.path}") as span:
            exchange = await context.upstream.ask(
                planned.endpoint, variant.query, context.secret, within_seconds, again
            )
            if within_seconds < left_seconds:
                exchange = _late(exchange)
            _note_span(span, planned, exchange)
        return Ended(asked_at=asked_at, exchange=exchange, decision=ended(exchange))
    except PublishError:
        raise
    except Exception:
        access.end(UNEXPLAINED)
        raise


def _late(exchange: Exchange) -> Exchange:
    """Return the exchange of a call that was given up though its job had not expired: the source is late."""
    if isinstance(exchange, Unanswered) and exchange.code is CheckCode.EXPIRED:
        return replace(exchange, code=CheckCode.PROVIDER_TIMEOUT)
    return exchange


def _note_span(span: Span, planned: PlannedCall, exchange: Exchange) -> None:
    span.note("check", planned.definition.name)
    span.note("provider", planned.definition.provider)
    if isinstance(exchange, Answered):
        span.note("http.response.status_code", exchange.http_status)


def _tell(context: CallContext, answer: CheckReply, exchange: Exchange, ports: Sending) -> None:
    """Count the call, and log it."""
    check = context.planned.definition.name
    code = answer.reason.code if answer.reason else None
    ports.metrics.call_ended(check, context.admitted.tenant, code, exchange.duration_ms)
    _log.debug(Event.CALL_ENDED, check=check, code=str(code or "found"), duration_ms=exchange.duration_ms)
