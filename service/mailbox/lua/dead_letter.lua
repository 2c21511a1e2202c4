#!lua flags=allow-oom
-- Moves the head (for seq 0 the pending writes) to the dead letters and deletes the session.
-- KEYS: inbox, inbox:<m>, lease:inbox:<m>, session:<m>, intent:<m>, seen:<m>, outbox, outbox:<m>, lease:outbox:<m>,
--       dead
-- ARGV: member, token, seq, now (ms), lease (ms), reason, outbox entries ...
-- Returns {result, next lease of this member or nil}.
-- Invariant: what leaves the inbox is in `dead`; a dead message's pending writes stay, due when they were due.
local member, token, seq, now, term = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local k = keys_of_claim()

local verdict, holds = standing(k.lease, 'bury', token, seq)
if verdict == 'done' then
  return { 'done', holds and hand_out(k, member, token, now, term, false) }
end
if verdict == 'lost' or (seq ~= '0' and not head_is(k.list, seq)) then return { 'lost', false } end

local kind, body
if seq ~= '0' then
  kind, body = 'message', payload_of(redis.call('LPOP', k.list))
  redis.call('HSET', k.lease, 'done', seq)
else
  kind, body = 'intent', redis.call('GET', k.intent)
  redis.call('DEL', k.intent)
  redis.call('HDEL', k.lease, 'look')
end
if body then
  -- The sizes lead, so that any bytes may follow.
  local sizes = table.concat({ kind, seq, token, ARGV[4], #member, #ARGV[6] }, ' ')
  redis.call('RPUSH', KEYS[10], sizes .. '\n' .. member .. ARGV[6] .. body)
end
redis.call('DEL', k.session)
mark(k.lease, 'bury', token, seq)
post(KEYS[7], KEYS[8], KEYS[9], member, now, 7)
return { 'committed', move_on(k, member, token, now, term) }
