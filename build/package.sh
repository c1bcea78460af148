#!/usr/bin/env bash
# Makes packages in build/dist, the same bytes for the same commit in whichever folder: times are those of the commit, owners
# are root, files come in the order of their names.
# Usage: make package [PACKAGES=WHAT...]; without WHAT, everything. TAGS are those of the desktop program on Linux.
set -euo pipefail
cd "$(dirname "$0")/.."
export VERSION LC_ALL=C TZ=UTC
umask 022

dist=build/dist work=build/cache/package
version=${VERSION:?run make package}
tool() { go tool -modfile=tools/package.mod "$@"; }

all=(deb rpm linux/amd64-desktop {linux,darwin,windows}/{amd64,arm64} windows/{amd64,arm64}-desktop npm sbom)
what=("${@:-${all[@]}}")
wanted() { [[ " ${what[*]} " == *" $1 "* ]]; }
fail() { echo "package: $*" >&2; exit 1; }
for name in "${what[@]}"; do
  [[ " ${all[*]} " == *" $name "* ]] || fail "there is no $name, only ${all[*]}"
done
host=$(go env GOHOSTOS)/$(go env GOHOSTARCH)

SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
rm -rf "$dist" "$work"
mkdir -p "$dist" "$work"
unset "${!MCP_HUB_@}" # the manual pages tell defaults, which these change

