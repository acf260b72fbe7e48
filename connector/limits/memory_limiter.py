"""The limiter of a single process."""

from bisect import bisect_right, insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from connector.jobs.rate import Quota, spacing_of
from connector.limits.limiter import (
    AHEAD_SECONDS,
    CATCH_UP_SECONDS,
    SPREAD_SECONDS,
    URGENT_SECONDS,
    Bound,
    Demand,
    ServerHint,
    Slot,
)


@dataclass(slots=True)
class _Standing:
    """What is known of one key. Instants are in seconds of the limiter's clock."""

    slots: list[float] = field(default_factory=list)
    """Of the last calls, in order; the last ones may be a moment ahead."""
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

    async def grant(self, demands: Sequence[Demand], hints: Mapping[str, ServerHint]) -> list[Slot]:
        """Return a slot for each demand."""
        now = self._clock()
        for key, hint in hints.items():
            standing = self._standing(key)
            standing.held_until = max(standing.held_until, now + hint.hold_seconds)
            if hint.spacing_for_seconds:
                standing.spacing_seconds = hint.spacing_seconds
                standing.spaced_until = now + hint.spacing_for_seconds
        slots: list[Slot] = []
        apart = now
        for demand in demands:
            slot = self._decide(demand, now, now if demand.is_urgent else apart)
            if slot.is_reserved and not demand.is_urgent:
                apart = now + slot.in_seconds + SPREAD_SECONDS
            slots.append(slot)
        return slots

    def count(self, demand: Demand, in_seconds: float) -> None:
        """Count a call for which another limiter has reserved a slot."""
        at = self._clock() + in_seconds
        for bound in demand.bounds:
            self._take(bound, demand, at)

    def used_ratio(self, bound: Bound) -> float:
        """Return which part of a quota the calls have used that still count; 1 is all of it."""
        standing = self._standings.get(bound.key)
        if standing is None:
            return 0.0
        now, slots = self._clock(), tuple(standing.slots)
        return max(
            (
                (len(slots) - bisect_right(slots, now - rate.span_seconds)) / rate.calls
                for rate in bound.quota
            ),
            default=0.0,
        )

    def _decide(self, demand: Demand, now: float, earliest: float) -> Slot:
        free_at = {bound.key: self._free_at(bound, demand, now) for bound in demand.bounds}
        at = max((earliest, *free_at.values()))
        if at <= now + AHEAD_SECONDS:
            for bound in demand.bounds:
                self._take(bound, demand, at)
            return Slot(at - now, is_reserved=True)
        if demand.is_urgent:
            # What it does not wait for is left to others: a token that is held must not hold the address.
            for key in (key for key, free in free_at.items() if free > now + AHEAD_SECONDS):
                self._standing(key).urgent_until = free_at[key] + URGENT_SECONDS
        return Slot(at - now, is_reserved=False)

    def _free_at(self, bound: Bound, demand: Demand, now: float) -> float:
        standing = self._standing(bound.key)
        free_at = standing.held_until
        for rate in bound.quota:
            calls = rate.calls if demand.is_urgent else rate.batch_calls
            if len(standing.slots) >= calls:
                free_at = max(free_at, standing.slots[-calls] + rate.span_seconds)
        if not demand.is_urgent:
            late = min(_spacing_seconds(standing, bound.quota, now), CATCH_UP_SECONDS)
            free_at = max(free_at, standing.batch_at - late, standing.urgent_until)
        return free_at

    def _take(self, bound: Bound, demand: Demand, at: float) -> None:
        standing = self._standing(bound.key)
        insort(standing.slots, at)
        del standing.slots[: -max((rate.calls for rate in bound.quota), default=0) or None]
        if not demand.is_urgent:
            standing.batch_at = max(standing.batch_at, at) + _spacing_seconds(standing, bound.quota, at)

    def _standing(self, key: str) -> _Standing:
        return self._standings.setdefault(key, _Standing())


def _spacing_seconds(standing: _Standing, quota: Quota, now: float) -> float:
    own = spacing_of(quota)
    return max(own, standing.spacing_seconds) if now < standing.spaced_until else own
