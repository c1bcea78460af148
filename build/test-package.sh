#!/usr/bin/env bash
# Installs what `make package` made for Linux on amd64 into empty folders, tries it there and removes it again.
# Usage: build/test-package.sh, after build/package.sh deb linux/amd64-desktop linux/amd64
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C.UTF-8

deb=$(echo build/dist/*.deb) id=arpa.home.mcphub
temp=$(mktemp -d) hub=
trap '[[ -z $hub ]] || kill "$hub" || true; rm -rf "$temp"' EXIT
fail() { echo "test-package: $*" >&2; exit 1; }
step() { echo "test-package: $* (${SECONDS} s)"; }
same() { diff -u "$1" "$2" || fail "$3"; } # files WANTED and GOT
tree() { (cd "$1" && find . -mindepth 1 -printf '%p %y %m %l\n' | sort); }

# works PROGRAM starts it as a person would, with a home of its own.
works() {
  local home=$temp/home
  rm -rf "$home" && mkdir -m 700 "$home"
  local clean=(env -i HOME="$home" PATH="$PATH" LC_ALL="$LC_ALL")
  [[ $("${clean[@]}" "$1" --version) == *"MCP Hub $VERSION" ]] || fail "$1 --version does not say $VERSION"
  "${clean[@]}" "$1" --port 0 --no-browser --socket "$home/socket" 2>"$home/log" &
  hub=$!
  for _ in {1..300}; do
    "${clean[@]}" "$1" status --hub "unix://$home/socket" >"$home/status" 2>/dev/null && break
    kill -0 "$hub" || { hub= && cat "$home/log" >&2 && fail "the hub of $1 ended"; }
    sleep 0.1
  done
  kill "$hub"
  wait "$hub" || fail "the hub of $1 did not end well"
  hub=
  grep -q "$VERSION" "$home/status" || { cat "$home/log" "$home/status" >&2; fail "the hub of $1 did not answer"; }
  rm -rf "$home"
}

step "the versions, in their order"
mkdir -p "$temp/git/build" && cp build/version.sh "$temp/git/build/"
git_() { git -C "$temp/git" -c user.name=t -c user.email=t@t.invalid "$@"; }
git_ init --quiet && git_ add . && echo 0.0.0 >"$temp/versions"
for tag in "" "" v0.2.0-rc.1 "" v0.2.0 "" "" v0.3.0; do
  git_ commit --quiet --allow-empty --message "${tag:-next}"
  [[ -z $tag ]] || git_ tag "$tag"
  "$temp/git/build/version.sh" | tee -a "$temp/versions" | sed 's/+g[0-9a-f]\{7\}$/+gCOMMIT/' >>"$temp/got"
done
echo "# changed" >>"$temp/git/build/version.sh"
"$temp/git/build/version.sh" >>"$temp/got"
printf '%s\n' 0.1.0-dev.{1,2}+gCOMMIT 0.2.0-rc.1 0.2.0-rc.1.dev.1+gCOMMIT 0.2.0 0.2.1-dev.{1,2}+gCOMMIT 0.3.0 0.3.0+dirty >"$temp/want"
same "$temp/want" "$temp/got" "build/version.sh gives other versions"
while read -r version; do
  [[ -z ${last:-} ]] || dpkg --compare-versions "${last/-/\~}" lt "${version/-/\~}" || fail "$version is not newer than $last"
  last=$version
done <"$temp/versions"

step "what is in the .deb"
dpkg-deb --fsys-tarfile "$deb" | tar -t | grep -v '/$' | grep -v 'man1/mcp-hub-' | sort >"$temp/contents"
same build/linux/contents "$temp/contents" "build/linux/contents lists other files"
dpkg-deb --raw-extract "$deb" "$temp/deb"
root=$temp/deb
for part in preinst postinst prerm postrm; do [[ ! -e $root/DEBIAN/$part ]] || fail "there is a $part"; done

step "the menu entry, the metadata, the unit, the manual pages, the completions"
desktop-file-validate "$root/usr/share/applications/$id.desktop"
appstreamcli validate --no-net --pedantic "$root/usr/share/metainfo/$id.metainfo.xml" >"$temp/appstream" || { cat "$temp/appstream"; fail "the metadata is bad"; }
grep -Fq "<id>$id</id>" "$root/usr/share/metainfo/$id.metainfo.xml" || fail "the metadata has another id"
[[ -x $root/$(sed -n 's/^Exec=\([^ ]*\)$/\1/p' "$root/usr/share/applications/$id.desktop") ]] || fail "the menu entry starts nothing"
for file in "$root"/usr/share/man/man1/*; do
  gunzip "$file"
  mandoc -Tlint -Wwarning "${file%.gz}" || fail "${file##*/} is bad"
