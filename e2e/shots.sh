#!/usr/bin/env bash
# Pictures of every page, narrow and wide, light and dark, into e2e/shots; index.html leafs through them. They are taken by
# the tests whose names end in Pages, which fail on what axe finds.
#
#   e2e/shots.sh [PATTERN]    only the tests whose names match
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/.."

# shellcheck source=e2e/env.sh
. "$here/env.sh"
"$here/install.sh"

mkdir -p "$here/shots"
export CGO_ENABLED=1 SALLYPORT_SHOTS=$here/shots
status=0
go test -tags e2e -count 1 -timeout 30m ./e2e -run "${1:-Pages\$}" || status=$?
node "$here/node/index.mjs" "$here/shots"
exit "$status"
