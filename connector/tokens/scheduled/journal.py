"""The scheduled task about the journal: what is older than its retention goes, once a day."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from connector.clock import Clock
from connector.events import Event
from connector.storage.journal.record import months_before
from connector.storage.journal.store import PURGED_AT_ONCE, JournalStore

PURGED_EVERY: Final = timedelta(days=1)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPurge:
    """Deletes the records older than so many calendar months, a few per transaction. It needs no key."""

    store: JournalStore
    months: int
    clock: Clock
    name: str = "journal.purge"
    every: timedelta = PURGED_EVERY
    late_after: timedelta = timedelta(hours=1)

    async def run(self, keep: Callable[[], Awaitable[None]]) -> timedelta:
        """Delete what is too old; return when to look again."""
        before, gone = months_before(self.clock(), self.months), 0
        while went := await asyncio.to_thread(self.store.purge, before, PURGED_AT_ONCE):
            gone += went
            await keep()
        if gone:
            _log.info(Event.JOURNAL_PURGED, records=gone, months=self.months)
        return PURGED_EVERY
