-- Ends one hold: gives back what was held and adds what the call cost, once.
--
-- ARGV: epoch, now ms or '', request id, input tokens used, output tokens used, cost, '1' to give back only an expired
-- hold and to keep it in mind as returned (it may have been renewed or made anew since it was found expired), '1' where
-- only the budgets that follow are charged, by their fields.
-- Returns 'stale', epoch of the state; or
--   'settled' | 'late' (its lease was over) | 'unknown' (never held, already settled, or rebuilt as settled: nothing
--   is added), expired ids.

local epoch, now, id = ARGV[1], milliseconds(ARGV[2]), ARGV[3]
local input, output = tonumber(ARGV[4]), tonumber(ARGV[5])
local cost_hi, cost_lo = limbs(ARGV[6])
local give_back = ARGV[7] == '1'
local charged = nil
if ARGV[8] == '1' then
  charged = {}
  for i = 9, #ARGV do charged[ARGV[i]] = true end
end

local values = call('HMGET', STATE, 'epoch', 'h:' .. id)
if values[1] ~= epoch then return {'stale', values[1] or ''} end

local entry = values[2] and {unpack_value(values[2])}
if not entry or give_back and entry[1] ~= EXPIRED then return {'unknown', collect(now)} end

local held = entry[1] == HELD
change_levels(entry, held and -1 or 0, amounts(input - (held and entry[3] or 0), output - (held and entry[4] or 0)))
if entry[1] == RETURNED then
  change_budgets(entry, 0, 0, cost_hi, cost_lo, charged)
else
  change_budgets(entry, entry[5], entry[6], cost_hi, cost_lo, charged)
end
if give_back then
  entry[1], entry[2] = RETURNED, now + REMEMBERED_MS
  call('HSET', STATE, 'h:' .. id, pack(unpack(entry)))
  call('ZADD', LEASES, entry[2], id)
else
  forget(id)
end
return {held and 'settled' or 'late', collect(now)}
