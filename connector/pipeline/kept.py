"""What a delivery leaves that has to be kept before it is acknowledged: the records of its calls, its reply in the memory.

A reply is published meanwhile: whoever waits for it does not wait for a disk.
"""

from collections.abc import Awaitable
from dataclasses import dataclass, field

from connector.storage.journal.journal import Records


@dataclass(slots=True)
class Kept:
    """What one delivery leaves."""

    records: Records
    _writes: list[Awaitable[object]] = field(default_factory=list)

    def wait_for(self, write: Awaitable[object] | None) -> None:
        """Have ``confirmed`` wait for a write too, where there is one."""
        if write is not None:
            self._writes.append(write)

    async def confirmed(self) -> None:
        """Return once all of it is kept, or cannot be. Raises ``PublishError`` when the connection to the broker ended before."""
        await self.records.confirmed()
        for write in self._writes:
            await write
