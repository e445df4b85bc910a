#!/usr/bin/env bash
# Every test, on SQLite and on a PostgreSQL of its own, then the end-to-end tests; installs what is missing.
#
#   e2e/test.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/.."

# shellcheck source=e2e/env.sh
. "$here/env.sh"

if [ "${1:-}" = inside ]; then
  export CGO_ENABLED=1 # for the race detector
  read -ra race <<<"$SALLYPORT_RACE"
  go build "${race[@]}" -o bin/sallyport-e2e ./cmd/sallyport
  # The tests of the pages leave here what TestPages of the end-to-end tests looks at. A folder of a new name is nothing that
  # go test could know the result for already.
  SALLYPORT_PAGES=$(mktemp -d)
  export SALLYPORT_PAGES
  trap 'rm -rf "$SALLYPORT_PAGES"' EXIT
  # The end-to-end tests drive other processes, the server among them, which has the race detector in itself.
  {
    go test -json "${race[@]}" -timeout 60m ./... || true
    go -C benchmarks test -json -timeout 60m ./... || true
    go -C tools/mutants test -json ./... || true
    go test -json -tags e2e -count 1 -timeout 90m ./e2e || true
  } 2>&1 | python3 "$here/summary.py"
else
  "$here/install.sh"
  export PATH
  "$here/with-postgres.sh" "$here/test.sh" inside
fi
