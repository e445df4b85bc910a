#!/usr/bin/env bash
# Runs every fuzz target of the repository, one after the other, each for a given time, and before them the
# exhaustive changes of single octets. Stops at the first finding and prints the input; fix it, keep the input as a
# seed in testdata/fuzz or make a test case of it, and run again.
#
#   tools/fuzz.sh [DURATION] [PATTERN]
#
# DURATION is that of each target (default 10m). PATTERN, an extended regular expression, chooses targets by
# folder/name, such as 'internal/saml/' or 'FuzzParse$'. FUZZ_PARALLEL is how many processes fuzz one target
# (default: one for each processor). What a target has found worth keeping lies in Go's own cache and is where the
# next run begins.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

duration=${1:-10m}
pattern=${2:-.}
parallel=${FUZZ_PARALLEL:-$(nproc)}

# The lines are like internal/xmltree/fuzz_test.go:func FuzzParse(f *testing.F) {
mapfile -t targets < <(git grep --untracked -E '^func Fuzz[A-Za-z0-9_]*\(' -- '*_test.go' |
  sed -E 's|^(.*)/[^/]*:func (Fuzz[A-Za-z0-9_]*)\(.*|\1/\2|' | LC_ALL=C sort -u | grep -E -- "$pattern" || true)
[ ${#targets[@]} -gt 0 ] || {
  echo "fuzz: no target like $pattern" >&2
  exit 2
}

# go_test runs go test in a folder, keeps its output in $log, and shows the end of it if it fails.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
go_test() {
  local folder=$1
  shift
  (cd "$folder" && go test "$@" .) >"$log" 2>&1 || {
    echo "FOUND"
    tail -n 60 "$log"
    sed -nE 's|.*Failing input written to (testdata/fuzz/.*)|\1|p' "$log" | while read -r input; do
      echo "fuzz: the input is $folder/$input:"
      cat "$folder/$input"
    done
    return 1
  }
}

if grep -qE -- "$pattern" <<<internal/saml/TestNoByte; then
  printf '%-48s ' 'internal/saml, every octet'
  SALLYPORT_EXHAUSTIVE=1 go_test internal/saml -count=1 -timeout=0 -run='^TestNoByte'
  echo "nothing found"
fi
# Left to itself the engine spends a minute on making each interesting input shorter.
for target in "${targets[@]}"; do
  printf '%-48s ' "$target"
  go_test "${target%/*}" -run='^$' -fuzz="^${target##*/}\$" -fuzztime="$duration" -fuzzminimizetime=1s -parallel="$parallel"
  # The last line but two says how many inputs were tried.
  sed -nE 's|.*(execs: [0-9]+).*(new interesting: .*)|\1, \2|p' "$log" | tail -n 1
done
echo "fuzz: ${#targets[@]} targets, $duration each, and no finding"
