"""The gate of a call: whatever may block it is passed here, or says until when it is blocked.

    a registry that is trusted ─▶ one at a time (FranceConnect) ─▶ suspension ─▶ breakers ─▶ its quota's turn ─▶ breakers (is it a probe?) ─▶ ping ─▶ the journal

A call that is blocked is not counted among the check's calls. One whose turn comes later waits here, in its tenant's own line.
None sets out before its record is kept: with the job's claim, where the gate was likely to be open (``is_open``), else by the broker in
the moment before the call's turn; where that took long, it is looked at once more whether anything blocks it.
"""

import asyncio
from collections.abc import AsyncIterator, Container, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from connector.checks.admission import Admitted
from connector.checks.decide import without_call
from connector.checks.plan import PlannedCall
from connector.checks.retry import BlockedUntil
from connector.clock import seconds_left
from connector.jobs.records import Lane
from connector.limits.bounds import OF_THE_ADDRESS, token_key
from connector.limits.breaker import Go, Probe, let_through, without_answer
from connector.limits.fair_queue import Reservation, Ticket
from connector.limits.limiter import Bound, Demand
from connector.limits.outage import breakers_of
from connector.limits.suspension import Suspended, keys_of, suspension_of, tried_alone
from connector.pipeline.call import CallContext
from connector.pipeline.heed import note_blocked, stay_open
from connector.pipeline.ports import Gating
from connector.storage.journal.journal import Access
from connector.storage.journal.record import NOT_MADE
from connector.storage.registry.cache import REFRESH_SECONDS
from connector.time_limits import (
    LONGEST_TURN_SECONDS,
    SET_OUT_SECONDS,
    TURN_AGAIN_SECONDS,
    TURN_LASTS_SECONDS,
)
from schemas.codes import CheckCode
from schemas.reply import CheckReply

ROOM_IN_LINE: Final = 60
"""Calls with FranceConnect tokens in one line. A vendor alone has half of it, so that another one of the same tenant finds some
(as in ``connector.limits.intake``): the turn of those further behind would come once their token has ended."""
_NOT_TRUSTED: Final = (
    "Le connecteur ne peut pas vérifier, pour l'instant, que ce CCAS l'autorise encore à interroger la source : sa base de données "
    "ne répond pas. Son hébergeur en est averti. Redemander dans quelques minutes."
)
Blocked = CheckReply | BlockedUntil
"""How a call ends that is not made: it is answered, or waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A call that may set out at its turn."""

    bounds: tuple[Bound, ...]
    """The quotas that it counts against."""
    turn: Reservation
    probes: Mapping[str, Probe]
    """The breakers that it passes as the one probe of each."""
    set_out_by: datetime


def is_open(planned: PlannedCall, admitted: Admitted, ports: Gating) -> bool:
    """Tell whether nothing would block a call, nor have it wait, as things are: nothing is taken for it."""
    keys = keys_of(planned, admitted)
    return (
        not keys.is_of_the_person
        and ports.registry.is_trusted
        and not ports.turns.has_urgent
        and suspension_of(keys, ports) is None
        and all(
            isinstance(let_through(ports.breakers.peek(name), ports.clock())[1], Go)
            for name in breakers_of(planned)
        )
    )


@asynccontextmanager
async def gate(context: CallContext, ports: Gating) -> AsyncIterator[Passage | Blocked]:
    """Give a call's passage for the block in which it is made, or what blocks it.

    The block keeps what only one call may have: the line of its endpoint, the trial of its token. Where it raises, another
    call may be the probe.
    """
    async with AsyncExitStack() as stack:
        yield await _pass(context, stack, ports)


async def set_out(context: CallContext, passage: Passage, access: Access, ports: Gating) -> Blocked | None:
    """Have the call's record kept; return what blocks the call by then, None at its turn.

    Raises ``PublishError`` when the connection to the broker ended before.
    """
    within_seconds = seconds_left(ports.clock(), passage.set_out_by, context.deadline)
    turn: Blocked | Reservation = passage.turn
    try:
        async with asyncio.timeout(within_seconds):
            await access.begin()
    except TimeoutError:
        turn = _again_later(context, CheckCode.EXPIRED, ports)
    else:
        if passage.turn.late_seconds > TURN_LASTS_SECONDS:
            # Many calls are late at once after a stall: they queue again, so that they do not leave together.
            bounds = _bounds_of(context, ports)
            turn = await _turn(context, bounds, passage.set_out_by, ports, probed=passage.probes)
    if isinstance(turn, Reservation) and ports.registry.is_trusted:
        await turn.come()
        return None
    if isinstance(turn, Reservation):
        turn = _not_trusted(ports)
    access.end(NOT_MADE)
    await _give_back(passage.probes, ports)
    return turn


