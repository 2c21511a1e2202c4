#!lua
-- Moves a dead letter back into its member's queue and deletes the session.
-- KEYS: dead, inbox, inbox:<m>, lease:inbox:<m>, session:<m>, intent:<m>
-- ARGV: member, now (ms), kind ("message" or "intent"), the letter as stored, where its body begins in it
-- Returns 'committed'; 'done' when it is no longer a dead letter; 'lost' when pending writes cannot come back now,
-- because the member has others or a worker holds the lease.
-- Invariant: it is either a dead letter or back, never both. No allow-oom: a redrive is never urgent.
local member, now, body = ARGV[1], tonumber(ARGV[2]), string.sub(ARGV[4], tonumber(ARGV[5]))

if ARGV[3] == 'intent' then
  local busy = redis.call('HEXISTS', KEYS[4], 'held') == 1
  if busy or redis.call('EXISTS', KEYS[6]) == 1 then
    return redis.call('LPOS', KEYS[1], ARGV[4]) and 'lost' or 'done'
  end
end
if redis.call('LREM', KEYS[1], 1, ARGV[4]) == 0 then return 'done' end

redis.call('DEL', KEYS[5])
if ARGV[3] == 'intent' then
  redis.call('SET', KEYS[6], body, 'PX', 4 * DAY)
  redis.call('HSET', KEYS[4], 'look', now)
  redis.call('PERSIST', KEYS[4])
  redis.call('ZADD', KEYS[2], redis.call('EXISTS', KEYS[3]) == 1 and 'NX' or 'LT', now, member)
else
  enqueue(KEYS[2], KEYS[3], KEYS[4], member, now, body)
end
return 'committed'
