-- The grant of connector/quota/memory_limiter.py as one step in Redis, by Redis's own clock.
-- Of each key K: the list K holds the slots of its last calls, in order, the hash K:s the rest of its standing.
-- Instants and spans are in whole milliseconds: Lua writes a number with 14 digits, so no finer ones.
-- ARGV[1]: {"demands": [[urgent, [[key, [[calls, batch calls, span], …]], …]], …], "hints": [[key, hold, spacing, for], …],
--          "urgent": ms, "catch_up": ms, "ahead": ms, "spread": ms}
-- Returns, of each demand, its slot in milliseconds from now, and 1 where that is reserved.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local asked = cjson.decode(ARGV[1])
local KEPT_MS = 600000

local standings = {}
local function standing(key)
  local known = standings[key]
  if not known then
    local fields = redis.call('HMGET', key .. ':s', 'batch_at', 'held', 'urgent', 'spacing', 'spaced')
    known = {batch_at = tonumber(fields[1]) or 0, held = tonumber(fields[2]) or 0, urgent = tonumber(fields[3]) or 0,
             spacing = tonumber(fields[4]) or 0, spaced = tonumber(fields[5]) or 0,
             calls = redis.call('LLEN', key)}
    standings[key] = known
  end
  return known
end

local function spacing(known, quota)
  local own = 0
  for _, rate in ipairs(quota) do own = math.max(own, rate[3] / rate[2]) end
  if now < known.spaced then own = math.max(own, known.spacing) end
  return own
end

for _, hint in ipairs(asked.hints) do
  local known = standing(hint[1])
  known.held = math.max(known.held, now + hint[2])
  if hint[4] > 0 then known.spacing, known.spaced = hint[3], now + hint[4] end
  known.changed = true
end

local function free_at(bound, urgent)
  local known = standing(bound[1])
  local at = known.held
  for _, rate in ipairs(bound[2]) do
    local calls = urgent and rate[1] or rate[2]
    if known.calls >= calls then
      at = math.max(at, tonumber(redis.call('LINDEX', bound[1], -calls)) + rate[3])
    end
  end
  if not urgent then
    local late = math.min(spacing(known, bound[2]), asked.catch_up)
    at = math.max(at, known.batch_at - late, known.urgent)
  end
  return at
end

local function insert(key, at)
  -- A slot may be before one that is reserved already.
  local later = {}
  local last = redis.call('LINDEX', key, -1)
  while last and tonumber(last) > at do
    later[#later + 1] = redis.call('RPOP', key)
    last = redis.call('LINDEX', key, -1)
  end
  local count = redis.call('RPUSH', key, at)
  for i = #later, 1, -1 do count = redis.call('RPUSH', key, later[i]) end
  return count
end

local function take(bound, urgent, at)
  local known, most, kept = standing(bound[1]), 0, 0
  for _, rate in ipairs(bound[2]) do
    most, kept = math.max(most, rate[1]), math.max(kept, rate[3])
  end
  if most > 0 then
    known.calls = insert(bound[1], at)
    if known.calls > most then
      redis.call('LTRIM', bound[1], -most, -1)
      known.calls = most
    end
    redis.call('PEXPIRE', bound[1], math.ceil(kept + asked.ahead))
  end
  if not urgent then
    known.batch_at = math.max(known.batch_at, at) + spacing(known, bound[2])
    known.changed = true
  end
end

local slots, apart = {}, now
for _, demand in ipairs(asked.demands) do
  local urgent, bounds, free = demand[1], demand[2], {}
  local at = urgent and now or apart
  for j, bound in ipairs(bounds) do
    free[j] = free_at(bound, urgent)
    at = math.max(at, free[j])
  end
  at = math.ceil(at)
  local reserved = at <= now + asked.ahead
  if reserved and not urgent then apart = at + asked.spread end
  for j, bound in ipairs(bounds) do
    if reserved then
      take(bound, urgent, at)
    elseif urgent and free[j] > now + asked.ahead then
      local known = standing(bound[1])
      known.urgent, known.changed = free[j] + asked.urgent, true
    end
  end
  slots[#slots + 1] = at - now
  slots[#slots + 1] = reserved and 1 or 0
end

for key, known in pairs(standings) do
  if known.changed then
    redis.call('HSET', key .. ':s', 'batch_at', known.batch_at, 'held', known.held, 'urgent', known.urgent,
               'spacing', known.spacing, 'spaced', known.spaced)
    local last = math.max(known.batch_at, known.held, known.urgent, known.spaced)
    redis.call('PEXPIRE', key .. ':s', math.ceil(math.max(last - now, 0)) + KEPT_MS)
  end
end
return slots