async def _pass(context: CallContext, stack: AsyncExitStack, ports: Gating) -> Passage | Blocked:
    if not ports.registry.is_trusted:
        return _not_trusted(ports)
    if context.keys.is_of_the_person:
        blocked = await _line_up(context, stack, ports)
        if blocked is not None:
            return blocked
    bounds = _bounds_of(context, ports)
    turn_by = ports.clock() + timedelta(seconds=LONGEST_TURN_SECONDS)
    turn = await _turn(context, bounds, turn_by, ports)
    if not isinstance(turn, Reservation):
        return turn
    suspended = stack.enter_context(tried_alone(context.keys, ports))
    if suspended is not None:
        return _blocked_by(suspended, context)
    probes = await _probes(context, ports)
    if isinstance(probes, BlockedUntil):
        return probes

    async def give_back(kind: type[BaseException] | None, *_raised: object) -> None:
        # Cancelled with its connection, most likely.
        if kind is not None:
            await _give_back(probes, ports)

    stack.push_async_exit(give_back)
    set_out_by = ports.clock() + timedelta(seconds=SET_OUT_SECONDS)
    passage = Passage(bounds=bounds, turn=turn, probes=probes, set_out_by=set_out_by)
    return await _pinged_down(context, passage, ports) or passage


def _not_trusted(ports: Gating) -> BlockedUntil:
    soon = ports.clock() + timedelta(seconds=REFRESH_SECONDS)
    return BlockedUntil(soon, CheckCode.NETWORK_ERROR, detail=_NOT_TRUSTED)


async def _line_up(context: CallContext, stack: AsyncExitStack, ports: Gating) -> Blocked | None:
    """Wait until a call with a FranceConnect token is the only one; return what blocks it instead.

    The API takes any two of them to the same endpoint for the same recipient for the same call, whoever the person, and refuses
    the second while the first is under way.
    """
    blocked = _blocked_by_suspension(context, ports) or _blocked_by_breakers(context, ports)
    if blocked is not None:
        return blocked
    # Its own quota first: whoever has used it up keeps nobody's turn.
    if await _reserve_own(context, ports) is None:
        return _again_later(context, CheckCode.RATE_LIMITED, ports)
    admitted, line = context.admitted, ports.exclusion
    vendor = admitted.vendor.name
    name = f"{context.planned.endpoint.path}/{admitted.tenant.siret}"
    has_room = line.length_of(name, vendor) < max(1, ROOM_IN_LINE - line.length(name))
    if has_room and await stack.enter_async_context(
        line.turn(name, seconds_left(ports.clock(), context.deadline), vendor)
    ):
        return None
    return BlockedUntil(context.deadline, CheckCode.PROVIDER_CONFLICT)


def _bounds_of(context: CallContext, ports: Gating) -> tuple[Bound, ...]:
    """Return the quotas of a call.

    An interactive call counts against its vendor's part of the address's quota too, so that one vendor leaves some to the others.
    """
    admitted = context.admitted
    is_beside_others = admitted.lane is Lane.INTERACTIVE and len(ports.registry.registry.vendors) > 1
    vendor = admitted.vendor.name if is_beside_others else None
    return ports.quotas.bounds(context.planned, admitted.tenant, vendor)


async def _turn(
    context: CallContext,
    bounds: tuple[Bound, ...],
    turn_by: datetime,
    ports: Gating,
    *,
    probed: Container[str] = (),
) -> Blocked | Reservation:
    """Return what blocks the call; its turn where nothing does."""
    blocked = _blocked_by_suspension(context, ports) or _blocked_by_breakers(context, ports, probed=probed)
    if blocked is not None:
        return blocked
    turn = await _reserve_turn(context, bounds, turn_by, ports)
    if turn is None:
        return _again_later(context, CheckCode.RATE_LIMITED, ports)
    # A suspension may have begun while this call waited, as hundreds may.
    return _blocked_by_suspension(context, ports) or turn


def _blocked_by_suspension(context: CallContext, ports: Gating) -> Blocked | None:
    """Return how the call ends without being made while its tenant is suspended, or the address pauses."""
    suspended = suspension_of(context.keys, ports)
    return None if suspended is None else _blocked_by(suspended, context)


