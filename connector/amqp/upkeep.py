"""Keeping the topology whole while a connection lives: whatever somebody deletes is declared again.

A message that finds no queue says so at once. A binding that is gone says nothing: what waits behind it is confirmed, and
stays where it is until the binding is back.
"""

import asyncio
from collections.abc import Callable, Collection
from typing import Any, Final

from connector.amqp.declaration import Power, declare_unanswered
from connector.amqp.recording import Objects

EVERY_SECONDS: Final = 60.0
"""Between two declarations where nothing is known to be missing. One took 5 ms of the loop, on RabbitMQ 3.10."""
PAUSE_SECONDS: Final = 1.0
"""Between two declarations however much is missing."""
_EXCHANGE_CLASS, _QUEUE_CLASS = 40, 50


class Upkeep:
    """When to declare the topology again, and what of it.

    Nobody waits for the answers: a broker that is slow to declare must not hold up the jobs. A refusal closes the channel,
    and reaches whoever reads the connection as an error: ``is_refusal`` knows it.
    """

    def __init__(
        self,
        objects: Objects,
        power: Power,
        *,
        consumed: Callable[[], Collection[str]],
        every_seconds: float,
    ) -> None:
        """``consumed`` returns the queues that a worker takes from now, which are left alone.

        The broker ends their consumer when they are deleted. One that is declared again before it has, is mute: what
        comes next counts as delivered to it, and is not (seen on RabbitMQ 3.10).
        """
        self._objects = objects
        self._power = power
        self._consumed = consumed
        self._every_seconds = every_seconds
        self._wanted = asyncio.Event()

    def want(self) -> None:
        """Have it done soon: something is missing."""
        self._wanted.set()

    async def next(self) -> None:
        """Return when it is to be done."""
        try:
            async with asyncio.timeout(self._every_seconds):
                await self._wanted.wait()
        except TimeoutError:
            pass
        self._wanted.clear()

    def declare(self, channel: Any) -> None:
        """Declare everything that this user may, but for the queues that are consumed."""
        declare_unanswered(channel, self._objects, self._power, self._consumed())


def is_refusal(error: BaseException) -> bool:
    """Tell whether a client's error is the broker's answer to a declaration that nobody waits for."""
    class_id, _ = getattr(error, "method_sig", None) or (0, 0)
    return class_id in (_EXCHANGE_CLASS, _QUEUE_CLASS)
