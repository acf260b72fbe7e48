"""Whether the database's schema is this version's.

Alembic takes as long to load as all else that a command needs: it is loaded where this cannot be told without it.
"""

from typing import Final

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from connector.storage.causes import database_cause
from connector.storage.database import DatabaseError

REVISION: Final = "0007"
"""This version's: the last of ``migrations/versions``."""


def ensure_current(engine: Engine) -> None:
    """Make sure that the schema is this version's: SQLite is upgraded in place, a server's is only checked.

    Raises ``DatabaseError`` when the database cannot be reached or must be upgraded by its operator.
    """
    if _revision(engine) == REVISION:
        return
    from connector.storage.upgrading import is_current, upgrade

    if is_current(engine):
        return
    if engine.dialect.name != "sqlite":
        raise DatabaseError(
            "CONNECTOR_DATABASE_URL: the schema is not of this version; run: ccas-connector registry upgrade",
        )
    upgrade(engine)


def _revision(engine: Engine) -> str | None:
    """Return what the schema says of itself; None where it says nothing, as a new database."""
    try:
        with engine.connect() as connection:
            try:
                found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
            except SQLAlchemyError:
                return None
            return found
    except SQLAlchemyError as error:
        raise DatabaseError(
            f"CONNECTOR_DATABASE_URL: cannot be opened: {database_cause(error, engine.url)}"
        ) from None
