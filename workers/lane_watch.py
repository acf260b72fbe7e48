"""Looks whether a lane is behind while a worker takes jobs of it, so that whoever fills it waits elsewhere.

What is done about it is decided in ``connector.limits.lane_shares``. The lane of the counters alone is watched: nobody sits in
front of a campaign. Nor is it while there is one vendor, who would be kept from nobody.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from connector.amqp.session import BrokerSession
from connector.events import Event
from connector.jobs.records import Registry
from connector.limits.lane_shares import LaneShares

LOOK_SECONDS: Final = 0.5
"""Between two looks: what a lane may fall behind meanwhile is a part of what a counter waits."""
STALLED_SECONDS: Final = 2 * LOOK_SECONDS
"""A look that comes so long after the last one says nothing of how fast a lane fills."""
_log = structlog.get_logger(__name__)


class LaneWatch:
    """Watches lanes in one life of the connection."""

    def __init__(self, session: BrokerSession, lanes: LaneShares, registry: Callable[[], Registry]) -> None:
        self._session = session
        self._lanes = lanes
        self._registry = registry

    async def watch(self) -> None:
        """Look at the lanes for ever."""
        loop = asyncio.get_running_loop()
        while True:
            since = loop.time()
            await asyncio.sleep(LOOK_SECONDS)
            if loop.time() - since > STALLED_SECONDS:
                # Nothing was read since: the next look says more.
                self._lanes.stall()
            elif not self._session.is_blocked:
                await self.look()

    async def look(self) -> None:
        """Look once at each lane that jobs are read from."""
        has_others = len(self._registry().vendors) > 1
        self._lanes.pass_over()
        for queue in self._lanes.lanes_in_use():
            waiting = await self._session.depth(queue) if has_others else 0
            if self._lanes.look(queue, waiting):
                filling = sorted(self._lanes.filling(queue))
                _log.info(Event.LANE_BEHIND, queue=queue, waiting=waiting, vendors=filling)
