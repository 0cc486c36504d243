-- Put before every script of this folder.
--
-- KEYS[1], state of one organisation, a hash of MessagePack values:
--   epoch         text: under which the state was built
--   <level>       at ms, calls in flight, then (rate, used) pairs in the order of their rates
--   <budget>      period, spent hi, spent lo, held hi, held lo
--   h:<request>   status, gives up at ms, input tokens, output tokens, cost hi, cost lo, n, n * (level, rates counted),
--                 then (budget, period) pairs
-- KEYS[2], leases: sorted set of request ids by the millisecond at which something is due for them; and of the fields
-- of end users, by when there is nothing left in them to remember.
--
-- A rate is 3 * kind + window; which of a level's rates counted a call is a sum of powers of two.
--
-- Status of a hold: held; expired, when its lease is over: its place and tokens are free again, its money stays
-- held until the books say what became of the call; returned, when the books had never heard of it: nothing is
-- held, but a late settlement still counts.

local call, pack, unpack_value = redis.call, cmsgpack.pack, cmsgpack.unpack
local floor, max = math.floor, math.max
local STATE, LEASES = KEYS[1], KEYS[2]
local HELD, EXPIRED, RETURNED = 0, 1, 2
local BASE = 1000000000
local REMEMBERED_MS = 86400000
local ASK_AGAIN_MS = 10000
local AT_ONCE = 8
local REQUESTS, INPUT, OUTPUT, TOKENS = 0, 1, 2, 3
local RATES, ALL_RATES = 12, 4095

-- Lua's numbers are doubles: beyond 2^53 nano-USD (9 million USD) they lose units. An amount is therefore two
-- limbs of base 10^9 inside, and decimal text outside.
local function limbs(text)
  local length = #text
  if length <= 9 then return 0, tonumber(text) end
  return tonumber(string.sub(text, 1, length - 9)), tonumber(string.sub(text, length - 8))
end

local function decimal(hi, lo)
  if hi == 0 then return string.format('%.0f', lo) end
  return string.format('%.0f%09.0f', hi, lo)
end

local function add(a_hi, a_lo, b_hi, b_lo)
  local lo = a_lo + b_lo
  if lo >= BASE then return a_hi + b_hi + 1, lo - BASE end
  return a_hi + b_hi, lo
end

-- Never below zero.
local function subtract(a_hi, a_lo, b_hi, b_lo)
  local hi, lo = a_hi - b_hi, a_lo - b_lo
  if lo < 0 then hi, lo = hi - 1, lo + BASE end
  if hi < 0 then return 0, 0 end
  return hi, lo
end

-- The server's clock, which all gateways share, unless the caller brings its own.
local function milliseconds(given)
  if given ~= '' then return tonumber(given) end
  local time = call('TIME')
  return time[1] * 1000 + floor(time[2] / 1000)
end

local function read_level(value)
  if not value then return {0, 0} end
  return {unpack_value(value)}
end

local function read_budget(value)
  if not value then return '', 0, 0, 0, 0 end
  return unpack_value(value)
end

local function amounts(input, output)
  return {[REQUESTS] = 1, [INPUT] = input, [OUTPUT] = output, [TOKENS] = input + output}
end

-- Changes what a hold left at its levels: calls in flight by `places`, tokens by `changed` where they were counted.
-- Decay can wait for the next hold, which knows the limit: what is given back comes to the same before or after it.
local function change_levels(entry, places, changed)
  local fields = {}
  for i = 1, entry[7] do fields[i] = entry[6 + 2 * i] end
  if #fields == 0 then return end
  local values = call('HMGET', STATE, unpack(fields))
  local written = {}
  for i = 1, #fields do
    local level, counted = read_level(values[i]), entry[7 + 2 * i]
    level[2] = max(0, level[2] + places)
    for j = 3, #level, 2 do
      local kind = floor(level[j] / 3)
      if kind ~= REQUESTS and floor(counted / 2 ^ level[j]) % 2 == 1 then
        level[j + 1] = max(0, level[j + 1] + changed[kind])
      end
    end
    if values[i] then
      written[#written + 1] = fields[i]
      written[#written + 1] = pack(unpack(level))
    end
  end
  if #written > 0 then call('HSET', STATE, unpack(written)) end
end

-- At every budget that is still in the period of the hold: gives back what was held, adds what was spent. `charged`
-- are the budgets that are charged for it; nil is all of them.
local function change_budgets(entry, held_hi, held_lo, spent_hi, spent_lo, charged)
  local first = 8 + 2 * entry[7]
  local fields = {}
  for i = first, #entry, 2 do fields[#fields + 1] = entry[i] end
  if #fields == 0 then return end
  local values = call('HMGET', STATE, unpack(fields))
  local written = {}
  for i = 1, #fields do
    local period, s_hi, s_lo, h_hi, h_lo = read_budget(values[i])
    if period == entry[first + 2 * i - 1] then
      if not charged or charged[fields[i]] then s_hi, s_lo = add(s_hi, s_lo, spent_hi, spent_lo) end
      h_hi, h_lo = subtract(h_hi, h_lo, held_hi, held_lo)
      written[#written + 1] = fields[i]
      written[#written + 1] = pack(period, s_hi, s_lo, h_hi, h_lo)
    end
  end
  if #written > 0 then call('HSET', STATE, unpack(written)) end
end

local function forget(id)
  call('HDEL', STATE, 'h:' .. id)
  call('ZREM', LEASES, id)
end

local function expire(id, entry, now)
  change_levels(entry, -1, amounts(-entry[3], -entry[4]))
  entry[1], entry[2] = EXPIRED, now + REMEMBERED_MS
  call('HSET', STATE, 'h:' .. id, pack(unpack(entry)))
end

-- The call is running whatever the counters say: it takes its place and tokens again, even beyond the limit.
local function revive(id, entry)
  change_levels(entry, 1, amounts(entry[3], entry[4]))
  entry[1], entry[2] = HELD, 0
  call('HSET', STATE, 'h:' .. id, pack(unpack(entry)))
end

local function is_field(id)
  return string.sub(id, 2, 2) == ':'
end

-- Goes through a few of what is due. Returns the expired holds that the books must be asked about.
local function collect(now)
  local due = call('ZRANGEBYSCORE', LEASES, '-inf', now, 'LIMIT', 0, AT_ONCE)
  local asked = {}
  for i = 1, #due do
    local id = due[i]
    local value = not is_field(id) and call('HGET', STATE, 'h:' .. id)
    local entry = value and {unpack_value(value)}
    if entry and entry[1] == HELD then expire(id, entry, now) end
    if entry and entry[1] == EXPIRED and now < entry[2] then
      call('ZADD', LEASES, now + ASK_AGAIN_MS, id)
      asked[#asked + 1] = id
    else
      if entry and entry[1] == EXPIRED then change_budgets(entry, entry[5], entry[6], 0, 0) end
      if is_field(id) then
        call('HDEL', STATE, id)
        call('ZREM', LEASES, id)
      else
        forget(id)
      end
    end
  end
  return asked
end
