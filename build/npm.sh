#!/usr/bin/env bash
# Makes the npm packages in build/dist: one for each platform with the static headless program, and mcp-hub, which has all of
# them as optional dependencies and starts the one that npm has installed. npm pack gives the same bytes for the same files.
# Usage: VERSION=… DIST=folder [NPM_SCOPE=@name] build/npm.sh PLATFORM=PROGRAM..., such as linux-x64=build/bin/mcp-hub. Packages
# of a registry belong to a scope of whoever publishes them.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 022

all=({linux,darwin,win32}-{x64,arm64})
version=${VERSION:?run make package} scope=${NPM_SCOPE:-@mcp-hub} dist=${DIST:?}
version=${version%%+*} # npm takes no notice of what follows
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$dist"

# pack FOLDER JSON packs a folder, whose package.json has what all have and what the JSON says.
pack() {
  cp LICENSE "$1/"
  node -e 'const own = JSON.parse(process.argv[1]), [name, version, file] = process.argv.slice(2)
    const common = { name, version, license: "MIT", engines: { node: ">=18" } }
    require("fs").writeFileSync(file, JSON.stringify({ ...common, ...own }, null, 2) + "\n")' "$2" "$3" "$version" "$1/package.json"
  npm pack --silent --offline --ignore-scripts --pack-destination "$dist" "$1" >&2
}

for what; do
  platform=${what%%=*} program=${what#*=}
  os=${platform%-*} cpu=${platform#*-} name=mcp-hub
  [[ $os != win32 ]] || name=mcp-hub.exe
  folder=$work/$platform
  mkdir "$folder"
  install -m 755 "$program" "$folder/$name"
  GOOS=${os/win32/windows} build/notices.sh >"$folder/THIRD-PARTY.txt"
  pack "$folder" "{\"description\": \"The program of mcp-hub for $platform\", \"os\": [\"$os\"], \"cpu\": [\"$cpu\"]}" "$scope/$platform"
done

install -D -m 755 build/npm/cli.js "$work/mcp-hub/dist/cli.js"
cp build/npm/README.md "$work/mcp-hub/"
needs=$(printf ", \"$scope/%s\": \"$version\"" "${all[@]}")
pack "$work/mcp-hub" "{\"description\": \"Many MCP servers behind one endpoint\", \"keywords\": [\"mcp\", \"mcp-hub\", \"model-context-protocol\"],
  \"main\": \"./dist/cli.js\", \"bin\": {\"mcp-hub\": \"dist/cli.js\"}, \"files\": [\"dist\"], \"optionalDependencies\": {${needs#, }}}" mcp-hub
