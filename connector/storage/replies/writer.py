"""One thread that carries the reply memory's questions and answers to the database, in groups.

A database is not awaited query by query on an event loop: what comes while a group is under way makes the next one.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from connector.availability import Availability
from connector.clock import Clock
from connector.events import Event
from connector.jobs.job_state import Busy, Conflict, Fresh, IdempotencyKey
from connector.storage.replies.store import MemoryStore, Written

LARGEST_GROUP: Final = 500
BUSY_GROUP: Final = 3
LINGER_SECONDS: Final = 0.005
"""After a group so large, the next one is let grow for so long: a transaction costs more than what it carries."""
FORGET_SECONDS: Final = 60.0
"""Between two looks at what is too old."""
LOCK_SECONDS: Final = 2.0
"""How long a group waits for a database that somebody else has locked."""
PATIENCE_SECONDS: Final = 5.0
"""How long a job waits for a database that says nothing, not even that it is away."""
AWAY_SECONDS: Final = 5.0
"""After a failure the database is left alone for so long: jobs do not wait for it one by one."""
Told = Fresh | Conflict | Busy | bytes | None
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Question:
    """What one job wants of the database, and who waits for it."""

    asked: IdempotencyKey | Written
    loop: asyncio.AbstractEventLoop
    told: "asyncio.Future[Told]"


class MemoryWriter:
    """Groups questions; answers None to each while the database is away."""

    def __init__(self, store: MemoryStore, kept_seconds: float, clock: Clock) -> None:
        self._store = store
        self._kept = timedelta(seconds=kept_seconds)
        self._clock = clock
        self._questions: queue.SimpleQueue[_Question | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        # On the monotonic clock: one that is set back must not keep the memory away.
        self._forget_at = time.monotonic()
        self._away_until = time.monotonic()
        self._under_way_since: float | None = None
        self._database = Availability(Event.MEMORY_AWAY, Event.MEMORY_BACK)

    @property
    def is_away(self) -> bool:
        """Whether the last group could not be carried to the database."""
        return self._database.is_away

    async def ask(self, asked: IdempotencyKey | Written) -> Told:
        """Return where a claim stands, or None: the database is away, or an answer was written."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="reply-memory", daemon=True)
            self._thread.start()
        if self._is_stuck():
            return None
        loop = asyncio.get_running_loop()
        told: asyncio.Future[Told] = loop.create_future()
        self._questions.put(_Question(asked, loop, told))
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await told
        except TimeoutError:
            return None

    def close(self) -> None:
        """Write what was given, and end."""
        if self._thread is not None:
            self._questions.put(None)
            # Not for ever: a database that says nothing must not keep the process from ending.
            self._thread.join(PATIENCE_SECONDS)
            self._thread = None

    def _is_stuck(self) -> bool:
        """Tell whether the group under way has taken so long that the next would only wait behind it."""
        since = self._under_way_since
        return since is not None and time.monotonic() - since > PATIENCE_SECONDS

    def _run(self) -> None:
        is_open, group = True, list[_Question]()
        while is_open:
            if len(group) >= BUSY_GROUP:
                time.sleep(LINGER_SECONDS)
            group, is_open = self._next_group()
            self._under_way_since = time.monotonic()
            # Without a question it is time to look again, or to end: an end does not wait for a database that is away.
            told = self._exchange([question.asked for question in group]) if group or is_open else {}
            self._under_way_since = None
            for loop in {question.loop for question in group}:
                _tell(loop, [question for question in group if question.loop is loop], told)
            self._forget()

    def _next_group(self) -> tuple[list[_Question], bool]:
        """Wait for a question; return it with those behind it, and whether more may come.

        While the database is away, not for ever: nobody may ask, and it may be back.
        """
        group: list[_Question] = []
        try:
            question = self._questions.get(timeout=self._look_again_in_seconds() if self.is_away else None)
        except queue.Empty:
            return group, True
        while question is not None:
            group.append(question)
            if len(group) == LARGEST_GROUP or self._questions.empty():
                return group, True
            question = self._questions.get()
        return group, False

    def _look_again_in_seconds(self) -> float:
        return max(0.0, self._away_until - time.monotonic())

    def _exchange(self, asked: Sequence[IdempotencyKey | Written]) -> Mapping[str, Any]:
        if self._look_again_in_seconds() > 0:
            return {}
        try:
            told = self._carry(asked, self._clock())
        except Exception as error:  # noqa: BLE001 - whatever fails, those who wait are told
            self._away_until = time.monotonic() + AWAY_SECONDS
            self._database.lost(error=type(error).__name__)
            return {}
        self._database.answered()
        return told

    def _carry(self, asked: Sequence[IdempotencyKey | Written], now: datetime) -> Mapping[str, Any]:
        """Carry a group to the database; without one, look at it, by what has to be done there in any case."""
        if not asked:
            # It writes: a database that somebody else has locked is not back.
            self._store.forget(now - self._kept)
            return {}
        claims = [one for one in asked if isinstance(one, IdempotencyKey)]
        return self._store.exchange(claims, [one for one in asked if isinstance(one, Written)], now)

    def _forget(self) -> None:
        """Forget what is too old, when it is time to look."""
        if self.is_away or time.monotonic() < self._forget_at:
            return
        self._forget_at = time.monotonic() + FORGET_SECONDS
        try:
            self._store.forget(self._clock() - self._kept)
        except Exception as error:  # noqa: BLE001 - what is too old waits until the next look
            _log.warning(Event.MEMORY_NOT_FORGOTTEN, error=type(error).__name__)


def _tell(loop: asyncio.AbstractEventLoop, questions: Sequence[_Question], told: Mapping[str, Any]) -> None:
    def resolve() -> None:
        for question in questions:
            if not question.told.done():
                answer = (
                    told.get(question.asked.claim) if isinstance(question.asked, IdempotencyKey) else None
                )
                question.told.set_result(answer)

    try:
        loop.call_soon_threadsafe(resolve)
    except RuntimeError:
        # The loop was closed: nobody waits any more.
        return
