#!/usr/bin/env bash
# Renders the drawings in build/icons anew. What it makes is committed, since a build needs no renderer.
# Needs rsvg-convert and convert (apt-get install librsvg2-bin imagemagick).
set -euo pipefail
cd "$(dirname "$0")"
render() { rsvg-convert --width "$1" --height "$1" "icons/$2.svg" --output "$3"; }

for size in 16 24 32 48 64 128 256 512; do
  mkdir -p "icons/hicolor/${size}x$size/apps"
  render "$size" app "icons/hicolor/${size}x$size/apps/mcp-hub.png"
done
mkdir -p icons/hicolor/scalable/apps windows
cp icons/app.svg icons/hicolor/scalable/apps/mcp-hub.svg
render 1024 app appicon.png
convert icons/hicolor/{16x16,32x32,48x48,64x64,256x256}/apps/mcp-hub.png windows/icon.ico

# Of the tray. On macOS a template, of which only the shape counts.
for level in ok away warn error; do
  render 32 "$level" "../app/tray/icons/$level.png"
  render 36 "$level-mono" "../app/tray/icons/$level-mono.png"
done
cp icons/hicolor/128x128/apps/mcp-hub.png ../app/window/icon.png
