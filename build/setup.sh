#!/usr/bin/env bash
# Checks the tools that a build needs and installs, with apt where it can, those that a distribution ships.
# Usage: build/setup.sh [browser | desktop | test-desktop | package | test-package | test-container | test-wine]; with an
# argument it sees to the browser that the dashboard is tested with, or to what tray and window, packages, or the image are
# built or tested with.
set -euo pipefail

fail() { echo "setup: $*" >&2; exit 1; }

if [[ ${1:-} == browser ]]; then
  if [[ -z ${CHROMIUM:-} ]] && ! { command -v chromium || command -v google-chrome; } >/dev/null; then
    command -v apt-get >/dev/null || fail "Chromium is missing: install it, or name another Chromium in CHROMIUM"
    apt-get update -qq && apt-get install -y -qq chromium >/dev/null || fail "could not install Chromium: run 'apt-get install chromium' as root"
  fi
  # On Linux the window shows the dashboard with WebKitGTK. Its test is skipped where there is none.
  if [[ $(uname) == Linux ]] && ! { command -v WebKitWebDriver && command -v Xvfb; } >/dev/null && command -v apt-get >/dev/null; then
    apt-get update -qq && apt-get install -y -qq --no-install-recommends webkit2gtk-driver xvfb >/dev/null ||
      fail "could not install WebKitGTK: run 'apt-get install --no-install-recommends webkit2gtk-driver xvfb' as root"
  fi
  exit
fi

# Installs packages of Debian that are missing.
debian() {
  local missing=()
  for package; do
    [[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) == "install ok installed" ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  apt-get update -qq -o DPkg::Lock::Timeout=120 && apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 "${missing[@]}" >/dev/null ||
    fail "could not install ${missing[*]}: run 'apt-get install ${missing[*]}' as root"
}

if [[ ${1:-} == test-container ]]; then
  [[ $(uname) == Linux && $EUID == 0 ]] || exit 0
  command -v apt-get >/dev/null && debian buildah iproute2 ca-certificates curl
  exit
fi

if [[ ${1:-} == *desktop && $(uname) == Linux ]]; then
  if ! command -v apt-get >/dev/null; then
    pkg-config --exists webkit2gtk-4.1 ayatana-appindicator3-0.1 && exit
    fail "GTK 3, WebKitGTK 4.1 or Ayatana AppIndicator is missing: install them with their headers"
  fi
  debian gcc libc6-dev pkg-config libgtk-3-dev libwebkit2gtk-4.1-dev libayatana-appindicator3-dev
  [[ $1 == desktop ]] || debian xvfb xauth openbox xdotool imagemagick dbus xfce4-panel xfconf gnome-keyring
  exit
fi
[[ ${1:-} != *desktop ]] || exit 0

if [[ ${1:-} == *package ]]; then
  if command -v apt-get >/dev/null; then
    debian zip
    [[ $1 == package ]] || debian appstream desktop-file-utils dpkg-dev lintian man-db mandoc
  fi
  command -v zip >/dev/null || fail "zip is missing: install it"
  exit
fi

if [[ ${1:-} == test-wine ]]; then
  command -v apt-get >/dev/null || fail "this test needs Debian's Wine"
  debian wine wine64 gcc-mingw-w64-x86-64-win32
  exit
fi

command -v go >/dev/null || fail "Go is missing: install Go 1.26 or newer (https://go.dev/doc/install)"
command -v node >/dev/null || fail "Node.js is missing: install Node.js 20 or newer (https://nodejs.org)"
command -v npm >/dev/null || fail "npm is missing: it comes with Node.js"

node_major=$(node -p 'process.versions.node.split(".")[0]')
((node_major >= 20)) || fail "Node.js $node_major is too old: install Node.js 20 or newer"

# The race detector links with the C compiler.
if ! command -v "${CC:-gcc}" >/dev/null && ! command -v cc >/dev/null; then
  command -v apt-get >/dev/null || fail "a C compiler is missing: the race detector needs one (install gcc)"
  apt-get update -qq && apt-get install -y -qq gcc libc6-dev || fail "could not install gcc: run 'apt-get install gcc libc6-dev' as root"
fi

# Tests talk to the hub with curl, as editors do.
if ! command -v curl >/dev/null; then
  command -v apt-get >/dev/null || fail "curl is missing: install curl"
  apt-get update -qq && apt-get install -y -qq curl || fail "could not install curl: run 'apt-get install curl' as root"
fi

# The tests of the keyring run a real one on a bus of their own. They are skipped where there is none.
if [[ $(uname) == Linux ]] && ! { command -v gnome-keyring-daemon && command -v dbus-daemon; } >/dev/null && command -v apt-get >/dev/null; then
  apt-get update -qq && apt-get install -y -qq --no-install-recommends gnome-keyring dbus ||
    fail "could not install a keyring: run 'apt-get install --no-install-recommends gnome-keyring dbus' as root"
fi
