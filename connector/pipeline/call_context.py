"""What the calls of one check are made with."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.checks.admission import Admitted
from connector.checks.plan import PlannedCall
from connector.pipeline.outage import breakers_of
from connector.sources.exchange import Upstream
from connector.storage.journal.journal import Accesses


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """What the calls of one check are made with."""

    planned: PlannedCall
    admitted: Admitted
    upstream: Upstream
    secret: str = field(repr=False)
    deadline: datetime
    accesses: Accesses

    @property
    def breakers(self) -> tuple[str, ...]:
        """The names of the breakers that a call passes, its provider's last."""
        return breakers_of(self.planned)

    def left_seconds(self, now: datetime, by: datetime | None = None) -> float:
        """Return how long there is until the deadline, or until ``by`` where that comes first."""
        end = self.deadline if by is None else min(by, self.deadline)
        return max(0.0, (end - now) / timedelta(seconds=1))
