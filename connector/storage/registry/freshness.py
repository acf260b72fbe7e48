"""How long ago the database last said that the registry in force is the current one.

Meanwhile a token may have been revoked, a tenant's grant withdrawn. For a while the registry in force is better than none; after
``trusted_seconds`` no call is made by it.
"""

import time
from collections.abc import Callable
from typing import Final

import structlog

from connector.events import Event

STALE_SECONDS: Final = 30.0
"""After which a worker says that it does not see changes: a restart of the database ends before."""
_log = structlog.get_logger(__name__)


class Freshness:
    """The age of the registry in force. Told once when it is stale, when it is no longer trusted, and when it is confirmed again."""

    def __init__(self, trusted_seconds: float, seconds: Callable[[], float] = time.monotonic) -> None:
        """``trusted_seconds`` 0: it is trusted whatever its age."""
        self._trusted_seconds = trusted_seconds
        self._seconds = seconds
        self._confirmed_at = seconds()
        self._told: list[Event] = []

    @property
    def age_seconds(self) -> float:
        """How long ago it was confirmed."""
        return self._seconds() - self._confirmed_at

    @property
    def is_trusted(self) -> bool:
        """Whether calls may be made by it."""
        return not self._trusted_seconds or self.age_seconds <= self._trusted_seconds

    def confirm(self) -> None:
        """Note that the database has just said that it is current, or given another one."""
        age_seconds, self._confirmed_at = self.age_seconds, self._seconds()
        if self._told:
            self._told.clear()
            _log.info(Event.REGISTRY_CONFIRMED, after_seconds=round(age_seconds))

    def tell(self) -> None:
        """Say what its age means by now, once."""
        if self.age_seconds > STALE_SECONDS:
            self._say(Event.REGISTRY_STALE)
        if not self.is_trusted:
            self._say(Event.REGISTRY_UNCONFIRMED)

    def _say(self, event: Event) -> None:
        if event not in self._told:
            self._told.append(event)
            log = _log.warning if event is Event.REGISTRY_STALE else _log.error
            log(event, variable="CONNECTOR_DATABASE_URL", after_seconds=round(self.age_seconds))
