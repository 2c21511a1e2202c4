-- Put before every script by the loader.
--
-- A queue is three keys of one member: a place in a ZSET (member -> due time, only while there is work), a LIST of
-- entries "<seq>:<payload>" in order, and a lease HASH. Its fields:
--   token    last token handed out; a higher one makes every earlier holder a stranger. It is a time, or slightly more:
--            of an outbox that is empty, when that was known
--   held     seq the holder of `token` works on; absent when nobody does
--   done     last seq finished: numbers go on from it when the list is empty
--   mark     last finishing step, "<verb>:<token>:<seq>", by which a repeat of it is known
--   claims   claims of the head          looks    claims of an intent alone (seq 0)
--   look     when the kept intent is due noticed  seq whose member was told "still working on it"
--   since    outbox: the head may have left since then
-- The lease has a time to live only while its member rests (no entry, nothing due): work never loses its lease.

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

-- Is this the holder's first call ('current'), a repeat of a step already done ('done'), or a stranger ('lost')?
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

-- Nothing to do for this member: out of the ZSET, and the lease may be collected.
local function rest(due, lease, member)
  redis.call('ZREM', due, member)
  redis.call('HDEL', lease, 'held', 'look')
  redis.call('PEXPIRE', lease, DAY)
end

-- Appends to an inbox. RPUSH is the first write: a full Redis refuses there, before anything has changed.
-- An idle member, or one due later for an intent only, is due now; a held lease and a retry delay stay as they are.
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

-- Of the two scripts that finish a claim: their first nine keys are the same.
local function keys_of_claim()
  return {
    due = KEYS[1], list = KEYS[2], lease = KEYS[3], session = KEYS[4], intent = KEYS[5], seen = KEYS[6],
    outbox = KEYS[8], outbox_lease = KEYS[9],
  }
end

-- When the newest messages to the member were known to have left. Nothing while some wait.
local function told(k)
  if redis.call('EXISTS', k.outbox) == 1 then return false end
  return tonumber(redis.call('HGET', k.outbox_lease, 'token') or 0)
end

-- Gives the member's head (without one: its intent, as seq 0) to `token` until now + term. `counting` is false when
-- a repeat hands out again what the first run already counted.
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

-- After an inbox head is finished: the next one under the same token, or rest until the intent is due, or rest.
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

-- The same for an outbox head. Handing out counts the attempt: from now on the head may have left.
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

-- An outbox is empty: whatever was in it has left by now. The token says so, for `told`: it makes strangers only of
-- those who hold nothing any more.
local function rest_told(due, lease, member, now)
  redis.call('HSET', lease, 'token', whole(math.max(tonumber(redis.call('HGET', lease, 'token') or 0), now)))
  rest(due, lease, member)
end

-- Takes the outbox head away as sent.
local function pop_post(list, lease, seq)
  redis.call('LPOP', list)
  redis.call('HSET', lease, 'done', seq)
  redis.call('HDEL', lease, 'claims', 'since')
end

-- The member due first: its name, or nothing and when (if ever) the next one is due.
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
