#!lua flags=allow-oom
-- Finishes the head: session and pending writes as given, messages to the outbox, the head popped. All or nothing.
-- KEYS: inbox, inbox:<m>, lease:inbox:<m>, session:<m>, intent:<m>, seen:<m>, outbox, outbox:<m>, lease:outbox:<m>
-- ARGV: member, token, seq, now (ms), lease (ms), session ("" or "=" and bytes), intent (the same),
--       when the intent is due ("" for never), outbox entries ...
-- Returns {result, next lease of this member or nil}.
-- Invariant: only the holder of the token commits, and only the seq it was given; a repeat appends nothing and hands
-- out the same next claim without counting it again.
local member, token, seq, now, term = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local k = keys_of_claim()

local verdict, holds = standing(k.lease, 'commit', token, seq)
if verdict == 'done' then
  return { 'done', holds and hand_out(k, member, token, now, term, false) }
end
if verdict == 'lost' or (seq ~= '0' and not head_is(k.list, seq)) then return { 'lost', false } end

if seq ~= '0' then
  redis.call('LPOP', k.list)
  redis.call('HSET', k.lease, 'done', seq)
end
local session, intent = optional(ARGV[6]), optional(ARGV[7])
if session then
  redis.call('SET', k.session, session, 'PX', DAY)
else
  redis.call('DEL', k.session)
end
if intent then
  redis.call('SET', k.intent, intent, 'PX', 4 * DAY)
else
  redis.call('DEL', k.intent)
end
if intent and ARGV[8] ~= '' then
  redis.call('HSET', k.lease, 'look', ARGV[8])
else
  redis.call('HDEL', k.lease, 'look')
end
mark(k.lease, 'commit', token, seq)
post(KEYS[7], KEYS[8], KEYS[9], member, now, 9)
return { 'committed', move_on(k, member, token, now, term) }
