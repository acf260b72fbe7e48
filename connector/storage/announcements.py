"""Telling somebody something once, from a worker's event loop, whoever restarts and however many workers meet it."""

import asyncio
from typing import Final, Protocol

from sqlalchemy.exc import SQLAlchemyError

from connector.clock import Clock
from connector.storage.notices import Notices
from connector.telemetry.token_alerts import Alert, TokenAlert

_MOST_NAMES: Final = 10_000


class Announcements(Protocol):
    """Tells things once."""

    async def tell_once(self, name: str, alert: TokenAlert) -> None:
        """Tell it, unless it was told under this name. Never raises."""
        ...


class NoticedAnnouncements:
    """``Announcements`` that SQL remembers, and this process too: a refusal may come with every call."""

    def __init__(self, notices: Notices, alert: Alert, clock: Clock) -> None:
        self._notices = notices
        self._alert = alert
        self._clock = clock
        self._told: set[str] = set()

    async def tell_once(self, name: str, alert: TokenAlert) -> None:
        """Tell it, unless it was told under this name."""
        if name in self._told:
            return
        if len(self._told) >= _MOST_NAMES:
            # SQL remembers the others.
            self._told.clear()
        self._told.add(name)
        # Both in the thread: a job that is given up meanwhile must not take the alert with it.
        await asyncio.to_thread(self._tell, name, alert)

    def _tell(self, name: str, alert: TokenAlert) -> None:
        try:
            is_ours = self._notices.claim_notice(name, self._clock())
        except SQLAlchemyError:
            # Better twice than never.
            is_ours = True
        if is_ours:
            self._alert(alert)
