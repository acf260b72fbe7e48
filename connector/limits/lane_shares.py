"""Which vendors fill a lane that its workers do not keep up with.

A lane is one queue: however fast each job is answered, who publishes faster than the workers answer keeps everybody waiting.
Moving a job to its vendor's overflow queue costs a worker a fraction of running it, and so a lane empties that way which it
cannot empty by its answers. Whom it happens to follows from what was read: whoever has sent at least an equal share of it.
What comes out of such a vendor's overflow queues gives way meanwhile, or moving its jobs would gain nothing.

Moving costs, and gains nothing where nobody else waits. Who waits behind cannot be seen. So a lane that a vendor has had to itself
for a while, and whose backlog was there before this worker, is worked off in its order, unless that takes so long that a
newcomer at its end would come too late.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

BEHIND_PART: Final = 0.5
"""A lane is behind once so many times the messages that a worker holds of it wait in it, until none waits."""
ALONE_LOOKS: Final = 120
"""A vendor has a lane to itself once nothing of another was read in so many looks."""
NEWCOMER_LOOKS: Final = 60
"""How many looks a newcomer may wait behind a vendor alone: half of a counter's 60 s."""
GIVES_WAY_SECONDS: Final = 2.0
"""For how long, at the most, a job that has overflowed gives way: its vendor is to get on too, however long it sends."""


@dataclass(slots=True)
class _Lane:
    """What is known of one lane's queue."""

    messages: int
    """How many of it a worker holds at most."""
    read: Counter[str] = field(default_factory=Counter)
    """By vendor, since the last look."""
    looks: int = 0
    read_at: dict[str, int] = field(default_factory=dict)
    """The last look before which something of a vendor was read."""
    waited: int | None = None
    """How many messages waited at the last look; None where that is not known."""
    filling: frozenset[str] = frozenset()
    """The vendors that fill it; none while it is kept up with."""
    kept_up: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_in_use(self) -> bool:
        """Whether something of it was read since the last look, or it is behind."""
        return bool(self.read or self.filling)

    def take_down(self, waiting: int) -> bool:
        """Take a look's figures down; tell whether what waits keeps somebody waiting."""
        self.looks += 1
        self.read_at |= dict.fromkeys(self.read, self.looks)
        has_grown = self.waited is not None and waiting > self.waited
        self.waited = waiting
        recent = [at for at in self.read_at.values() if at > self.looks - ALONE_LOOKS]
        is_far = waiting > NEWCOMER_LOOKS * self.read.total()
        return has_grown or len(recent) > 1 or is_far


class LaneShares:
    """What a worker has read of each lane since it last looked how many messages wait there."""

    def __init__(self, messages: Mapping[str, int]) -> None:
        """``messages`` are how many of each lane's queue a worker holds at most."""
        self._lanes = {queue: _Lane(most) for queue, most in messages.items()}

    def count(self, queue: str, vendor: str) -> None:
        """Count a vendor's job that was read from a queue; those that are no lane do not matter."""
        if queue in self._lanes:
            self._lanes[queue].read[vendor] += 1

    def lanes_in_use(self) -> Collection[str]:
        """Return the queues that are worth a look: where nothing was read since the last one, nothing can be moved."""
        return [queue for queue, lane in self._lanes.items() if lane.is_in_use]

    def pass_over(self) -> None:
        """Heed that the other lanes are not looked at: of a lane of which nothing was read, nothing waits."""
        for lane in self._lanes.values():
            if not lane.is_in_use:
                lane.waited = 0

    def stall(self) -> None:
        """Heed that this process has stood still: what waits now may have come meanwhile, which says nothing of its pace."""
        for lane in self._lanes.values():
            lane.waited = None

    def look(self, queue: str, waiting: int) -> bool:
        """Heed how many messages wait in a lane now; tell whether it has fallen behind since the last look."""
        lane = self._lanes[queue]
        keeps_waiting, was_behind = lane.take_down(waiting), bool(lane.filling)
        read, lane.read = lane.read, Counter()
        begins = waiting > BEHIND_PART * lane.messages and keeps_waiting
        if waiting == 0 or not (was_behind or begins):
            lane.filling = frozenset()
            lane.kept_up.set()
            return False
        if read:
            equal_share = read.total() / len(read)
            lane.filling = frozenset(vendor for vendor, count in read.items() if count >= equal_share)
            lane.kept_up.clear()
        return bool(read) and not was_behind

    async def give_way(self, queue: str, vendor: str) -> None:
        """Wait a while for a lane to be kept up with, where the vendor of a job that has overflowed fills it."""
        if vendor not in self.filling(queue):
            return
        try:
            async with asyncio.timeout(GIVES_WAY_SECONDS):
                await self._lanes[queue].kept_up.wait()
        except TimeoutError:
            pass

    def filling(self, queue: str) -> frozenset[str]:
        """Return the vendors that fill a lane which is behind; none where it is not."""
        lane = self._lanes.get(queue)
        return frozenset() if lane is None else lane.filling
