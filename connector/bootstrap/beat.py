"""What runs the scheduled work."""

from functools import partial

import httpx

from connector.bootstrap.registry import open_current_database
from connector.bootstrap.starting import needed_to_start
from connector.bootstrap.tokens import build_introspector
from connector.clock import Clock, utc_now
from connector.settings.settings import Settings
from connector.sources.nomenclature.published import fetch_nomenclature
from connector.storage.journal.store import JournalStore
from connector.storage.notices import Notices
from connector.storage.registry.key_check import check_key
from connector.storage.registry.store import RegistryStore
from connector.storage.registry.token_store import TokenStore
from connector.storage.schedule import Schedule
from connector.telemetry.opening import Telemetry
from connector.telemetry.token_alerts import log_alert
from connector.tokens.scheduled.beat import Beat
from connector.tokens.scheduled.drift import DriftCheck
from connector.tokens.scheduled.journal import JournalPurge
from connector.tokens.scheduled.pace import Pace
from connector.tokens.scheduled.tokens import TokenCheck, TokenPromotion, TokenWork
from connector.vault import Vault


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
