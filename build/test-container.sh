#!/usr/bin/env bash
# Builds the image with buildah, and runs what is in it as the image says: in an empty root and a network of its own, as a user
# without rights. Only root on Linux can do that; for others it does nothing.
# Usage: build/test-container.sh PROGRAM
set -euo pipefail
cd "$(dirname "$0")/.."
[[ $(uname) == Linux && $EUID == 0 ]] || { echo "test-container: left out, it needs root on Linux"; exit; }
temp=$(mktemp -d)
images=(buildah --root "$temp/images" --runroot "$temp/run" --storage-driver vfs)
trap '"${images[@]}" rm --all >/dev/null 2>&1 || true; rm -rf "$temp"' EXIT
fail() { echo "test-container: $*" >&2; exit 1; }

build/container.sh "$1" mcp-hub:test "${images[@]}" >"$temp/log" 2>&1 || { cat "$temp/log" >&2; fail "it is not built"; }
root=$("${images[@]}" mount "$("${images[@]}" from mcp-hub:test)")
diff <(cd "$root" && find . -mindepth 1 -printf '%p %y %m %U\n' | sort) - <<TEXT || fail "other files are in it"
./config d 700 65532
./etc d 755 0
./etc/ssl d 755 0
./etc/ssl/certs d 755 0
./etc/ssl/certs/ca-certificates.crt f 644 0
./mcp-hub f 755 0
./state d 700 65532
./tmp d 700 65532
TEXT

# What the image says, as lines of arguments: env, user, start, health.
"${images[@]}" inspect --type image mcp-hub:test | node -e '
  const { config } = JSON.parse(require("fs").readFileSync(0)).Docker, [kind, ...health] = config.Healthcheck.Test
  if (kind !== "CMD" || !config.ExposedPorts["37373/tcp"] || !config.Volumes["/state"]) throw config
  const parts = { env: config.Env, user: [config.User], start: [...config.Entrypoint, ...config.Cmd], health }
  for (const [name, words] of Object.entries(parts)) require("fs").writeFileSync(process.argv[1] + "/" + name, words.join("\n") + "\n")' "$temp"

cat >"$temp/inside" <<'TEXT'
set -euo pipefail
temp=$1 root=$2
mapfile -t env <"$temp/env"; mapfile -t user <"$temp/user"; mapfile -t start <"$temp/start"; mapfile -t health <"$temp/health"
fail() { echo "test-container: $*" >&2; cat "$temp/hub" >&2; exit 1; }
inside() { exec env -i "${env[@]}" "$(command -v chroot)" --userspec="${user[0]}" "$root" "$@"; }
ip link set lo up
(inside "${start[@]}") >"$temp/hub" 2>&1 & hub=$!
for _ in {1..300}; do
  (inside "${health[@]}") >"$temp/health.out" 2>&1 && break
  kill -0 "$hub" 2>/dev/null || fail "the hub has ended"
  sleep 0.1
done
grep -q 'hub  *MCP Hub' "$temp/health.out" || fail "the health check fails: $(cat "$temp/health.out")"
address=http://127.0.0.1:37373/api/v2/servers
[[ $(curl -s -o /dev/null -w '%{http_code}' "$address") == 401 ]] || fail "a stranger is let in"
token=$(inside /mcp-hub token)
[[ $(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $token" "$address") == 200 ]] || fail "the token is not taken"
kill "$hub"
wait "$hub" || fail "SIGTERM ends it with $?"
! (inside "${health[@]}") >/dev/null 2>&1 || fail "the health check does not see that it has ended"
TEXT
unshare --net bash "$temp/inside" "$temp" "$root"
echo "test-container: the image is well ($SECONDS s)"
