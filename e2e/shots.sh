#!/usr/bin/env bash
# Pictures of our pages, from a demo that is started for them, into e2e/shots.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/.."

# shellcheck source=e2e/env.sh
. "$here/env.sh"
"$here/install.sh"

go build -o bin/sallyport ./cmd/sallyport
log=$(mktemp)
bin/sallyport demo --port 0 >"$log" 2>&1 &
demo=$!
trap 'kill "$demo" 2>/dev/null; wait "$demo" 2>/dev/null; rm -f "$log"' EXIT

# The demo says where to click and which address to type.
for _ in $(seq 100); do
  app=$(sed -n 's/^Click: *//p' "$log")
  email=$(sed -n 's/^Type: *\([^ ]*\).*/\1/p' "$log")
  if [ -n "$app" ] && [ -n "$email" ]; then break; fi
  kill -0 "$demo" 2>/dev/null || break
  sleep 0.1
done
if [ -z "$app" ] || [ -z "$email" ]; then
  echo "shots: the demo did not start:" >&2
  cat "$log" >&2
  exit 1
fi
node "$here/node/shots.mjs" --app "$app" --email "$email" --out "$here/shots"
