-- Puts the state of one organisation, as the books have it, in the place of one that is lost or stale.
--
-- KEYS[3]: the lock of the rebuild. ARGV: epoch, now ms or '', value of the lock, epoch of the state to be replaced
-- ('' if none was found), number of budgets, budgets * (field, period, spent), number of holds, then for each hold
-- (request id, input tokens, output tokens, cost, lease ms, number of levels, levels * field, number of budgets,
-- budgets * (field, period)).
-- Returns 1; 0 if the lock is lost or the state is no longer the one to be replaced, in which case nothing changes.

local epoch, now = ARGV[1], milliseconds(ARGV[2])
if call('GET', KEYS[3]) ~= ARGV[3] then return 0 end
if (call('HGET', STATE, 'epoch') or '') ~= ARGV[4] then return 0 end

local position = 4
local function take()
  position = position + 1
  return ARGV[position]
end

local budgets, levels = {}, {}
for _ = 1, take() do
  local field, period, spent = take(), take(), take()
  local known = budgets[field]
  if not known or known[1] < period then
    local hi, lo = limbs(spent)
    budgets[field] = {period, hi, lo, 0, 0}
  end
end

-- At every rate there may be: which ones the level has, the next hold knows.
local function occupy(field, used)
  local level = levels[field]
  if not level then
    level = {now, 0}
    for rate = 0, RATES - 1 do
      level[3 + 2 * rate], level[4 + 2 * rate] = rate, 0
    end
    levels[field] = level
  end
  level[2] = level[2] + 1
  for rate = 0, RATES - 1 do level[4 + 2 * rate] = level[4 + 2 * rate] + used[floor(rate / 3)] end
end

local function hold_money(field, period, hi, lo)
  local budget = budgets[field] or {'', 0, 0, 0, 0}
  if budget[1] < period then budget = {period, 0, 0, 0, 0} end
  if budget[1] == period then budget[4], budget[5] = add(budget[4], budget[5], hi, lo) end
  budgets[field] = budget
end

call('DEL', STATE, LEASES)
for _ = 1, take() do
  local id, input, output = take(), tonumber(take()), tonumber(take())
  local hi, lo = limbs(take())
  local lease, count = tonumber(take()), tonumber(take())
  local entry = {HELD, 0, input, output, hi, lo, count}
  for _ = 1, count do
    local field = take()
    occupy(field, amounts(input, output))
    entry[#entry + 1] = field
    entry[#entry + 1] = ALL_RATES
  end
  for _ = 1, take() do
    local field, period = take(), take()
    hold_money(field, period, hi, lo)
    entry[#entry + 1] = field
    entry[#entry + 1] = period
  end
  call('HSET', STATE, 'h:' .. id, pack(unpack(entry)))
  call('ZADD', LEASES, now + lease, id)
end
for field, level in pairs(levels) do call('HSET', STATE, field, pack(unpack(level))) end
for field, budget in pairs(budgets) do call('HSET', STATE, field, pack(unpack(budget))) end
call('HSET', STATE, 'epoch', epoch)
call('DEL', KEYS[3])
return 1
