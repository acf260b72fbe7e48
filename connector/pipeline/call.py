"""One call of a check: past what holds it back, to its source, and what its end teaches.

    one at a time (FranceConnect) ─▶ suspension ─▶ breakers ─▶ quota ─▶ breakers (a probe?) ─▶ the journal ─▶ its turn
    ─▶ the call ─▶ decide ─▶ note what it says of all of them

A call that is held back costs no attempt; one that waits for its quota's turn waits here, in its tenant's own line. None
sets out before the broker has its record, which is kept in the moment before the call's turn; where that took long, it
asks once more whether anything holds it back.
"""

import asyncio
from collections.abc import Container, Mapping
from datetime import datetime, timedelta

from connector.checks.decide import without_call
from connector.checks.retry import BlockedUntil
from connector.jobs.progress import CheckProgress
from connector.jobs.records import Lane
from connector.limits.bounds import OF_THE_ADDRESS, is_of_the_person, token_key
from connector.limits.breaker import Probe, gate, without_answer
from connector.limits.fair_queue import Reservation, Ticket
from connector.limits.limiter import Bound, Demand
from connector.limits.rate_limit_headers import hint_of
from connector.pipeline.call_context import Question
from connector.pipeline.one_at_a_time import one_at_a_time
from connector.pipeline.outage import ends_of, note_blocked, note_end, stay_open
from connector.pipeline.send import ask
from connector.pipeline.services import Services
from connector.pipeline.suspension import Suspended, note_answer, suspension_of, tried_alone
from connector.sources.exchange import Answered, Exchange
from connector.storage.journal.journal import Access
from connector.storage.journal.record import NOT_MADE
from connector.time_limits import (
    LONGEST_TURN_SECONDS,
    SET_OUT_SECONDS,
    TURN_AGAIN_SECONDS,
    TURN_LASTS_SECONDS,
)
from schemas.codes import CheckCode
from schemas.reply import CheckReply


async def call(question: Question, progress: CheckProgress, services: Services) -> CheckReply | BlockedUntil:
    """Make one call, unless it is held back: by a suspension of its tenant, a breaker, or its quota.

    Raises ``PublishError`` when the connection to the broker ended before the call could be noted: it is not made.
    """
    if not is_of_the_person(question.planned):
        return await _call(question, progress, services)
    held = _blocked_by_suspension(question, services) or _blocked_by_breakers(question, services)
    if held is not None:
        return held
    # Its own quota first: whoever has used it up keeps nobody's turn.
    if await _reserve_own(question, services) is None:
        return _again_later(question, CheckCode.RATE_LIMITED, services)
    async with one_at_a_time(question, services) as is_ours:
        if not is_ours:
            return BlockedUntil(question.deadline, CheckCode.PROVIDER_CONFLICT)
        return await _call(question, progress, services)


async def _call(question: Question, progress: CheckProgress, services: Services) -> CheckReply | BlockedUntil:
    bounds = _bounds_of(question, services)
    turn_by = services.clock() + timedelta(seconds=LONGEST_TURN_SECONDS)
    turn = await _turn_or_blocked(question, bounds, turn_by, services)
    if not isinstance(turn, Reservation):
        return turn
    with tried_alone(question.planned, question.admitted, services) as suspended:
        if suspended is not None:
            return _blocked_by(suspended, question)
        return await _set_out(question, progress, bounds, turn, services)


