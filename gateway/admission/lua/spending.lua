-- Reads where budgets stand in the periods asked for.
--
-- ARGV: epoch, now (every script is given it), then (field, period) for each budget.
-- Returns 'stale', epoch of the state; or 'read', then spent and held of each.

local fields = {'epoch'}
for i = 3, #ARGV, 2 do fields[#fields + 1] = ARGV[i] end
local values = call('HMGET', STATE, unpack(fields))
if values[1] ~= ARGV[1] then return {'stale', values[1] or ''} end

local answer = {'read'}
for i = 2, #values do
  local period, spent_hi, spent_lo, held_hi, held_lo = read_budget(values[i])
  if period < ARGV[2 * i] then spent_hi, spent_lo, held_hi, held_lo = 0, 0, 0, 0 end
  answer[#answer + 1] = decimal(spent_hi, spent_lo)
  answer[#answer + 1] = decimal(held_hi, held_lo)
end
return answer
