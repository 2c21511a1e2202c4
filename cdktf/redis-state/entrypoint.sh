#!/bin/sh
# Start the state Redis: the one server that writes to this directory, with nothing acknowledged that is not on disk.
#
# Given: REDIS_DATA (directory of the append-only file), REDIS_RUN (a writable directory of this container alone),
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

# Deployments stop the old task before the new one starts. Should two run all the same, this lock on the shared file
# system lets only one of them write. It is opened for writing (NFS wants that of an exclusive lock) and stays open in
# redis-server, so it ends when that does, however it ends.
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
# Clients show a password, not a certificate.
tls-auth-clients no
tls-protocols "TLSv1.2 TLSv1.3"
dir $REDIS_DATA
appendonly yes
appendfsync always
no-appendfsync-on-rewrite no
# The last command may be cut short when power is lost: it was not acknowledged, and is cut off at the next start.
aof-load-truncated yes
# Snapshots besides it would only fork once more.
save ""
maxmemory $REDIS_MAX_MEMORY
maxmemory-policy noeviction
# Commands that lose everything at once, or change what was promised above.
rename-command FLUSHALL ""
rename-command FLUSHDB ""
rename-command SHUTDOWN ""
rename-command CONFIG ""
rename-command DEBUG ""
timeout 0
tcp-keepalive 60
CONF
# Not in the environment of a process that lives for months.
unset REDIS_PASSWORD REDIS_TLS_CERTIFICATE REDIS_TLS_KEY
exec redis-server "$REDIS_RUN/redis.conf"
