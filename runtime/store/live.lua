-- One hash of live counters. KEYS[1]; ARGV: expiry (unix seconds), then field and value in turn.
-- A value begins with 16 hexadecimal digits of its ver; the higher ver wins.
for i = 2, #ARGV, 2 do
  local held = redis.call('HGET', KEYS[1], ARGV[i])
  if not held or string.sub(held, 1, 16) < string.sub(ARGV[i + 1], 1, 16) then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  end
end
redis.call('EXPIREAT', KEYS[1], ARGV[1])
return 1
