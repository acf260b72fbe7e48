"""What the pipeline acts through; built by ``connector.bootstrap``, and by tests with fakes."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from connector.catalogue.definition import Source
from connector.checks.retry import Policy
from connector.clock import Clock
from connector.jobs.records import Lane
from connector.limits.bounds import Quotas
from connector.limits.breaker import Breaker
from connector.limits.deferrals import Deferrals
from connector.limits.fair_queue import FairQueue
from connector.limits.intake import Intake
from connector.limits.refusals import Refusals
from connector.limits.served import Served
from connector.limits.shared.exclusion import Exclusion
from connector.limits.shared.state import SharedState
from connector.sources.exchange import Upstream
from connector.sources.schema_drift import DriftCounter
from connector.storage.announcements import Announcements
from connector.storage.journal.journal import Journal
from connector.storage.presence import PresenceStore
from connector.storage.registry.cache import RegistryCache
from connector.storage.replies import ReplyMemory
from connector.telemetry.affected_tenants import AffectedTenants
from connector.telemetry.metrics import Metrics
from connector.telemetry.rejections import RejectionLog
from connector.telemetry.tracing import Tracer
from connector.vault import Vault

if TYPE_CHECKING:
    # A lone worker does without redis-py.
    from connector.limits.shared.link import RedisLink


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The adapters of one worker process."""

    registry: RegistryCache
    upstreams: Mapping[Source, Upstream]
    """A source that is absent is answered ``source_withdrawn``."""
    transport: httpx.AsyncBaseTransport
    """What the upstreams share; closed with the worker."""
    breakers: SharedState[Breaker]
    """One per provider."""
    intake: Intake
    """Which jobs this process has in flight."""
    deferrals: Deferrals
    """Which jobs this process has deferred."""
    quotas: Quotas
    turns: FairQueue
    """Whose call is next, where more calls wait than quotas allow."""
    announcements: Announcements
    """What somebody has to be told once."""
    refusals: SharedState[Refusals]
    """Of each token, of each scope that it lacks, of each vendor, and of the address."""
    served: Served
    """What the API takes, as this process has seen."""
    exclusion: Exclusion
    """Lets calls go one at a time where their source refuses them otherwise."""
    link: "RedisLink | None"
    """To what the worker processes share; None where there is one process only."""
    presence: PresenceStore | None
    """Where this process says that it is alive; None: nowhere."""
    memory: ReplyMemory
    journal: Journal
    """Notes every call."""
    vault: Vault
    """Seals what travels with a job that is deferred."""
    policies: Mapping[Lane, Policy]
    """How patiently each lane asks again."""
    clock: Clock
    sleep: Callable[[float], Awaitable[None]]
    """Waits so many seconds of ``clock``."""
    jitter: Callable[[], float]
    """Draws evenly from [0, 1)."""
    drift_counter: DriftCounter
    metrics: Metrics
    rejections: RejectionLog
    affected_tenants: AffectedTenants
    tracer: Tracer
    """Does nothing where no trace goes anywhere."""
    require_user_id: bool
