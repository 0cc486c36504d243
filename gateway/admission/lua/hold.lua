-- Holds one call at all of its levels and budgets, or at none.
--
-- ARGV: epoch, now ms or '', request id, input tokens, output tokens, cost, lease ms, number of levels,
--       levels * (field, calls at once or '', number of rates, rates * (rate, ceiling) in the order of rates),
--       then (field, period, limit, '' or '1' for one that refuses nothing, '' or when to forget it, ms) for each budget.
-- Returns one of
--   'stale', epoch of the state                            nothing was read or held
--   'held', expired ids, requests left, limit, reset ms, tokens left, limit, reset ms, money left, [budget]...
--                                                          of the tightest rate and budget, -1 and '' are no limit;
--                                                          and the budgets that the call goes beyond
--   'limited', expired ids, [level, rate, retry ms]...     rate -1: calls at once; retry -1: it never fits
--   'unaffordable', expired ids, [budget, spent, held]...
-- Levels and budgets are named by their position, from 0.

local epoch, now, id = ARGV[1], milliseconds(ARGV[2]), ARGV[3]
local input, output = tonumber(ARGV[4]), tonumber(ARGV[5])
local cost_hi, cost_lo = limbs(ARGV[6])
local lease, levels = tonumber(ARGV[7]), tonumber(ARGV[8])
local WINDOWS = {[0] = 60000, 3600000, 86400000}
local FUZZ = 0.000001
local BUSY_RETRY_MS = 1000
local END_USER, KEPT_MS = 'e', 2 * 86400000
local BUDGET_ARGUMENTS = 5

local expired = collect(now)

local fields, first = {'epoch', 'h:' .. id}, {}
local position = 9
for i = 0, levels - 1 do
  first[i] = position
  fields[#fields + 1] = ARGV[position]
  position = position + 3 + 2 * ARGV[position + 2]
end
local FIRST_BUDGET = position
local budgets = (#ARGV - FIRST_BUDGET + 1) / BUDGET_ARGUMENTS
for i = 0, budgets - 1 do fields[#fields + 1] = ARGV[FIRST_BUDGET + BUDGET_ARGUMENTS * i] end
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
local poured = amounts(input * charged, output * charged)
poured[REQUESTS] = charged

local entry = {HELD, 0, input, output, cost_hi, cost_lo, levels}
local written, kept_until = {}, {}
local limited, unaffordable = {'limited', expired}, {'unaffordable', expired}

-- A bucket of a window's size that drains steadily. Returns what it holds with `amount` added and, where that is too
-- much, how long to wait for it.
local function pour(limit, window, used, elapsed, amount)
  used = max(0, used - elapsed * limit / window)
  local excess = used + amount - limit
  if amount == 0 or excess <= FUZZ then return used + amount end
  return used, amount > limit and -1 or math.ceil(excess * window / limit)
end

local function tighter(report, limit, window, used)
  local left = max(0, floor(limit - used + FUZZ))
  if report[1] == -1 or left < report[1] then return {left, limit, math.ceil(used * window / max(limit, 1))} end
  return report
end

local requests_report, tokens_report = {-1, -1, -1}, {-1, -1, -1}

for i = 0, levels - 1 do
  local argument, level = first[i], read_level(values[3 + i])
  local field, places, rates = ARGV[argument], tonumber(ARGV[argument + 1]), ARGV[argument + 2]
  local at, in_flight, known_rate, counted = level[1], level[2], 3, 0
  local elapsed = max(0, now - at)
  if places and charged == 1 and in_flight >= places then
    limited[#limited + 1] = {i, -1, places == 0 and -1 or BUSY_RETRY_MS}
  end
  local after = {max(at, now), in_flight + charged}
  for j = argument + 3, argument + 1 + 2 * rates, 2 do
    local rate, ceiling, used, wait = tonumber(ARGV[j]), tonumber(ARGV[j + 1]), 0, nil
    while level[known_rate] and level[known_rate] < rate do known_rate = known_rate + 2 end
    if level[known_rate] == rate then used = level[known_rate + 1] end
    local kind, window = floor(rate / 3), WINDOWS[rate % 3]
    used, wait = pour(ceiling, window, used, elapsed, poured[kind])
    if wait then limited[#limited + 1] = {i, rate, wait} end
    if kind == REQUESTS then
      requests_report = tighter(requests_report, ceiling, window, used)
    else
      tokens_report = tighter(tokens_report, ceiling, window, used)
    end
    after[#after + 1], counted = rate, counted + 2 ^ rate
    after[#after + 1] = used
  end
  entry[#entry + 1] = field
  entry[#entry + 1] = counted
  written[#written + 1] = field
  written[#written + 1] = pack(unpack(after))
  if string.sub(field, 1, 1) == END_USER then kept_until[field] = now + KEPT_MS end
end

local left_hi, left_lo
local beyond = {}

for i = 0, budgets - 1 do
  local argument = FIRST_BUDGET + BUDGET_ARGUMENTS * i
  local field, period = ARGV[argument], ARGV[argument + 1]
  local limit_hi, limit_lo = limbs(ARGV[argument + 2])
  local only_warns = ARGV[argument + 3] ~= ''
  if ARGV[argument + 4] ~= '' then kept_until[field] = ARGV[argument + 4] end
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
      if only_warns then
        beyond[#beyond + 1] = i
      else
        held_hi, held_lo = subtract(held_hi, held_lo, cost_hi, cost_lo)
        unaffordable[#unaffordable + 1] = {i, decimal(spent_hi, spent_lo), decimal(held_hi, held_lo)}
      end
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
for field, due in pairs(kept_until) do call('ZADD', LEASES, due, field) end

local money_left = left_hi and decimal(left_hi, left_lo) or ''
return {
  'held', expired,
  requests_report[1], requests_report[2], requests_report[3],
  tokens_report[1], tokens_report[2], tokens_report[3],
  money_left, unpack(beyond)
}
