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
from connector.pipeline.call_context import CallContext
from connector.pipeline.one_at_a_time import one_at_a_time
from connector.pipeline.outage import ends_of, note_blocked, note_end, stay_open
from connector.pipeline.ports import Calling
from connector.pipeline.send import send
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


async def call(context: CallContext, progress: CheckProgress, ports: Calling) -> CheckReply | BlockedUntil:
    """Make one call, unless it is held back: by a suspension of its tenant, a breaker, or its quota.

    Raises ``PublishError`` when the connection to the broker ended before the call could be noted: it is not made.
    """
    if not is_of_the_person(context.planned):
        return await _call(context, progress, ports)
    held = _blocked_by_suspension(context, ports) or _blocked_by_breakers(context, ports)
    if held is not None:
        return held
    # Its own quota first: whoever has used it up keeps nobody's turn.
    if await _reserve_own(context, ports) is None:
        return _again_later(context, CheckCode.RATE_LIMITED, ports)
    async with one_at_a_time(context, ports) as is_ours:
        if not is_ours:
            return BlockedUntil(context.deadline, CheckCode.PROVIDER_CONFLICT)
        return await _call(context, progress, ports)


async def _call(context: CallContext, progress: CheckProgress, ports: Calling) -> CheckReply | BlockedUntil:
    bounds = _bounds_of(context, ports)
    turn_by = ports.clock() + timedelta(seconds=LONGEST_TURN_SECONDS)
    turn = await _turn_or_blocked(context, bounds, turn_by, ports)
    if not isinstance(turn, Reservation):
        return turn
    with tried_alone(context.planned, context.admitted, ports) as suspended:
        if suspended is not None:
            return _blocked_by(suspended, context)
        return await _set_out(context, progress, bounds, turn, ports)


async def _set_out(
    context: CallContext,
    progress: CheckProgress,
    bounds: tuple[Bound, ...],
    turn: Reservation,
    ports: Calling,
) -> CheckReply | BlockedUntil:
    tenant = context.admitted.tenant
    passage = await _pass(context, ports)
    if isinstance(passage, BlockedUntil):
        return passage
    set_out_by = ports.clock() + timedelta(seconds=SET_OUT_SECONDS)
    access = context.accesses.of(context.planned, progress.calls + 1)
    try:
        down = await _pinged_down(context, passage, set_out_by, ports)
        held = down or await _note(context, access, passage, turn, set_out_by, ports)
        if held is not None:
            await _give_back(passage, ports)
            return held
        asked_at = ports.clock()
        exchange, decision = await send(context, progress, access, ports)
    except BaseException:
        # Cancelled with its connection, most likely.
        await _give_back(passage, ports)
        raise
    for drift in decision.drifts:
        ports.drift_counter.count(context.planned.definition.name, drift)
    _heed_rate_limit(context, bounds, exchange, ports)
    await note_answer(context.planned, context.admitted, decision.reply, decision.alert, ports)
    for breaker, end in ends_of(context.planned, decision.reply, asked_at, progress).items():
        await note_end(breaker, tenant, end, ports)
    return decision.reply


def _bounds_of(context: CallContext, ports: Calling) -> tuple[Bound, ...]:
    """Return the quotas of a call: a counter must find something left of the address's, whatever another vendor's asks."""
    admitted = context.admitted
    is_beside_others = admitted.lane is Lane.INTERACTIVE and len(ports.registry.registry.vendors) > 1
    vendor = admitted.vendor.name if is_beside_others else None
    return ports.quotas.bounds(context.planned, admitted.tenant, vendor)


Passage = Mapping[str, Probe]
"""The breakers that a call passes as the one probe of each."""


async def _pass(context: CallContext, ports: Calling) -> Passage | BlockedUntil:
    """Pass every breaker of a call, or return what holds it back."""
    probes: dict[str, Probe] = {}
    for breaker in context.breakers:
        passed = await ports.breakers.change(breaker, lambda state: gate(state, ports.clock()))
        if isinstance(passed, BlockedUntil):
            await _give_back(probes, ports)
            return note_blocked(breaker, context.admitted.tenant, passed, ports)
        if isinstance(passed, Probe):
            probes[breaker] = passed
    return probes


async def _pinged_down(
    context: CallContext, passage: Passage, set_out_by: datetime, ports: Calling
) -> BlockedUntil | None:
    """Ping the provider where the call is to be its probe; return what holds the call back where it says no."""
    provider = context.breakers[-1]
    probe = passage.get(provider)
    if probe is None or not probe.ping_first or await _ping(context, set_out_by, ports):
        return None
    held = await stay_open(provider, ports)
    return note_blocked(provider, context.admitted.tenant, held, ports)


async def _note(
    context: CallContext,
    access: Access,
    passage: Passage,
    turn: Reservation,
    set_out_by: datetime,
    ports: Calling,
) -> CheckReply | BlockedUntil | None:
    """Have the broker keep the call's record; return what holds the call back by then, None at its turn."""
    within_seconds = context.left_seconds(ports.clock(), set_out_by)
    passed: CheckReply | BlockedUntil | Reservation = turn
    try:
        async with asyncio.timeout(within_seconds):
            await access.begin()
    except TimeoutError:
        passed = _again_later(context, CheckCode.EXPIRED, ports)
    else:
        if turn.late_seconds > TURN_LASTS_SECONDS:
            # As are those of many, who would all set out now.
            bounds = _bounds_of(context, ports)
            passed = await _turn_or_blocked(context, bounds, set_out_by, ports, probed=passage)
    if isinstance(passed, Reservation):
        await passed.come()
        return None
    access.end(NOT_MADE)
    return passed


