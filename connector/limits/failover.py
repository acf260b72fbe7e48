"""The limiter of a process that shares its quotas, and must keep to them when the shared server is away."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from connector.limits.limiter import Bound, Demand, Limiter, LimiterError, ServerHint, Slot
from connector.limits.memory_limiter import MemoryLimiter
from connector.limits.shared.link import RedisLink


class SharedLimiter:
    """``Limiter`` that asks the server while it answers, and else gives this process its share of each quota.

    The share is one part in as many processes as there last were. What the server has let through is counted here too,
    so that going over to the share does not begin with a full window.
    """

    def __init__(self, shared: Limiter, own: MemoryLimiter, link: RedisLink) -> None:
        self._shared = shared
        self._own = own
        self._link = link

    async def grant(self, demands: Sequence[Demand], hints: Mapping[str, ServerHint]) -> list[Slot]:
        """Return a slot for each demand."""
        if self._link.is_up:
            try:
                slots = await self._shared.grant(demands, hints)
            except LimiterError as error:
                self._link.lose(error.__cause__ or error)
            else:
                for demand, slot in zip(demands, slots, strict=True):
                    if slot.is_reserved:
                        self._own.count(demand, slot.in_seconds)
                return slots
        return await self._own.grant([self._share(demand) for demand in demands], hints)

    def _share(self, demand: Demand) -> Demand:
        return replace(
            demand,
            bounds=tuple(
                Bound(bound.key, tuple(rate.share(self._link.processes) for rate in bound.quota))
                for bound in demand.bounds
            ),
        )
