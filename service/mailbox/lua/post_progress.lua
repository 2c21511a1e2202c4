#!lua flags=allow-oom
-- Appends a progress message ("still working on it") to the outbox while the lease is held.
-- KEYS: lease:inbox:<m>, outbox, outbox:<m>, lease:outbox:<m>
-- ARGV: member, token, seq, now (ms), entry
-- Returns the result.
-- Invariant: at most once for a head, however often it is claimed and however often this runs.
if standing(KEYS[1], 'notice', ARGV[2], ARGV[3]) ~= 'current' then return 'lost' end
if redis.call('HGET', KEYS[1], 'noticed') == ARGV[3] then return 'done' end

redis.call('HSET', KEYS[1], 'noticed', ARGV[3])
post(KEYS[2], KEYS[3], KEYS[4], ARGV[1], tonumber(ARGV[4]), 5)
return 'committed'
