#!/bin/sh
# Installs MCP Hub for yourself, into ~/.local, or below another folder; and removes it again.
# Usage: ./install.sh [--prefix FOLDER] [--uninstall]
set -eu

fail() { echo "install: $*" >&2; exit 1; }

prefix=${HOME:-}/.local uninstall=
while [ $# -gt 0 ]; do
  case $1 in
  --prefix) [ $# -ge 2 ] || fail "--prefix needs a folder"; prefix=$2; shift 2 ;;
  --prefix=*) prefix=${1#*=}; shift ;;
  --uninstall) uninstall=yes; shift ;;
  -h | --help) sed -n '2,3s/^# //p' "$0"; exit ;;
  *) fail "there is no option $1, only --prefix FOLDER and --uninstall" ;;
  esac
done
case $prefix in
*[!A-Za-z0-9_./@+:,=-]*) fail "choose a folder whose path has no spaces or other special signs: $prefix" ;;
/*) ;;
*) fail "the folder must be given with its whole path: $prefix" ;;
esac
prefix=${prefix%/}
installed=$prefix/share/mcp-hub/installed # what was made below the prefix, a path a line; folders end with /

remove() {
  # What lies in a folder comes after it, so from the end on.
  sort -r "$installed" | while IFS= read -r path; do
    case $path in
    */) rmdir "$prefix/$path" 2>/dev/null || true ;; # other programs may have put something there
    *) rm -f "$prefix/$path" ;;
    esac
  done
}

if [ -n "$uninstall" ]; then
  [ -e "$installed" ] || fail "nothing is installed below $prefix; name the folder with --prefix"
  # What starts this program at login would fail from now on.
  config=${XDG_CONFIG_HOME:-${HOME:-}/.config}
  if grep -qsF "\"$prefix/bin/mcp-hub\"" "$config/autostart/mcp-hub.desktop" "$config/systemd/user/mcp-hub.service"; then
    "$prefix/bin/mcp-hub" autostart off >/dev/null || echo "install: remove $config/autostart/mcp-hub.desktop and $config/systemd/user/mcp-hub.service yourself" >&2
  fi
  remove
  echo "MCP Hub is removed from $prefix. Your configuration and data are still in ~/.config/mcphub and ~/.local/state/mcp-hub."
  exit
fi

cd "$(dirname "$0")"
[ -x bin/mcp-hub ] || fail "bin/mcp-hub is missing: run install.sh in the folder that was unpacked"
[ ! -e "$installed" ] || remove # an older version may have had other files
new=                             # as in the file $installed
if [ ! -d "$prefix" ]; then
  mkdir "$prefix" || fail "choose another folder with --prefix, make the one above it, or run this as root"
  new="/
"
fi
[ -w "$prefix" ] || fail "$prefix is not writable: choose another folder with --prefix, or run this as root"

folder() { # makes a folder and those above it, and notes those that were not there
  [ -d "$prefix/$1" ] && return
  case $1 in */*) folder "${1%/*}" ;; esac
  mkdir "$prefix/$1"
  new="$new$1/
"
}
for path in $(find bin share -type f | LC_ALL=C sort) share/mcp-hub/installed; do
  folder "${path%/*}"
  new="$new$path
"
  case $path in
  share/mcp-hub/installed) continue ;;
  *.desktop | *.service) sed "s|/usr/bin/mcp-hub|$prefix/bin/mcp-hub|" "$path" >"$prefix/$path.new" && chmod 644 "$prefix/$path.new" ;;
  *) cp -p "$path" "$prefix/$path.new" ;;
  esac
  mv -f "$prefix/$path.new" "$prefix/$path" # a program that runs can be replaced so, not written to
done
printf %s "$new" >"$installed"
echo "MCP Hub is installed: $prefix/bin/mcp-hub"

case ":$PATH:" in
*":$prefix/bin:"*) ;;
*) echo "$prefix/bin is not in your search path: add it, or type the whole path." ;;
esac
missing=$(ldd bin/mcp-hub 2>/dev/null | sed -n 's/^[[:space:]]*\(.*\) => not found.*/\1/p' | sort -u)
if [ -n "$missing" ]; then
  echo "These libraries are missing, without which it does not start:"
  echo "$missing" | sed 's/^/  /'
  if command -v apt-get >/dev/null; then
    echo "Run: sudo apt-get install libgtk-3-0 libwebkit2gtk-4.1-0 libayatana-appindicator3-1"
  elif command -v dnf >/dev/null; then
    echo "Run: sudo dnf install gtk3 webkit2gtk4.1 libayatana-appindicator-gtk3"
  elif command -v zypper >/dev/null; then
    echo "Run: sudo zypper install libgtk-3-0 libwebkit2gtk-4_1-0 libayatana-appindicator3-1"
  elif command -v pacman >/dev/null; then
    echo "Run: sudo pacman -S gtk3 webkit2gtk-4.1 libayatana-appindicator"
  else
    echo "Install GTK 3, WebKitGTK 4.1 and Ayatana AppIndicator (GTK 3)."
  fi
fi
