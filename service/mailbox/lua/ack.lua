#!lua flags=allow-oom
-- Ends one attempt to send: the head is popped (ack), or due again later (reschedule).
-- KEYS: outbox, outbox:<m>, lease:outbox:<m>, seen:<m>
-- ARGV: member, token, seq, now (ms), lease (ms), due (ms, "" for ack), uncertain since (ms, "" when it certainly was
--       not sent)
-- Returns {result, next lease of this member or nil}.
-- Invariant: only the holder ends an attempt, and pops nothing but the seq it was given. When a status already confirmed that
-- head, there is nothing left to pop, and the answer is 'done'.
local member, token, seq, now, term = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local k = { due = KEYS[1], list = KEYS[2], lease = KEYS[3], seen = KEYS[4] }
local verb = ARGV[6] == '' and 'settle' or 'postpone'

local verdict, holds = standing(k.lease, verb, token, seq)
if verdict == 'done' then
  return { 'done', holds and hand_out_post(k, member, token, now, term, false) }
end
if verdict == 'lost' then
  -- A confirmation that emptied the outbox has ended the lease as well.
  local confirmed = redis.call('HGET', k.lease, 'mark') == 'confirm:' .. token .. ':' .. seq
  return { confirmed and 'done' or 'lost', false }
end

local confirmed = not head_is(k.list, seq)
mark(k.lease, verb, token, seq)
if verb == 'settle' then
  if not confirmed then pop_post(k.list, k.lease, seq) end
  if redis.call('EXISTS', k.list) == 1 then
    return { confirmed and 'done' or 'committed', hand_out_post(k, member, token, now, term, true) }
  end
  rest_told(k.due, k.lease, member, now)
  return { 'committed', false }
end

redis.call('HDEL', k.lease, 'held')
local again = tonumber(ARGV[6])
if confirmed then
  -- The uncertainty is over, so the next entry need not wait for it; another reason to wait still holds.
  redis.call('ZADD', k.due, ARGV[7] ~= '' and now or again, member)
  return { 'done', false }
end
redis.call('ZADD', k.due, again, member)
if ARGV[7] ~= '' then
  redis.call('HSET', k.lease, 'since', ARGV[7])
else
  redis.call('HDEL', k.lease, 'since')
end
return { 'committed', false }
