-- Holds one call at all of its levels and budgets, or at none.
--
-- ARGV: epoch, now ms or '', request id, tokens, cost, lease ms, number of levels,
--       levels * (field, requests per minute, tokens per minute, places; '' is no limit),
--       then (field, period, limit) for each budget.
-- Returns one of
--   'stale', epoch of the state                            nothing was read or held
--   'held', expired ids, requests left, limit, reset ms, tokens left, limit, reset ms, money left
--                                                          of the tightest level and budget; -1 and '' are no limit
--   'limited', expired ids, [level, kind, retry ms]...     retry -1: it never fits
--   'unaffordable', expired ids, [budget, spent, held]...
-- Levels and budgets are named by their position, from 0.

local epoch, now, id = ARGV[1], milliseconds(ARGV[2]), ARGV[3]
local tokens, lease, levels = tonumber(ARGV[4]), tonumber(ARGV[6]), tonumber(ARGV[7])
local cost_hi, cost_lo = limbs(ARGV[5])
local FIRST_BUDGET = 8 + 4 * levels
local budgets = (#ARGV - FIRST_BUDGET + 1) / 3
local MINUTE = 60000
local FUZZ = 0.000001
local BUSY_RETRY_MS = 1000

local expired = collect(now)

local fields = {'epoch', 'h:' .. id}
for i = 0, levels - 1 do fields[#fields + 1] = ARGV[8 + 4 * i] end
for i = 0, budgets - 1 do fields[#fields + 1] = ARGV[FIRST_BUDGET + 3 * i] end
local values = call('HMGET', STATE, unpack(fields))
if values[1] ~= epoch then return {'stale', values[1] or ''} end

-- A hold repeated while its money is held is only reported.
local known = values[2] and {unpack_value(values[2])}
local repeated = known and known[1] ~= RETURNED
if repeated and known[1] == EXPIRED then
  revive(id, known)
  values = call('HMGET', STATE, unpack(fields))
end
local charged = repeated and 0 or 1
local charged_tokens = repeated and 0 or tokens

local entry = {HELD, 0, tokens, cost_hi, cost_lo, levels}
local written = {}
local limited, unaffordable = {'limited', expired}, {'unaffordable', expired}

-- A bucket of a minute's size that drains steadily. Returns what it holds with `amount` added and, where that is too
-- much, how long to wait for it.
local function pour(limit, used, elapsed, amount)
  used = max(0, used - elapsed * limit / MINUTE)
  local excess = used + amount - limit
  if amount == 0 or excess <= FUZZ then return used + amount end
  return used, amount > limit and -1 or math.ceil(excess * MINUTE / limit)
end

local function tighter(report, limit, used)
  local left = max(0, floor(limit - used + FUZZ))
  if report[1] == -1 or left < report[1] then return {left, limit, math.ceil(used * MINUTE / max(limit, 1))} end
  return report
end

local requests_report, tokens_report = {-1, -1, -1}, {-1, -1, -1}

for i = 0, levels - 1 do
  local argument = 8 + 4 * i
  local request_limit, token_limit = tonumber(ARGV[argument + 1]), tonumber(ARGV[argument + 2])
  local places = tonumber(ARGV[argument + 3])
  local at, requests, used, in_flight = read_level(values[3 + i])
  local elapsed, wait, counted = max(0, now - at), nil, 0
  if request_limit then
    requests, wait = pour(request_limit, requests, elapsed, charged)
    if wait then limited[#limited + 1] = {i, 'requests', wait} end
    requests_report = tighter(requests_report, request_limit, requests)
  else
    requests = 0
  end
  if token_limit then
    counted = 1
    used, wait = pour(token_limit, used, elapsed, charged_tokens)
    if wait then limited[#limited + 1] = {i, 'tokens', wait} end
    tokens_report = tighter(tokens_report, token_limit, used)
  else
    used = 0
  end
  if places and charged == 1 and in_flight >= places then
    limited[#limited + 1] = {i, 'concurrency', places == 0 and -1 or BUSY_RETRY_MS}
  end
  entry[#entry + 1] = ARGV[argument]
  entry[#entry + 1] = counted
  written[#written + 1] = ARGV[argument]
  written[#written + 1] = pack(max(at, now), requests, used, in_flight + charged)
end

local left_hi, left_lo

for i = 0, budgets - 1 do
  local argument = FIRST_BUDGET + 3 * i
  local field, period = ARGV[argument], ARGV[argument + 1]
  local limit_hi, limit_lo = limbs(ARGV[argument + 2])
  local stored, spent_hi, spent_lo, held_hi, held_lo = read_budget(values[3 + levels + i])
  if stored < period then
    spent_hi, spent_lo, held_hi, held_lo = 0, 0, 0, 0
  else
    period = stored
  end
  local used_hi, used_lo = add(spent_hi, spent_lo, held_hi, held_lo)
  if not repeated then
    used_hi, used_lo = add(used_hi, used_lo, cost_hi, cost_lo)
    held_hi, held_lo = add(held_hi, held_lo, cost_hi, cost_lo)
    local free = cost_hi == 0 and cost_lo == 0
    if not free and (used_hi > limit_hi or used_hi == limit_hi and used_lo > limit_lo) then
      held_hi, held_lo = subtract(held_hi, held_lo, cost_hi, cost_lo)
      unaffordable[#unaffordable + 1] = {i, decimal(spent_hi, spent_lo), decimal(held_hi, held_lo)}
    end
  end
  local hi, lo = subtract(limit_hi, limit_lo, used_hi, used_lo)
  if not left_hi or hi < left_hi or hi == left_hi and lo < left_lo then left_hi, left_lo = hi, lo end
  entry[#entry + 1] = field
  entry[#entry + 1] = period
  written[#written + 1] = field
  written[#written + 1] = pack(period, spent_hi, spent_lo, held_hi, held_lo)
end

-- Waiting does not mend an exhausted budget, so that is what the caller hears first.
if #unaffordable > 2 then return unaffordable end
if #limited > 2 then return limited end

if not repeated then
  written[#written + 1] = 'h:' .. id
  written[#written + 1] = pack(unpack(entry))
  call('HSET', STATE, unpack(written))
end
call('ZADD', LEASES, now + lease, id)

local money_left = left_hi and decimal(left_hi, left_lo) or ''
return {
  'held', expired,
  requests_report[1], requests_report[2], requests_report[3],
  tokens_report[1], tokens_report[2], tokens_report[3],
  money_left,
}
