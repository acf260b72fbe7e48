"""What a program does that cannot start."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import SQLAlchemyError

from connector.events import Event
from connector.storage.causes import database_cause
from connector.storage.database import DatabaseError

_log = structlog.get_logger(__name__)


@contextmanager
def needed_to_start() -> Iterator[None]:
    """Log that a program does not start without its database: its supervisor may read events alone.

    Raises ``DatabaseError`` for whatever the block meets of the database.
    """
    try:
        yield
    except (DatabaseError, SQLAlchemyError) as error:
        told = (
            error
            if isinstance(error, DatabaseError)
            else DatabaseError(f"CONNECTOR_DATABASE_URL: cannot be used: {database_cause(error)}")
        )
        _log.error(Event.REGISTRY_REFUSED, variable="CONNECTOR_DATABASE_URL", detail=str(told))
        raise told from None
