"""What several worker processes share, over one Redis or Valkey."""

from pydantic import SecretStr, TypeAdapter

from connector.limits.failover import SharedLimiter
from connector.limits.limiter import Limiter
from connector.limits.memory_limiter import MemoryLimiter
from connector.limits.redis_limiter import RedisLimiter
from connector.limits.shared.exclusion import Arrivals
from connector.limits.shared.link import RedisLink
from connector.limits.shared.redis_arrivals import RedisArrivals
from connector.limits.shared.redis_state import RedisState
from connector.limits.shared.state import SharedState, ValueT


class Shared:
    """The adapters of one worker process to what it shares."""

    def __init__(self, url: SecretStr) -> None:
        """Nothing is connected yet. Raises ``SharedStateError`` for an address that redis-py cannot read."""
        self.link = RedisLink(url)

    def limiter(self, own: MemoryLimiter) -> Limiter:
        """Return the limiter of all processes, which goes over to this one's share while the server is away."""
        return SharedLimiter(RedisLimiter(self.link.redis), own, self.link)

    def state(self, name: str, initial: ValueT) -> SharedState[ValueT]:
        """Return a state that all processes change."""
        return RedisState(self.link, name, initial, TypeAdapter(type(initial)))

    def arrivals(self) -> Arrivals:
        """Return the order in which calls of all processes have come."""
        return RedisArrivals(self.link)
