"""The composition root: settings in, adapters out. Nothing else builds one."""

import httpx

from connector.catalogue.definition import Source
from connector.clock import Clock, utc_now
from connector.registry.cache import RegistryCache
from connector.registry.database import ensure_current, open_database
from connector.registry.store import RegistryStore
from connector.registry.vault import Vault
from connector.settings import Settings
from connector.surprises import Tally
from connector.upstream.api_particulier import ApiParticulier
from connector.upstream.exchange import Upstream
from connector.upstream.impot_particulier import ImpotParticulier
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
        upstreams=_upstreams(settings, transport, clock),
        transport=transport,
        clock=clock,
        tally=Tally(),
        require_user_id=settings.require_user_id,
    )


def _upstreams(
    settings: Settings, transport: httpx.AsyncBaseTransport, clock: Clock
) -> dict[Source, Upstream]:
    api_particulier = ApiParticulier(transport, settings.api_particulier_url.get_secret_value())
    upstreams: dict[Source, Upstream] = {
        Source.API_PARTICULIER: api_particulier,
        Source.API_PARTICULIER_V2: api_particulier,
    }
    if settings.dgfip_url is not None:
        upstreams[Source.API_IMPOT_PARTICULIER] = ImpotParticulier(
            transport, settings.dgfip_url.get_secret_value(), clock
        )
    return upstreams
