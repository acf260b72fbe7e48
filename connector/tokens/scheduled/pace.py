"""So many calls a second and no more: refusals and an address's quota are shared with the workers' calls."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

CALLS_PER_SECOND: Final = 2.0
"""A tenth of what the API allows an address per minute; refusals alone would be 600 of its 2,000 in five minutes."""


class Pace:
    """Spaces out what waits for it, whoever waits."""

    def __init__(
        self,
        per_second: float = CALLS_PER_SECOND,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._apart_seconds = 1 / per_second
        self._sleep = sleep
        self._monotonic = monotonic
        self._next_at = monotonic()

    async def wait(self) -> None:
        """Return when the next call may be made."""
        now = self._monotonic()
        wait_seconds = max(0.0, self._next_at - now)
        # Before the wait: who comes next waits behind it.
        self._next_at = now + wait_seconds + self._apart_seconds
        await self._sleep(wait_seconds)
