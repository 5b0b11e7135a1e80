"""What Redis decides in one step for all processes: windows, pace and circuit of a vendor. Times are microseconds by the
server's clock."""

from __future__ import annotations

_PACE = """
local function pace_of(key, now, recovery)
  local pace = redis.call('HMGET', key, 'factor', 'since')
  if not pace[1] then return 1, 0 end
  local since = tonumber(pace[2])
  return math.min(1, tonumber(pace[1]) + (now - since) / 1000000 * recovery), since
end
"""
"""The share of the documented rate that is used now, and when it was cut last."""

GRANT = (
    _PACE
    + """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local blocks, probe_span, recovery = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

local circuit = redis.call('HMGET', KEYS[1], 'failures', 'resting_until', 'probing_until')
local resting, probing = tonumber(circuit[2] or '0'), tonumber(circuit[3] or '0')
if resting > 0 and math.max(resting, probing) > now then
  return {math.max(resting, probing) - now, 'resting'}
end

local wait = 0
for i = 3, 2 + blocks do
  wait = math.max(wait, tonumber(redis.call('GET', KEYS[i]) or '0') - now)
end
local factor = pace_of(KEYS[2], now, recovery)
for i = 3 + blocks, #KEYS do
  local at = 2 + 2 * (i - blocks - 2)
  local allowed, span = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local oldest = tonumber(redis.call('LINDEX', KEYS[i], math.max(1, math.floor(allowed * factor)) - 1) or '0')
  wait = math.max(wait, math.min(oldest + span + 1 - now, span))
end
if wait > 0 then return {wait, 'waiting'} end

for i = 3 + blocks, #KEYS do
  local at = 2 + 2 * (i - blocks - 2)
  local allowed, span = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  redis.call('LPUSH', KEYS[i], string.format('%.0f', now))
  redis.call('LTRIM', KEYS[i], 0, allowed - 1)
  redis.call('PEXPIRE', KEYS[i], math.ceil(span / 1000) + 1000)
end
if resting > 0 then redis.call('HSET', KEYS[1], 'probing_until', string.format('%.0f', now + probe_span)) end
return {0, circuit[1] and 'ailing' or 'sound', string.format('%.0f', now)}
"""
)
"""KEYS: circuit, pace, blocks, windows. ARGV: number of blocks, how long a probe keeps others out, recovery of the pace a
second, then calls and span of each window. Returns {wait, word}: `resting` while the circuit is open or a probe is out,
`ailing` when failures are on record, which a success should clear; for a grant also its slot,
which is its time."""

LATE = """
local calls = tonumber(ARGV[1])
for i, key in ipairs(KEYS) do
  for call = 1, calls do
    local slot, arrived = ARGV[2 * call], ARGV[2 * call + 1]
    redis.call('LREM', key, 1, slot)
    local place, held = 0, redis.call('LINDEX', key, 0)
    while held and tonumber(held) > tonumber(arrived) do
      place = place + 1
      held = redis.call('LINDEX', key, place)
    end
    if held then redis.call('LINSERT', key, 'BEFORE', held, arrived) else redis.call('RPUSH', key, arrived) end
  end
  local allowed, span = tonumber(ARGV[2 * (calls + i)]), tonumber(ARGV[2 * (calls + i) + 1])
  redis.call('LTRIM', key, 0, allowed - 1)
  redis.call('PEXPIRE', key, math.ceil(span / 1000) + 1000)
end
"""
"""KEYS: windows. ARGV: number of calls, the slot of each and when it can have arrived at the latest, then calls and span of
each window. The windows remember each call from its arrival on."""

PENALISE = (
    _PACE
    + """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local till = now + tonumber(ARGV[1])
if till > tonumber(redis.call('GET', KEYS[1]) or '0') then
  redis.call('SET', KEYS[1], string.format('%.0f', till), 'PX', math.ceil(tonumber(ARGV[1]) / 1000) + 1)
end
local memory = tonumber(ARGV[2])
redis.call('LPUSH', KEYS[2], string.format('%.0f', now))
redis.call('LTRIM', KEYS[2], 0, 99)
redis.call('PEXPIRE', KEYS[2], math.ceil(memory / 1000))
local strikes = 0
for _, at in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
  if tonumber(at) > now - memory then strikes = strikes + 1 end
end

local recovery, settle, slowest = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local factor, since = pace_of(KEYS[3], now, recovery)
if now - since >= settle then
  factor = math.max(slowest, factor / 2)
  redis.call('HSET', KEYS[3], 'factor', tostring(factor), 'since', string.format('%.0f', now))
  redis.call('PEXPIRE', KEYS[3], math.ceil((1 - factor) / recovery * 1000) + 1000)
end
return strikes
"""
)
"""KEYS: block, rejections, pace. ARGV: how long to block, how long a rejection is remembered, recovery of the pace a
second, how long one cut covers the calls that were on their way, the slowest pace. Returns the rejections remembered."""

REPORT = """
if ARGV[1] == '1' then
  redis.call('DEL', KEYS[1])
  return 0
end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local allowed, rest, longest = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local failures = redis.call('HINCRBY', KEYS[1], 'failures', 1)
local circuit = redis.call('HMGET', KEYS[1], 'resting_until', 'rests')
local resting, rests = tonumber(circuit[1] or '0'), tonumber(circuit[2] or '0')
local has_probed = resting > 0 and resting <= now
if has_probed or (resting == 0 and failures >= allowed) then
  resting = now + math.min(longest, rest * 2 ^ rests)
  redis.call('HSET', KEYS[1], 'resting_until', string.format('%.0f', resting), 'rests', rests + 1)
  redis.call('HDEL', KEYS[1], 'probing_until')
end
redis.call('PEXPIRE', KEYS[1], math.ceil(2 * longest / 1000) + math.max(0, math.ceil((resting - now) / 1000)))
return math.max(0, resting - now)
"""
"""KEYS: circuit. ARGV: whether the vendor answered, failures in a row that open the circuit, first and longest rest.
Returns how long the circuit stays open."""

LOOK = (
    _PACE
    + """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local recovery = tonumber(ARGV[1])
local found = {}
for i = 1, #KEYS, 2 do
  local circuit = redis.call('HMGET', KEYS[i], 'failures', 'resting_until')
  local resting = tonumber(circuit[2] or '0')
  local state = 0
  if resting > now then state = 1 elseif resting > 0 then state = 2 end
  found[#found + 1] = tonumber(circuit[1] or '0')
  found[#found + 1] = state
  found[#found + 1] = math.max(0, resting - now)
  found[#found + 1] = math.floor(1000000 * pace_of(KEYS[i + 1], now, recovery))
end
return found
"""
)
"""KEYS: circuit and pace of each vendor. ARGV: recovery of the pace a second. Returns for each vendor: failures in a row,
circuit (0 closed, 1 open, 2 probing), how long nobody may call, pace in millionths."""
