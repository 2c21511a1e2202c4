#!lua flags=allow-oom
-- Stores the pending writes before the call to core, while the lease is held.
-- KEYS: inbox, lease:inbox:<m>, intent:<m>
-- ARGV: member, token, seq, now (ms), lease (ms), intent
-- Returns the result; a repeat writes the same again.
-- Invariant: only the holder writes. If the message becomes a dead letter, the pending writes are due at once.
if standing(KEYS[2], 'store_intent', ARGV[2], ARGV[3]) ~= 'current' then return 'lost' end

redis.call('SET', KEYS[3], ARGV[6], 'PX', 4 * DAY)
redis.call('HSET', KEYS[2], 'look', ARGV[4])
redis.call('ZADD', KEYS[1], tonumber(ARGV[4]) + tonumber(ARGV[5]), ARGV[1])
return 'committed'
