"""The registry and its database, for any program."""

from sqlalchemy import Engine

from connector.settings.settings import Settings
from connector.storage.database import open_database
from connector.storage.registry.store import RegistryStore
from connector.storage.schema import ensure_current


def open_current_database(settings: Settings, *, is_pooled: bool = True) -> Engine:
    """Open the database and make sure of its schema. Raises ``DatabaseError``."""
    engine = open_database(settings.database_url, is_pooled=is_pooled)
    ensure_current(engine)
    return engine


def open_registry(settings: Settings) -> RegistryStore:
    """Open the registry for a command. Raises ``DatabaseError``."""
    return RegistryStore(open_current_database(settings, is_pooled=False))
