"""Logging rejected jobs: each of them up to a rate, and beyond it how many of a vendor's, once a minute.

A vendor whose program is broken sends hundreds a second, and a log that nobody reads any more hides what others meet.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from connector.events import Event
from connector.telemetry.throttle import WINDOW_SECONDS, LeftOut, Throttle
from schemas.reply import Reply

RECENT: Final = timedelta(hours=1)
MOST_RECENT: Final = 1000
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentRejections:
    """The rejected jobs of one vendor in the last hour."""

    vendor: str
    count: int
    codes: tuple[str, ...]
    """Each once, in order."""
    last_at: datetime


class RejectionLog:
    """Tells of one worker process's rejected jobs, and of vendors' clocks, on its event loop."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """``monotonic`` gives seconds that never go back."""
        self._monotonic = monotonic
        self._throttle = Throttle()
        self._clocks = Throttle()
        self._told = 0
        self._recent: dict[str, deque[tuple[datetime, tuple[str, ...]]]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def note(self, vendor: str, reply: Reply) -> None:
        """Log which job was rejected and why, or count it where this vendor's are many.

        Of the message, the log has what the reply repeats, whose forms are valid: nothing else is kept of a rejected job, and
        its vendor's operator may ask.
        """
        codes = [error.code.value for error in reply.errors]
        self._told += 1
        self._recent.setdefault(vendor, deque(maxlen=MOST_RECENT)).append(
            (reply.completed_at, tuple(dict.fromkeys(codes)))
        )
        # Each counts as one more: a vendor has so many a minute, whatever they are about.
        before = self._throttle.admit((vendor,), str(self._told), {"codes": codes}, self._monotonic())
        if before is None:
            self._tell_later()
            return
        if before.count:
            _tell(vendor, before)
        named = {name: value for name in ("job_id", "tenant") if (value := getattr(reply, name)) is not None}
        _log.info(Event.JOB_REJECTED, vendor=vendor, codes=codes, **named)

    def recent(self, now: datetime) -> Iterator[RecentRejections]:
        """Yield what was rejected of each vendor in the last hour, ``MOST_RECENT`` of each at most."""
        for vendor, rejected in self._recent.items():
            while rejected and rejected[0][0] < now - RECENT:
                rejected.popleft()
            if rejected:
                codes = sorted({code for _, codes in rejected for code in codes})
                yield RecentRejections(
                    vendor=vendor, count=len(rejected), codes=tuple(codes), last_at=rejected[-1][0]
                )

    def note_clock(self, vendor: str, ahead_seconds: float) -> None:
        """Log that a vendor's clock is ahead, once a minute at most: its jobs are answered, and wait longer than it means."""
        told = self._clocks.admit((vendor,), "clock", {}, self._monotonic())
        if told is not None:
            _log.info(Event.VENDOR_CLOCK_AHEAD, vendor=vendor, ahead_seconds=int(ahead_seconds))

    def close(self) -> None:
        """Tell what was counted."""
        if self._timer is not None:
            self._timer.cancel()
        self._tell_all(self._throttle.due(self._monotonic(), all_of_them=True).items())

    def _tell_later(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            # It is about many jobs: it carries the context of none.
            self._timer = loop.call_later(WINDOW_SECONDS, self._tell_due, context=Context())

    def _tell_due(self) -> None:
        self._timer = None
        self._tell_all(self._throttle.due(self._monotonic()).items())
        if not self._throttle.is_silent:
            self._tell_later()

    def _tell_all(self, due: Iterable[tuple[tuple[str, ...], LeftOut]]) -> None:
        for (vendor, *_), left_out in due:
            _tell(vendor, left_out)


def _tell(vendor: str, left_out: LeftOut) -> None:
    _log.warning(
        Event.VENDOR_REJECTED_OFTEN, vendor=vendor, count=left_out.count, codes=list(left_out.values["codes"])
    )
