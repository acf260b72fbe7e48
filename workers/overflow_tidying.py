"""Looks at overflow queues once a minute: closes those that stay empty, and removes those that were closed for long.

Every worker does so for its lanes. What to do is decided in ``connector.amqp.overflow_life``; SQL lets one worker do it.
"""

import asyncio
from datetime import datetime
from typing import Final

import structlog

from connector.amqp.overflow_life import REMOVED_AFTER, Step, next_step
from connector.amqp.session import REFUSALS, BrokerSession
from connector.amqp.topology import overflow_queue
from connector.amqp.upkeep import is_refusal
from connector.clock import Clock
from connector.events import Event
from connector.jobs.records import Flow, Lane
from connector.storage.database import DatabaseError
from connector.storage.registry.cache import RegistryCache

LOOK_SECONDS: Final = 60.0
"""Between two looks at the queues: so long, at most, does a job wait that was put where nobody takes any more."""
_DELETING_SECONDS: Final = 30.0
"""How long the database waits for the event loop to have deleted a queue: longer than the broker may take to answer."""
_log = structlog.get_logger(__name__)


class OverflowTidying:
    """Tidies the overflow queues of some lanes, in one life of the connection."""

    def __init__(
        self, session: BrokerSession, registry: RegistryCache, lanes: tuple[Lane, ...], clock: Clock
    ) -> None:
        self._session = session
        self._registry = registry
        self._lanes = frozenset(str(lane) for lane in lanes)
        self._clock = clock
        self._empty_since: dict[Flow, datetime] = {}

    async def watch(self) -> None:
        """Look at the queues for ever. Raises the client's error when the connection ends."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Look at each queue once, and do what it needs."""
        for flow in sorted(self._registry.registry.every_overflow):
            # A look asks the broker, and holds up the event loop for as long: others have their turn in between.
            await asyncio.sleep(0)
            if flow.lane in self._lanes and not self._session.is_blocked:
                try:
                    await self._tidy(flow)
                except (DatabaseError, TimeoutError) as error:
                    _log.warning(Event.BACKLOG_NOT_TIDIED, error=type(error).__name__)
                    return
                except REFUSALS as error:
                    if not is_refusal(error):
                        raise
                    _log.error(Event.TOPOLOGY_REFUSED, queue=overflow_queue(flow), error=error.reply_text)

    async def _tidy(self, flow: Flow) -> None:
        now, state = self._clock(), self._session.look(overflow_queue(flow))
        if state is not None and state.waiting:
            self._empty_since.pop(flow, None)
        else:
            self._empty_since.setdefault(flow, now)
        closed_at = self._registry.registry.closed_overflows.get(flow)
        match next_step(closed_at, self._empty_since.get(flow), state, now):
            case Step.CLOSE:
                if await self._registry.close_overflow(flow, now):
                    self._tell(Event.BACKLOG_CLOSED, flow)
            case Step.OPEN:
                await self._registry.open_overflow(flow)
                self._tell(Event.BACKLOG_OPENED, flow)
            case Step.REMOVE:
                loop = asyncio.get_running_loop()
                if await self._registry.remove_overflow(
                    flow, now - REMOVED_AFTER, lambda: self._delete_in(loop, flow)
                ):
                    self._empty_since.pop(flow, None)
                    self._tell(Event.BACKLOG_REMOVED, flow)
            case Step.KEEP:
                pass

    def _delete_in(self, loop: asyncio.AbstractEventLoop, flow: Flow) -> bool:
        """Have the queue deleted by the event loop, from another thread, while the database keeps it from being opened."""
        deleting = asyncio.run_coroutine_threadsafe(self._delete(flow), loop)
        try:
            return deleting.result(_DELETING_SECONDS)
        finally:
            # What has not begun by now must not, once somebody may open the queue.
            deleting.cancel()

    async def _delete(self, flow: Flow) -> bool:
        return self._session.delete_unused(overflow_queue(flow))

    @staticmethod
    def _tell(event: Event, flow: Flow) -> None:
        _log.info(event, lane=flow.lane, vendor=flow.vendor, tenant=flow.siret)
