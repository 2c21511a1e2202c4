#!lua flags=allow-oom
-- A status carried this entry's id, so it was sent: it is popped if it is still the head.
-- KEYS: outbox, outbox:<m>, lease:outbox:<m>
-- ARGV: member, seq, now (ms)
-- Returns 1 when it was the head, else 0.
-- Invariant: pops nothing but this seq. A held lease stays (its sender is between claim and ack) unless the outbox is
-- empty: then the mark tells that sender. A wait ends.
local member, seq, now = ARGV[1], ARGV[2], tonumber(ARGV[3])
if not head_is(KEYS[2], seq) then return 0 end

local held = redis.call('HEXISTS', KEYS[3], 'held') == 1
pop_post(KEYS[2], KEYS[3], seq)
if redis.call('EXISTS', KEYS[2]) == 0 then
  if held then mark(KEYS[3], 'confirm', redis.call('HGET', KEYS[3], 'token'), seq) end
  rest_told(KEYS[1], KEYS[3], member, now)
elseif not held then
  redis.call('ZADD', KEYS[1], now, member)
end
return 1
