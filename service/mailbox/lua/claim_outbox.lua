#!lua flags=allow-oom
-- Leases the outbox due first, and counts the attempt before it is made.
-- KEYS: outbox. The member is found in here, so its keys are computed from the shard tag: all in the slot of KEYS[1].
-- ARGV: shard tag ("{0}"), now (ms), lease (ms)
-- Returns the lease; or {} when nobody has work; or {due} when the first one is due later.
-- Invariant: from here on the head may have been sent, and the next claim returns since when.
local now = tonumber(ARGV[2])
while true do
  local member, later = first_due(KEYS[1], now)
  if not member then return { later } end
  local k = {
    due = KEYS[1],
    list = ARGV[1] .. ':outbox:' .. member,
    lease = ARGV[1] .. ':lease:outbox:' .. member,
    seen = ARGV[1] .. ':seen:' .. member,
  }
  if redis.call('EXISTS', k.list) == 1 then
    return hand_out_post(k, member, next_token(k.lease, now), now, tonumber(ARGV[3]), true)
  end
  rest(k.due, k.lease, member)
end
