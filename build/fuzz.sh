#!/usr/bin/env bash
# Runs every fuzz target of the module, one after the other: go test takes only one at a time.
# Usage: build/fuzz.sh DURATION (5s, 1m, 1000x)
set -euo pipefail
duration=$1
output=$(mktemp)
trap 'rm -f "$output"' EXIT

# On a loaded machine go test may report the end of the time itself as a failure, without a failing input.
timed_out() { grep -q 'context deadline exceeded' "$output" && ! grep -q 'Failing input written' "$output"; }

found=0
while IFS=$'\t' read -r pkg dir; do
  for target in $(grep -hoE '^func Fuzz[A-Za-z0-9_]*\(' "$dir"/*_test.go 2>/dev/null | sed -E 's/^func ([A-Za-z0-9_]+)\(/\1/'); do
    found=$((found + 1))
    echo "fuzz: $pkg $target"
    go test -run "^$target\$" -fuzz "^$target\$" -fuzztime "$duration" "$pkg" 2>&1 | tee "$output" || timed_out
  done
done < <(go list -f '{{.ImportPath}}{{"\t"}}{{.Dir}}' ./...)
echo "fuzz: $found targets"
