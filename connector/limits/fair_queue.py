"""Whose turn it is to call, where more calls wait than quotas allow.

Interactive calls go first. Within a lane, vendors take turns however many tenants they ask for, and a vendor's tenants do,
whatever the length of their lines. A call waits in the line of its vendor for its tenant alone: a tenant without quota left
holds nobody else up.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from contextvars import Context
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Final

import structlog

from connector.events import Event
from connector.jobs.rate import spacing_of
from connector.limits.limiter import AHEAD_SECONDS, CATCH_UP_SECONDS, Demand, Limiter, ServerHint, aged

MOST_AT_ONCE: Final = 16
"""Calls whose slots are reserved together: they set out one after the other, and each counts from its slot."""
_LONGEST_LOOK_SECONDS: Final = 1.0
"""Between two looks at a line that waits, however long its wait was said to be: another process may have freed it."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A call that waits for its turn."""

    line: str
    """Whose quota it waits for."""
    vendor: str
    demand: Demand


@dataclass(frozen=True, slots=True)
class Reservation:
    """A slot that is a call's own, now or in a moment: what has to be done before the call is done meanwhile."""

    at: float
    """In seconds of the turns' clock."""
    clock: Callable[[], float]

    @property
    def late_seconds(self) -> float:
        """How long its instant has gone by; below 0 while it has not come."""
        return self.clock() - self.at

    async def come(self) -> None:
        """Return once it is there."""
        if self.late_seconds < 0:
            await asyncio.sleep(-self.late_seconds)


@dataclass(slots=True)
class _Waiting:
    ticket: Ticket
    turn: asyncio.Future[Reservation]


@dataclass(slots=True)
class _Line:
    """The waiting calls of one vendor for one tenant on one lane: they take each other's place."""

    waiting: deque[_Waiting] = field(default_factory=deque)
    not_before: float = 0.0
    """In seconds of the turns' clock."""

    def head(self) -> _Waiting | None:
        """Return the call whose turn is next; those that have given up are dropped."""
        while self.waiting and self.waiting[0].turn.done():
            self.waiting.popleft()
        return self.waiting[0] if self.waiting else None


_Lane = OrderedDict[tuple[str, str], _Line]
"""Lines by vendor and quota, the one whose turn was longest ago first."""
_Head = tuple[_Lane, tuple[str, str], _Waiting]


def _in_turn(heads: Iterable[_Head], vendors: Iterable[str]) -> Iterator[_Head]:
    """Yield the heads of a lane so that vendors take turns, in the order in which ``vendors`` are named."""
    by_vendor: dict[str, list[_Head]] = {vendor: [] for vendor in vendors}
    for head in heads:
        by_vendor.setdefault(head[1][0], []).append(head)
    for each in zip_longest(*by_vendor.values()):
        yield from (head for head in each if head is not None)


def _soonest_seconds(demand: Demand) -> float:
    """Return how soon a line's next slot can be reserved at the best, so that nobody is asked in vain before."""
    if demand.is_urgent:
        return 0.0
    spacing_seconds = max(spacing_of(bound.quota) for bound in demand.bounds)
    return spacing_seconds - min(spacing_seconds, CATCH_UP_SECONDS) - AHEAD_SECONDS


