"""What each step acts through: no more than it needs. ``Services`` is all of it.

A step that is handed ``Breakers`` can neither call a source nor answer a job: its first line says so.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from connector.catalogue.definition import Source
from connector.checks.retry import Policy
from connector.clock import Clock
from connector.jobs.records import Lane
from connector.limits.bounds import Quotas
from connector.limits.breaker import Breaker
from connector.limits.deferrals import Deferrals
from connector.limits.fair_queue import FairQueue
from connector.limits.intake import Intake
from connector.limits.shared.exclusion import Exclusion
from connector.limits.shared.state import SharedState
from connector.limits.suspension import Suspending
from connector.sources.exchange import Upstream
from connector.sources.schema_drift import DriftCounter
from connector.storage.announcements import Announcements
from connector.storage.registry.cache import RegistryCache
from connector.storage.replies import ReplyMemory
from connector.telemetry.affected_tenants import AffectedTenants
from connector.telemetry.metrics import Metrics
from connector.telemetry.tracing import Tracer
from connector.vault import Vault


class Timed(Protocol):
    """Any step that knows the time."""

    @property
    def clock(self) -> Clock: ...


class Breakers(Timed, Protocol):
    """A provider's breaker, and whom its being open concerns."""

    @property
    def breakers(self) -> SharedState[Breaker]: ...
    @property
    def affected_tenants(self) -> AffectedTenants: ...


class Suspensions(Suspending, Protocol):
    """What was refused, to whom, and telling the operator of it."""

    @property
    def announcements(self) -> Announcements: ...


class Heeding(Breakers, Suspensions, Protocol):
    """``heed``: what the end of a call changes."""

    @property
    def turns(self) -> FairQueue: ...
    @property
    def drift_counter(self) -> DriftCounter: ...


class Gating(Heeding, Protocol):
    """``gate``: whatever may block a call."""

    @property
    def registry(self) -> RegistryCache: ...
    @property
    def quotas(self) -> Quotas: ...
    @property
    def exclusion(self) -> Exclusion: ...
    @property
    def metrics(self) -> Metrics: ...


class Sending(Timed, Protocol):
    """``call``: a call, told of in metrics and traces."""

    @property
    def metrics(self) -> Metrics: ...
    @property
    def tracer(self) -> Tracer: ...


class Checking(Gating, Sending, Protocol):
    """``run_check``: one check, until it is answered or has to wait elsewhere."""

    @property
    def upstreams(self) -> Mapping[Source, Upstream]: ...
    @property
    def policies(self) -> Mapping[Lane, Policy]: ...
    @property
    def sleep(self) -> Callable[[float], Awaitable[None]]: ...
    @property
    def jitter(self) -> Callable[[], float]: ...


class Running(Checking, Protocol):
    """``run_job``: a whole job, from its delivery to its reply."""

    @property
    def intake(self) -> Intake: ...
    @property
    def deferrals(self) -> Deferrals: ...
    @property
    def memory(self) -> ReplyMemory: ...
    @property
    def vault(self) -> Vault: ...
    @property
    def require_user_id(self) -> bool: ...
