-- Stores one inbound message, once.
-- KEYS: inbox, inbox:<m>, lease:inbox:<m>, seen:<m>
-- ARGV: member, digest of the wamid, time sent (ms), now (ms), entry
-- Returns 1 when new, 0 when seen before.
-- Invariant: a digest is in `seen` only if its entry was appended, in this same step. Nothing is written when full
-- (no allow-oom here, and the first write is the append).
local member, digest, now = ARGV[1], ARGV[2], tonumber(ARGV[4])
if redis.call('ZSCORE', KEYS[4], digest) then return 0 end

enqueue(KEYS[1], KEYS[2], KEYS[3], member, now, ARGV[5])

-- Room is made before the new digest goes in: a message that arrives late is the oldest, and must still be known
-- when it is delivered again.
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - 7 * DAY)
redis.call('ZREMRANGEBYRANK', KEYS[4], 0, -64)
redis.call('ZADD', KEYS[4], math.min(tonumber(ARGV[3]), now), digest)
redis.call('PEXPIRE', KEYS[4], 7 * DAY)
return 1
