-- Gives a turn to send at a limited rate (the generic cell rate algorithm), to all processes of one phone number.
-- KEYS: rate:<phone number id>
-- ARGV: now (ms), gap between turns (ms), how far turns may be taken ahead (ms), the longest wait worth a turn (ms)
-- Returns the wait (ms). Up to the longest wait the turn is taken, and is the caller's after that wait; beyond it none is.
-- Invariant: of the turns given, no more than the burst and those of a second lie within any second, and none in a pause.
local now, gap, ahead, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local fields = redis.call('HMGET', KEYS[1], 'next', 'paused')
local from = math.max(now, tonumber(fields[2] or '0'))
local turn = math.max(from, tonumber(fields[1] or '0'))
local wait = math.ceil(math.max(from, turn - ahead) - now)
if wait <= longest then
  redis.call('HSET', KEYS[1], 'next', string.format('%.3f', turn + gap))
  redis.call('PEXPIRE', KEYS[1], math.ceil(turn - now) + 60000)
end
return wait