class FairQueue:
    """Lets calls through, of one process, as its limiter allows."""

    def __init__(self, limiter: Limiter, clock: Callable[[], float]) -> None:
        """``clock`` gives seconds that never go back."""
        self._limiter = limiter
        self._clock = clock
        # Interactive lines first.
        self._lanes: tuple[_Lane, _Lane] = (OrderedDict(), OrderedDict())
        self._vendors: OrderedDict[str, None] = OrderedDict()
        """The one whose turn was longest ago first."""
        self._hints: dict[str, tuple[float, ServerHint]] = {}
        """With when each was taken down."""
        self._arrived = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    @property
    def has_urgent(self) -> bool:
        """Whether an interactive call waits for its turn."""
        return bool(self._lanes[0])

    async def reserve(self, ticket: Ticket, within_seconds: float) -> Reservation | None:
        """Wait until a slot is the call's, and count it; None when that takes longer than ``within_seconds``."""
        if not ticket.demand.bounds:
            return Reservation(self._clock(), self._clock)
        if ticket.demand.is_urgent and not any(self._lanes):
            # Nobody waits: it goes by no line.
            (slot,) = await self._limiter.grant([ticket.demand], self._taken_hints(self._clock()))
            if slot.is_reserved:
                return Reservation(self._clock() + slot.in_seconds, self._clock)
        waiting = _Waiting(ticket, asyncio.get_running_loop().create_future())
        lane = self._lanes[0 if ticket.demand.is_urgent else 1]
        lane.setdefault((ticket.vendor, ticket.line), _Line()).waiting.append(waiting)
        self._vendors.setdefault(ticket.vendor)
        self._arrived.set()
        self._start_serving()
        try:
            async with asyncio.timeout(within_seconds):
                return await waiting.turn
        except TimeoutError:
            return None

    def heed(self, key: str, hint: ServerHint) -> None:
        """Take in what the API said of a quota, with the next call that wants to be made."""
        self._hints[key] = (self._clock(), hint)

    def _start_serving(self) -> None:
        if self._serving is None or self._serving.done():
            # It serves every job: its events are not those of the one that came first.
            self._serving = asyncio.create_task(self._serve(), context=Context())
            self._serving.add_done_callback(self._on_served, context=Context())

    def _on_served(self, serving: asyncio.Task[None]) -> None:
        """Go on after a defect of ours: calls that wait must not wait for ever."""
        if serving.cancelled() or serving.exception() is None:
            return
        _log.error(Event.TURNS_UNEXPECTED_ERROR, exc_info=serving.exception())
        asyncio.get_running_loop().call_later(_LONGEST_LOOK_SECONDS, self._start_serving)

    async def _serve(self) -> None:
        """Let calls through while any waits."""
        while True:
            self._arrived.clear()
            now = self._clock()
            if await self._serve_some(now):
                # Those whose slots are theirs go on first.
                await asyncio.sleep(0)
                continue
            soonest = min((line.not_before for lane in self._lanes for line in lane.values()), default=None)
            if soonest is None:
                return
            try:
                async with asyncio.timeout(min(max(soonest - now, 0.0), _LONGEST_LOOK_SECONDS)):
                    await self._arrived.wait()
            except TimeoutError:
                pass

    async def _serve_some(self, now: float) -> bool:
        """Let the next calls through, of a line one after the other; tell whether any could be looked at.

        One of each line in a turn of a busy event loop would hold a tenant that is alone to as many calls as the loop has turns.
        """
        looked_at = 0
        while looked_at < MOST_AT_ONCE and (heads := self._heads(now)):
            some = heads[: MOST_AT_ONCE - looked_at]
            await self._ask(some, now)
            looked_at += len(some)
        return looked_at > 0

    def _heads(self, now: float) -> list[_Head]:
        """Return the next call of each line that may go, in the order of their turns."""
        heads: list[_Head] = []
        for lane in self._lanes:
            ready: list[_Head] = []
            for name, line in list(lane.items()):
                head = line.head()
                if head is None:
                    del lane[name]
                elif line.not_before <= now:
                    ready.append((lane, name, head))
            heads += _in_turn(ready, self._vendors)
        return heads

    async def _ask(self, heads: list[_Head], now: float) -> None:
        demands = [waiting.ticket.demand for _, _, waiting in heads]
        slots = await self._limiter.grant(demands, self._taken_hints(now))
        for (lane, name, waiting), slot in zip(heads, slots, strict=True):
            line = lane[name]
            if not slot.is_reserved:
                line.not_before = now + min(slot.in_seconds - AHEAD_SECONDS, _LONGEST_LOOK_SECONDS)
                continue
            lane.move_to_end(name)
            self._vendors.move_to_end(name[0])
            line.not_before = now + slot.in_seconds + _soonest_seconds(waiting.ticket.demand)
            # It may have given up while the limiter was asked: its call is counted for nothing.
            if line.head() is waiting:
                line.waiting.popleft()
            if not waiting.turn.done():
                waiting.turn.set_result(Reservation(self._clock() + slot.in_seconds, self._clock))

    def _taken_hints(self, now: float) -> dict[str, ServerHint]:
        """Return what was heard since a limiter was last asked, as it holds now."""
        heard, self._hints = self._hints, {}
        return {key: aged(hint, now - at) for key, (at, hint) in heard.items()}

    def close(self) -> None:
        """Let nothing more through."""
        if self._serving is not None:
            self._serving.cancel()
