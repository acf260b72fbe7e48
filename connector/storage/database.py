"""The database behind the registry, the reply memory and the journal: opening it."""

import sqlite3
import time
from functools import partial
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from connector.errors import OperatorError
from connector.settings.database_address import database_address
from connector.storage.postgresql import LONGEST_LIFE_SECONDS, are_options_known, bound, connect_arguments
from connector.storage.sqlite_file import file_of, is_open_to_others, keep_private

_LOOK_AGAIN_SECONDS: Final = 0.02


class DatabaseError(OperatorError):
    """The database cannot be opened or is not of this version; the message says what to do."""


def open_database(url: SecretStr, lock_seconds: float = 10.0, *, is_pooled: bool = True) -> Engine:
    """Return an engine for ``url``; SQLite is put in WAL mode, with foreign keys enforced.

    ``lock_seconds`` is how long a statement waits for what another process has locked. Without ``is_pooled``, a
    connection ends with its use, as befits a command.

    No connection is made yet. Raises ``DatabaseError`` for an address that SQLAlchemy cannot read, and for an SQLite file
    that others may read and this process cannot close to them.
    """
    try:
        parsed = make_url(database_address(url.get_secret_value()))
        is_postgresql = parsed.get_backend_name() == "postgresql"
        file = file_of(parsed) if parsed.get_backend_name() == "sqlite" else None
        engine = create_engine(
            parsed,
            hide_parameters=True,
            pool_recycle=LONGEST_LIFE_SECONDS if is_postgresql else -1,
            poolclass=None if is_pooled else NullPool,
            connect_args=connect_arguments(parsed) if is_postgresql else {},
        )
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
        raise DatabaseError(
            f"CONNECTOR_DATABASE_URL: not an address that can be opened ({type(error).__name__}); "
            "give sqlite:///file or postgresql://user:password@host/database",
        ) from None
    if engine.dialect.name == "sqlite":
        if file is not None:
            _close_to_others(file)
            event.listen(engine, "do_connect", lambda *_arguments: keep_private(file))
        event.listen(engine, "connect", partial(_prepare_sqlite, lock_seconds))
        event.listen(engine, "begin", _begin_sqlite)
    else:
        if not are_options_known(parsed):
            raise DatabaseError("CONNECTOR_DATABASE_URL: an option of the address is not one of PostgreSQL's")
        bound(engine, lock_seconds)
    return engine


def _close_to_others(file: Path) -> None:
    if is_open_to_others(file):
        keep_private(file)
    if is_open_to_others(file):
        raise DatabaseError(
            f"CONNECTOR_DATABASE_URL: {file} may be read by others, and this user cannot change that; have its owner run: "
            f"chmod 600 {file}*"
        )


def _prepare_sqlite(lock_seconds: float, connection: Any, _record: object) -> None:
    # The driver begins a transaction at its first write only: what was read before it would be of other instants.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={round(lock_seconds * 1000)}")
    _enter_wal(cursor, lock_seconds)
    cursor.execute("PRAGMA foreign_keys=ON")
    # With NORMAL, the last transactions would be lost with the host's power: a call may have been made whose record is in one of them.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _enter_wal(cursor: Any, lock_seconds: float) -> None:
    """Put the file in WAL mode, which it keeps.

    Of several that do so to a new file at once, SQLite refuses some without waiting for ``busy_timeout``: two readers
    that would both become the writer wait for each other.
    """
    deadline = time.monotonic() + lock_seconds
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_LOOK_AGAIN_SECONDS)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('sqlite_begin', 'DEFERRED')}")
