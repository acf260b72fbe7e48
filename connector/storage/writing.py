"""One transaction of a change to the registry, which workers see by its revision."""

import contextlib
from collections.abc import Iterator

from sqlalchemy import Connection, Engine, update
from sqlalchemy.exc import DataError, InternalError, OperationalError

from connector.storage.causes import database_cause
from connector.storage.database import DatabaseError
from connector.storage.tables import REVISION


@contextlib.contextmanager
def changing(engine: Engine) -> Iterator[Connection]:
    """Give a transaction. Raises ``DatabaseError`` when the database does not take it; nothing has changed then."""
    try:
        with engine.begin() as connection:
            yield connection
    except (OperationalError, InternalError, DataError) as error:
        raise DatabaseError(
            f"CONNECTOR_DATABASE_URL: nothing was written: {database_cause(error)}; once that is over, try again",
        ) from None


def grow_revision(connection: Connection, decided_on: int | None = None) -> None:
    """Tell every worker, within the transaction, that the registry has changed.

    ``decided_on`` is the revision that the change was made from, where it was. Raises ``DatabaseError`` when it is no
    longer the one in force.
    """
    growing = update(REVISION).values(revision=REVISION.c.revision + 1)
    if decided_on is not None:
        growing = growing.where(REVISION.c.revision == decided_on)
    if connection.execute(growing).rowcount == 0:
        raise DatabaseError(
            "the registry has changed since it was read, and nothing was written: run the same command again"
        )
