-- Ends one hold: gives back what was held and adds what the call cost, once.
--
-- ARGV: epoch, now ms or '', request id, tokens used, cost, '1' to give back only an expired hold and to keep it in
-- mind as returned: it may have been renewed or made anew since it was found expired.
-- Returns 'stale', epoch of the state; or
--   'settled' | 'late' (its lease was over) | 'unknown' (never held, already settled, or rebuilt as settled: nothing
--   is added), expired ids.

local epoch, now, id = ARGV[1], milliseconds(ARGV[2]), ARGV[3]
local tokens = tonumber(ARGV[4])
local cost_hi, cost_lo = limbs(ARGV[5])
local give_back = ARGV[6] == '1'

local values = call('HMGET', STATE, 'epoch', 'h:' .. id)
if values[1] ~= epoch then return {'stale', values[1] or ''} end

local entry = values[2] and {unpack_value(values[2])}
if not entry or give_back and entry[1] ~= EXPIRED then return {'unknown', collect(now)} end

local held = entry[1] == HELD
change_levels(entry, held and -1 or 0, tokens - (held and entry[3] or 0))
if entry[1] == RETURNED then
  change_budgets(entry, 0, 0, cost_hi, cost_lo)
else
  change_budgets(entry, entry[4], entry[5], cost_hi, cost_lo)
end
if give_back then
  entry[1], entry[2] = RETURNED, now + REMEMBERED_MS
  call('HSET', STATE, 'h:' .. id, pack(unpack(entry)))
  call('ZADD', LEASES, entry[2], id)
else
  forget(id)
end
return {held and 'settled' or 'late', collect(now)}
