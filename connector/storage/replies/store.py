"""The reply memory in SQL: groups of claims and answers, carried together.

The records of the calls that a run sets out with go with its claim, and how they have ended with its answer: the access journal
costs a job no transaction of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection, Delete, Engine, bindparam, delete, func, select, update
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError

from connector.jobs.job_state import Busy, Conflict, Entry, Fresh, IdempotencyKey, standing
from connector.storage.bulk import BulkInsert
from connector.storage.dialects import insert_into
from connector.storage.held import HeldConnection
from connector.storage.journal.record import Record
from connector.storage.journal.store import JournalStore
from connector.storage.replies.shares import reduced
from connector.storage.tables import REPLIES
from connector.time_limits import RUN_SECONDS

MOST_BYTES: Final = 512 * 1024 * 1024
"""Of sealed replies, all vendors together; who holds more than its share of it loses its own oldest."""
_IDS_PER_QUERY: Final = 500
"""SQLite takes a limited number of values in one statement."""
_OF_A_RUN: Final = ("claim", "busy_until", "is_deferred", "sealed_reply", "size", "changed_at")
"""What a run leaves in the row that its job has had since it was claimed."""
_OF_A_CLAIM: Final = (
    "vendor",
    "job_id",
    "claim",
    "digest",
    "busy_until",
    "is_deferred",
    "size",
    "changed_at",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a run leaves in the memory: its sealed reply, or until when it is deferred."""

    claim: IdempotencyKey
    busy_until: datetime
    sealed_reply: bytes | None = field(default=None, repr=False)
    records: tuple[Record, ...] = ()
    """How its last calls have ended."""


Standing = Fresh | Conflict | Busy | bytes
"""Where a claim stands; bytes are the sealed reply."""
_NO_RECORDS: Final[Mapping[str, Sequence[Record]]] = MappingProxyType({})
_OF_A_ROW: Final = DataError, IntegrityError, ProgrammingError
"""Errors that are a row's or a table's own."""


class RecordsRefusedError(Exception):
    """The database does not take the records that go along; the rest it may take without them."""


class MemoryStore:
    """The table of replies in a database whose schema is current."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._journal = JournalStore(engine)
        self._held = HeldConnection(engine)
        self._locks_rows = engine.dialect.name == "postgresql"
        inserting = insert_into(engine, REPLIES)
        self._claims = BulkInsert(engine, inserting.on_conflict_do_nothing(), _OF_A_CLAIM)
        left = {name: inserting.excluded[name] for name in _OF_A_RUN}
        self._answers = BulkInsert(
            engine,
            inserting.on_conflict_do_update(
                index_elements=[REPLIES.c.vendor, REPLIES.c.job_id],
                set_=left,
                # The first answer stays: a run that was thought dead must not take it back.
                where=REPLIES.c.sealed_reply.is_(None),
            ),
            (*_OF_A_CLAIM, "sealed_reply"),
        )
        # By its bytes, as Python sorts: a server's own order may be that of a language.
        self._order = REPLIES.c.job_id.collate("C") if self._locks_rows else REPLIES.c.job_id

    def exchange(
        self,
        claims: Sequence[IdempotencyKey],
        written: Sequence[Written],
        now: datetime,
        ahead: Mapping[str, Sequence[Record]] = _NO_RECORDS,
    ) -> Mapping[str, Standing]:
        """Write what runs leave, then tell each claim where it stands, by the claim's name.

        A claim that may run holds its job from then on. ``ahead`` are the records of the calls that it sets out with then, by the claim's name.
        Raises ``SQLAlchemyError``, or ``RecordsRefusedError``; then no claim holds its job. To write again what runs leave changes nothing.
        """
        try:
            return self._held.run(partial(self._exchange, claims, written, now, ahead))
        except DBAPIError as error:
            has_records = any(ahead.values()) or any(left.records for left in written)
            if has_records and self._may_be_of_the_journal(error):
                raise RecordsRefusedError from error
            raise

    def _may_be_of_the_journal(self, error: DBAPIError) -> bool:
        """Tell whether an error may be the journal's alone. SQLite has one lock for all tables, PostgreSQL one for each."""
        return isinstance(error, _OF_A_ROW) or (self._locks_rows and not error.connection_invalidated)

    def _exchange(
        self,
        claims: Sequence[IdempotencyKey],
        written: Sequence[Written],
        now: datetime,
        ahead: Mapping[str, Sequence[Record]],
        connection: Connection,
    ) -> Mapping[str, Standing]:
        # In one order, or two processes could each wait for a row that the other holds.
        if written:
            self._answers.execute(connection, [_row_of(left, now) for left in _first_answers(written)])
            self._journal.insert(connection, (record for left in written for record in left.records))
            if self._locks_rows:
                # Nor may a row that is written be held while others are claimed.
                connection.commit()
        if not claims:
            return {}
        answers = self._claim(connection, sorted(claims, key=_key), now)
        fresh = [name for name, answer in answers.items() if isinstance(answer, Fresh)]
        self._journal.insert(connection, (record for name in fresh for record in ahead.get(name, ())))
        return {name: _noted(answer) if ahead.get(name) else answer for name, answer in answers.items()}

    def _claim(
        self, connection: Connection, claims: Sequence[IdempotencyKey], now: datetime
    ) -> dict[str, Standing]:
        busy_until = now + timedelta(seconds=RUN_SECONDS)
        inserted = self._claims.execute(connection, [_claim_row(claim, busy_until, now) for claim in claims])
        if inserted == len(claims):
            return {claim.claim: Fresh() for claim in claims}
        entries = self._entries(connection, claims)
        answers = {
            # A row that is gone was too old: nobody holds the job.
            claim.claim: standing(claim, entries[claim.key], now) if claim.key in entries else Fresh()
            for claim in claims
        }
        taken_over = [
            {
                "key_vendor": claim.vendor,
                "key_job_id": claim.job_id,
                "new_claim": claim.claim,
                "new_digest": claim.digests[0],
                "until": busy_until,
                "at": now,
            }
            for claim in claims
            if isinstance(answers[claim.claim], Fresh)
            and claim.key in entries
            and (entries[claim.key].claim != claim.claim or entries[claim.key].is_deferred)
        ]
        if taken_over:
            connection.execute(_TAKE_OVER, taken_over)
        return answers

    def _entries(
        self, connection: Connection, claims: Sequence[IdempotencyKey]
    ) -> dict[tuple[str, str], Entry]:
        # By vendor: SQLite reads the whole table for a list of pairs.
        job_ids: dict[str, list[str]] = {}
        for claim in claims:
            job_ids.setdefault(claim.vendor, []).append(claim.job_id)
        found: dict[tuple[str, str], Entry] = {}
        for vendor, ids in job_ids.items():
            for start in range(0, len(ids), _IDS_PER_QUERY):
                some = ids[start : start + _IDS_PER_QUERY]
                # Locked, where the database locks rows, in one order: of two processes, one is told first.
                query = (
                    select(REPLIES)
                    .where(REPLIES.c.vendor == vendor, REPLIES.c.job_id.in_(some))
                    .order_by(self._order)
                    .with_for_update()
                )
                for row in connection.execute(query):
                    found[row.vendor, row.job_id] = Entry(
                        claim=row.claim,
                        digest=row.digest,
                        busy_until=row.busy_until,
                        is_deferred=row.is_deferred,
                        sealed_reply=row.sealed_reply,
                    )
        return found

    def forget(self, before: datetime, most_bytes: int = MOST_BYTES) -> int:
        """Delete what has not changed since ``before``; return how many rows went.

        Beyond ``most_bytes``, a vendor that holds more than its share loses its own oldest replies, and nobody else's.
        """
        # SQLite refuses, without waiting, whoever would write on what it has read before somebody else wrote.
        writing = self._engine.execution_options(sqlite_begin="IMMEDIATE")
        with writing.begin() as connection:
            held = {row.vendor: int(row.held) for row in connection.execute(_HELD)}
            too_old = REPLIES.c.changed_at < before, REPLIES.c.busy_until < before
            # By vendor, as the index has them.
            forgetting = [delete(REPLIES).where(REPLIES.c.vendor == vendor, *too_old) for vendor in held]
            forgetting += [
                _oldest_beyond(vendor, kept_bytes) for vendor, kept_bytes in reduced(held, most_bytes).items()
            ]
            return sum(connection.execute(statement).rowcount for statement in forgetting)


