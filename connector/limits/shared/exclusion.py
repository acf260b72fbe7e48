"""One at a time, whichever worker process waits: what a source refuses to do twice at once.

Owners take turns, each by its order of arrival: one owner's many never stand before another's few.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import uuid4

import structlog

from connector.events import Event
from connector.limits.shared.rounds import place_in

LEASE_SECONDS: Final = 15.0
"""A ticket that is not renewed for so long is dropped. Longer than a pause of a loaded machine, shorter than the life of a
FranceConnect token, so that those behind a dead worker still have their turn."""
_RENEWED_EVERY_SECONDS: Final = 4.0
OWNER_ENDS: Final = "/"
"""A ticket is its owner's name up to here."""
_LOOK_EVERY_SECONDS: Final = 0.05
"""How often a process looks whether another one has made way."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a line."""

    first: str | None
    """The ticket that goes."""
    is_told: bool
    """The other processes know of the tickets that were given back."""


class Arrivals(Protocol):
    """Tickets of all processes under each name, in the order of ``connector.limits.shared.rounds``."""

    async def tell(self, name: str, here: Sequence[str], gone: Sequence[str]) -> Standing:
        """Renew the tickets of this process, which stand in its own order; give back those that are ``gone``."""
        ...


class OwnArrivals:
    """``Arrivals`` of one process alone."""

    async def tell(self, name: str, here: Sequence[str], gone: Sequence[str]) -> Standing:
        """Return the first of this process."""
        _ = name, gone
        return Standing(here[0] if here else None, is_told=True)


@dataclass(slots=True, kw_only=True)
class _Ticket:
    owner: str
    id: str
    goes: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class _Line:
    """Those of this process who want the same thing."""

    keeper: asyncio.Task[None] | None = None
    tickets: list[_Ticket] = field(default_factory=list)
    """In the order in which they go."""
    gone: dict[str, float] = field(default_factory=dict)
    """Tickets given back that the other processes may still count, and when they will have run out by themselves."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    is_failing: bool = False

    @property
    def pause_seconds(self) -> float:
        goes = self.tickets and self.tickets[0].goes.is_set() and not self.gone
        return _RENEWED_EVERY_SECONDS if goes else _LOOK_EVERY_SECONDS


class Exclusion:
    """Lets one go at a time under each name, owners in turn.

    Each name that is wanted has a task, which alone speaks of it to the other processes: a caller that is cancelled at any
    moment leaves no ticket behind.
    """

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._lines: dict[str, _Line] = {}

    async def close(self) -> None:
        """End with the worker: what the other processes were not told of runs out there by itself."""
        await asyncio.gather(*(self._tell(name, line) for name, line in tuple(self._lines.items())))
        keepers = [line.keeper for line in self._lines.values() if line.keeper]
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)

    def length(self, name: str) -> int:
        """Return how many of this process have the turn, or wait for it."""
        return len(self._lines[name].tickets) if name in self._lines else 0

    def length_of(self, name: str, owner: str) -> int:
        """Return how many of those are ``owner``'s."""
        return (
            sum(ticket.owner == owner for ticket in self._lines[name].tickets) if name in self._lines else 0
        )

    @asynccontextmanager
    async def turn(self, name: str, within_seconds: float, owner: str = "") -> AsyncIterator[bool]:
        """Wait for one's turn and keep it for the block; False where it has not come ``within_seconds``."""
        ticket = _Ticket(owner=owner, id=f"{owner}{OWNER_ENDS}{uuid4().hex}")
        line = self._join(name, ticket)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(within_seconds):
                    await ticket.goes.wait()
            yield ticket.goes.is_set()
        finally:
            line.tickets.remove(ticket)
            line.gone[ticket.id] = asyncio.get_running_loop().time() + LEASE_SECONDS
            line.changed.set()

    def _join(self, name: str, ticket: _Ticket) -> _Line:
        line = self._lines.setdefault(name, _Line())
        line.tickets.insert(place_in([each.owner for each in line.tickets], ticket.owner), ticket)
        line.changed.set()
        if line.keeper is None:
            # A line outlives the job that begins it, whose name must not be in what is logged later.
            line.keeper = asyncio.create_task(self._keep(name, line), context=Context())
        return line

    async def _keep(self, name: str, line: _Line) -> None:
        """Keep the tickets of a line for as long as there are any, and see whose turn comes."""
        try:
            while line.tickets or line.gone:
                line.changed.clear()
                await self._tell(name, line)
                if line.tickets or line.gone:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(line.pause_seconds):
                            await line.changed.wait()
        finally:
            del self._lines[name]

    async def _tell(self, name: str, line: _Line) -> None:
        here, gone = [ticket.id for ticket in line.tickets], tuple(line.gone)
        try:
            standing = await self._arrivals.tell(name, here, gone)
        except Exception:  # noqa: BLE001 - those in the line must have their turn, whatever fails
            if not line.is_failing:
                _log.exception(Event.EXCLUSION_UNEXPECTED_ERROR)
            line.is_failing = True
            standing = Standing(here[0] if here else None, is_told=False)
        now = asyncio.get_running_loop().time()
        for ticket_id in gone:
            if standing.is_told or line.gone.get(ticket_id, now) <= now:
                line.gone.pop(ticket_id, None)
        first = next((ticket for ticket in line.tickets if ticket.id == standing.first), None)
        if first is not None and not first.goes.is_set():
            first.goes.set()
            # Should the other processes be out of reach from now on, whoever is first here goes.
            line.tickets.remove(first)
            line.tickets.insert(0, first)
