#!/usr/bin/env bash
# Installs what the tests need and this machine lacks: packages of Debian 12, and the npm packages of e2e/node.
#
#   e2e/install.sh
#
# Works as root, or as a user who may use sudo. A second run finds everything in place and is done in a second.
# Services that packages bring are never started.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# shellcheck source=e2e/env.sh
. "$here/env.sh"

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

# Identity providers and service providers are Debian's own packages, whatever else is on the machine.
packages=(
  openssl faketime
  xmlsec1 # a second opinion on signatures
  # SimpleSAMLphp; php8.2-fpm stands in for the Apache module that the package would pull in otherwise.
  php8.2-fpm simplesamlphp php-cli php-xml php-mbstring php-sqlite3
  # LemonLDAP::NG; the libraries are needed although its packages only recommend or suggest them.
  lemonldap-ng-fastcgi-server liblemonldap-ng-portal-perl liblemonldap-ng-manager-perl starman
  liblasso-perl libxml-libxml-perl libxml-simple-perl libsoap-lite-perl libdbi-perl libdbd-sqlite3-perl
  libio-string-perl libemail-sender-perl libhash-merge-simple-perl libunicode-string-perl
  libgd-securityimage-perl libimage-magick-perl
  apache2 libapache2-mod-auth-openidc python3-authlib python3-requests
  chromium
)
# For these any version on the machine will do: the package is wanted only where the command is missing.
postgres_bin >/dev/null || packages+=(postgresql)
command -v python3 >/dev/null || packages+=(python3)
command -v cc >/dev/null || packages+=(gcc libc6-dev)
node_good || command -v npm >/dev/null || packages+=(nodejs npm)

installed=" $(dpkg-query -W -f '${db:Status-Abbrev}${Package} ' 2>/dev/null | sed 's/ii \+/ /g' || true) "
missing=()
for p in "${packages[@]}"; do
  case $installed in
    *" $p "*) ;;
    *) missing+=("$p") ;;
  esac
done

if [ ${#missing[@]} -gt 0 ]; then
  command -v apt-get >/dev/null || die "this is not Debian; install these yourself: ${missing[*]}"
  echo "install: ${#missing[@]} packages of Debian: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  as_root apt-get -qq update
  # Forbid starting services, only while the packages are installed.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    trap 'as_root rm -f $policy' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
    as_root chmod 755 $policy
  fi
  log=$(mktemp)
  as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -q -y -o DPkg::Lock::Timeout=300 \
    install --no-install-recommends "${missing[@]}" >"$log" 2>&1 || {
    tail -n 40 "$log" >&2
    die "apt-get could not install the packages; its whole output is in $log"
  }
  rm -f "$log"
fi

if ! node_good; then
  # Debian 12 has node 18; npm has later ones.
  echo "install: node $NODE_INSTALLED from npm, into ${NODE_DIR#"$here"/}"
  case $(uname -m) in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *) die "install node $NODE_MAJOR or later yourself: npm has none for $(uname -m)" ;;
  esac
  npm install --prefix "$NODE_DIR" --no-save --no-audit --no-fund --loglevel=error "node-linux-$arch@$NODE_INSTALLED"
  # shellcheck source=e2e/env.sh
  . "$here/env.sh" # finds it now
  node_good || die "node is still older than $NODE_MAJOR: $(command -v node)"
fi

if ! cmp -s "$here/node/package-lock.json" "$here/node/node_modules/.lock"; then
  echo "install: npm packages"
  (cd "$here/node" && npm ci --no-audit --no-fund --loglevel=error)
  cp "$here/node/package-lock.json" "$here/node/node_modules/.lock"
fi
