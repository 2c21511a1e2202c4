-- Gives nobody a turn before a time. An earlier pause that is longer stays.
-- KEYS: rate:<phone number id>
-- ARGV: now (ms), until (ms)
-- Invariant: a pause only ever grows.
local upto = math.max(tonumber(ARGV[2]), tonumber(redis.call('HGET', KEYS[1], 'paused') or '0'))
redis.call('HSET', KEYS[1], 'paused', string.format('%.0f', upto))
redis.call('PEXPIRE', KEYS[1], math.max(0, upto - tonumber(ARGV[1])) + 60000)
return 0
