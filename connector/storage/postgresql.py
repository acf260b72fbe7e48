"""A PostgreSQL server that fails over, and may have a pooler before it: what a connection is opened with, and when it is given up.

A server that lost its role often goes on answering: demoted, it takes no changes; left by its address, it is another server's
past. So a connection is asked whether it may write each time it is taken from the pool, and none lives long.

A pooler (PgBouncer in transaction mode) gives each transaction another session of the server. So time limits are set in the
transaction there, and no statement is prepared under a name. Told at the start of a session, as libpq's ``options``, a pooler
refuses them or drops them.
"""

from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.exc import DisconnectionError

CONNECT_SECONDS: Final = 5
STATEMENT_SECONDS: Final = 10.0
"""Beyond the wait for a lock."""
SILENCE_SECONDS: Final = 15
LONGEST_LIFE_SECONDS: Final = 30
"""Of a connection: so long the server that an address has left is still used, if it lets itself be."""
_POOLED: Final = "is_pooled"
_SET: Final = "SELECT set_config('lock_timeout', %s, %s), set_config('statement_timeout', %s, %s)"
_ANY_SERVER: Final = frozenset({"any", "read-only", "standby", "prefer-standby"})


def connect_arguments(url: URL) -> dict[str, Any]:
    """Return what bounds each wait for a server, and has only one that takes changes (libpq's connection parameters).

    What the address itself gives stays.
    """
    given = url.normalized_query
    parameters = {
        "connect_timeout": CONNECT_SECONDS,
        # A server whose machine is gone says nothing, not even that it is away.
        "tcp_user_timeout": SILENCE_SECONDS * 1000,
        "keepalives_idle": SILENCE_SECONDS,
        # Of several hosts, the one that is the primary now.
        "target_session_attrs": "read-write",
        "fallback_application_name": "ccas-connector",
    }
    return {name: value for name, value in parameters.items() if name not in given}


def are_options_known(url: URL) -> bool:
    """Tell whether the options of an address are libpq's: others would be taken for the driver's own."""
    from psycopg import ProgrammingError, conninfo  # noqa: PLC0415 - SQLAlchemy has loaded it by now

    try:
        # What each is worth is libpq's to tell.
        conninfo.make_conninfo("", **dict.fromkeys(url.query, "1"))
    except ProgrammingError:
        return False
    return True


def bound(engine: Engine, lock_seconds: float) -> None:
    """Have each connection of an engine bounded in time, and given up once it may not write."""
    limits = tuple(str(round(seconds * 1000)) for seconds in (lock_seconds, lock_seconds + STATEMENT_SECONDS))

    def opened(connection: Any, record: Any) -> None:
        with connection.cursor() as cursor:
            (of_the_server,) = cursor.execute("SELECT pg_backend_pid()").fetchone()
            # A pooler tells its clients a number of its own.
            record.info[_POOLED] = of_the_server != connection.info.backend_pid
            if record.info[_POOLED]:
                connection.prepare_threshold = None
            else:
                cursor.execute(_SET, _values(limits, is_local=False))
        connection.commit()

    def begun(connection: Connection) -> None:
        if connection.info.get(_POOLED):
            connection.exec_driver_sql(_SET, _values(limits, is_local=True))

    event.listen(engine, "connect", opened)
    event.listen(engine, "begin", begun)
    if not _ANY_SERVER.intersection(engine.url.normalized_query.get("target_session_attrs", ())):
        event.listen(engine, "checkout", _ensure_writable)


def _values(limits: tuple[str, ...], *, is_local: bool) -> tuple[str | bool, ...]:
    return tuple(value for limit in limits for value in (limit, is_local))


def _ensure_writable(connection: Any, _record: object, _proxy: object) -> None:
    """Have the pool open another connection where this one is dead, or its server takes no changes."""
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            (read_only,) = cursor.execute("SHOW transaction_read_only").fetchone()
        connection.autocommit = False
    except Exception as error:
        raise DisconnectionError("the connection is dead") from error
    if read_only == "on":
        raise DisconnectionError("the server takes no changes")
