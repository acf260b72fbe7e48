"""Which overflow queues there are, in SQL, and which of them are closed.

Every change grows a number by which workers see it. Each method raises ``DatabaseError``.
"""

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, update
from sqlalchemy.exc import SQLAlchemyError

from connector.jobs.records import Flow
from connector.storage.causes import database_cause
from connector.storage.database import DatabaseError
from connector.storage.dialects import insert_into
from connector.storage.tables import OVERFLOWS, REVISION


class OverflowStore:
    """The table of overflow queues, in a database whose schema is current.

    The registry's revision stays: what an operator has decided meanwhile does not depend on these queues.
    """

    def __init__(self, engine: Engine) -> None:
        # SQLite refuses, without waiting, whoever would write on what it has read before somebody else wrote.
        self._engine = engine.execution_options(sqlite_begin="IMMEDIATE")

    def open(self, flow: Flow) -> int:
        """Note that a flow's queue is in use, for every worker to take from; return the number of this change.

        Waits for whoever is removing it at this moment.
        """
        row = {"lane": flow.lane, "vendor": flow.vendor, "siret": flow.siret, "closed_at": None}
        noting = insert_into(self._engine, OVERFLOWS).values(row)
        with self._changing("opened") as connection:
            connection.execute(
                noting.on_conflict_do_update(index_elements=OVERFLOWS.primary_key, set_={"closed_at": None})
            )
            return _grow(connection)

    def close(self, flow: Flow, at: datetime) -> bool:
        """Note that workers are to leave a flow's queue alone; False where it is closed already, or removed."""
        with self._changing("closed") as connection:
            closing = update(OVERFLOWS).where(_is(flow), OVERFLOWS.c.closed_at.is_(None)).values(closed_at=at)
            if connection.execute(closing).rowcount == 0:
                return False
            _grow(connection)
            return True

    def remove(self, flow: Flow, closed_before: datetime, delete_queue: Callable[[], bool]) -> bool:
        """Forget a queue that has been closed since ``closed_before``, once ``delete_queue`` has deleted it.

        Nobody can open it meanwhile: whoever tries waits, and makes another one. False where it is open again, or where
        ``delete_queue`` has found something there; nothing has changed then.
        """
        with self._changing("removed") as connection:
            removing = delete(OVERFLOWS).where(_is(flow), OVERFLOWS.c.closed_at <= closed_before)
            if connection.execute(removing).rowcount == 0:
                return False
            if not delete_queue():
                connection.rollback()
                return False
            _grow(connection)
            return True

    @contextlib.contextmanager
    def _changing(self, done: str) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
                connection.commit()
        except SQLAlchemyError as error:
            raise DatabaseError(
                f"CONNECTOR_DATABASE_URL: an overflow queue was not {done}: {database_cause(error)}"
            ) from None


def _is(flow: Flow) -> ColumnElement[bool]:
    return and_(
        OVERFLOWS.c.lane == flow.lane, OVERFLOWS.c.vendor == flow.vendor, OVERFLOWS.c.siret == flow.siret
    )


def _grow(connection: Connection) -> int:
    growing = update(REVISION).values(backlogs=REVISION.c.backlogs + 1).returning(REVISION.c.backlogs)
    return int(connection.execute(growing).scalar_one())