# program GOOS GOARCH[-desktop] makes $work/GOOS/GOARCH[-desktop]/mcp-hub once, and says where it is.
program() {
  local out=$work/$1/$2/mcp-hub
  case $1/$2 in
  windows/*-desktop) out+=-desktop.exe ;;
  windows/*) out+=.exe ;;
  esac
  [[ -e $out ]] || case $1/$2 in
  windows/*-desktop) GOOS=$1 GOARCH=${2%-desktop} make -s build VERSION="$version" BIN="$out" GUI=yes ;;
  *-desktop) make -s desktop VERSION="$version" DESKTOP="$out" ;;
  *) GOOS=$1 GOARCH=$2 make -s build VERSION="$version" BIN="$out" ;;
  esac >&2
  echo "$out"
}

# manual FOLDER TAGS makes the manual pages of a flavour.
manual() {
  mkdir -p "$1"
  go run -buildvcs=false -ldflags "-X main.version=$version" -tags "man${2:+,$2}" . "$1" build/linux/mcp-hub.1.in
  gzip -9n "$1"/*.1
}

# completions PROGRAM FOLDER makes them for three shells, below a folder such as /usr/share.
completions() {
  mkdir -p "$2"/{bash-completion/completions,fish/vendor_completions.d,zsh/site-functions}
  "$1" completion bash >"$2/bash-completion/completions/mcp-hub"
  "$1" completion fish >"$2/fish/vendor_completions.d/mcp-hub.fish"
  "$1" completion zsh >"$2/zsh/site-functions/_mcp-hub"
}

dated() { find "$1" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +; }

# archive GOOS/GOARCH[-desktop] FOLDER packs a folder, under the name that it shall be unpacked to.
archive() {
  local name=mcp-hub-$version-${1//\//-}
  rm -rf "${work:?}/$name" && mv "$2" "$work/$name"
  chmod -R u=rwX,go=rX "$work/$name" && dated "$work/$name"
  if [[ $1 == windows/* ]]; then
    (cd "$work" && find "$name" | sort | zip -q -X -9 -@ "$name.zip") && mv "$work/$name.zip" "$dist/"
  else
    tar --create --directory "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" --format=ustar "$name" |
      gzip -9n >"$dist/$name.tar.gz"
  fi
}

if wanted deb || wanted rpm || wanted linux/amd64-desktop; then
  [[ $host == linux/amd64 ]] || fail "the desktop program for Linux on amd64 can only be built there: name other packages"
  hub=$(program linux amd64-desktop) tree=$work/tree
  install -D "$hub" "$tree/bin/mcp-hub"
  for file in applications/arpa.home.mcphub.desktop metainfo/arpa.home.mcphub.metainfo.xml; do
    install -D -m 644 "build/linux/${file#*/}" "$tree/share/$file"
  done
  sed -i "s/@VERSION@/$version/; s/@DATE@/$(date -d "@$SOURCE_DATE_EPOCH" +%F)/" "$tree"/share/metainfo/*
  mkdir -p "$tree/share/icons" && cp -r build/icons/hicolor "$tree/share/icons/"
  CGO_ENABLED=1 manual "$tree/share/man/man1" "$TAGS"
  completions "$hub" "$tree/share"
  docs=$tree/share/doc/mcp-hub
  install -D -m 644 -t "$docs" build/linux/copyright
  CGO_ENABLED=1 build/notices.sh "$TAGS" | gzip -9n >"$docs/THIRD-PARTY.txt.gz"
  gzip -9nc CHANGELOG.md >"$docs/changelog.gz"
fi

if wanted deb || wanted rpm; then
  install -D -m 644 -t "$tree/lib/systemd/user" build/linux/mcp-hub.service
  install -D -m 644 "$tree/share/zsh/site-functions/_mcp-hub" "$work/deb/share/zsh/vendor-completions/_mcp-hub"
  install -D -m 644 build/linux/lintian-overrides "$work/deb/share/lintian/overrides/mcp-hub"
  mkdir -p "$work/deb/share/doc/mcp-hub"
  deb=${version/-/\~}-1
  gzip -9n >"$work/deb/share/doc/mcp-hub/changelog.Debian.gz" <<TEXT
mcp-hub ($deb) unstable; urgency=medium

  * Release of this version; changelog.gz tells what is new.

 -- $(sed -n 's/^maintainer: //p' build/linux/nfpm.yaml)  $(date -R -d "@$SOURCE_DATE_EPOCH")
TEXT
  mkdir -p "$work/rpm/share/zsh" && mv "$tree/share/zsh/site-functions" "$work/rpm/share/zsh/" && rmdir "$tree/share/zsh"
  chmod -R u=rwX,go=rX "$work"/{tree,deb,rpm} && dated "$work"
  for packager in deb rpm; do
    ! wanted $packager || tool nfpm package --config build/linux/nfpm.yaml --packager $packager --target "$dist/"
  done
  cp -r "$work/rpm/share/zsh" "$tree/share/"
  rm -r "${tree:?}/lib"
fi

if wanted linux/amd64-desktop; then
  install -D -m 644 -t "$tree/share/systemd/user" build/linux/mcp-hub.service
  install -m 755 build/linux/install.sh "$tree/"
  cp LICENSE README.md "$tree/"
  archive linux/amd64-desktop "$tree"
fi

# Of the programs for Windows, go build takes up what lies beside main.go.
if [[ " ${what[*]} " == *" windows/"* ]] || wanted npm; then
  trap 'rm -f rsrc_windows_*.syso' EXIT
  numbers=${version%%[-+]*}.$(git rev-list --count HEAD)
  tool go-winres make --in build/windows/winres.json --arch amd64,arm64 --product-version "$numbers" --file-version "$numbers"
fi

for target in {linux,darwin,windows}/{amd64,arm64} windows/{amd64,arm64}-desktop; do
  wanted "$target" || continue
  if [[ ! -d $work/docs ]]; then # the same in all of them
    manual "$work/docs/man" ""
    hub=$(program "${host%/*}" "${host#*/}")
    completions "$hub" "$work/completions"
    "$hub" completion powershell >"$work/completions/mcp-hub.ps1"
    for file in "$work"/completions/{*.ps1,*/*/*}; do install -D -m 644 -t "$work/docs/completions" "$file"; done
    cp LICENSE README.md "$work/docs/"
  fi
  os=${target%/*} arch=${target#*/} tags=
  cp -r "$work/docs" "$work/folder"
  if [[ $arch == *-desktop ]]; then # a program with a window prints nothing in a terminal, so both are in it
    install "$(program "$os" "$arch")" "$work/folder/"
    tags=desktop,production
  fi
  install "$(program "$os" "${arch%-desktop}")" "$work/folder/"
  GOOS=$os build/notices.sh "$tags" >"$work/folder/THIRD-PARTY.txt"
  archive "$target" "$work/folder"
done

if wanted npm; then
  platforms=()
  for platform in {linux,darwin,win32}-{x64,arm64}; do
    os=${platform%-*} arch=${platform#*-}
    platforms+=("$platform=$(program "${os/win32/windows}" "${arch/x64/amd64}")")
  done
  DIST=$dist build/npm.sh "${platforms[@]}"
fi

# What all programs together are made of.
if wanted sbom; then
  tool cyclonedx-gomod mod -json -licenses -std -noserial -notimestamp -output "$work/hub.json" .
  mkdir "$work/dashboard" && cp frontend/package.json frontend/package-lock.json "$work/dashboard/"
  (
    cd "$work/dashboard"
    npm pkg set version="$version" # npm asks for one
    npm sbom --package-lock-only --sbom-format cyclonedx --sbom-type application
  ) >"$work/dashboard.json"
  node build/sbom.mjs "$version" "$work/hub.json" "$work/dashboard.json" >"$dist/mcp-hub-$version.cdx.json"
fi

DIST=$dist build/feed.sh
(cd "$dist" && sha256sum -- * >"$OLDPWD/$work/SHA256SUMS" && mv "$OLDPWD/$work/SHA256SUMS" .)
rm -rf "$work"
ls -l "$dist"
