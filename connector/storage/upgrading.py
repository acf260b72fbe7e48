"""Alembic's part: which revision a database is of, and bringing it to this version's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from connector.storage.causes import database_cause
from connector.storage.database import DatabaseError

_UPGRADE_LOCK: Final = 0x63636173
"""The number of the advisory lock under which a PostgreSQL schema is upgraded: ``ccas`` in ASCII."""
_MIGRATIONS: Final = Path(__file__).parent / "migrations"


def upgrade(engine: Engine) -> None:
    """Bring the schema to this version; of several processes that do so at once, one does it, and the others wait.

    Raises ``DatabaseError`` when the database cannot be reached, or is of a later version.
    """
    with (
        _telling("upgraded", engine),
        engine.execution_options(sqlite_begin="IMMEDIATE").begin() as connection,
    ):
        if engine.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_current(engine: Engine) -> bool:
    """Tell whether the schema is this version's. Raises ``DatabaseError`` where it cannot be read, or is a later one's."""
    script = ScriptDirectory.from_config(_config())
    with _telling("opened", engine):
        with engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
        if current is not None:
            script.get_revision(current)
    return current == script.get_current_head()


@contextmanager
def _telling(done: str, engine: Engine) -> Iterator[None]:
    try:
        yield
    except CommandError:
        raise DatabaseError(
            "CONNECTOR_DATABASE_URL: made by a later version of the connector; install that version",
        ) from None
    except SQLAlchemyError as error:
        raise DatabaseError(
            f"CONNECTOR_DATABASE_URL: cannot be {done}: {database_cause(error, engine.url)}"
        ) from None


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config
