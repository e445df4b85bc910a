#!/usr/bin/env bash
# Installs the libraries that are measured beside ours, where this machine lacks them: packages of Debian 12, and the npm
# packages of benchmarks/node. Those in Go come with the module.
#
#   benchmarks/install.sh
#
# Works as root, or as a user who may use sudo. A second run finds everything in place and is done in a second. Without it
# the benchmarks run too, and say what is missing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

die() {
  echo "install: $*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -E "$@"
  else
    die "need root to run '$*', and there is no sudo"
  fi
}

missing=()
command -v cc >/dev/null || missing+=(gcc libc6-dev)
command -v pkg-config >/dev/null || missing+=(pkg-config)
pkg-config --exists xmlsec1-openssl 2>/dev/null || missing+=(libxmlsec1-dev)
pkg-config --exists lasso 2>/dev/null || missing+=(liblasso3-dev)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)

if [ ${#missing[@]} -gt 0 ]; then
  command -v apt-get >/dev/null || die "this is not Debian; install these yourself: ${missing[*]}"
  echo "install: ${#missing[@]} packages of Debian: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  as_root apt-get -qq update
  log=$(mktemp)
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
    install --no-install-recommends "${missing[@]}" >"$log" 2>&1 || {
    tail -n 40 "$log" >&2
    die "apt-get could not install the packages; its whole output is in $log"
  }
  rm -f "$log"
fi

if ! cmp -s "$here/node/package-lock.json" "$here/node/node_modules/.lock"; then
  echo "install: npm packages"
  (cd "$here/node" && npm ci --no-audit --no-fund --loglevel=error)
  cp "$here/node/package-lock.json" "$here/node/node_modules/.lock"
fi
