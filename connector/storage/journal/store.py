"""The journal in SQL: written in batches, read by tenant, forgotten by age."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, delete, func, literal_column, select

from connector.storage.bulk import BulkInsert
from connector.storage.dialects import insert_into
from connector.storage.held import HeldConnection
from connector.storage.journal.record import UNKNOWN, Record, merged
from connector.storage.tables import JOURNAL

READ_AT_ONCE: Final = 500
PURGED_AT_ONCE: Final = 1000
_COLUMNS: Final = tuple(field.name for field in fields(Record))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which records are read. What is None is not asked."""

    tenant: str | None = None
    vendor: str | None = None
    agent: str | None = None
    dossier: str | None = None
    check: str | None = None
    outcome: str | None = None
    job_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """The first instant that is not wanted any more."""
    persons: Sequence[str] | None = None
    """Any of these hashes of the person, or of the identifier."""


class JournalStore:
    """The table of records in a database whose schema is current. Methods raise ``SQLAlchemyError``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held = HeldConnection(engine)
        insert = insert_into(engine, JOURNAL)
        told = {name: insert.excluded[name] for name in ("at", "outcome", "http_status", "duration_ms")}
        # Part of the statement's text: it takes the values of rows alone.
        unknown: ColumnElement[str] = literal_column(f"'{UNKNOWN}'")
        # What is known of a call stays: a record that comes again, or late, changes nothing.
        upsert = insert.on_conflict_do_update(
            index_elements=[JOURNAL.c.id],
            set_=told,
            where=(JOURNAL.c.outcome == unknown) & (insert.excluded.outcome != unknown),
        )
        self._records = BulkInsert(engine, upsert, _COLUMNS)

    def write(self, records: Iterable[Record]) -> None:
        """Write records in one transaction; those that were written before change nothing."""
        self._held.run(lambda connection: self.insert(connection, records))

    def insert(self, connection: Connection, records: Iterable[Record]) -> None:
        """Write records in somebody's transaction."""
        # In the order of their ids, or two processes could each wait for a row that the other holds.
        rows = [{name: getattr(record, name) for name in _COLUMNS} for record in merged(records)]
        self._records.execute(connection, rows)

    def newest(self, wanted: Wanted, most: int) -> list[Record]:
        """Return so many of the records wanted, the newest first."""
        query = _query(wanted).order_by(JOURNAL.c.at.desc(), JOURNAL.c.id).limit(most)
        with self._engine.connect() as connection:
            return [_record(row) for row in connection.execute(query)]

    def each(self, wanted: Wanted) -> Iterator[Record]:
        """Yield every record wanted, the oldest first, a few in memory at a time."""
        query = _query(wanted).order_by(JOURNAL.c.at, JOURNAL.c.id)
        with self._engine.connect() as connection:
            for row in connection.execution_options(yield_per=READ_AT_ONCE).execute(query):
                yield _record(row)

    def count(self, wanted: Wanted) -> int:
        """Return how many records are wanted."""
        query = select(func.count()).select_from(_query(wanted).subquery())
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def count_of_nobody(self, wanted: Wanted) -> int:
        """Return how many of the records wanted hold no hash of an identity."""
        query = _query(wanted).where(JOURNAL.c.person.is_(None))
        with self._engine.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(query.subquery())).scalar_one())

    def count_by_key(self, tenant: str) -> dict[str, int]:
        """Return how many of a tenant's records are hashed under each key, by the key's short name."""
        hashed = func.coalesce(JOURNAL.c.person, JOURNAL.c.identifier)
        key = func.substr(hashed, 1, 8).label("key")
        query = select(key, func.count()).where(JOURNAL.c.tenant == tenant, hashed.is_not(None)).group_by(key)
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def purge(self, before: datetime, most: int, tenant: str | None = None) -> int:
        """Delete so many of the records of calls before an instant, the oldest first; return how many went."""
        oldest = _where(select(JOURNAL.c.id), Wanted(tenant=tenant, until=before))
        ids = oldest.order_by(JOURNAL.c.at).limit(most).scalar_subquery()
        with self._engine.begin() as connection:
            return connection.execute(delete(JOURNAL).where(JOURNAL.c.id.in_(ids))).rowcount


def _query(wanted: Wanted) -> "Select[Any]":
    return _where(select(*(JOURNAL.c[name] for name in _COLUMNS)), wanted)


def _where(query: "Select[Any]", wanted: Wanted) -> "Select[Any]":
    for name in ("tenant", "vendor", "agent", "dossier", "check", "outcome", "job_id"):
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(JOURNAL.c[name] == value)
    if wanted.since is not None:
        query = query.where(JOURNAL.c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(JOURNAL.c.at < wanted.until)
    if wanted.persons is not None:
        query = query.where(JOURNAL.c.person.in_(wanted.persons) | JOURNAL.c.identifier.in_(wanted.persons))
    return query


def _record(row: "Row[Any]") -> Record:
    return Record(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name
