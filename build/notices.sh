#!/usr/bin/env bash
# Prints the licences of what a program holds: the Go modules that are linked into it, and the npm packages in the dashboard.
# Usage: [GOOS=…] build/notices.sh [TAGS]
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C

line=$(printf '=%.0s' {1..80})
heading() { printf '\n%s\n%s\n%s\n\n' "$line" "$1" "$line"; }

notice() { # name, folder
  local found=
  for file in "$2"/{LICEN[CS]E,COPYING,NOTICE,PATENTS}*; do
    [[ -f $file && $file != *.go ]] || continue
    found=yes
    heading "$1 (${file##*/})"
    tr -d '\r' <"$file"
  done
  [[ -z $found ]] || return 0
  # Some packages of npm only name their licence.
  [[ -f $2/package.json ]] || { echo "notices: $1 has no licence in $2" >&2; exit 1; }
  heading "$1"
  node -p 'const p = require(process.argv[1]); if (!p.license) throw "no licence"; `${p.license}, ${p.author?.name ?? p.author ?? ""}`' "$2/package.json"
}

echo "MCP Hub holds the software below, under the licences that follow each name."
notice "Go $(go env GOVERSION)" "$(go env GOROOT)"
go list -deps -tags "${1:-}" -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{"\t"}}{{.Dir}}{{end}}{{end}}' . | sort -u |
  while IFS=$'\t' read -r name dir; do notice "$name" "$dir"; done
if [[ -d frontend/node_modules ]]; then
  (cd frontend && npm ls --omit=dev --all --parseable --long) | tail -n +2 | sort -u -t: -k2,2 |
    while IFS=: read -r dir name _; do notice "$name" "$dir"; done
fi
