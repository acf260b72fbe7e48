"""The overflow queues, one per flow: made when they are first needed, and taken from side by side.

A worker puts jobs only into queues that it takes from, so that nobody removes one of them meanwhile (see
``connector.amqp.overflow_life``).
"""

import asyncio
from contextvars import Context
from functools import partial
from typing import Final

import structlog

from connector.amqp.confirmed_channel import PublishError
from connector.amqp.overflow_life import may_leave
from connector.amqp.session import REFUSALS, BrokerSession
from connector.amqp.topology import overflow_queue
from connector.clock import Clock
from connector.events import Event
from connector.jobs.records import Flow, Lane
from connector.storage.database import DatabaseError
from connector.storage.registry.cache import RegistryCache

OVERFLOWED_AT_ONCE: Final = 16
"""Jobs on their way to an overflow queue."""
TRY_AGAIN_SECONDS: Final = 10.0
"""Before a queue that could not be made is tried again: meanwhile its flow's jobs are run."""
TELL_AGAIN_SECONDS: Final = 60.0
"""Before it is logged again that a queue is full."""
FEWEST_IN_FLIGHT: Final = 2
"""Jobs of one flow, however many flows its vendor has: of hundreds, few of each add up."""
_log = structlog.get_logger(__name__)


class Overflows:
    """The overflow queues, in one life of the connection."""

    def __init__(
        self,
        session: BrokerSession,
        registry: RegistryCache,
        lanes: tuple[Lane, ...],
        concurrency: int,
        clock: Clock,
    ) -> None:
        self._session = session
        self._registry = registry
        self._lanes = frozenset(str(lane) for lane in lanes)
        self._concurrency = concurrency
        self._clock = clock
        self._consumed: set[Flow] = set()
        self._opened: dict[Flow, int] = {}
        """The flows whose jobs may overflow, each with the number of the registry's change that has opened it."""
        self._not_before: dict[Flow, float] = {}
        """When to try again to make a queue, on the loop's clock."""
        self._full_until: dict[Flow, float] = {}
        """When to log again that a queue is full, on the loop's clock."""
        self._opening: dict[Flow, asyncio.Task[None]] = {}
        self.overflowing = asyncio.Semaphore(OVERFLOWED_AT_ONCE)

    def follow(self) -> None:
        """Take from every overflow queue that any worker has made, and no more from those that were closed."""
        registry = self._registry.registry
        for flow in sorted(registry.overflows - self._consumed):
            if flow.lane in self._lanes:
                self._try_to_consume(flow)
        for flow in sorted(self._consumed - registry.overflows):
            # A registry that was read before this worker has opened the queue says nothing of that.
            if registry.overflows_revision < self._opened.get(flow, 0):
                continue
            if may_leave(registry.closed_overflows.get(flow), self._clock()):
                self._leave(flow)
            else:
                self._start_opening(flow).add_done_callback(partial(_tell_unless_opened, flow))

    def has_open(self, flow: Flow) -> bool:
        """Tell whether a flow's jobs can overflow as things are."""
        return flow in self._opened

    async def is_open(self, flow: Flow) -> bool:
        """Tell whether a flow's jobs can overflow; where its queue cannot be made, not for a while."""
        if self.has_open(flow):
            return True
        now = asyncio.get_running_loop().time()
        if now < self._not_before.get(flow, now):
            return False
        try:
            await self.open(flow)
        except PublishError as error:
            _tell_not_opened(flow, error)
            self._not_before[flow] = asyncio.get_running_loop().time() + TRY_AGAIN_SECONDS
            return False
        return True

    def tell_full(self, flow: Flow) -> None:
        """Log that a flow's queue takes no more, once a minute."""
        now = asyncio.get_running_loop().time()
        if now >= self._full_until.get(flow, now):
            self._full_until[flow] = now + TELL_AGAIN_SECONDS
            _log.warning(Event.BACKLOG_FULL, lane=flow.lane, vendor=flow.vendor, tenant=flow.siret)

    async def open(self, flow: Flow) -> None:
        """Make the queue of a flow. Raises ``PublishError`` when that is not possible now."""
        await asyncio.shield(self._start_opening(flow))

    def _start_opening(self, flow: Flow) -> "asyncio.Task[None]":
        opening = self._opening.get(flow)
        if opening is None:
            # It is the flow's affair: its events are not those of the job that came first.
            opening = self._opening[flow] = asyncio.create_task(self._open(flow), context=Context())
            opening.add_done_callback(lambda _task: self._opening.pop(flow, None))
        return opening

    async def _open(self, flow: Flow) -> None:
        try:
            # Noted first: a queue that no worker knows of would keep its jobs for ever.
            revision = await self._registry.open_overflow(flow)
            if self._session.is_blocked:
                raise PublishError("the broker takes nothing for now")
            self._declare(flow)
            self._opened[flow] = revision
        except DatabaseError as error:
            raise PublishError(str(error)) from None
        except REFUSALS as error:
            _log.error(Event.TOPOLOGY_REFUSED, queue=overflow_queue(flow), error=error.reply_text)
            raise PublishError("an overflow queue may not be declared") from None
        _log.info(Event.BACKLOG_OPENED, lane=flow.lane, vendor=flow.vendor, tenant=flow.siret)

    def _try_to_consume(self, flow: Flow) -> None:
        queue = overflow_queue(flow)
        if self._registry.is_away:
            # It may be closed by now, or removed: what waits there is answered, and nothing is put there.
            if self._session.look(queue) is not None:
                self._consume(flow)
            return
        try:
            self._declare(flow)
            self._opened[flow] = 0
        except REFUSALS as error:
            _log.error(Event.TOPOLOGY_REFUSED, queue=queue, error=error.reply_text)
            # Whatever it was declared with, what waits there is to be answered.
            if self._session.look(queue) is not None:
                self._consume(flow)
                self._opened[flow] = 0

    def _leave(self, flow: Flow) -> None:
        self._consumed.discard(flow)
        self._opened.pop(flow, None)
        self._session.consume_no_more(overflow_queue(flow))
        _log.info(Event.BACKLOG_LEFT, lane=flow.lane, vendor=flow.vendor, tenant=flow.siret)

    def _declare(self, flow: Flow) -> None:
        self._session.declare_overflow(flow)
        self._consume(flow)

    def _consume(self, flow: Flow) -> None:
        if flow in self._consumed:
            return
        self._consumed.add(flow)
        queues = sum((each.lane, each.vendor) == (flow.lane, flow.vendor) for each in self._consumed)
        self._session.consume_also(overflow_queue(flow), in_flight_of(queues, self._concurrency))


def in_flight_of(queues: int, concurrency: int) -> int:
    """Return how many jobs of its latest queue a worker has in flight for a vendor that has so many on a lane.

    It is given to a queue once, when the worker begins to take from it. Together they have at most ``concurrency`` times the
    logarithm of their number, and ``FEWEST_IN_FLIGHT`` each once there are as many as half the concurrency.
    """
    return max(FEWEST_IN_FLIGHT, concurrency // (1 + queues))


def _tell_not_opened(flow: Flow, error: BaseException) -> None:
    _log.warning(
        Event.BACKLOG_NOT_OPENED, lane=flow.lane, vendor=flow.vendor, tenant=flow.siret, error=str(error)
    )


def _tell_unless_opened(flow: Flow, opening: "asyncio.Task[None]") -> None:
    if not opening.cancelled() and (error := opening.exception()) is not None:
        _tell_not_opened(flow, error)
