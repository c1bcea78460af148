#!/usr/bin/env bash
# Starts the headless hub for Windows under Wine: it answers, and keeps a secret where Windows keeps them.
# Usage: build/test-wine.sh PROGRAM.exe
set -euo pipefail
program=$(realpath "$1")
cd "$(dirname "$0")/.."
export WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml=' # Wine offers no .NET and no browser
WINEPREFIX=$(mktemp -d)
export WINEPREFIX
unset DISPLAY WAYLAND_DISPLAY
hub=
trap '[[ -z $hub ]] || kill "$hub" 2>/dev/null || true; wineserver --kill || true; rm -rf "$WINEPREFIX"' EXIT
fail() { [[ ! -e $WINEPREFIX/log ]] || cat "$WINEPREFIX/log" >&2; echo "test-wine: $*" >&2; exit 1; }
wine=$(command -v wine64 || command -v wine || echo /usr/lib/wine/wine64)

"$wine" wineboot --init
x86_64-w64-mingw32-gcc -shared -o "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll" build/windows/bcryptprimitives.c -ladvapi32

[[ $("$wine" "$program" --version) == *"MCP Hub $VERSION"* ]] || fail "--version does not say $VERSION"

"$wine" "$program" --port 0 --no-browser 2>"$WINEPREFIX/log" &
hub=$!
for _ in {1..600}; do
  address=$(sed -n 's|.*hub is listening.* endpoint=\(http://[^ ]*\)/mcp.*|\1|p' "$WINEPREFIX/log")
  [[ -z $address ]] || break
  kill -0 "$hub" || fail "the hub ended"
  sleep 0.1
done
[[ -n ${address:-} ]] || fail "the hub does not listen"
curl --fail --silent --show-error "$address/api/health" | grep -q "$VERSION" || fail "$address/api/health does not tell the version"
"$wine" "$program" status --hub "$address" || fail "the command status gets no answer"

printf 'a secret' | "$wine" "$program" secrets set WINE_TEST --hub "$address" || fail "the secret was not kept"
"$wine" "$program" secrets backend --hub "$address" | tee "$WINEPREFIX/backend"
grep -qi keyring "$WINEPREFIX/backend" || fail "the secret is not in Windows' credential manager"
"$wine" "$program" secrets list --hub "$address" | grep -q WINE_TEST || fail "the secret is not in the list"
"$wine" "$program" secrets delete WINE_TEST --hub "$address"
echo "test-wine: passed"
