#!/usr/bin/env bash
# Builds the image of the headless hub.
# Usage: build/container.sh PROGRAM TAG [ENGINE [OPTION...]]; without ENGINE, the first of podman, docker and buildah that there is
set -euo pipefail
cd "$(dirname "$0")/.."
umask 022
program=$1 tag=$2
shift 2
engine=("$@")
if ((!$#)); then
  engine=("$(command -v podman || command -v docker || command -v buildah)") ||
    { echo "container: podman, docker or buildah is missing: install one" >&2; exit 1; }
fi

context=build/cache/container
rm -rf "$context" && mkdir -p "$context"
install -m 755 "$program" "$context/mcp-hub"
for roots in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem ""; do
  [[ ! -f $roots ]] || break
done
[[ -n $roots ]] || { echo "container: there are no CA certificates here: install ca-certificates" >&2; exit 1; }
install -m 644 "$roots" "$context/ca-certificates.crt"
install -d -m 700 "$context"/folders/{config,state,tmp}

format=() # podman and buildah leave out the health check otherwise
[[ ${engine[0]##*/} == docker ]] || format=(--format docker)
"${engine[@]}" build "${format[@]}" --tag "$tag" --file Containerfile "$context"
rm -rf "$context"
