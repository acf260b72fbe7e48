"""Carries the reply memory's questions and answers to the database, in groups, and tells whoever asked.

With them goes what the jobs' runs note in the access journal.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from connector.availability import Availability
from connector.clock import Clock
from connector.events import Event
from connector.jobs.job_state import IdempotencyKey
from connector.storage.background import BackgroundWriter, answer, call_on
from connector.storage.causes import database_cause
from connector.storage.journal.record import Record
from connector.storage.replies.store import MemoryStore, RecordsRefusedError, Standing, Written

LARGEST_GROUP: Final = 500
CROWD: Final = 3
"""Claims of one group. Where so many come together, records are cheaper by the broker, where those of hundreds share a message; nor is
a claim to wait for thousands of rows."""
BUSY_GROUP: Final = 3
LINGER_SECONDS: Final = 0.005
"""After a group so large, the next one is let grow for so long: a transaction costs more than what it carries."""
ANSWERS_SECONDS: Final = 0.02
"""How long answers wait for the next claim, to go with it: nobody but their acknowledgements waits for them."""
FORGET_SECONDS: Final = 60.0
"""Between two looks at what is too old."""
LOCK_SECONDS: Final = 2.0
"""How long a group waits for a database that somebody else has locked."""
PATIENCE_SECONDS: Final = 5.0
"""How long a job waits for a database that says nothing, not even that it is away."""
AWAY_SECONDS: Final = 5.0
"""After a failure the database is left alone for so long: jobs do not wait for it one by one."""
Told = Standing | bool | None
"""Where a claim stands; of what a run leaves, whether its records are written. None: nobody knows, the database is away or slow."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Question:
    """What one job wants of the database, and who waits for it."""

    asked: IdempotencyKey | Written
    ahead: Sequence[Record]
    """Of the calls that a claim sets out with."""
    loop: asyncio.AbstractEventLoop
    told: "asyncio.Future[Told]"


class MemoryWriter:
    """Groups questions; answers None to each while the database is away."""

    def __init__(self, store: MemoryStore, kept_seconds: float, clock: Clock) -> None:
        self._store = store
        self._kept = timedelta(seconds=kept_seconds)
        self._clock = clock
        self._background: BackgroundWriter[_Question] = BackgroundWriter("reply-memory", self._run)
        # On the monotonic clock: one that is set back must not keep the memory away.
        self._forget_at = time.monotonic()
        self._away_until = time.monotonic()
        self._under_way_since: float | None = None
        self._is_crowded = False
        self._records_again_at = time.monotonic()
        self._database = Availability(Event.MEMORY_AWAY, Event.MEMORY_BACK)

    @property
    def is_away(self) -> bool:
        """Whether the last group could not be carried to the database."""
        return self._database.is_away

    @property
    def takes_records(self) -> bool:
        """Whether records had best go along with what is asked, rather than by the broker."""
        return not (self._is_crowded or self.is_away) and time.monotonic() >= self._records_again_at

    def ask(self, asked: IdempotencyKey | Written, ahead: Sequence[Record] = ()) -> "asyncio.Future[Told]":
        """Have the database asked; return what will hold what it is told. ``ahead`` are written with a claim that may run.

        Told None, what was asked may yet be carried out.
        """
        loop = asyncio.get_running_loop()
        told: asyncio.Future[Told] = loop.create_future()
        if self._is_stuck():
            told.set_result(None)
        else:
            given_up = loop.call_later(PATIENCE_SECONDS, answer, told, None)
            told.add_done_callback(lambda _told: given_up.cancel())
            self._background.give(_Question(asked, ahead, loop, told))
        return told

    def close(self) -> None:
        """Write what was given, and end."""
        self._background.close()

    def _is_stuck(self) -> bool:
        """Tell whether the group under way has taken so long that the next would only wait behind it."""
        since = self._under_way_since
        return since is not None and time.monotonic() - since > PATIENCE_SECONDS

    def _run(self) -> None:
        is_open, group = True, list[_Question]()
        while is_open:
            if len(group) >= BUSY_GROUP:
                time.sleep(LINGER_SECONDS)
            # While the database is away, not for ever: nobody may ask, and it may be back.
            group, is_open = self._background.next_group(
                LARGEST_GROUP,
                wait_seconds=self._look_again_in_seconds() if self.is_away else None,
                grow_seconds=ANSWERS_SECONDS,
                hurries=_is_claim,
            )
            self._is_crowded = sum(map(_is_claim, group)) >= CROWD
            self._under_way_since = time.monotonic()
            # Without a question it is time to look again, or to end: an end does not wait for a database that is away.
            told = self._exchange(group) if group or is_open else _nothing(group)
            self._under_way_since = None
            for loop in {question.loop for question in group}:
                answers = zip(group, told, strict=True)
                call_on(loop, [partial(answer, one.told, it) for one, it in answers if one.loop is loop])
            self._forget()

    def _look_again_in_seconds(self) -> float:
        return max(0.0, self._away_until - time.monotonic())

    def _exchange(self, group: Sequence[_Question]) -> Sequence[Told]:
        """Carry a group to the database; return what each is told."""
        if self._look_again_in_seconds() > 0:
            return _nothing(group)
        try:
            told = self._carry(group, self._clock())
        except Exception as error:  # noqa: BLE001 - whatever fails, those who wait are told
            self._away_until = time.monotonic() + AWAY_SECONDS
            self._database.lost(error=type(error).__name__, cause=database_cause(error))
            return _nothing(group)
        self._database.answered()
        return told

    def _carry(self, group: Sequence[_Question], now: datetime) -> Sequence[Told]:
        """Carry a group; without one, look at the database, by what has to be done there in any case."""
        if not group:
            # It writes: a database that somebody else has locked is not back.
            self._store.forget(now - self._kept)
            return []
        claims = [one.asked for one in group if isinstance(one.asked, IdempotencyKey)]
        written = [one.asked for one in group if isinstance(one.asked, Written)]
        ahead = {one.asked.claim: one.ahead for one in group if isinstance(one.asked, IdempotencyKey)}
        are_noted = not self._is_crowded
        try:
            standings = (
                self._store.exchange(claims, written, now, ahead)
                if are_noted
                else self._store.exchange(claims, _without_records(written), now)
            )
        except RecordsRefusedError:
            # By the broker, the journal's own thread finds out what is at fault, and waits for it.
            self._records_again_at = time.monotonic() + AWAY_SECONDS
            standings, are_noted = self._store.exchange(claims, _without_records(written), now), False
        return [
            standings[one.asked.claim]
            if isinstance(one.asked, IdempotencyKey)
            else are_noted or not one.asked.records
            for one in group
        ]

    def _forget(self) -> None:
        """Forget what is too old, when it is time to look."""
        if self.is_away or time.monotonic() < self._forget_at:
            return
        self._forget_at = time.monotonic() + FORGET_SECONDS
        try:
            self._store.forget(self._clock() - self._kept)
        except Exception as error:  # noqa: BLE001 - what is too old waits until the next look
            _log.warning(Event.MEMORY_NOT_FORGOTTEN, error=type(error).__name__, cause=database_cause(error))


def _is_claim(question: _Question) -> bool:
    return isinstance(question.asked, IdempotencyKey)


def _without_records(written: Sequence[Written]) -> list[Written]:
    return [replace(left, records=()) for left in written]


def _nothing(group: Sequence[_Question]) -> Sequence[Told]:
    return [None] * len(group)
