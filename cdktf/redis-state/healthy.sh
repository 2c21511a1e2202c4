#!/bin/sh
# Succeeds if the state Redis answers and its last write to the append-only file succeeded. Reads the server's password.
set -eu
run=${REDIS_RUN:-/run/redis}
REDISCLI_AUTH=$(sed -n 's/^requirepass //p' "$run/redis.conf")
port=$(sed -n 's/^tls-port //p' "$run/redis.conf")
export REDISCLI_AUTH
# --insecure: the connection is to localhost, which is not in the certificate.
timeout 4 redis-cli --tls --insecure -h 127.0.0.1 -p "$port" info persistence | tr -d '\r' | grep -qx 'aof_last_write_status:ok'