async def _set_out(
    question: Question,
    progress: CheckProgress,
    bounds: tuple[Bound, ...],
    turn: Reservation,
    services: Services,
) -> CheckReply | BlockedUntil:
    tenant = question.admitted.tenant
    passage = await _pass(question, services)
    if isinstance(passage, BlockedUntil):
        return passage
    set_out_by = services.clock() + timedelta(seconds=SET_OUT_SECONDS)
    access = question.accesses.of(question.planned, progress.calls + 1)
    try:
        down = await _pinged_down(question, passage, set_out_by, services)
        held = down or await _note(question, access, passage, turn, set_out_by, services)
        if held is not None:
            await _give_back(passage, services)
            return held
        asked_at = services.clock()
        exchange, decision = await ask(question, progress, access, services)
    except BaseException:
        # Cancelled with its connection, most likely.
        await _give_back(passage, services)
        raise
    for drift in decision.drifts:
        services.drift_counter.count(question.planned.definition.name, drift)
    _note_quota(question, bounds, exchange, services)
    await note_answer(question.planned, question.admitted, decision.reply, decision.alert, services)
    for breaker, end in ends_of(question.planned, decision.reply, asked_at, progress).items():
        await note_end(breaker, tenant, end, services)
    return decision.reply


def _bounds_of(question: Question, services: Services) -> tuple[Bound, ...]:
    """Return the quotas of a call: a counter must find something left of the address's, whatever another vendor's asks."""
    admitted = question.admitted
    is_beside_others = admitted.lane is Lane.INTERACTIVE and len(services.registry.registry.vendors) > 1
    vendor = admitted.vendor.name if is_beside_others else None
    return services.quotas.bounds(question.planned, admitted.tenant, vendor)


Passage = Mapping[str, Probe]
"""The breakers that a call passes as the one probe of each."""


async def _pass(question: Question, services: Services) -> Passage | BlockedUntil:
    """Pass every breaker of a call, or return what holds it back."""
    probes: dict[str, Probe] = {}
    for breaker in question.breakers:
        passed = await services.breakers.change(breaker, lambda state: gate(state, services.clock()))
        if isinstance(passed, BlockedUntil):
            await _give_back(probes, services)
            return note_blocked(breaker, question.admitted.tenant, passed, services)
        if isinstance(passed, Probe):
            probes[breaker] = passed
    return probes


async def _pinged_down(
    question: Question, passage: Passage, set_out_by: datetime, services: Services
) -> BlockedUntil | None:
    """Ping the provider where the call is to be its probe; return what holds the call back where it says no."""
    provider = question.breakers[-1]
    probe = passage.get(provider)
    if probe is None or not probe.ping_first or await _ping(question, set_out_by, services):
        return None
    held = await stay_open(provider, services)
    return note_blocked(provider, question.admitted.tenant, held, services)


async def _note(
    question: Question,
    access: Access,
    passage: Passage,
    turn: Reservation,
    set_out_by: datetime,
    services: Services,
) -> CheckReply | BlockedUntil | None:
    """Have the broker keep the call's record; return what holds the call back by then, None at its turn."""
    within_seconds = question.left_seconds(services.clock(), set_out_by)
    passed: CheckReply | BlockedUntil | Reservation = turn
    try:
        async with asyncio.timeout(within_seconds):
            await access.begin()
    except TimeoutError:
        passed = _again_later(question, CheckCode.EXPIRED, services)
    else:
        if turn.late_seconds > TURN_LASTS_SECONDS:
            # As are those of many, who would all set out now.
            bounds = _bounds_of(question, services)
            passed = await _turn_or_blocked(question, bounds, set_out_by, services, probed=passage)
    if isinstance(passed, Reservation):
        await passed.come()
        return None
    access.end(NOT_MADE)
    return passed


async def _give_back(passage: Passage, services: Services) -> None:
    """Let another call be the probe, where this one was it and has no answer."""
    for breaker in passage:
        await services.breakers.change(breaker, lambda state: (without_answer(state, services.clock()), None))


async def _turn_or_blocked(
    question: Question,
    bounds: tuple[Bound, ...],
    turn_by: datetime,
    services: Services,
    *,
    probed: Container[str] = (),
) -> CheckReply | BlockedUntil | Reservation:
    """Return what holds the call back; its turn where nothing does."""
    held = _blocked_by_suspension(question, services) or _blocked_by_breakers(
        question, services, probed=probed
    )
    if held is not None:
        return held
    turn = await _reserve_turn(question, bounds, turn_by, services)
    if turn is None:
        return _again_later(question, CheckCode.RATE_LIMITED, services)
    # A suspension may have begun while this call waited, as hundreds may.
    return _blocked_by_suspension(question, services) or turn


