#!lua flags=allow-oom
-- Ends a lease without finishing: the head (or the pending writes) stays and is due again.
-- KEYS: inbox, inbox:<m>, lease:inbox:<m>
-- ARGV: member, token, seq, now (ms), due (ms), "1" when this attempt counts
-- Returns the result.
-- Invariant: nothing but lease, count and due time changes.
local member, token, seq, due = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[5])

local verdict = standing(KEYS[3], 'give_back', token, seq)
if verdict ~= 'current' then return verdict end

if seq == '0' and redis.call('EXISTS', KEYS[2]) == 1 then
  due = math.min(due, tonumber(ARGV[4]))  -- the delay was for the pending writes; a message that came meanwhile is due now
end
if ARGV[6] ~= '1' then
  redis.call('HINCRBY', KEYS[3], seq == '0' and 'looks' or 'claims', -1)
end
redis.call('HDEL', KEYS[3], 'held')
redis.call('ZADD', KEYS[1], due, member)
mark(KEYS[3], 'give_back', token, seq)
return 'committed'
