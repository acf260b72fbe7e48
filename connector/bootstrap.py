"""The composition root: settings in, adapters out. Nothing else builds one."""

import httpx

from connector.clock import Clock, utc_now
from connector.registry.cache import RegistryCache
from connector.registry.database import ensure_current, open_database
from connector.registry.store import RegistryStore
from connector.registry.vault import Vault
from connector.settings import Settings
from connector.upstream.api_particulier import ApiParticulier
from connector.verify import Services


def open_registry(settings: Settings) -> RegistryStore:
    """Open the registry's database and make sure of its schema. Raises ``DatabaseError``."""
    engine = open_database(settings.database_url)
    ensure_current(engine)
    return RegistryStore(engine)


def build_services(
    settings: Settings, transport: httpx.AsyncBaseTransport, clock: Clock = utc_now
) -> Services:
    """Build what the pipeline acts through. Raises ``DatabaseError`` or ``VaultError``."""
    vault = Vault(settings.secret_key)
    return Services(
        registry=RegistryCache(open_registry(settings), vault),
        api_particulier=ApiParticulier(transport, settings.api_particulier_url.get_secret_value()),
        clock=clock,
        require_user_id=settings.require_user_id,
    )
