"""Which tokens the API has taken for which check, and which of a tenant is being tried, as far as one process has seen."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

KNOWN_SECONDS: Final = 3600.0
"""How long an answer says that the API takes a token."""
MOST_KEPT: Final = 20_000


class Served:
    """What was answered, by whatever names a token and a check."""

    def __init__(self) -> None:
        self._at: dict[str, datetime] = {}
        self._tried: set[str] = set()

    def note(self, key: str, now: datetime) -> None:
        """Note that a call was answered."""
        self._at.pop(key, None)
        # The last ones stand last.
        self._at[key] = now
        if len(self._at) > MOST_KEPT:
            del self._at[next(iter(self._at))]

    def is_served(self, key: str, now: datetime) -> bool:
        """Tell whether a call was answered lately."""
        at = self._at.get(key)
        return at is not None and now - at < timedelta(seconds=KNOWN_SECONDS)

    def is_tried(self, share: str) -> bool:
        """Tell whether a call is under way that shows whether the API takes it."""
        return share in self._tried

    @contextmanager
    def trying(self, share: str) -> Iterator[None]:
        """Have one such call of a share for the block."""
        self._tried.add(share)
        try:
            yield
        finally:
            self._tried.discard(share)

    def forget(self, key: str) -> None:
        """Take back what was noted: a call was refused."""
        self._at.pop(key, None)
