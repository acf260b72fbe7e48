"""Which jobs a worker has in flight, so that one tenant's many never keep it from another's few.

A lane is one queue, in which the jobs of all wait behind each other. So the worker reads on in it whatever it has to
do: what it cannot take in yet overflows, into a queue of that vendor's jobs for that tenant alone. Those queues
it takes from side by side.

How many jobs a flow may have in flight follows from how many more the worker could have: as many as there is room left
(Choudhury and Hahne, *Dynamic Queue Length Thresholds*). One flow alone gets half of the room, two get a third each, and
there is always some left for the next. The broker gives a worker so many messages of a queue before it has settled some:
of those a vendor alone has three quarters at the most, however many tenants it sends for. Of a lane that is behind, whoever
fills it has none (``connector.limits.lane_shares``).
"""

import asyncio
from collections import Counter, deque
from dataclasses import dataclass
from typing import Final

from connector.jobs.records import Flow
from connector.limits.lane_shares import LaneShares

ROOM: Final = 2
"""A worker has room for so many times the jobs that one flow alone may have in flight."""
SLOWEST_READING_PER_SECOND: Final = 50.0
"""Jobs. While a flow gets on so fast, those behind it are reached soon; once it does not, as when it waits for a quota,
its jobs overflow, which costs a second queue. A worker that has no more CPU must not be given that to do on top: half as fast as
the slowest machine that was measured."""
OF_A_VENDOR: Final = 3
"""A vendor may have so many times the messages of a queue that are left for others."""


@dataclass(frozen=True, slots=True)
class Door:
    """A queue that the jobs of many vendors come by, and how many of its messages the broker gives a worker at once."""

    queue: str
    messages: float
    """Infinite where all are of one vendor."""


class Intake:
    """The jobs in flight, by flow, and by the queue they came by."""

    def __init__(self, concurrency: int, lanes: LaneShares | None = None) -> None:
        """``concurrency`` is how many jobs of a lane one flow alone may have in flight."""
        self.lanes = LaneShares({}) if lanes is None else lanes
        self._room = ROOM * concurrency
        self._patience_seconds = concurrency / SLOWEST_READING_PER_SECOND
        self._in_flight: Counter[Flow] = Counter()
        self._of_vendor: Counter[tuple[str, str]] = Counter()
        """By lane and vendor."""
        self._by_door: Counter[tuple[str, str]] = Counter()
        """By queue and vendor."""
        self._of_door: Counter[str] = Counter()
        self._lines: dict[Flow, deque[asyncio.Future[None]]] = {}
        self._congested: set[Flow] = set()

    async def enter(self, flow: Flow, door: Door | None = None) -> bool:
        """Take a job of ``flow`` in; False when it has to overflow."""
        if not self.has_share(flow, door):
            return False
        if not self._has_room(flow) and not await self._wait(flow):
            return False
        self.take(flow, door)
        return True

    def enter_at_once(self, flow: Flow, door: Door | None = None) -> bool:
        """Take a job in that cannot overflow; False when it has to be answered without being run."""
        if not self.has_share(flow, door) or not self._has_room(flow):
            return False
        self.take(flow, door)
        return True

    def take(self, flow: Flow, door: Door | None = None) -> None:
        """Take a job in, whether there is room or not; ``door`` is None for one of the flow's own queue."""
        self._in_flight[flow] += 1
        self._of_vendor[flow.lane, flow.vendor] += 1
        if door is not None:
            self._by_door[door.queue, flow.vendor] += 1
            self._of_door[door.queue] += 1

    def leave(self, flow: Flow, door: Door | None = None) -> None:
        """Let go of a job that was taken in."""
        self._in_flight[flow] -= 1
        self._of_vendor[flow.lane, flow.vendor] -= 1
        if door is not None:
            self._by_door[door.queue, flow.vendor] -= 1
            self._of_door[door.queue] -= 1
        if self._in_flight[flow] == 0:
            del self._in_flight[flow]
            self._congested.discard(flow)
        line = self._lines.get(flow)
        while line and self._has_room(flow):
            waiting = line.popleft()
            if not waiting.done():
                waiting.set_result(None)
                break

    def overflow_of(self, flow: Flow, door: Door | None) -> Flow:
        """Return in whose queue a job of ``flow`` waits that could not enter: the vendor's, where its share is what lacks.

        A vendor that sends a little for each of hundreds of tenants needs one queue, not hundreds.
        """
        return flow if self.has_share(flow, door) else flow.of_every_tenant

    def has_share(self, flow: Flow, door: Door | None) -> bool:
        """Tell whether the vendor may have one more of the queue's messages in flight."""
        if door is None:
            return True
        if flow.vendor in self.lanes.filling(door.queue):
            return False
        left = door.messages - self._of_door[door.queue]
        return self._by_door[door.queue, flow.vendor] < max(1, OF_A_VENDOR * left)

    def in_flight_of_lane(self, lane: str) -> int:
        """Return how many jobs of a lane are in flight."""
        return sum(count for (its_lane, _), count in self._of_vendor.items() if its_lane == lane)

    def in_flight(self, flow: Flow) -> int:
        """Return how many jobs of a flow are in flight."""
        return self._in_flight[flow]

    def _has_room(self, flow: Flow) -> bool:
        return self._in_flight[flow] < max(1, self._room - self._taken_from(flow))

    def _taken_from(self, flow: Flow) -> float:
        """Return how much room is taken, for a flow: of another vendor's jobs no more than its share counts.

        A vendor's own queues may give it more than that.
        """
        share = self._room * OF_A_VENDOR / (1 + OF_A_VENDOR)
        return sum(
            count if vendor == flow.vendor else min(count, share)
            for (lane, vendor), count in self._of_vendor.items()
            if lane == flow.lane
        )

    async def _wait(self, flow: Flow) -> bool:
        """Wait a moment for the flow to get on, unless it is known not to."""
        if flow in self._congested:
            return False
        line = self._lines.setdefault(flow, deque())
        room = asyncio.get_running_loop().create_future()
        line.append(room)
        try:
            async with asyncio.timeout(self._patience_seconds):
                await room
        except TimeoutError:
            self._congested.add(flow)
            return False
        finally:
            if not any(not waiting.done() for waiting in line):
                self._lines.pop(flow, None)
        return True