def _blocked_by(suspended: Suspended, context: CallContext) -> Blocked:
    if suspended.code is CheckCode.RATE_LIMITED:
        return BlockedUntil(suspended.until, suspended.code, is_known=True)
    # A token that is refused stays so until somebody acts: waiting answers nobody.
    return without_call(context.planned, suspended.code)


def _blocked_by_breakers(
    context: CallContext, ports: Gating, *, probed: Container[str] = ()
) -> BlockedUntil | None:
    """Return until when a breaker will most likely block the call."""
    for breaker in context.breakers:
        _, likely = let_through(ports.breakers.peek(breaker), ports.clock())
        if isinstance(likely, BlockedUntil) and breaker not in probed:
            return note_blocked(breaker, context.admitted.tenant, likely, ports)
    return None


def _again_later(context: CallContext, code: CheckCode, ports: Gating) -> BlockedUntil:
    """Return when to try again: a job that waits for long does not wait in a worker."""
    again = ports.clock() + timedelta(seconds=TURN_AGAIN_SECONDS)
    return BlockedUntil(min(again, context.deadline), code, is_known=True)


async def _reserve_own(context: CallContext, ports: Gating) -> Reservation | None:
    """Return the call's turn by the quota of FranceConnect's tokens that its vendor sends for its tenant; None in vain."""
    admitted = context.admitted
    bounds = ports.quotas.of_france_connect(admitted.vendor.name, admitted.tenant)
    demand = Demand(bounds, is_urgent=admitted.lane is Lane.INTERACTIVE)
    ticket = Ticket(line=bounds[0].key if bounds else "", vendor=admitted.vendor.name, demand=demand)
    turn = await ports.turns.reserve(ticket, seconds_left(ports.clock(), context.deadline))
    if turn is not None:
        await turn.come()
    return turn


async def _reserve_turn(
    context: CallContext, bounds: tuple[Bound, ...], turn_by: datetime, ports: Gating
) -> Reservation | None:
    admitted = context.admitted
    ticket = Ticket(
        line=token_key(context.planned, admitted.tenant),
        vendor=admitted.vendor.name,
        demand=Demand(bounds, is_urgent=admitted.lane is Lane.INTERACTIVE),
    )
    since = ports.clock()
    turn = await ports.turns.reserve(ticket, seconds_left(since, turn_by, context.deadline))
    if bounds:
        ports.metrics.turn_came(admitted.lane, (ports.clock() - since) / timedelta(seconds=1))
    return turn


async def _probes(context: CallContext, ports: Gating) -> dict[str, Probe] | BlockedUntil:
    """Pass every breaker of a call, or return what blocks it."""
    probes: dict[str, Probe] = {}
    for breaker in context.breakers:
        passed = await ports.breakers.change(breaker, lambda state: let_through(state, ports.clock()))
        if isinstance(passed, BlockedUntil):
            await _give_back(probes, ports)
            return note_blocked(breaker, context.admitted.tenant, passed, ports)
        if isinstance(passed, Probe):
            probes[breaker] = passed
    return probes


async def _give_back(probes: Mapping[str, Probe], ports: Gating) -> None:
    """Let another call be the probe, where this one was it and has no answer."""
    for breaker in probes:
        await ports.breakers.change(breaker, lambda state: (without_answer(state, ports.clock()), None))


async def _pinged_down(context: CallContext, passage: Passage, ports: Gating) -> BlockedUntil | None:
    """Ping the provider where the call is to be its probe; return what blocks the call where it says no."""
    provider = context.breakers[-1]
    probe = passage.probes.get(provider)
    if probe is None or not probe.ping_first or await _ping(context, passage.set_out_by, ports):
        return None
    blocked = note_blocked(provider, context.admitted.tenant, await stay_open(provider, ports), ports)
    await _give_back(passage.probes, ports)
    return blocked


async def _ping(context: CallContext, set_out_by: datetime, ports: Gating) -> bool:
    """Tell whether the provider may be up, as far as a ping says: one that has no turn is not sent, and says nothing."""
    if context.planned.endpoint.source in OF_THE_ADDRESS:
        demand = Demand(ports.quotas.of_the_address(), is_urgent=True)
        within_seconds = seconds_left(ports.clock(), set_out_by, context.deadline)
        turn = await ports.turns.reserve(Ticket(line="ping", vendor="", demand=demand), within_seconds)
        if turn is None:
            return True
        await turn.come()
    left_seconds = seconds_left(ports.clock(), context.deadline)
    return await context.upstream.ping(context.planned.endpoint, left_seconds) is not False
