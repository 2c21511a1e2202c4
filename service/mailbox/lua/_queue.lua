-- The loader puts this before every script.
--
-- A queue is three keys of one member: an entry in a ZSET (member -> due time, only while there is work), a LIST of
-- entries "<seq>:<payload>" in order, and a lease HASH. Its fields:
--   token    last fencing token; every earlier holder's steps are refused. It is a time, or slightly more; for an empty
--            outbox, when it was found empty
--   held     seq that the holder of `token` works on; absent when nobody does
--   done     last seq finished: numbering continues from it when the list is empty
--   mark     last finishing step, "<verb>:<token>:<seq>", which identifies a repeat of it
--   claims   attempts at the head        looks    attempts at pending writes alone (seq 0)
--   look     when they are due           noticed  seq for which a progress message was posted
--   since    outbox: the head may have been sent since then
-- The lease has a TTL only while there is nothing to do (no entry, nothing due), so work never loses its lease.

local DAY = 86400000

local function whole(number)
  return string.format('%.0f', number)
end

local function seq_of(entry)
  return tonumber(string.match(entry, '^%d+'))
end

local function payload_of(entry)
  return string.sub(entry, string.find(entry, ':', 1, true) + 1)
end

-- Absent is '', present is '=' and the bytes: an empty value is a value.
local function optional(argument)
  return argument ~= '' and string.sub(argument, 2) or nil
end

-- Is this the holder's first call ('current'), a repeat of a finished step ('done'), or a former holder ('lost')?
-- Second result: does the caller's token still hold the lease (on whatever entry)?
local function standing(lease, verb, token, seq)
  local fields = redis.call('HMGET', lease, 'token', 'held', 'mark')
  local holds = fields[1] == token and fields[2] ~= false
  if holds and fields[2] == seq then return 'current', true end
  if fields[3] == verb .. ':' .. token .. ':' .. seq then return 'done', holds end
  return 'lost', false
end

local function mark(lease, verb, token, seq)
  redis.call('HSET', lease, 'mark', verb .. ':' .. token .. ':' .. seq)
end

local function head_is(list, seq)
  local head = redis.call('LINDEX', list, 0)
  return head and whole(seq_of(head)) == seq
end

local function next_seq(list, lease, now)
  local tail = redis.call('LINDEX', list, -1)
  local last = tail and seq_of(tail) or tonumber(redis.call('HGET', lease, 'done') or 0)
  return math.max(last + 1, now)
end

-- Nothing to do for this member: it leaves the ZSET, and the lease may expire.
local function rest(due, lease, member)
  redis.call('ZREM', due, member)
  redis.call('HDEL', lease, 'held', 'look')
  redis.call('PEXPIRE', lease, DAY)
end

-- Appends to an inbox. RPUSH is the first write: a full Redis refuses there, before anything has changed.
-- A member who is idle, or due later for pending writes only, is due now; a held lease and a retry delay stay.
local function enqueue(due, list, lease, member, now, payload)
  local waiting = redis.call('EXISTS', list) == 1
  redis.call('RPUSH', list, whole(next_seq(list, lease, now)) .. ':' .. payload)
  local wake = not waiting and redis.call('HEXISTS', lease, 'held') == 0
  redis.call('ZADD', due, wake and 'LT' or 'NX', now, member)
  redis.call('PERSIST', lease)
end

-- Appends ARGV[first] and all after it to an outbox, each with its own seq.
local function post(due, list, lease, member, now, first)
  if not ARGV[first] then return end
  local seq = next_seq(list, lease, now)
  for i = first, #ARGV do
    redis.call('RPUSH', list, whole(seq) .. ':' .. ARGV[i])
    seq = seq + 1
  end
  redis.call('ZADD', due, 'NX', now, member)
  redis.call('PERSIST', lease)
end

local function last_wrote(seen)
  local newest = redis.call('ZRANGE', seen, -1, -1, 'WITHSCORES')
  return newest[2] and tonumber(newest[2]) or false
end

-- The first nine keys of the two scripts that finish an inbox head.
local function keys_of_claim()
  return {
    due = KEYS[1], list = KEYS[2], lease = KEYS[3], session = KEYS[4], intent = KEYS[5], seen = KEYS[6],
    outbox = KEYS[8], outbox_lease = KEYS[9],
  }
end

-- When the newest messages to the member had been sent; false while some wait.
local function told(k)
  if redis.call('EXISTS', k.outbox) == 1 then return false end
  return tonumber(redis.call('HGET', k.outbox_lease, 'token') or 0)
end

-- Leases the head (without one: the pending writes, as seq 0) to `token` until now + term. `counting` is false when a
-- repeat hands out again what the first run has counted.
local function hand_out(k, member, token, now, term, counting)
  local head = redis.call('LINDEX', k.list, 0)
  local seq = head and seq_of(head) or 0
  local claims = redis.call('HINCRBY', k.lease, head and 'claims' or 'looks', counting and 1 or 0)
  redis.call('HSET', k.lease, 'token', token, 'held', seq)
  redis.call('ZADD', k.due, now + term, member)
  return {
    member, tonumber(token), seq, head and payload_of(head), claims,
    redis.call('GET', k.session), redis.call('GET', k.intent), last_wrote(k.seen), told(k),
  }
end

-- After an inbox head is finished: leases the next one under the same token, or waits until pending writes are due.
local function move_on(k, member, token, now, term)
  redis.call('HDEL', k.lease, 'claims', 'looks', 'noticed')
  if redis.call('EXISTS', k.list) == 1 then
    return hand_out(k, member, token, now, term, true)
  end
  local look = redis.call('HGET', k.lease, 'look')
  if look then
    redis.call('HDEL', k.lease, 'held')
    redis.call('ZADD', k.due, look, member)
  else
    rest(k.due, k.lease, member)
  end
  return false
end

-- Leases an outbox head, and counts the attempt: from now on the head may have been sent.
local function hand_out_post(k, member, token, now, term, counting)
  local head = redis.call('LINDEX', k.list, 0)
  local before = false
  if counting then
    before = redis.call('HGET', k.lease, 'since')
    redis.call('HSET', k.lease, 'since', now)
  end
  local claims = redis.call('HINCRBY', k.lease, 'claims', counting and 1 or 0)
  redis.call('HSET', k.lease, 'token', token, 'held', seq_of(head))
  redis.call('ZADD', k.due, now + term, member)
  return {
    member, tonumber(token), seq_of(head), payload_of(head), claims,
    before and tonumber(before), last_wrote(k.seen),
  }
end

-- An outbox is empty: everything in it has been sent by now. The token records when, for `told`; it is raised only when
-- nobody holds the lease.
local function rest_told(due, lease, member, now)
  redis.call('HSET', lease, 'token', whole(math.max(tonumber(redis.call('HGET', lease, 'token') or 0), now)))
  rest(due, lease, member)
end

-- Pops the outbox head as sent.
local function pop_post(list, lease, seq)
  redis.call('LPOP', list)
  redis.call('HSET', lease, 'done', seq)
  redis.call('HDEL', lease, 'claims', 'since')
end

-- The member due first; or nothing, and when the next one is due, if any.
local function first_due(due, now)
  local first = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')
  if not first[1] then return nil, nil end
  local time = tonumber(first[2])
  if time > now then return nil, time end
  return first[1], time
end

local function next_token(lease, now)
  return whole(math.max(tonumber(redis.call('HGET', lease, 'token') or 0) + 1, now))
end
