-- Let nobody call Credex core until a time; an earlier time never shortens a pause.
--
-- KEYS[1]  the time (ms) until which nobody may call
-- ARGV[1]  now (ms)   ARGV[2]  the time (ms)
--
-- Returns the time that holds. Running twice changes nothing.
local now, moment = tonumber(ARGV[1]), tonumber(ARGV[2])
local held = tonumber(redis.call('GET', KEYS[1]) or '0')
if held >= moment then return held end
redis.call('SET', KEYS[1], string.format('%.0f', moment), 'PX', string.format('%.0f', math.max(moment - now, 1)))
return moment
