"""The limiter of a single process."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from connector.quota.limiter import CATCH_UP_SECONDS, URGENT_SECONDS, Bound, Demand, Note
from connector.quota.rate import Quota


@dataclass(slots=True)
class _Standing:
    """What is known of one key. Instants are in seconds of the limiter's clock."""

    granted: deque[float] = field(default_factory=deque)
    """When the last calls were let through."""
    batch_at: float = 0.0
    """When the next batch call is due, were they exactly even."""
    held_until: float = 0.0
    urgent_until: float = 0.0
    spacing_seconds: float = 0.0
    spaced_until: float = 0.0


class MemoryLimiter:
    """``Limiter`` of one process. Keys are few and never forgotten: tenants and addresses, not people or jobs."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` gives seconds that never go back."""
        self._clock = clock
        self._standings: dict[str, _Standing] = {}

    async def grant(self, demands: Sequence[Demand], notes: Mapping[str, Note]) -> list[float]:
        """Return how long each demand has to wait."""
        now = self._clock()
        for key, note in notes.items():
            standing = self._standing(key)
            standing.held_until = max(standing.held_until, now + note.hold_seconds)
            if note.spacing_for_seconds:
                standing.spacing_seconds = note.spacing_seconds
                standing.spaced_until = now + note.spacing_for_seconds
        return [self._decide(demand, now) for demand in demands]

    def count(self, demand: Demand) -> None:
        """Count a call that another limiter has let through."""
        now = self._clock()
        for bound in demand.bounds:
            self._take(bound, demand, now)

    def _decide(self, demand: Demand, now: float) -> float:
        free_at = {bound.key: self._free_at(bound, demand, now) for bound in demand.bounds}
        last = max(free_at.values(), default=now)
        if last <= now:
            for bound in demand.bounds:
                self._take(bound, demand, now)
            return 0.0
        if demand.is_urgent:
            # What it does not wait for is left to others: a token that is held must not hold the address.
            for key in (key for key, at in free_at.items() if at > now):
                self._standing(key).urgent_until = free_at[key] + URGENT_SECONDS
        return last - now

    def _free_at(self, bound: Bound, demand: Demand, now: float) -> float:
        standing = self._standing(bound.key)
        free_at = standing.held_until
        for rate in bound.quota:
            calls = rate.calls if demand.is_urgent else rate.batch_calls
            if len(standing.granted) >= calls:
                free_at = max(free_at, standing.granted[-calls] + rate.span_seconds)
        if not demand.is_urgent:
            late = min(_spacing_seconds(standing, bound.quota, now), CATCH_UP_SECONDS)
            free_at = max(free_at, standing.batch_at - late, standing.urgent_until)
        return free_at

    def _take(self, bound: Bound, demand: Demand, now: float) -> None:
        standing = self._standing(bound.key)
        standing.granted.append(now)
        while len(standing.granted) > max((rate.calls for rate in bound.quota), default=0):
            standing.granted.popleft()
        if not demand.is_urgent:
            standing.batch_at = max(standing.batch_at, now) + _spacing_seconds(standing, bound.quota, now)

    def _standing(self, key: str) -> _Standing:
        return self._standings.setdefault(key, _Standing())


def _spacing_seconds(standing: _Standing, quota: Quota, now: float) -> float:
    own = max((rate.span_seconds / rate.batch_calls for rate in quota), default=0.0)
    return max(own, standing.spacing_seconds) if now < standing.spaced_until else own
