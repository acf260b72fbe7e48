"""Who waits for what, in every process that shares a Redis or Valkey."""

from collections.abc import Sequence
from typing import Final

from connector.limits.shared.exclusion import LEASE_SECONDS, OWNER_ENDS, Standing
from connector.limits.shared.link import PREFIX, RedisLink
from connector.limits.shared.server import FAILURES

_TELL: Final = f"""
local order, ends, lease, here = KEYS[1], KEYS[2], tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for at = 3, 2 + here do redis.call('ZADD', ends, now + lease, ARGV[at]) end
local over = redis.call('ZRANGEBYSCORE', ends, '-inf', now)
for _, id in ipairs(redis.call('ZRANGEBYSCORE', ends, now + 2 * lease, '+inf')) do over[#over + 1] = id end
for at = 3 + here, #ARGV do over[#over + 1] = ARGV[at] end
for _, id in ipairs(over) do
  redis.call('ZREM', order, id)
  redis.call('ZREM', ends, id)
end
local line, known, is_longer = redis.call('ZRANGE', order, 0, -1), {{}}, false
for _, id in ipairs(line) do known[id] = true end
local function owner_of(id) return string.match(id, '^[^{OWNER_ENDS}]*') end
local function place_of(owner)
  local own, before = 0, {{}}
  for _, id in ipairs(line) do if owner_of(id) == owner then own = own + 1 end end
  for place, id in ipairs(line) do
    local other = owner_of(id)
    if (before[other] or 0) > own then return place end
    before[other] = (before[other] or 0) + 1
  end
  return #line + 1
end
for at = 3, 2 + here do
  if not known[ARGV[at]] then
    table.insert(line, place_of(owner_of(ARGV[at])), ARGV[at])
    is_longer = true
  end
end
if is_longer then for place, id in ipairs(line) do redis.call('ZADD', order, place, id) end end
redis.call('PEXPIRE', order, lease)
redis.call('PEXPIRE', ends, lease)
return redis.call('ZRANGE', order, 0, 0)
"""
"""By the server's clock, the same for all; an end further ahead than any lease was set before that clock went back.
The order is that of ``connector.limits.shared.rounds.place_in``."""


class RedisArrivals:
    """``Arrivals`` of every process that shares a server. While it is away, each process keeps an order of its own."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._tell = link.redis.register_script(_TELL)

    async def tell(self, name: str, here: Sequence[str], gone: Sequence[str]) -> Standing:
        """Renew the tickets of this process, and give back those that are ``gone``."""
        if self._link.is_up:
            keys = [f"{PREFIX}exclusion:{name}:{what}" for what in ("order", "ends")]
            args: list[str | int] = [int(LEASE_SECONDS * 1000), len(here), *here, *gone]
            try:
                first = await self._tell(keys=keys, args=args)
            except FAILURES as error:
                self._link.lose(error)
            else:
                return Standing(first[0] if first else None, is_told=True)
        return Standing(here[0] if here else None, is_told=False)
