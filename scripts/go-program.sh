#!/usr/bin/env bash
# Finds or makes a program of Go that the tests need and nothing else. Progress goes to stderr; the last line of stdout is the program's path.
# usage: go-program.sh NAME   (a folder here with a module of our own whose sums are committed, and whose only tool it is)
#
# The ways, first match wins:
#   1. STASH_BATCH_NAME, the path of one: STASH_BATCH_HELM, STASH_BATCH_OAUTH2_PROXY
#   2. the cache, ${XDG_CACHE_HOME:-~/.cache}/stash-batch/NAME/VERSION
#   3. the Go module of the project, built here (minutes, once)
#
# Exit codes: 0 found or made; 3 this machine cannot provide it (one message says what to do); 1 a build broke.
set -euo pipefail

readonly name=$1
variable=STASH_BATCH_$(tr 'a-z-' 'A-Z_' <<<"$name")
readonly variable
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
# shellcheck source=scripts/cluster/progress.sh
. "$here/cluster/progress.sh"
version=$(awk '$1 == "tool" { tool = $2 } { sub(/^require /, ""); if (tool != "" && index(tool, $1) == 1 && $2 ~ /^v/) { print substr($2, 2); exit } }' "$here/$name/go.mod")
readonly version
cache=~/.cache
cache=${XDG_CACHE_HOME:-$cache}/stash-batch/$name
readonly cache

if [ -n "${!variable:-}" ]; then
  echo "${!variable}"
  exit 0
fi
mkdir -p "$cache"
exec 9>"$cache/.lock"
flock 9
if [ -x "$cache/$version/$name" ]; then
  echo "$cache/$version/$name"
  exit 0
fi
if ! command -v go >/dev/null; then
  say "no $name: install Go 1.26 or later, or name one in $variable"
  exit 3
fi
target=$(mktemp -d "$cache/.making.XXXXXX")
trap 'chmod -R u+w "$target" 2>/dev/null; rm -rf "$target"' EXIT
export GOMODCACHE=$target/modules GOCACHE=$target/go-cache GOTMPDIR=$target/go-tmp GOFLAGS=-modcacherw CGO_ENABLED=0
mkdir -p "$target/bin" "$GOTMPDIR"
build() {
  cd "$here/$name" && go build -trimpath -ldflags '-s -w' -o "$target/bin/" tool
}
if ! run_quietly "building $name $version (some 3 minutes on two cores)" "$target/build.log" build 9>&-; then
  say "no $name: it could not be built here; name one in $variable"
  exit 3
fi
rm -rf "${cache:?}/$version"
mv "$target/bin" "$cache/$version"
echo "$cache/$version/$name"
