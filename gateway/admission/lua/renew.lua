-- Lengthens the lease of a call that still runs.
--
-- ARGV: epoch, now ms or '', request id, lease ms.
-- Returns 'stale', epoch of the state; or 'held' | 'unknown'.

local epoch, now, id = ARGV[1], milliseconds(ARGV[2]), ARGV[3]

local values = call('HMGET', STATE, 'epoch', 'h:' .. id)
if values[1] ~= epoch then return {'stale', values[1] or ''} end

local entry = values[2] and {unpack_value(values[2])}
if not entry or entry[1] == RETURNED then return {'unknown'} end
if entry[1] == EXPIRED then revive(id, entry) end
call('ZADD', LEASES, now + ARGV[4], id)
return {'held'}
