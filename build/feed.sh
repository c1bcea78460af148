#!/usr/bin/env bash
# Writes the feed of a release, build/dist/release.json: its version, date, page of notes and files. Put it beside the files, at
# an address that stays the same for all releases. The date is that of the commit.
# Usage: VERSION=… DIST=folder [NOTES=https://…] build/feed.sh, after the packages were made
set -euo pipefail
cd "$(dirname "$0")/.."
export VERSION=${VERSION:?} NOTES=${NOTES:-} DIST=${DIST:?}
DATE=$(TZ=UTC git log -1 --format=%cd --date=format-local:%F)
export DATE
node - <<'JS'
const fs = require("fs"), { createHash } = require("crypto"), { VERSION, DATE, NOTES, DIST } = process.env;
const files = fs.readdirSync(DIST).filter((n) => /\.(tar\.gz|tgz|zip|deb|rpm)$/.test(n)).sort().map((name) => {
  const bytes = fs.readFileSync(`${DIST}/${name}`);
  return { name, size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
});
const feed = { version: VERSION, date: DATE, notes: NOTES, files };
fs.writeFileSync(`${DIST}/release.json`, JSON.stringify(feed, null, 2) + "\n");
JS
