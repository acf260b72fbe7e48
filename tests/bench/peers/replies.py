"""A reply queue, counted and looked at."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from kombu import Connection

_POLL_SECONDS: Final = 0.02
_STALLED_SECONDS: Final = 60.0


class Replies:
    """Tells how many replies wait in a queue that nobody else reads."""

    def __init__(self, channel: Any, queue: str) -> None:
        self._channel = channel
        self._queue = queue
        self._taken = 0

    def count(self) -> int:
        """Return how many replies there have been."""
        declared = self._channel.queue_declare(self._queue, passive=True)
        return int(declared.message_count) + self._taken

    def wait_for(self, count: int) -> int:
        """Return how many there are once they are so many. Raises ``TimeoutError`` when no more come."""
        seen, since = self.count(), time.monotonic()
        while (reached := self.count()) < count:
            if reached > seen:
                seen, since = reached, time.monotonic()
            if time.monotonic() - since > _STALLED_SECONDS:
                raise TimeoutError(f"stalled at {reached} of {count} replies in {self._queue}")
            time.sleep(_POLL_SECONDS)
        return reached

    def check(self) -> None:
        """Raise ``AssertionError`` unless the next reply answers its job."""
        message = self._channel.basic_get(self._queue, no_ack=True)
        self._taken += 1
        check_reply(message.body)


@contextmanager
def replies_of(url: str, queue: str) -> Iterator[Replies]:
    """Open a connection that looks at a reply queue."""
    with Connection(url) as connection:
        channel = connection.default_channel
        channel.auto_decode = False
        yield Replies(channel, queue)


def check_reply(body: bytes) -> None:
    """Raise ``AssertionError`` unless a reply has what the upstream answered, or every check found."""
    reply = json.loads(body)
    is_found = all(check["status"] == "found" for check in reply.get("checks", []))
    if not is_found or not ("data" in reply or reply.get("status") == "completed"):
        raise AssertionError(f"the benchmark's jobs end as {reply.get('status', 'nothing')}")