async def _give_back(passage: Passage, ports: Calling) -> None:
    """Let another call be the probe, where this one was it and has no answer."""
    for breaker in passage:
        await ports.breakers.change(breaker, lambda state: (without_answer(state, ports.clock()), None))


async def _turn_or_blocked(
    context: CallContext,
    bounds: tuple[Bound, ...],
    turn_by: datetime,
    ports: Calling,
    *,
    probed: Container[str] = (),
) -> CheckReply | BlockedUntil | Reservation:
    """Return what holds the call back; its turn where nothing does."""
    held = _blocked_by_suspension(context, ports) or _blocked_by_breakers(context, ports, probed=probed)
    if held is not None:
        return held
    turn = await _reserve_turn(context, bounds, turn_by, ports)
    if turn is None:
        return _again_later(context, CheckCode.RATE_LIMITED, ports)
    # A suspension may have begun while this call waited, as hundreds may.
    return _blocked_by_suspension(context, ports) or turn


def _blocked_by_suspension(context: CallContext, ports: Calling) -> CheckReply | BlockedUntil | None:
    """Return how the call ends without being made while its tenant is suspended, or the address pauses."""
    suspended = suspension_of(context.planned, context.admitted, ports)
    return None if suspended is None else _blocked_by(suspended, context)


def _blocked_by(suspended: Suspended, context: CallContext) -> CheckReply | BlockedUntil:
    if suspended.code is CheckCode.RATE_LIMITED:
        return BlockedUntil(suspended.until, suspended.code, is_known=True)
    # A token that is refused stays so until somebody acts: waiting answers nobody.
    return without_call(context.planned, suspended.code)


def _blocked_by_breakers(
    context: CallContext, ports: Calling, *, probed: Container[str] = ()
) -> BlockedUntil | None:
    """Return until when a breaker will most likely hold the call back."""
    for breaker in context.breakers:
        _, likely = gate(ports.breakers.peek(breaker), ports.clock())
        if isinstance(likely, BlockedUntil) and breaker not in probed:
            return note_blocked(breaker, context.admitted.tenant, likely, ports)
    return None


def _again_later(context: CallContext, code: CheckCode, ports: Calling) -> BlockedUntil:
    """Return when to try again: a job that waits for long does not wait in a worker's hand."""
    again = ports.clock() + timedelta(seconds=TURN_AGAIN_SECONDS)
    return BlockedUntil(min(again, context.deadline), code, is_known=True)


async def _reserve_own(context: CallContext, ports: Calling) -> Reservation | None:
    """Return the call's turn by the quota of FranceConnect's tokens that its vendor sends for its tenant; None in vain."""
    admitted = context.admitted
    bounds = ports.quotas.of_france_connect(admitted.vendor.name, admitted.tenant)
    demand = Demand(bounds, is_urgent=admitted.lane is Lane.INTERACTIVE)
    claim = Ticket(line=bounds[0].key if bounds else "", vendor=admitted.vendor.name, demand=demand)
    turn = await ports.turns.reserve(claim, context.left_seconds(ports.clock()))
    if turn is not None:
        await turn.come()
    return turn


async def _reserve_turn(
    context: CallContext, bounds: tuple[Bound, ...], turn_by: datetime, ports: Calling
) -> Reservation | None:
    admitted = context.admitted
    claim = Ticket(
        line=token_key(context.planned, admitted.tenant),
        vendor=admitted.vendor.name,
        demand=Demand(bounds, is_urgent=admitted.lane is Lane.INTERACTIVE),
    )
    since = ports.clock()
    turn = await ports.turns.reserve(claim, context.left_seconds(since, turn_by))
    if bounds:
        ports.metrics.turn_came(admitted.lane, (ports.clock() - since) / timedelta(seconds=1))
    return turn


async def _ping(context: CallContext, set_out_by: datetime, ports: Calling) -> bool:
    """Tell whether the provider may be up, as far as a ping says: one that has no turn is not sent, and says nothing."""
    if context.planned.endpoint.source in OF_THE_ADDRESS:
        demand = Demand(ports.quotas.of_the_address(), is_urgent=True)
        within_seconds = context.left_seconds(ports.clock(), set_out_by)
        turn = await ports.turns.reserve(Ticket(line="ping", vendor="", demand=demand), within_seconds)
        if turn is None:
            return True
        await turn.come()
    left_seconds = context.left_seconds(ports.clock())
    return await context.upstream.ping(context.planned.endpoint, left_seconds) is not False


def _heed_rate_limit(
    context: CallContext, bounds: tuple[Bound, ...], exchange: Exchange, ports: Calling
) -> None:
    """Take in what the API says of the token's quota, where there is one to keep to."""
    key = token_key(context.planned, context.admitted.tenant)
    bound = next((bound for bound in bounds if bound.key == key), None)
    if bound is None or not isinstance(exchange, Answered):
        return
    note = hint_of(exchange.headers, bound.quota, ports.clock())
    if note is not None:
        ports.turns.note(key, note)
