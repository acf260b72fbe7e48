"""The database behind the registry, the reply memory and the journal: opening it."""

import sqlite3
import time
from functools import partial
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from connector.errors import OperatorError
from connector.storage.sqlite_file import file_of, is_open_to_others, keep_private

_CONNECT_SECONDS: Final = 5
_STATEMENT_SECONDS: Final = 10.0
"""Beyond the wait for a lock."""
_SILENCE_SECONDS: Final = 15
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
        parsed = _with_driver(make_url(url.get_secret_value()))
        file = file_of(parsed) if parsed.get_backend_name() == "sqlite" else None
        engine = create_engine(
            parsed,
            hide_parameters=True,
            pool_pre_ping=True,
            poolclass=None if is_pooled else NullPool,
            connect_args=_bounds(parsed, lock_seconds) if parsed.get_backend_name() == "postgresql" else {},
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
    return engine


def _close_to_others(file: Path) -> None:
    if is_open_to_others(file):
        keep_private(file)
    if is_open_to_others(file):
        raise DatabaseError(
            f"CONNECTOR_DATABASE_URL: {file} may be read by others, and this user cannot change that; have its owner run: "
            f"chmod 600 {file}*"
        )


def _with_driver(url: URL) -> URL:
    # SQLAlchemy's default differs from version to version.
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def _bounds(url: URL, lock_seconds: float) -> dict[str, Any]:
    """Return what bounds each wait for a PostgreSQL server (libpq's connection parameters).

    What the address itself gives stays: ``options`` beside these, another parameter instead.
    """
    lock, statement = (round(seconds * 1000) for seconds in (lock_seconds, lock_seconds + _STATEMENT_SECONDS))
    given = url.normalized_query
    options = (*given.get("options", ()), f"-c lock_timeout={lock} -c statement_timeout={statement}")
    bounds = {
        "connect_timeout": _CONNECT_SECONDS,
        # A server whose machine is gone says nothing, not even that it is away.
        "tcp_user_timeout": _SILENCE_SECONDS * 1000,
        "keepalives_idle": _SILENCE_SECONDS,
    }
    return {
        **{name: value for name, value in bounds.items() if name not in given},
        "options": " ".join(options),
    }


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
