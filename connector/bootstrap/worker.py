"""What a worker is made of."""

import asyncio
import random
import time
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING

import httpx
from pydantic import SecretStr

from connector.amqp.topology import lane_queue
from connector.bootstrap.registry import open_current_database
from connector.bootstrap.starting import needed_to_start
from connector.catalogue.definition import Source
from connector.checks.retry import POLICIES
from connector.clock import Clock, utc_now
from connector.jobs.records import Lane
from connector.limits.bounds import EGRESS, Quotas
from connector.limits.breaker import CLOSED
from connector.limits.deferrals import Deferrals
from connector.limits.fair_queue import FairQueue
from connector.limits.intake import ROOM, Intake
from connector.limits.lane_shares import LaneShares
from connector.limits.limiter import Bound
from connector.limits.memory_limiter import MemoryLimiter
from connector.limits.refusals import NONE
from connector.limits.served import Served
from connector.limits.shared.exclusion import Exclusion, OwnArrivals
from connector.limits.shared.state import MemoryState
from connector.pipeline.gauges import Gauges
from connector.pipeline.services import Services
from connector.settings.settings import Settings
from connector.sources.api_particulier import ApiParticulier
from connector.sources.exchange import Upstream
from connector.sources.impot_particulier import ImpotParticulier
from connector.sources.schema_drift import DriftCounter
from connector.storage.announcements import NoticedAnnouncements
from connector.storage.database import open_database
from connector.storage.journal.access_journal import AccessJournal
from connector.storage.journal.journal import Journal, NoJournal
from connector.storage.journal.keys import JournalKeys
from connector.storage.journal.store import JournalStore
from connector.storage.journal.writer import JournalWriter
from connector.storage.notices import Notices
from connector.storage.presence import PresenceStore
from connector.storage.registry.cache import RegistryCache
from connector.storage.registry.freshness import Freshness
from connector.storage.registry.store import RegistryStore
from connector.storage.replies import ReplyMemory
from connector.storage.replies.store import MemoryStore
from connector.storage.replies.writer import LOCK_SECONDS, MemoryWriter
from connector.telemetry.affected_tenants import AffectedTenants
from connector.telemetry.metrics import Metrics
from connector.telemetry.opening import Telemetry
from connector.telemetry.prometheus import PrometheusMetrics
from connector.telemetry.rejections import RejectionLog
from connector.telemetry.token_alerts import log_alert
from connector.vault import Vault

if TYPE_CHECKING:
    from connector.bootstrap.shared import Shared


class Scrape(Enum):
    """What somebody scrapes of a worker."""

    NOTHING = auto()
    ALL_TOGETHER = auto()
    EACH_TENANT = auto()
    """Series for each tenant too."""


@needed_to_start()
def build_services(
    settings: Settings,
    transport: httpx.AsyncBaseTransport,
    concurrency: int,
    clock: Clock = utc_now,
    scrape: Scrape = Scrape.NOTHING,
    telemetry: Telemetry | None = None,
) -> Services:
    """Build what the pipeline acts through; ``concurrency`` is how many jobs of a lane one flow may have in flight.

    Raises ``DatabaseError``, which is logged too, ``VaultError``, ``JournalKeyError`` or ``SharedStateError``.
    """
    vault = Vault(settings.secret_key)
    engine = open_current_database(settings)
    registry = RegistryCache(RegistryStore(engine), vault, Freshness(settings.registry_trust_seconds))
    # Under a wrong key every job would be answered, and remembered, as if its tenant's token were invalid.
    registry.check_key()
    shared = None if settings.redis_url is None else _share(settings.redis_url)
    own = MemoryLimiter(time.monotonic)
    is_per_tenant = scrape is Scrape.EACH_TENANT
    metrics = None if scrape is Scrape.NOTHING else PrometheusMetrics(per_tenant=is_per_tenant)
    services = Services(
        registry=registry,
        upstreams=_upstreams(settings, transport, clock),
        transport=transport,
        breakers=MemoryState(CLOSED) if shared is None else shared.state("breakers", CLOSED),
        intake=Intake(concurrency, LaneShares({lane_queue(Lane.INTERACTIVE): ROOM * concurrency})),
        deferrals=Deferrals(clock),
        quotas=Quotas(
            token=settings.token_quota,
            egress=settings.egress_quota,
            france_connect=settings.france_connect_quota,
        ),
        turns=FairQueue(own if shared is None else shared.limiter(own), time.monotonic),
        announcements=NoticedAnnouncements(Notices(engine), log_alert, clock),
        refusals=MemoryState(NONE) if shared is None else shared.state("refusals", NONE),
        served=Served(),
        exclusion=Exclusion(OwnArrivals() if shared is None else shared.arrivals()),
        link=None if shared is None else shared.link,
        presence=PresenceStore(engine),
        memory=ReplyMemory(_memory_writer(settings, clock), vault, clock),
        journal=_journal(settings, vault, clock),
        vault=vault,
        policies=POLICIES,
        clock=clock,
        sleep=asyncio.sleep,
        jitter=random.SystemRandom().random,
        drift_counter=DriftCounter(),
        metrics=metrics or Metrics(),
        rejections=RejectionLog(),
        affected_tenants=AffectedTenants(),
        tracer=(telemetry or Telemetry()).tracer,
        require_user_id=settings.require_user_id,
    )
    if metrics is not None:
        used = partial(own.used_ratio, Bound(EGRESS, settings.egress_quota))
        metrics.watch(Gauges(services, used, per_tenant=is_per_tenant))
    return services


def _share(url: SecretStr) -> "Shared":
    """Share the state of several worker processes; a lone one does without redis-py, which is 6 MiB."""
    from connector.bootstrap.shared import Shared  # noqa: PLC0415 - see above

    return Shared(url)


def _memory_writer(settings: Settings, clock: Clock) -> MemoryWriter | None:
    if settings.reply_memory_seconds == 0:
        return None
    # An engine of its own: it waits less long for a locked database than an operator's command does.
    engine = open_database(settings.database_url, LOCK_SECONDS)
    return MemoryWriter(MemoryStore(engine), settings.reply_memory_seconds, clock)


def _journal(settings: Settings, vault: Vault, clock: Clock) -> Journal:
    if settings.journal_key is None:
        return NoJournal()
    keys = JournalKeys(settings.journal_key)
    # An engine of its own: its thread may wait while jobs are answered.
    writer = JournalWriter(JournalStore(open_database(settings.database_url)), vault)
    return AccessJournal(keys, vault, writer, clock)


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
