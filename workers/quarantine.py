"""Jobs that may be what ends the worker each time: taken from their queue only when they can run alone.

A message that waits unacknowledged is counted against whenever the worker ends. So a suspect is not consumed: it is
fetched once no other job is in flight, and its delivery count tells exactly how often it ended a worker by itself.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, Final

import structlog

from connector.amqp.session import BrokerSession
from connector.events import Event
from connector.time_limits import ALONE_SECONDS
from workers.pool import AsyncioPool

LOOK_SECONDS: Final = 5.0
"""Between two looks at the queues."""
MOST_PER_LOOK: Final = 10
"""Suspects that are run while the lanes wait."""
_log = structlog.get_logger(__name__)


class Quarantine:
    """Runs the jobs of ``queues`` one at a time, with nothing else in flight."""

    def __init__(
        self,
        queues: tuple[str, ...],
        session: BrokerSession,
        pool: AsyncioPool,
        start: Callable[[str, Any], None],
    ) -> None:
        """``start`` puts a message of a queue on its way, in the pool."""
        self._queues = queues
        self._session = session
        self._pool = pool
        self._start = start

    async def watch(self) -> None:
        """Look for suspects for ever."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if not self._session.is_blocked and await self._holds_suspects():
                await self._run_some()

    async def _holds_suspects(self) -> bool:
        return any([await self._session.depth(queue) for queue in self._queues])

    async def _run_some(self) -> None:
        self._session.pause()
        try:
            for _ in range(MOST_PER_LOOK):
                if not await self._others_are_done():
                    return
                found = next(self._suspects(), None)
                if found is None:
                    return
                self._start(*found)
            await self._others_are_done()
        finally:
            self._session.resume()

    def _suspects(self) -> Iterator[tuple[str, Any]]:
        for queue in self._queues:
            message = self._session.basic_get(queue)
            if message is not None:
                yield queue, message

    async def _others_are_done(self) -> bool:
        try:
            async with asyncio.timeout(ALONE_SECONDS):
                while jobs := set(self._pool.jobs):
                    await asyncio.wait(jobs)
        except TimeoutError:
            _log.warning(Event.ISOLATION_POSTPONED, jobs=len(self._pool.jobs))
            return False
        return True
