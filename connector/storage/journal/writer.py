"""Takes groups of records from the broker to the database, several in one transaction.

A group is acknowledged once it is written, so it is on the broker or in the database; one that comes twice is written once.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import structlog
from pydantic import ValidationError
from sqlalchemy.exc import DataError, IntegrityError

from connector.availability import Availability
from connector.events import Event
from connector.storage.background import BackgroundWriter, answer, call_on
from connector.storage.causes import database_cause
from connector.storage.journal.groups import PURPOSE
from connector.storage.journal.record import Record, merged, read
from connector.storage.journal.store import JournalStore
from connector.vault import Vault, VaultError

COLLECT_SECONDS: Final = 0.5
"""How long a batch is let grow: most records before a call then meet the one after it, and cost no row of their own."""
LARGEST_BATCH: Final = 200
"""Groups."""
MOST_HELD: Final = 2 * LARGEST_BATCH
"""Groups that a worker holds: the next batch comes while one is written."""
_ROWS_AT_ONCE: Final = 1000
"""Per transaction: the reply memory's must not wait long for SQLite's one lock."""
_AWAY_SECONDS: Final = 5.0
"""After a failure the database is left alone for so long."""
_HELD_SECONDS: Final = 600.0
"""How long groups are held for a database that is away: RabbitMQ takes back what is not settled in half an hour."""
_PATIENCE_SECONDS: Final = 5.0
"""How long the end of a worker waits for its last batch."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A group taken from the broker, and what may be told it; each is called on ``loop``."""

    body: bytes = field(repr=False)
    loop: asyncio.AbstractEventLoop
    written: Callable[[], None]
    requeue: Callable[[], None]
    unreadable: Callable[[], None]
    """It cannot be written, whenever it is tried."""


_Read = tuple[Held, tuple[Record, ...]]


@dataclass(frozen=True, slots=True)
class _Finish:
    """Write what is held, and say so."""

    loop: asyncio.AbstractEventLoop
    finished: "asyncio.Future[None]"


class JournalWriter:
    """Writes groups; holds them while the database is away, and tries again."""

    def __init__(self, store: JournalStore, vault: Vault, *, away_seconds: float = _AWAY_SECONDS) -> None:
        self._store = store
        self._vault = vault
        self._away_seconds = away_seconds
        self._background: BackgroundWriter[Held | _Finish] = BackgroundWriter("journal", self._run)
        self._closing = threading.Event()
        self._database = Availability(Event.JOURNAL_AWAY, Event.JOURNAL_BACK)

    @property
    def is_away(self) -> bool:
        """Whether the last batch could not be carried to the database."""
        return self._database.is_away

    def take(self, held: Held) -> None:
        """Write a group, soon."""
        self._background.give(held)

    async def finish(self) -> None:
        """Return once what was taken by now is written, or a few seconds later."""
        if not self._background.has_begun:
            return
        loop = asyncio.get_running_loop()
        finished: asyncio.Future[None] = loop.create_future()
        self._background.give(_Finish(loop, finished))
        await asyncio.wait((finished,), timeout=_PATIENCE_SECONDS)

    def close(self) -> None:
        """End, once the batch under way is written: the broker gives the others again."""
        self._closing.set()
        self._background.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            given, _ = self._background.next_group(
                LARGEST_BATCH, grow_seconds=COLLECT_SECONDS, hurries=lambda one: isinstance(one, _Finish)
            )
            self._carry([one for one in given if isinstance(one, Held)])
            for one in given:
                if isinstance(one, _Finish):
                    call_on(one.loop, [partial(answer, one.finished, None)])

    def _carry(self, batch: Sequence[Held]) -> None:
        left = [(held, records) for held in batch if (records := self._read(held)) is not None]
        until = time.monotonic() + _HELD_SECONDS
        while left := self._write(left):
            if self._closing.wait(self._away_seconds):
                return
            if time.monotonic() >= until:
                _tell([held for held, _ in left], lambda held: held.requeue)
                return

    def _read(self, held: Held) -> tuple[Record, ...] | None:
        try:
            return read(self._vault.open_for(PURPOSE, held.body))
        except (VaultError, ValidationError) as error:
            self._refuse(held, error)
            return None

    def _write(self, groups: list[_Read]) -> list[_Read]:
        """Write groups and let them go; return those that the database did not take, and may take later."""
        records = merged(record for _, group in groups for record in group)
        try:
            for start in range(0, len(records), _ROWS_AT_ONCE):
                self._store.write(records[start : start + _ROWS_AT_ONCE])
        except (DataError, IntegrityError) as error:
            if len(groups) == 1:
                self._refuse(groups[0][0], error)
                return []
            # One of them is at fault, and must not hold the others up.
            return [left for group in groups for left in self._write([group])]
        except Exception as error:  # noqa: BLE001 - whatever fails, they are held and tried again
            self._database.lost(error=type(error).__name__, cause=database_cause(error))
            return groups
        self._database.answered()
        _tell([held for held, _ in groups], lambda held: held.written)
        return []

    def _refuse(self, held: Held, error: Exception) -> None:
        _log.error(Event.JOURNAL_UNREADABLE, exc_info=error)
        _tell([held], lambda each: each.unreadable)


def _tell(every: Sequence[Held], what: Callable[[Held], Callable[[], None]]) -> None:
    for loop in {held.loop for held in every}:
        call_on(loop, [what(held) for held in every if held.loop is loop])
