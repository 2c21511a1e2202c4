#!/bin/sh
# Whether the state Redis answers and its disk takes what it writes. The password is read from what the server was given.
set -eu
run=${REDIS_RUN:-/run/redis}
REDISCLI_AUTH=$(sed -n 's/^requirepass //p' "$run/redis.conf")
port=$(sed -n 's/^tls-port //p' "$run/redis.conf")
export REDISCLI_AUTH
# It speaks to itself: the certificate's name is not localhost.
timeout 4 redis-cli --tls --insecure -h 127.0.0.1 -p "$port" info persistence | tr -d '\r' | grep -qx 'aof_last_write_status:ok'
