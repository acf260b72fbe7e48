"""What a worker does every few seconds beside its jobs: it says that it is alive, and what has ended."""

import asyncio
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from importlib.metadata import version
from itertools import islice
from typing import Final
from uuid import uuid4

import structlog
from sqlalchemy.exc import SQLAlchemyError

from connector.checks.retry import BlockedUntil
from connector.events import Event
from connector.limits.breaker import let_through
from connector.limits.suspension import is_address_paused, suspensions
from connector.pipeline.lapsing import tell_lapsed
from connector.pipeline.services import Services
from connector.storage.causes import database_cause
from connector.storage.presence import (
    BEAT_SECONDS,
    MOST_TOLD,
    HeldBack,
    Presence,
    PresenceStore,
    Rejected,
    Sight,
    Suspended,
)

_LOOKS: Final = 20
"""At its own state, between two rounds."""
_log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Rounds:
    """Of one worker process, over all its connections to the broker."""

    services: Services
    store: PresenceStore
    lanes: tuple[str, ...]
    state: Callable[[], str]
    started_at: datetime
    name: str = field(default_factory=lambda: uuid4().hex)

    async def go(self) -> None:
        """Go round until cancelled."""
        try:
            while True:
                try:
                    await tell_lapsed(self.services)
                    await self._say(partial(self.store.tell, self.presence()))
                except Exception:  # noqa: BLE001 - whatever fails, a worker that is alive is to say so
                    _log.exception(Event.ROUNDS_UNEXPECTED_ERROR)
                await self._until_due()
        finally:
            if not self.services.registry.is_away:
                # Else who looks finds out by itself.
                await self._say(partial(self.store.leave, self.name))

    async def _until_due(self) -> None:
        """Wait for the next round, which comes at once where the worker's state has changed."""
        state = self.state()
        for _ in range(_LOOKS):
            await asyncio.sleep(BEAT_SECONDS / _LOOKS)
            if self.state() != state:
                return

    async def _say(self, what: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(what)
        except SQLAlchemyError as error:
            # That the database is away is told elsewhere.
            _log.debug(Event.PRESENCE_NOT_TOLD, cause=database_cause(error))

    def presence(self) -> Presence:
        """Return what is to be said now."""
        now = self.services.clock()
        held_back = tuple(_held_back(self.services, now))
        return Presence(
            id=self.name,
            host=socket.gethostname()[:255],
            process=os.getpid(),
            version=version("ccas-connector"),
            started_at=self.started_at,
            seen_at=now,
            sees=Sight(
                lanes=self.lanes,
                state=self.state(),
                away=tuple(_away(self.services)),
                open_breakers=tuple(held.breaker for held in held_back),
                is_address_paused=is_address_paused(self.services.refusals, now),
                is_journal_held_up=self.services.journal.is_held_up,
                suspended=tuple(islice(_suspended(self.services, now), MOST_TOLD)),
                held_back=held_back,
                rejected=tuple(_rejected(self.services, now)),
            ),
        )


def _away(services: Services) -> list[str]:
    memory, journal, link = services.memory.writer, services.journal.writer, services.link
    parts = {
        "reply_memory": memory is not None and memory.is_away,
        "journal": journal is not None and journal.is_away,
        "shared_state": link is not None and not link.is_up,
    }
    return [name for name, is_away in parts.items() if is_away]


def _held_back(services: Services, now: datetime) -> Iterator[HeldBack]:
    for name, state in sorted(services.breakers.held()):
        _, passed = let_through(state, now)
        if isinstance(passed, BlockedUntil):
            yield HeldBack(breaker=name, code=passed.code, until=passed.until.isoformat())


def _suspended(services: Services, now: datetime) -> Iterator[Suspended]:
    for one in suspensions(services.refusals, services.registry.registry, now):
        until = one.suspended.until.isoformat()
        yield Suspended(tenant=one.siret, check=one.check, code=one.suspended.code, until=until)


def _rejected(services: Services, now: datetime) -> Iterator[Rejected]:
    for one in services.rejections.recent(now):
        last_at = one.last_at.isoformat()
        yield Rejected(vendor=one.vendor, count=one.count, codes=one.codes, last_at=last_at)
