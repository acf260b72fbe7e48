"""The calls that a sandbox has received, without anything of a person."""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any, Final

MOST_CALLS: Final = 100_000


@dataclass(frozen=True, slots=True)
class ReceivedCall:
    """A call, from the moment that it arrived."""

    number: int
    """From 1; numbers go on when calls are forgotten."""
    at: float
    """Unix time."""
    provider: str
    path: str
    """The route's: no query, and names in braces for what a path says of a person."""
    is_ping: bool = False
    recipient: str | None = None
    """The SIRET of the tenant that asks."""
    status: int | None = None
    """None while it is in flight, and for good when no answer was given."""

    def as_json(self) -> dict[str, Any]:
        """Return it as the control route lists it."""
        return {
            "number": self.number,
            "at": self.at,
            "provider": self.provider,
            "path": self.path,
            "kind": "ping" if self.is_ping else "call",
            "recipient": self.recipient,
            "status": self.status,
        }


class Calls:
    """The last calls received."""

    def __init__(self, most: int = MOST_CALLS) -> None:
        self._kept: deque[ReceivedCall] = deque(maxlen=most)
        self._received: Counter[str] = Counter()
        self._last_number = 0

    def arrive(
        self,
        now: datetime,
        provider: str,
        path: str,
        *,
        is_ping: bool = False,
        recipient: str | None = None,
    ) -> int:
        """Keep a call that has arrived, and return its number."""
        self._last_number += 1
        self._received[provider] += 1
        self._kept.append(
            ReceivedCall(self._last_number, now.timestamp(), provider, path, is_ping, recipient)
        )
        return self._last_number

    def answer(self, number: int, status: int) -> None:
        """Note how a call was answered, unless it was forgotten meanwhile."""
        index = self._index(number)
        if 0 <= index < len(self._kept):
            self._kept[index] = replace(self._kept[index], status=status)

    def total(self, provider: str | None = None) -> int:
        """Return how many calls have arrived since they were last forgotten, kept or not."""
        return self._received.total() if provider is None else self._received[provider]

    def after(self, number: int, provider: str | None = None) -> Iterator[ReceivedCall]:
        """Yield the calls kept with a higher number, in order."""
        for call in islice(self._kept, max(0, self._index(number) + 1), None):
            if provider in {None, call.provider}:
                yield call

    def forget(self) -> None:
        """Keep none, and count from nothing."""
        self._kept.clear()
        self._received.clear()

    def _index(self, number: int) -> int:
        return number - 1 - (self._last_number - len(self._kept))
