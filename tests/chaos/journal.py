"""Whether every call is in the access journal: what the worker set out to ask, what the sandbox received, what is in SQL."""

import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from connector.catalogue.definition import Endpoint
from connector.catalogue.identity import Query
from connector.checks.admission import Admitted
from connector.checks.plan import PlannedCall
from connector.sources.exchange import Again, Exchange, Upstream, untold
from connector.storage.journal.journal import Access, Accesses, Journal, Records
from connector.storage.journal.record import NOT_MADE, UNKNOWN, Record

NOTES_VARIABLE: Final = "CHAOS_NOTES"
"""Names the file to which a worker notes its calls."""
_RECORD: Final = "record"
_OUT: Final = "out"
_BACK: Final = "back"


@dataclass(frozen=True, slots=True)
class NotedUpstream:
    """A source whose calls are noted in a file, by the birth name asked with: a note survives the worker that made it."""

    upstream: Upstream
    descriptor: int

    async def ask(
        self, endpoint: Endpoint, query: Query, secret: str, within_seconds: float, again: Again = untold
    ) -> Exchange:
        """Ask, between two notes."""
        name = dict(query).get("nomNaissance", "")
        os.write(self.descriptor, f"{_OUT} {name}\n".encode())
        exchange = await self.upstream.ask(endpoint, query, secret, within_seconds, again)
        os.write(self.descriptor, f"{_BACK} {name}\n".encode())
        return exchange

    async def ping(self, endpoint: Endpoint, within_seconds: float) -> bool | None:
        """Ping."""
        return await self.upstream.ping(endpoint, within_seconds)


class ChangedJournal:
    """A journal of which each access is changed."""

    def __init__(
        self,
        journal: Journal,
        change: Callable[[Access], Access],
        expecting: Callable[[tuple[Record, ...]], tuple[Record, ...]],
    ) -> None:
        """``expecting`` is given the records of expected calls, and returns those that are kept ahead."""
        self._journal = journal
        self._change = change
        self._expecting = expecting
        self.writer = journal.writer
        self.attach = journal.attach
        self.close = journal.close

    @property
    def is_held_up(self) -> bool:
        """Whether the broker keeps no records."""
        return self._journal.is_held_up

    def open(self) -> Records:
        """Return what changes the accesses of a delivery."""
        return _ChangedRecords(self._journal.open(), self._change, self._expecting)


def noting_records(journal: Journal, descriptor: int) -> Journal:
    """Return a journal that tells the notes when a call's record is sent: from then on the call is in flight."""

    def expecting(records: tuple[Record, ...]) -> tuple[Record, ...]:
        # Whether or not its call sets out, a record may be left without an outcome from now on.
        os.write(descriptor, f"{_RECORD} -\n".encode() * len(records))
        return records

    return ChangedJournal(journal, lambda access: _NotedAccess(access, descriptor), expecting)


def noting_afterwards(journal: Journal) -> Journal:
    """Return a journal that notes a call once it has come back, as an ordinary audit log does."""
    return ChangedJournal(journal, _LateAccess, lambda _records: ())


@dataclass(frozen=True, slots=True)
class _ChangedRecords:
    records: Records
    change: Callable[[Access], Access]
    expecting: Callable[[tuple[Record, ...]], tuple[Record, ...]]

    def of(self, admitted: Admitted) -> Accesses:
        return _ChangedAccesses(self.records.of(admitted), self.change, self.expecting)

    def take(self) -> tuple[Record, ...]:
        return self.records.take()

    def publish(self, records: Iterable[Record]) -> None:
        self.records.publish(records)

    async def confirmed(self) -> None:
        await self.records.confirmed()


@dataclass(frozen=True, slots=True)
class _ChangedAccesses:
    accesses: Accesses
    change: Callable[[Access], Access]
    expecting: Callable[[tuple[Record, ...]], tuple[Record, ...]]

    expected: set[tuple[str, int]] = field(default_factory=set)

    def of(self, planned: PlannedCall, attempt: int) -> Access:
        access = self.accesses.of(planned, attempt)
        is_expected = (planned.request.label, attempt) in self.expected
        return access if is_expected else self.change(access)

    def expect(self, calls: Iterable[tuple[PlannedCall, int]]) -> tuple[Record, ...]:
        records = self.expecting(self.accesses.expect(calls))
        self.expected.update((record.label, record.attempt) for record in records)
        return records

    def keep_expected(self) -> None:
        self.accesses.keep_expected()

    def close(self) -> None:
        self.accesses.close()


@dataclass(frozen=True, slots=True)
class _NotedAccess:
    access: Access
    descriptor: int

    async def begin(self) -> None:
        os.write(self.descriptor, f"{_RECORD} -\n".encode())
        await self.access.begin()

    def end(self, outcome: str, exchange: Exchange | None = None) -> None:
        self.access.end(outcome, exchange)


@dataclass(slots=True)
class _LateAccess:
    access: Access

    async def begin(self) -> None:
        pass

    def end(self, outcome: str, exchange: Exchange | None = None) -> None:
        # Begun and ended at once: the beginning is added to the group before it is waited for.
        beginning = self.access.begin()
        beginning.send(None)
        beginning.close()
        self.access.end(outcome, exchange)


@dataclass(frozen=True, slots=True, kw_only=True)
class Journalled:
    """What is in the journal of a run's jobs, beside the worker's own notes of its calls."""

    rows: Mapping[str, int]
    """By job."""
    unknown: Mapping[str, int]
    """Of these, the rows without an outcome, by job."""
    set_out: Mapping[str, int]
    """Calls that the worker noted, by the birth name asked with."""
    in_flight: int
    """Records that were sent of calls that did not come back: a crash, or the end of a connection, was before."""

    @property
    def total(self) -> int:
        """Every row."""
        return sum(self.rows.values())

    def complaints(self, calls: int, *, interrupted: bool) -> list[str]:
        """Return what is wrong, given the calls that the sandbox counted, and whether deliveries were interrupted."""
        unknown, surplus = sum(self.unknown.values()), self.total - calls
        wrong = [] if surplus >= 0 else [f"calls without a row in the journal: {-surplus}"]
        if self.total - unknown > calls:
            wrong.append(f"rows with an outcome beyond the calls: {self.total - unknown - calls}")
        if surplus > self.in_flight:
            wrong.append(f"surplus rows: {surplus}, with {self.in_flight} calls in flight")
        if unknown and not interrupted:
            wrong.append(f"rows without an outcome: {unknown}")
        return wrong


def journalled(database: Path, notes: Path, jobs: Collection[str]) -> Journalled:
    """Read the journal of ``jobs`` and the notes of the workers' calls."""
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute("SELECT job_id, outcome FROM journal").fetchall()
    ours = [(job_id, outcome) for job_id, outcome in found if job_id in jobs and outcome != NOT_MADE]
    noted = [line.split(" ", 1) for line in notes.read_text().splitlines()] if notes.exists() else []
    set_out = Counter(name for what, name in noted if what == _OUT)
    return Journalled(
        rows=Counter(job_id for job_id, _ in ours),
        unknown=Counter(job_id for job_id, outcome in ours if outcome == UNKNOWN),
        set_out=set_out,
        in_flight=sum((what == _RECORD) - (what == _BACK) for what, _ in noted),
    )
