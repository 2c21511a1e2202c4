#!lua flags=allow-oom
-- Leases the inbox due first: its head, session, pending writes and times.
-- KEYS: inbox. The member is found in here, so its keys are computed from the shard tag: all in the slot of KEYS[1].
-- ARGV: shard tag ("{0}"), now (ms), lease (ms)
-- Returns the lease; or {} when nobody has work; or {due} when the first one is due later.
-- Invariant: the token is higher than every earlier one of this member; the head stays where it is.
local now = tonumber(ARGV[2])
while true do
  local member, later = first_due(KEYS[1], now)
  if not member then return { later } end
  local k = {
    due = KEYS[1],
    list = ARGV[1] .. ':inbox:' .. member,
    lease = ARGV[1] .. ':lease:inbox:' .. member,
    session = ARGV[1] .. ':session:' .. member,
    intent = ARGV[1] .. ':intent:' .. member,
    seen = ARGV[1] .. ':seen:' .. member,
    outbox = ARGV[1] .. ':outbox:' .. member,
    outbox_lease = ARGV[1] .. ':lease:outbox:' .. member,
  }
  if redis.call('EXISTS', k.list, k.intent) > 0 then
    return hand_out(k, member, next_token(k.lease, now), now, tonumber(ARGV[3]), true)
  end
  rest(k.due, k.lease, member)  -- it was due for pending writes that are gone
end
