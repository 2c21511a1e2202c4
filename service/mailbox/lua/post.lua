-- Appends a message that answers nobody (about an event of core) to a member's outbox, once.
-- KEYS: outbox, outbox:<m>, lease:outbox:<m>, posted:<m>
-- ARGV: member, digest of the key that names the message, now (ms), entry
-- Returns 1 when new, 0 when posted before.
-- Invariant: a digest is in `posted` only if its entry was appended, in this same step. Nothing is written when full
-- (no allow-oom here, and the first write is the append).
local now = tonumber(ARGV[3])
local posted = redis.call('ZSCORE', KEYS[4], ARGV[2])
if posted and tonumber(posted) > now - DAY then return 0 end

post(KEYS[1], KEYS[2], KEYS[3], ARGV[1], now, 4)

redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - DAY)
redis.call('ZREMRANGEBYRANK', KEYS[4], 0, -64)
redis.call('ZADD', KEYS[4], now, ARGV[2])
redis.call('PEXPIRE', KEYS[4], DAY)
return 1
