"""The queues of jobs that were set aside, one per flow: made when they are first needed, and taken from side by side."""

import asyncio
from contextvars import Context
from typing import Final

import structlog

from connector.messaging.delivery import Lane
from connector.messaging.publisher import PublishError
from connector.messaging.session import REFUSALS, BrokerSession
from connector.messaging.topology import backlog_queue
from connector.registry.cache import RegistryCache
from connector.registry.database import DatabaseError
from connector.registry.records import Flow

SET_ASIDE_AT_ONCE: Final = 16
"""Jobs on their way to a backlog queue."""
TRY_AGAIN_SECONDS: Final = 10.0
"""Before a queue that could not be made is tried again: meanwhile its flow's jobs are run."""
TELL_AGAIN_SECONDS: Final = 60.0
"""Before it is logged again that a queue is full."""
FEWEST_IN_HAND: Final = 8
"""Jobs of one flow, however many flows there are."""
_log = structlog.get_logger(__name__)


class Backlogs:
    """The backlog queues, in one life of the connection."""

    def __init__(
        self, session: BrokerSession, registry: RegistryCache, lanes: tuple[Lane, ...], concurrency: int
    ) -> None:
        self._session = session
        self._registry = registry
        self._lanes = frozenset(str(lane) for lane in lanes)
        self._concurrency = concurrency
        self._consumed: set[Flow] = set()
        self._not_before: dict[Flow, float] = {}
        """When to try again to make a queue, on the loop's clock."""
        self._full_until: dict[Flow, float] = {}
        """When to log again that a queue is full, on the loop's clock."""
        self._opening: dict[Flow, asyncio.Task[None]] = {}
        self.setting_aside = asyncio.Semaphore(SET_ASIDE_AT_ONCE)

    def follow(self) -> None:
        """Take from every backlog queue that any worker has made."""
        for flow in sorted(self._registry.registry.backlogs - self._consumed):
            if flow.lane in self._lanes:
                self._try_to_consume(flow)

    async def is_open(self, flow: Flow) -> bool:
        """Tell whether a flow's jobs can be set aside; where its queue cannot be made, not for a while."""
        if flow in self._consumed:
            return True
        now = asyncio.get_running_loop().time()
        if now < self._not_before.get(flow, now):
            return False
        try:
            await self.open(flow)
        except PublishError as error:
            _log.warning(
                "backlog.not_opened", lane=flow.lane, vendor=flow.vendor, tenant=flow.siret, error=str(error)
            )
            self._not_before[flow] = asyncio.get_running_loop().time() + TRY_AGAIN_SECONDS
            return False
        return True

    def tell_full(self, flow: Flow) -> None:
        """Log that a flow's queue takes no more, once a minute."""
        now = asyncio.get_running_loop().time()
        if now >= self._full_until.get(flow, now):
            self._full_until[flow] = now + TELL_AGAIN_SECONDS
            _log.warning("backlog.full", lane=flow.lane, vendor=flow.vendor, tenant=flow.siret)

    async def open(self, flow: Flow) -> None:
        """Make the queue of a flow. Raises ``PublishError`` when that is not possible now."""
        opening = self._opening.get(flow)
        if opening is None:
            # It is the flow's affair: its events are not those of the job that came first.
            opening = self._opening[flow] = asyncio.create_task(self._open(flow), context=Context())
            opening.add_done_callback(lambda _task: self._opening.pop(flow, None))
        await asyncio.shield(opening)

    async def _open(self, flow: Flow) -> None:
        try:
            # Noted first: a queue that no worker knows of would keep its jobs for ever.
            await self._registry.add_backlog(flow)
            if self._session.is_blocked:
                raise PublishError("the broker takes nothing for now")
            self._declare(flow)
        except DatabaseError as error:
            raise PublishError(str(error)) from None
        except REFUSALS as error:
            _log.error("topology.refused", queue=backlog_queue(flow), error=error.reply_text)
            raise PublishError("a backlog queue may not be declared") from None
        _log.info("backlog.opened", lane=flow.lane, vendor=flow.vendor, tenant=flow.siret)

    def _try_to_consume(self, flow: Flow) -> None:
        queue = backlog_queue(flow)
        try:
            self._declare(flow)
        except REFUSALS as error:
            _log.error("topology.refused", queue=queue, error=error.reply_text)
            # Whatever it was declared with, what waits there is to be answered.
            if self._session.has_queue(queue):
                self._consume(flow)

    def _declare(self, flow: Flow) -> None:
        self._session.declare_backlog(flow)
        self._consume(flow)

    def _consume(self, flow: Flow) -> None:
        if flow in self._consumed:
            return
        self._consumed.add(flow)
        in_hand = max(FEWEST_IN_HAND, self._concurrency // (1 + len(self._consumed)))
        self._session.consume_also(backlog_queue(flow), in_hand)
