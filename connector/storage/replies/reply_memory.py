"""What is remembered of jobs: by this process of those in flight, by the database of the others."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from pydantic import ValidationError

from connector.clock import Clock
from connector.events import Event
from connector.jobs.job_state import DEFERRED_SECONDS, Busy, Conflict, Fresh, IdempotencyKey, JobState, Known
from connector.storage.journal.record import Record
from connector.storage.replies.store import Written
from connector.storage.replies.writer import MemoryWriter
from connector.time_limits import RUN_SECONDS
from connector.vault import Vault, VaultError
from schemas.reply import Reply

_log = structlog.get_logger(__name__)
_RECHECK_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class _Running:
    """A run in flight in this process, and what becomes of it."""

    digest: str
    ended: "asyncio.Future[Known | Busy | None]"
    """None when it ended without an answer: its connection was lost."""


class ReplyMemory:
    """Runs a job that is published several times once, and answers it for each publication.

    Without a ``writer``, what is in flight in this process is all that is remembered.
    """

    def __init__(self, writer: MemoryWriter | None, vault: Vault, clock: Clock) -> None:
        self.writer = writer
        self._vault = vault
        self._clock = clock
        self._running: dict[tuple[str, str], _Running] = {}

    @property
    def takes_records(self) -> bool:
        """Whether the records of calls had best go along with a claim, and with an answer."""
        return self.writer is not None and self.writer.takes_records

    async def get(self, claim: IdempotencyKey, ahead: Sequence[Record] = ()) -> JobState:
        """Return where a job stands. After ``Fresh``, the run must end with ``release``.

        Waits for a run of the same job that is in flight in this process. ``ahead`` are the records of the calls that the run would set
        out with: they go to the database with its claim.
        """
        while (running := self._running.get(claim.key)) is not None:
            if running.digest not in claim.digests:
                return Conflict()
            if (ended := await asyncio.shield(running.ended)) is not None:
                return ended
        own: asyncio.Future[Known | Busy | None] = asyncio.get_running_loop().create_future()
        self._running[claim.key] = _Running(claim.digests[0], own)
        try:
            standing = await self._ask(claim, ahead)
        except BaseException:
            self.release(claim)
            raise
        if not isinstance(standing, Fresh):
            self._end(claim, standing if isinstance(standing, Known | Busy) else None)
        return standing

    def store(
        self, claim: IdempotencyKey, reply: Reply, records: tuple[Record, ...] = ()
    ) -> Awaitable[object] | None:
        """Keep the answer of a run, and ``records`` of its calls; return what will hold whether they are, None where nothing is.

        The reply may be published meanwhile: whoever asks the same job again finds that it is being run, or its answer.
        """
        self._end(claim, Known(reply))
        if self.writer is None:
            return None
        body = reply.__pydantic_serializer__.to_json(reply)
        sealed = self._vault.seal_for(purpose_of(claim.vendor, claim.job_id), body)
        until = self._clock() + timedelta(seconds=RUN_SECONDS)
        return self.writer.ask(Written(claim=claim, busy_until=until, sealed_reply=sealed, records=records))

    async def defer(self, claim: IdempotencyKey, until: datetime) -> None:
        """Note that a run leaves this process, to go on at ``until``."""
        busy_until = until + timedelta(seconds=DEFERRED_SECONDS)
        if self.writer is not None:
            await self.writer.ask(Written(claim=claim, busy_until=busy_until))
        self._end(claim, Busy(until + timedelta(seconds=_RECHECK_SECONDS)))

    def release(self, claim: IdempotencyKey) -> None:
        """End a run, whatever became of it."""
        self._end(claim, None)

    def close(self) -> None:
        """Write what was given, and end."""
        if self.writer is not None:
            self.writer.close()

    def _end(self, claim: IdempotencyKey, ended: "Known | Busy | None") -> None:
        running = self._running.pop(claim.key, None)
        if running is not None and not running.ended.done():
            running.ended.set_result(ended)

    async def _ask(self, claim: IdempotencyKey, ahead: Sequence[Record]) -> JobState:
        if self.writer is None:
            return Fresh()
        told = await self.writer.ask(claim, ahead)
        if isinstance(told, bytes):
            return self._open(claim, told)
        return told if isinstance(told, Fresh | Conflict | Busy) else Fresh()

    def _open(self, claim: IdempotencyKey, sealed: bytes) -> JobState:
        try:
            return Known(
                Reply.model_validate_json(
                    self._vault.open_for(purpose_of(claim.vendor, claim.job_id), sealed)
                )
            )
        except (VaultError, ValidationError) as error:
            # Sealed under a key that is gone, or by another version: as if it were forgotten.
            _log.warning(Event.MEMORY_UNREADABLE, vendor=claim.vendor, error=type(error).__name__)
            return Fresh()


def purpose_of(vendor: str, job_id: str) -> str:
    """Return what a job's reply is sealed for."""
    return f"reply/{vendor}/{job_id}"
