#!/usr/bin/env bash
# Makes packages of the last commit in two clones in different folders, and compares them byte for byte. With COLD=1 the second
# takes nothing that was compiled before, which takes long.
# Usage: [COLD=1] build/reproducible.sh [WHAT...], as of build/package.sh
set -euo pipefail
cd "$(dirname "$0")/.."
temp=$(mktemp -d)
trap 'chmod -R u+w "$temp" && rm -rf "$temp"' EXIT

folders=(one a/longer/path/to/two)
for folder in "${folders[@]}"; do git clone --quiet . "$temp/$folder"; done
for folder in "${folders[@]}"; do
  make -C "$temp/$folder" --no-print-directory package PACKAGES="$*"
  [[ -z ${COLD:-} ]] || export GOCACHE=$temp/cache
done
cd "$temp"
diff <(cd one/build/dist && ls) <(cd a/longer/path/to/two/build/dist && ls)
for file in one/build/dist/*; do
  cmp "$file" "a/longer/path/to/two/build/dist/${file##*/}"
done
echo "reproducible: $(find one/build/dist -type f | wc -l) files are the same in both builds"
