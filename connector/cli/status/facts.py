"""What is known of one tenant at one instant, as values: what ``status`` shows and decides on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from connector.jobs.records import Lane, Tenant
from connector.storage.journal.record import Record
from connector.storage.presence import HeldBack, Presence, Rejected, Suspended


class LetterKind(StrEnum):
    """What a vendor's dead letters say of it."""

    REPLIES = "replies that its queue did not take"
    UNKNOWN_LANE = "jobs under an unknown lane"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """Dead letters of one vendor and kind."""

    vendor: str
    kind: LetterKind
    count: int
    reason: str
    """Of the newest, as ``dead list`` shows it."""
    where: str | None
    """The reply queue, or the routing key that jobs were published under."""
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnTheBroker:
    """What the queues that concern a tenant hold; None in place of a count: there is no such queue."""

    lanes: Mapping[Lane, int | None]
    """All vendors' and tenants' jobs."""
    overflows: Mapping[str, int]
    """The tenant's own, by the queue's name."""
    replies: Mapping[str, int | None]
    """Those of its vendors, by the queue's name."""
    letters: Sequence[Letters]
    """The oldest are looked at, so many at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """The calls made in a tenant's name, by the access journal."""

    last: Sequence[Record]
    """Of the last day, the newest first."""
    in_a_minute: int
    in_an_hour: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a tenant."""

    now: datetime
    tenant: Tenant
    quota: str
    """Of its token, and whose it is."""
    workers: Sequence[Presence]
    """That are alive."""
    calls: Calls | None
    """None: the journal is off."""
    broker: OnTheBroker | None
    broker_cause: str = ""
    """Why the broker cannot be asked."""
    beat_late_by: timedelta | None = None
    """How long the scheduled work that is most late has been due; None: none is late."""
    never_scheduled: bool = False
    """No scheduled work was ever done."""

    @property
    def suspended(self) -> Sequence[Suspended]:
        """Return what no call is made for now: a check each, or all."""
        every = {one: None for worker in self.workers for one in worker.sees.suspended}
        return [one for one in every if one.tenant == self.tenant.siret]

    @property
    def held_back(self) -> Sequence[HeldBack]:
        """Return the providers that are not asked for now, each once."""
        by_name = {one.breaker: one for worker in self.workers for one in worker.sees.held_back}
        return [by_name[name] for name in sorted(by_name)]

    @property
    def rejected(self) -> Sequence[Rejected]:
        """Return what its vendors had rejected lately, as each worker tells it."""
        every = [one for worker in self.workers for one in worker.sees.rejected]
        return [one for one in every if one.vendor in self.tenant.vendors]

    @property
    def untaken_lanes(self) -> Sequence[Lane]:
        """Return the lanes from which no worker takes that is ready."""
        taken = {
            lane for worker in self.workers if worker.sees.state == "ready" for lane in worker.sees.lanes
        }
        return [lane for lane in Lane if lane not in taken]
