#!/bin/sh
# Start the state Redis as the only writer of its directory; it acknowledges a write only after fsync.
#
# Environment: REDIS_DATA (directory of the append-only file), REDIS_RUN (a writable directory of this container alone),
# REDIS_PORT, REDIS_MAX_MEMORY, and as secrets REDIS_PASSWORD, REDIS_TLS_CERTIFICATE and REDIS_TLS_KEY (PEM).
set -eu
umask 077

for name in REDIS_DATA REDIS_RUN REDIS_PORT REDIS_MAX_MEMORY REDIS_PASSWORD REDIS_TLS_CERTIFICATE REDIS_TLS_KEY; do
  eval "value=\${$name:-}"
  if [ -z "$value" ]; then
    echo "$name is not set: the state Redis was not started, and nothing was touched." >&2
    exit 2
  fi
done
case $REDIS_PASSWORD in
  *[!A-Za-z0-9_-]*)
    echo "REDIS_PASSWORD has other characters than letters, digits, - and _: it was not started." >&2
    exit 2
    ;;
esac

# Deployments stop the old task before they start the new one. If two tasks run nevertheless, this lock on the shared
# file system lets only one of them write. NFS requires that an exclusive lock is opened for writing. redis-server
# inherits the descriptor, so the lock is released when that process ends.
exec 9>>"$REDIS_DATA/writer.lock"
if ! flock --exclusive --wait "${REDIS_LOCK_WAIT:-120}" 9; then
  echo "Another server still writes to $REDIS_DATA: this one was not started." >&2
  exit 75
fi

printf '%s\n' "$REDIS_TLS_CERTIFICATE" > "$REDIS_RUN/server.crt"
printf '%s\n' "$REDIS_TLS_KEY" > "$REDIS_RUN/server.key"
cat > "$REDIS_RUN/redis.conf" <<CONF
bind ${REDIS_BIND:-0.0.0.0}
protected-mode yes
requirepass $REDIS_PASSWORD
port 0
tls-port $REDIS_PORT
tls-cert-file $REDIS_RUN/server.crt
tls-key-file $REDIS_RUN/server.key
# Clients authenticate by password, not by certificate.
tls-auth-clients no
tls-protocols "TLSv1.2 TLSv1.3"
dir $REDIS_DATA
appendonly yes
appendfsync always
no-appendfsync-on-rewrite no
# After a crash the last command may be truncated; it was not acknowledged, and the next start drops it.
aof-load-truncated yes
# No RDB snapshots: they would only cause further forks.
save ""
maxmemory $REDIS_MAX_MEMORY
maxmemory-policy noeviction
# Disable commands that delete everything or change the durability settings above.
rename-command FLUSHALL ""
rename-command FLUSHDB ""
rename-command SHUTDOWN ""
rename-command CONFIG ""
rename-command DEBUG ""
timeout 0
tcp-keepalive 60
CONF
# Keep the secrets out of the environment of the long-running process.
unset REDIS_PASSWORD REDIS_TLS_CERTIFICATE REDIS_TLS_KEY
exec redis-server "$REDIS_RUN/redis.conf"
