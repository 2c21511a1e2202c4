-- Reserve the next time at which Credex core may be called.
--
-- KEYS[1]  list of the newest reserved times (ms), oldest first
-- KEYS[2]  the time (ms) until which nobody may call
-- ARGV[1]  now (ms)   ARGV[2]  window (ms)   ARGV[3]  calls a window
-- ARGV[4]  the longest wait that the caller accepts (ms); -1 for any
--
-- Returns how long to wait (ms). A wait longer than accepted reserves nothing.
-- Invariant: no window holds more reserved times than it may, and times are reserved in the order asked.
-- Running twice wastes one reservation and breaks nothing.
local now, window, calls, accepted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local moment = now
local paused = tonumber(redis.call('GET', KEYS[2]) or '0')
if paused > moment then moment = paused end
local newest = tonumber(redis.call('LINDEX', KEYS[1], -1) or '0')
if newest > moment then moment = newest end
if redis.call('LLEN', KEYS[1]) >= calls then
  local free = tonumber(redis.call('LINDEX', KEYS[1], -calls)) + window
  if free > moment then moment = free end
end
local wait = moment - now
if accepted >= 0 and wait > accepted then return wait end
redis.call('RPUSH', KEYS[1], string.format('%.0f', moment))
redis.call('LTRIM', KEYS[1], -calls, -1)
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', wait + window))
return wait
