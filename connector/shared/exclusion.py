"""One at a time, in order of arrival, whichever worker process waits: what a source refuses to do twice at once.

Who waits is a value in the shared state: a queue of tickets, the first of which may go. A ticket is renewed while its
owner lives; that of a worker that died is passed over after ``LEASE_SECONDS``.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from connector.clock import Clock
from connector.shared.state import SharedState

LEASE_SECONDS: Final = 15.0
"""A ticket that was not renewed for so long is dropped. Longer than a pause of a loaded machine, shorter than the life of a
FranceConnect token, so that those behind a dead worker still have their turn."""
_RENEWED_EVERY_SECONDS: Final = 4.0
_LOOK_EVERY_SECONDS: Final = 0.05
"""How often a process looks whether another one has made way."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """Somebody who goes, or waits to go."""

    id: str
    until: datetime
    """Dropped then, unless it is renewed."""


@dataclass(frozen=True, slots=True)
class Queue:
    """Those who want the same thing, in order of arrival; the first one goes."""

    tickets: tuple[Ticket, ...] = ()


NOBODY: Final = Queue()


def renewed(queue: Queue, ticket_id: str, now: datetime) -> Queue:
    """Return a queue with a ticket renewed where it stands, or added at the end; those that ran out are dropped."""
    until = now + timedelta(seconds=LEASE_SECONDS)
    kept = tuple(ticket for ticket in queue.tickets if ticket.id == ticket_id or _is_alive(ticket, now))
    if all(ticket.id != ticket_id for ticket in kept):
        return Queue((*kept, Ticket(ticket_id, until)))
    return Queue(tuple(replace(ticket, until=until) if ticket.id == ticket_id else ticket for ticket in kept))


def left(queue: Queue, ticket_id: str) -> Queue:
    """Return a queue without a ticket."""
    return Queue(tuple(ticket for ticket in queue.tickets if ticket.id != ticket_id))


def goes(queue: Queue, ticket_id: str) -> bool:
    """Tell whether a ticket is the first."""
    return bool(queue.tickets) and queue.tickets[0].id == ticket_id


def _is_alive(ticket: Ticket, now: datetime) -> bool:
    # An end further ahead than any lease: the clock was set back.
    return now < ticket.until <= now + timedelta(seconds=2 * LEASE_SECONDS)


@dataclass(slots=True)
class _Waiting:
    id: str = field(default_factory=lambda: uuid4().hex)
    goes: asyncio.Event = field(default_factory=asyncio.Event)
    look: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when something may have changed for it."""


class Exclusion:
    """Lets one go at a time under each name, in order of arrival."""

    def __init__(self, queues: SharedState[Queue], clock: Clock) -> None:
        self._queues = queues
        self._clock = clock
        self._here: dict[str, deque[_Waiting]] = {}
        """Those of this process, by name: the first of them looks after the other processes."""

    @asynccontextmanager
    async def turn(self, name: str, within_seconds: float) -> AsyncIterator[bool]:
        """Wait for one's turn and keep it for the block; False where it has not come ``within_seconds``."""
        waiting = _Waiting()
        here = self._here.setdefault(name, deque())
        here.append(waiting)
        keeping = None
        try:
            if await self._renew(name, waiting):
                waiting.goes.set()
            keeping = asyncio.create_task(self._keep(name, waiting))
            try:
                async with asyncio.timeout(within_seconds):
                    await waiting.goes.wait()
            except TimeoutError:
                yield False
            else:
                yield True
        finally:
            if keeping is not None:
                keeping.cancel()
            here.remove(waiting)
            if here:
                here[0].look.set()
            else:
                del self._here[name]
            await asyncio.shield(self._queues.change(name, lambda queue: (left(queue, waiting.id), None)))

    async def _keep(self, name: str, waiting: _Waiting) -> None:
        """Renew a ticket for as long as it is kept, and see when its turn comes."""
        while True:
            is_waiting_first = self._here[name][0] is waiting and not waiting.goes.is_set()
            pause_seconds = _LOOK_EVERY_SECONDS if is_waiting_first else _RENEWED_EVERY_SECONDS
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_seconds):
                    await waiting.look.wait()
            waiting.look.clear()
            if await self._renew(name, waiting):
                waiting.goes.set()

    async def _renew(self, name: str, waiting: _Waiting) -> bool:
        def renew(queue: Queue) -> tuple[Queue, bool]:
            after = renewed(queue, waiting.id, self._clock())
            return after, goes(after, waiting.id)

        return await self._queues.change(name, renew)