done
man --warnings --local-file "$root/usr/share/man/man1/mcp-hub.1" 2>"$temp/warnings" >"$temp/manual"
[[ ! -s $temp/warnings ]] || { cat "$temp/warnings"; fail "the manual page is bad"; }
for part in NAME OPTIONS "EXIT STATUS" ENVIRONMENT FILES EXAMPLES "SEE ALSO"; do grep -q "^$part" "$temp/manual" || fail "mcp-hub(1) has no $part"; done
bash -n "$root/usr/share/bash-completion/completions/mcp-hub"

step "the libraries that it needs"
mkdir "$temp/debian" && printf 'Source: mcp-hub\n\nPackage: mcp-hub\nArchitecture: any\n' >"$temp/debian/control"
(cd "$temp" && dpkg-shlibdeps --warnings=0 -O deb/usr/bin/mcp-hub) | sed 's/^shlibs:Depends=//; s/, /\n/g' | cut -d' ' -f1 | sed 's/t64$//' | sort >"$temp/needed"
dpkg-deb --field "$deb" Depends | sed 's/, /\n/g' | sed 's/^[^|]*t64 | //' | cut -d' ' -f1 | sort >"$temp/depends"
same "$temp/needed" "$temp/depends" "build/linux/nfpm.yaml does not depend on the libraries of the program"

step "lintian"
lintian --no-cfg --allow-root --fail-on error,warning,info "$deb" || fail "lintian found something"

step "install, start, purge"
root=$temp/root
mkdir -p "$root"/var/lib/dpkg/{info,updates}
touch "$root"/var/lib/dpkg/{status,available}
run_dpkg() { dpkg --root="$root" --log=/dev/null --force-depends --force-not-root --force-script-chrootless "$@" >"$temp/dpkg" 2>&1 || { cat "$temp/dpkg"; fail "dpkg $1"; }; }
installed() { tree "$root" | grep -v '^\./var/'; }
installed >"$temp/before" || true
run_dpkg --install "$deb"
works "$root/usr/bin/mcp-hub"
run_dpkg --verify mcp-hub
run_dpkg --purge mcp-hub
installed >"$temp/after" || true
same "$temp/before" "$temp/after" "purge leaves something"

step "the archive with install.sh"
root=$temp/person
mkdir -p "$root/.local/bin" && echo mine >"$root/.local/bin/other"
tar -xzf build/dist/*-linux-amd64-desktop.tar.gz -C "$temp"
script=$(echo "$temp"/mcp-hub-*-desktop/install.sh)
tree "$root" >"$temp/before"
for _ in once again; do env -i HOME="$root" PATH="$PATH" "$script" >"$temp/output"; done
! grep -q missing "$temp/output" || { cat "$temp/output"; fail "install.sh misses libraries that are there"; }
desktop-file-validate "$root/.local/share/applications/$id.desktop"
grep -q "^Exec=$root/.local/bin/mcp-hub$" "$root/.local/share/applications/$id.desktop" || fail "the menu entry starts another program"
works "$root/.local/bin/mcp-hub"
env -i HOME="$root" PATH="$PATH" "$root/.local/bin/mcp-hub" autostart on >"$temp/output"
env -i HOME="$root" PATH="$PATH" "$script" --uninstall >"$temp/output"
rmdir "$root/.config/autostart" "$root/.config"
for option in "" "" --uninstall; do env -i HOME="$root" PATH="$PATH" "$script" --prefix "$root/own" $option >"$temp/output"; done
tree "$root" >"$temp/after"
same "$temp/before" "$temp/after" "install.sh --uninstall leaves something"

step "the archive of the static program"
mkdir "$temp/static" && tar -xzf build/dist/*-linux-amd64.tar.gz -C "$temp/static" --strip-components 1
! ldd "$temp/static/mcp-hub" >/dev/null 2>&1 || fail "it is linked to libraries"
works "$temp/static/mcp-hub"

step "the checksums"
(cd build/dist && sha256sum --quiet --check SHA256SUMS)