def _blocked_by_suspension(question: Question, services: Services) -> CheckReply | BlockedUntil | None:
    """Return how the call ends without being made while its tenant is suspended, or the address pauses."""
    suspended = suspension_of(question.planned, question.admitted, services)
    return None if suspended is None else _blocked_by(suspended, question)


def _blocked_by(suspended: Suspended, question: Question) -> CheckReply | BlockedUntil:
    if suspended.code is CheckCode.RATE_LIMITED:
        return BlockedUntil(suspended.until, suspended.code, is_known=True)
    # A token that is refused stays so until somebody acts: waiting answers nobody.
    return without_call(question.planned, suspended.code)


def _blocked_by_breakers(
    question: Question, services: Services, *, probed: Container[str] = ()
) -> BlockedUntil | None:
    """Return until when a breaker will most likely hold the call back."""
    for breaker in question.breakers:
        _, likely = gate(services.breakers.peek(breaker), services.clock())
        if isinstance(likely, BlockedUntil) and breaker not in probed:
            return note_blocked(breaker, question.admitted.tenant, likely, services)
    return None


def _again_later(question: Question, code: CheckCode, services: Services) -> BlockedUntil:
    """Return when to try again: a job that waits for long does not wait in a worker's hand."""
    again = services.clock() + timedelta(seconds=TURN_AGAIN_SECONDS)
    return BlockedUntil(min(again, question.deadline), code, is_known=True)


async def _reserve_own(question: Question, services: Services) -> Reservation | None:
    """Return the call's turn by the quota of FranceConnect's tokens that its vendor sends for its tenant; None in vain."""
    admitted = question.admitted
    bounds = services.quotas.of_france_connect(admitted.vendor.name, admitted.tenant)
    demand = Demand(bounds, is_urgent=admitted.lane is Lane.INTERACTIVE)
    claim = Ticket(line=bounds[0].key if bounds else "", vendor=admitted.vendor.name, demand=demand)
    turn = await services.turns.reserve(claim, question.left_seconds(services.clock()))
    if turn is not None:
        await turn.come()
    return turn


async def _reserve_turn(
    question: Question, bounds: tuple[Bound, ...], turn_by: datetime, services: Services
) -> Reservation | None:
    admitted = question.admitted
    claim = Ticket(
        line=token_key(question.planned, admitted.tenant),
        vendor=admitted.vendor.name,
        demand=Demand(bounds, is_urgent=admitted.lane is Lane.INTERACTIVE),
    )
    since = services.clock()
    turn = await services.turns.reserve(claim, question.left_seconds(since, turn_by))
    if bounds:
        services.metrics.turn_came(admitted.lane, (services.clock() - since) / timedelta(seconds=1))
    return turn


async def _ping(question: Question, set_out_by: datetime, services: Services) -> bool:
    """Tell whether the provider may be up, as far as a ping says: one that has no turn is not sent, and says nothing."""
    if question.planned.endpoint.source in OF_THE_ADDRESS:
        demand = Demand(services.quotas.of_the_address(), is_urgent=True)
        within_seconds = question.left_seconds(services.clock(), set_out_by)
        turn = await services.turns.reserve(Ticket(line="ping", vendor="", demand=demand), within_seconds)
        if turn is None:
            return True
        await turn.come()
    left_seconds = question.left_seconds(services.clock())
    return await question.upstream.ping(question.planned.endpoint, left_seconds) is not False


def _note_quota(
    question: Question, bounds: tuple[Bound, ...], exchange: Exchange, services: Services
) -> None:
    """Take in what the API says of the token's quota, where there is one to keep to."""
    key = token_key(question.planned, question.admitted.tenant)
    bound = next((bound for bound in bounds if bound.key == key), None)
    if bound is None or not isinstance(exchange, Answered):
        return
    note = hint_of(exchange.headers, bound.quota, services.clock())
    if note is not None:
        services.turns.note(key, note)
