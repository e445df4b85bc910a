#!/usr/bin/env bash
# Runs a command with a PostgreSQL of its own, on a free loopback port, and removes it afterwards.
#
#   e2e/with-postgres.sh COMMAND [ARGUMENT...]
#
# The command finds the URL of a superuser in SALLYPORT_TEST_POSTGRES and may make databases as it likes. Nothing
# is synced to disk: the data are gone when the command ends, however it ends. PostgreSQL refuses to run as root,
# so root lends it the user postgres, or else nobody.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# shellcheck source=e2e/env.sh
. "$here/env.sh"

[ $# -gt 0 ] || {
  echo "usage: with-postgres.sh COMMAND [ARGUMENT...]" >&2
  exit 2
}
bin=$(postgres_bin) || {
  echo "with-postgres: PostgreSQL's server is not installed; run e2e/install.sh" >&2
  exit 1
}

# Each test has a database of its own, of some 700 files that are made and unlinked again: in memory, where there is
# enough of it, that takes a tenth of the time.
enough=$((2 << 20)) # KiB
place=${TMPDIR:-/tmp}
if [ -w /dev/shm ] && [ "$(df --output=fstype,avail /dev/shm | awk -v n=$enough 'END { print ($1 == "tmpfs" && $2 >= n) }')" = 1 ] &&
  [ "$(awk -v n=$enough '/^MemAvailable:/ { print ($2 >= n) }' /proc/meminfo)" = 1 ]; then
  place=/dev/shm
fi
dir=$(mktemp -d "$place/sallyport-postgres.XXXXXX")
# Should this script be killed, the kernel tells its server to shut down.
as=(setpriv --pdeathsig INT)
if [ "$(id -u)" = 0 ]; then
  user=postgres
  id "$user" >/dev/null 2>&1 || user=nobody
  as+=("--reuid=$user" "--regid=$(id -g "$user")" --clear-groups)
  chown "$user" "$dir"
fi

server=
cleanup() {
  trap '' INT TERM
  if [ -n "$server" ]; then
    kill -QUIT "$server" 2>/dev/null || true # at once: there is nothing to keep
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
(umask 077 && printf '%s\n' "$password" >"$dir/password")
if [ "$(id -u)" = 0 ]; then chown "$user" "$dir/password"; fi
(cd "$dir" && "${as[@]}" "$bin/initdb" -D "$dir/data" -U sallyport --pwfile="$dir/password" --auth=scram-sha-256 \
  --encoding=UTF8 --locale=C --no-sync >"$dir/initdb.log" 2>&1) || {
  cat "$dir/initdb.log" >&2
  exit 1
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

answers() {
  "$bin/pg_isready" -q -h 127.0.0.1 -p "$1" -U sallyport -d postgres
}

# Another process may take the port first, so try a few.
for _ in 1 2 3 4 5; do
  port=$(free_port)
  (cd "$dir" && exec "${as[@]}" "$bin/postgres" -D "$dir/data" -h 127.0.0.1 -p "$port" -k '' \
    -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200 \
    -c wal_level=minimal -c max_wal_senders=0 -c max_wal_size=256MB -c autovacuum=off -c shared_buffers=64MB -c log_min_messages=fatal) >>"$dir/server.log" 2>&1 &
  server=$!
  for _ in $(seq 150); do
    if answers "$port" || ! kill -0 "$server" 2>/dev/null; then break; fi
    sleep 0.1
  done
  if kill -0 "$server" 2>/dev/null && answers "$port"; then break; fi
  kill -QUIT "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  server=
done
[ -n "$server" ] || {
  echo "with-postgres: the server did not start:" >&2
  cat "$dir/server.log" >&2
  exit 1
}

export SALLYPORT_TEST_POSTGRES="postgres://sallyport:$password@127.0.0.1:$port/postgres?sslmode=disable"
"$@"
