#!lua flags=allow-oom
-- A status carried this entry's id, so it was sent: the head goes, if it is still the head.
-- KEYS: outbox, outbox:<m>, lease:outbox:<m>
-- ARGV: member, seq, now (ms)
-- Returns 1 when it was the head, else 0.
-- Invariant: pops nothing but this seq. A held lease stays (its sender is between claim and settle); a wait ends.
if not head_is(KEYS[2], ARGV[2]) then return 0 end

pop_post(KEYS[2], KEYS[3], ARGV[2])
if redis.call('EXISTS', KEYS[2]) == 0 then
  rest(KEYS[1], KEYS[3], ARGV[1])
elseif redis.call('HEXISTS', KEYS[3], 'held') == 0 then
  redis.call('ZADD', KEYS[1], tonumber(ARGV[3]), ARGV[1])
end
return 1
