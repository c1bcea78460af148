#!/usr/bin/env bash
# Prints the version that the commit has, by its tags (v1.2.3), as Semantic Versioning writes it and sorts it:
#   1.2.3                  on the tag
#   1.2.4-dev.5+gabc1234   5 commits after it
#   0.1.0-dev.5+gabc1234   before the first tag
# Changes that are not committed add ".dirty".
set -euo pipefail
cd "$(dirname "$0")/.."

git rev-parse --git-dir &>/dev/null || { echo 0.1.0-dev; exit; } # a copy without its history
dirty=$(git status --porcelain --untracked-files=no 2>/dev/null)
commit=g$(git rev-parse --short=7 HEAD)
if described=$(git describe --tags --match 'v[0-9]*' --long HEAD 2>/dev/null); then
  [[ $described =~ ^v([0-9]+)\.([0-9]+)\.([0-9]+)(-.+)?-([0-9]+)-g[0-9a-f]+$ ]] ||
    { echo "version: the tag in $described is no version such as v1.2.3" >&2; exit 1; }
  major=${BASH_REMATCH[1]} minor=${BASH_REMATCH[2]} patch=${BASH_REMATCH[3]} before=${BASH_REMATCH[4]} since=${BASH_REMATCH[5]}
  if ((since == 0)); then
    version=$major.$minor.$patch$before
    [[ -z $dirty ]] || version+=+dirty
  elif [[ -n $before ]]; then # v1.2.3-rc.1 is followed by 1.2.3-rc.1.dev.5
    version=$major.$minor.$patch$before.dev.$since+$commit${dirty:+.dirty}
  else
    version=$major.$minor.$((patch + 1))-dev.$since+$commit${dirty:+.dirty}
  fi
else
  version=0.1.0-dev.$(git rev-list --count HEAD)+$commit${dirty:+.dirty}
fi
echo "$version"
