"""The access journal of one worker process: every call has a record before it sets out, and another once it has ended.

A record has two ways into SQL. The reply memory takes along those of a run's first calls with its claim, and those of the last ones
with its answer, in the transactions that it makes anyway. All others go by the broker, and these too where the database is away.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from uuid import uuid4

from connector.amqp.confirmed_channel import PublishError
from connector.amqp.publisher import Publisher
from connector.checks.admission import Admitted
from connector.checks.plan import PlannedCall
from connector.clock import Clock
from connector.sources.exchange import Answered, Exchange
from connector.storage.journal.groups import LATER_SECONDS, Group, Groups
from connector.storage.journal.journal import Access, Accesses, Records
from connector.storage.journal.keys import JournalKeys
from connector.storage.journal.person import PERSON, identifier_of, person_of
from connector.storage.journal.record import NOT_MADE, UNKNOWN, Record, record_id
from connector.storage.journal.writer import JournalWriter
from connector.vault import Vault


class AccessJournal:
    """Notes every call, in groups, over the connection of now."""

    def __init__(self, keys: JournalKeys, vault: Vault, writer: JournalWriter | None, clock: Clock) -> None:
        self.writer = writer
        self._keys = keys
        self._vault = vault
        self._clock = clock
        self._groups: Groups | None = None

    def attach(self, publisher: Publisher) -> None:
        """Publish through this one from now on."""
        self._detach()
        self._groups = Groups(publisher, self._vault)

    @property
    def is_held_up(self) -> bool:
        """Whether the broker did not keep the last records that it was given."""
        return self._groups is not None and self._groups.is_held_up

    def open(self) -> Records:
        """Return what keeps the records of one delivery."""
        return _Records(self, self._keys, self._clock)

    @property
    def groups(self) -> Groups:
        """What carries records over the connection of now. Raises ``PublishError`` before there is one."""
        if self._groups is None:
            raise PublishError("there is no connection")
        return self._groups

    def close(self) -> None:
        """Note nothing more, and write what was taken."""
        self._detach()
        if self.writer is not None:
            self.writer.close()

    def _detach(self) -> None:
        if self._groups is not None:
            self._groups.close()


@dataclass(slots=True)
class _Records:
    journal: AccessJournal
    keys: JournalKeys
    clock: Clock
    groups: list[Group] = field(default_factory=list)
    """Those that hold its records."""
    ended: list[Record] = field(default_factory=list)
    """Of calls that have ended a moment ago, which the job's answer may take along."""
    timer: asyncio.Handle | None = None
    """For when they go to the broker instead."""

    def of(self, admitted: Admitted) -> Accesses:
        """Return what notes the calls of a run, whose person is hashed once."""
        person = person_of(admitted.job.identity)
        tenant = admitted.tenant.siret
        return _Run(
            records=self,
            admitted=admitted,
            person=None if person is None else self.keys.hashed(tenant, PERSON, person),
        )

    def add(self, record: Record, *, is_urgent: bool) -> Group:
        """Send a record; one that is not urgent, soon."""
        group = self.journal.groups.add(record, is_urgent=is_urgent)
        if not self.groups or self.groups[-1] is not group:
            self.groups.append(group)
        return group

    def end(self, record: Record) -> None:
        """Keep the record of a call that has ended until somebody takes it, or for a moment."""
        self.ended.append(record)
        if self.timer is None:
            self.timer = asyncio.get_running_loop().call_later(LATER_SECONDS, self._publish_ended)

    def take(self) -> tuple[Record, ...]:
        """Hand over the records that are not on their way to the broker yet."""
        taken, self.ended = tuple(self.ended), []
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        return taken

    def publish(self, records: Iterable[Record]) -> None:
        """Have the broker keep records, soon: no call waits for how another has ended."""
        for record in records:
            self.add(record, is_urgent=False)

    async def confirmed(self) -> None:
        """Return once the broker has those that it was given."""
        self._publish_ended()
        for group in self.groups:
            await group.confirmed()

    def _publish_ended(self) -> None:
        # They have waited once.
        for record in self.take():
            self.add(record, is_urgent=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run of one delivery, under a name of its own: what is delivered again makes calls of its own."""

    records: _Records
    admitted: Admitted
    person: str | None
    name: str = field(default_factory=lambda: uuid4().hex)
    numbers: Counter[str] = field(default_factory=Counter)
    """Of the last record of each check, by its label."""
    expected: "dict[tuple[str, int], _Call]" = field(default_factory=dict)
    """Calls whose records were made ahead, by their checks' labels and their numbers."""

    def of(self, planned: PlannedCall, attempt: int) -> Access:
        """Return the access of a check's nth call."""
        expected = self.expected.pop((planned.request.label, attempt), None)
        return expected or _Call(self, planned, attempt)

    def expect(self, calls: Iterable[tuple[PlannedCall, int]]) -> tuple[Record, ...]:
        """Return the records of calls that will most likely set out at once."""
        records: list[Record] = []
        for planned, attempt in calls:
            record = self.record(planned, attempt)
            self.expected[planned.request.label, attempt] = _Call(self, planned, attempt, ahead=record)
            records.append(record)
        return tuple(records)

    def keep_expected(self) -> None:
        """Take note that the records of the expected calls are kept."""
        for call in self.expected.values():
            call.is_kept = True

    def close(self) -> None:
        """Note that an expected call that has not set out was not made."""
        for call in self.expected.values():
            call.drop()
        self.expected.clear()

    def record(self, planned: PlannedCall, attempt: int) -> Record:
        """Return the record of a call that is about to set out."""
        job, vendor, tenant = self.admitted.job, self.admitted.vendor.name, self.admitted.tenant.siret
        label, identifier = planned.request.label, identifier_of(planned.params)
        self.numbers[label] += 1
        return Record(
            id=record_id(vendor, job.job_id, self.name, label, attempt, self.numbers[label]),
            at=self.records.clock(),
            vendor=vendor,
            tenant=tenant,
            job_id=job.job_id,
            lane=str(self.admitted.lane),
            label=label,
            check=planned.definition.name,
            endpoint=planned.endpoint.path,
            agent=job.agent,
            dossier=job.dossier,
            purpose=job.purpose,
            attempt=attempt,
            person=self.person,
            identifier=None if identifier is None else self.records.keys.hashed(tenant, *identifier),
            outcome=UNKNOWN,
        )


@dataclass(slots=True)
class _Call:
    run: _Run
    planned: PlannedCall
    attempt: int
    record: Record | None = None
    """Of the call that set out last."""
    ahead: Record | None = None
    """Of the call that sets out next, where it was made ahead."""
    is_kept: bool = False
    """Whether that one is in SQL."""

    async def begin(self) -> None:
        """Note that a call is about to set out; how it ends will tell when that was."""
        ahead, self.ahead = self.ahead, None
        if ahead is None:
            self.record = self.run.record(self.planned, self.attempt)
        else:
            # Under the same id, kept or not: a database that was slow may keep it yet.
            self.record = replace(ahead, at=self.run.records.clock())
            if self.is_kept:
                return
        await self.run.records.add(self.record, is_urgent=True).confirmed()

    def drop(self) -> None:
        """Note that the call whose record was made ahead was not made."""
        if self.ahead is not None:
            self._end(self.ahead, NOT_MADE)

    def end(self, outcome: str, exchange: Exchange | None = None) -> None:
        """Note how it has ended."""
        if self.record is None:
            raise RuntimeError("a call ended that was not begun")
        self._end(self.record, outcome, exchange)

    def _end(self, record: Record, outcome: str, exchange: Exchange | None = None) -> None:
        ended = replace(
            record,
            outcome=outcome,
            http_status=exchange.http_status if isinstance(exchange, Answered) else None,
            duration_ms=exchange.duration_ms if exchange is not None else None,
        )
        self.run.records.end(ended)
