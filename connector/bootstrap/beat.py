"""What runs the scheduled work."""

from functools import partial

import httpx

from connector.bootstrap.registry import open_current_database
from connector.bootstrap.starting import needed_to_start
from connector.bootstrap.tokens import build_introspector
from connector.clock import Clock, utc_now
from connector.journal.store import JournalStore
from connector.registry.key_check import check_key
from connector.registry.notices import Notices
from connector.registry.schedule import Schedule
from connector.registry.store import RegistryStore
from connector.registry.token_store import TokenStore
from connector.registry.vault import Vault
from connector.scheduled.beat import Beat
from connector.scheduled.drift import DriftCheck
from connector.scheduled.journal import JournalPurge
from connector.scheduled.pace import Pace
from connector.scheduled.tokens import TokenCheck, TokenPromotion, TokenWork
from connector.settings import Settings
from connector.telemetry.opening import Telemetry
from connector.token_alerts import log_alert
from connector.upstream.nomenclature import fetch_nomenclature


@needed_to_start()
def build_beat(
    settings: Settings,
    transport: httpx.AsyncBaseTransport,
    clock: Clock = utc_now,
    telemetry: Telemetry | None = None,
) -> Beat:
    """Build what runs the scheduled tasks. Raises ``DatabaseError``, which is logged too, or ``VaultError``."""
    vault = Vault(settings.secret_key)
    engine = open_current_database(settings)
    registry = RegistryStore(engine)
    check_key(registry.load().tenants.values(), vault.open)
    work = TokenWork(
        registry=registry,
        tokens=TokenStore(engine),
        notices=Notices(engine),
        vault=vault,
        ask=build_introspector(settings, transport).ask,
        pace=Pace(),
        alert=log_alert,
        clock=clock,
    )
    check_ins = (telemetry or Telemetry()).check_ins
    purge = JournalPurge(store=JournalStore(engine), months=settings.journal_months, clock=clock)
    drift = DriftCheck(
        fetch=partial(fetch_nomenclature, transport, settings.api_particulier_url.get_secret_value())
    )
    return Beat([TokenPromotion(work), TokenCheck(work), purge, drift], Schedule(engine), clock, check_ins)