_HELD: Final = select(REPLIES.c.vendor, func.sum(REPLIES.c.size).label("held")).group_by(REPLIES.c.vendor)


def _oldest_beyond(vendor: str, kept_bytes: int) -> Delete:
    """Delete a vendor's oldest replies but for the newest of ``kept_bytes``. A job in flight, which has none, stays."""
    newest_first = (
        select(
            REPLIES.c.changed_at,
            func.sum(REPLIES.c.size).over(order_by=REPLIES.c.changed_at.desc()).label("total"),
        )
        .where(REPLIES.c.vendor == vendor, REPLIES.c.size > 0)
        .subquery()
    )
    beyond = select(func.max(newest_first.c.changed_at)).where(newest_first.c.total > kept_bytes)
    return delete(REPLIES).where(
        REPLIES.c.vendor == vendor, REPLIES.c.size > 0, REPLIES.c.changed_at <= beyond.scalar_subquery()
    )


_OF_JOB: Final = (REPLIES.c.vendor == bindparam("key_vendor")) & (REPLIES.c.job_id == bindparam("key_job_id"))
_TAKE_OVER: Final = (
    update(REPLIES)
    .where(_OF_JOB)
    .values(
        claim=bindparam("new_claim"),
        digest=bindparam("new_digest"),
        busy_until=bindparam("until"),
        is_deferred=False,
        sealed_reply=None,
        size=0,
        changed_at=bindparam("at"),
    )
)


def _noted(answer: Standing) -> Standing:
    return replace(answer, is_noted=True) if isinstance(answer, Fresh) else answer


def _key(claim: IdempotencyKey) -> tuple[str, str]:
    return claim.key


def _first_answers(written: Sequence[Written]) -> list[Written]:
    """Return what is left of each job, in the order of their keys: its first answer, else the last that was said of it."""
    by_key: dict[tuple[str, str], Written] = {}
    for left in written:
        known = by_key.get(left.claim.key)
        if known is None or known.sealed_reply is None:
            by_key[left.claim.key] = left
    return [by_key[key] for key in sorted(by_key)]


def _claim_row(claim: IdempotencyKey, busy_until: datetime, now: datetime) -> dict[str, Any]:
    return {
        "vendor": claim.vendor,
        "job_id": claim.job_id,
        "claim": claim.claim,
        "digest": claim.digests[0],
        "busy_until": busy_until,
        "is_deferred": False,
        "changed_at": now,
        "size": 0,
    }


def _row_of(left: Written, now: datetime) -> dict[str, Any]:
    return {
        **_claim_row(left.claim, left.busy_until, now),
        "is_deferred": left.sealed_reply is None,
        "sealed_reply": left.sealed_reply,
        "size": len(left.sealed_reply or b""),
    }
