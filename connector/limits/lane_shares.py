"""Which vendors fill a lane that its workers do not keep up with.

A lane is one queue: however fast each job is answered, who publishes faster than the workers answer keeps everybody waiting.
Moving a job to its vendor's overflow queue costs a worker a fraction of running it, and so a lane empties that way which it
cannot empty by its answers. Whom it happens to follows from what was read: whoever has sent at least an equal share of it.
What comes out of such a vendor's overflow queues gives way meanwhile, or moving its jobs would gain nothing.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final

BEHIND_PART: Final = 0.5
"""A lane is behind once so many times the messages that a worker holds of it wait in it, until none waits."""
GIVES_WAY_SECONDS: Final = 2.0
"""For how long, at the most, a job that has overflowed gives way: its vendor is to get on too, however long it sends."""


class LaneShares:
    """What a worker has read of each lane since it last looked how many messages wait there."""

    def __init__(self, messages: Mapping[str, int]) -> None:
        """``messages`` are how many of each lane's queue a worker holds at most."""
        self._messages = messages
        self._read: dict[str, Counter[str]] = {queue: Counter() for queue in messages}
        """By queue and vendor."""
        self._filling: dict[str, frozenset[str]] = {}
        """The vendors that fill a lane which is behind, by its queue."""
        self._kept_up = {queue: asyncio.Event() for queue in messages}

    def count(self, queue: str, vendor: str) -> None:
        """Count a vendor's job that was read from a queue; those that are no lane do not matter."""
        if queue in self._read:
            self._read[queue][vendor] += 1

    def lanes_in_use(self) -> Collection[str]:
        """Return the queues that are worth a look: where nothing was read since the last one, nothing can be moved."""
        return [queue for queue, read in self._read.items() if read or queue in self._filling]

    def look(self, queue: str, waiting: int) -> bool:
        """Heed how many messages wait in a lane now; tell whether it has fallen behind since the last look."""
        read = self._read[queue]
        was_behind = queue in self._filling
        self._read[queue] = Counter()
        if waiting == 0 or not (was_behind or waiting > BEHIND_PART * self._messages[queue]):
            self._filling.pop(queue, None)
            self._kept_up[queue].set()
            return False
        if read:
            equal_share = read.total() / len(read)
            self._filling[queue] = frozenset(vendor for vendor, count in read.items() if count >= equal_share)
            self._kept_up[queue].clear()
        return bool(read) and not was_behind

    async def give_way(self, queue: str, vendor: str) -> None:
        """Wait a while for a lane to be kept up with, where the vendor of a job that has overflowed fills it."""
        if vendor not in self.filling(queue):
            return
        try:
            async with asyncio.timeout(GIVES_WAY_SECONDS):
                await self._kept_up[queue].wait()
        except TimeoutError:
            pass

    def filling(self, queue: str) -> frozenset[str]:
        """Return the vendors that fill a lane which is behind; none where it is not."""
        return self._filling.get(queue, frozenset())
