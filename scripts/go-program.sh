#!/usr/bin/env bash
# Finds or makes helm, for the tests of the chart. Progress goes to stderr; the last line of stdout is the program's path.
#
# The ways, first match wins:
#   1. STASH_BATCH_HELM, the path of a helm
#   2. the cache, ${XDG_CACHE_HOME:-~/.cache}/stash-batch/helm/VERSION
#   3. the Go module of the project, built here (minutes, once), by a module of our own whose sums are committed
#
# Exit codes: 0 found or made; 3 this machine cannot provide it (one message says what to do); 1 a build broke.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
# shellcheck source=scripts/cluster/progress.sh
. "$here/cluster/progress.sh"
version=$(sed -n 's|^\t*\(require \)\{0,1\}helm.sh/helm/v4 v\([0-9.]*\).*|\2|p' "$here/helm/go.mod" | head -n 1)
readonly version
cache=~/.cache
cache=${XDG_CACHE_HOME:-$cache}/stash-batch/helm
readonly cache

if [ -n "${STASH_BATCH_HELM:-}" ]; then
  echo "$STASH_BATCH_HELM"
  exit 0
fi
mkdir -p "$cache"
exec 9>"$cache/.lock"
flock 9
if [ -x "$cache/$version/helm" ]; then
  echo "$cache/$version/helm"
  exit 0
fi
if ! command -v go >/dev/null; then
  say "no helm: install Go 1.26 or later, or name a helm in STASH_BATCH_HELM"
  exit 3
fi
target=$(mktemp -d "$cache/.making.XXXXXX")
trap 'chmod -R u+w "$target" 2>/dev/null; rm -rf "$target"' EXIT
export GOMODCACHE=$target/modules GOCACHE=$target/go-cache GOTMPDIR=$target/go-tmp GOFLAGS=-modcacherw CGO_ENABLED=0
mkdir -p "$target/bin" "$GOTMPDIR"
build() {
  cd "$here/helm" && go build -trimpath -ldflags '-s -w' -o "$target/bin/" tool
}
if ! run_quietly "building helm $version (some 3 minutes on two cores)" "$target/build.log" build 9>&-; then
  say "no helm: it could not be built here; name one in STASH_BATCH_HELM"
  exit 3
fi
rm -rf "${cache:?}/$version"
mv "$target/bin" "$cache/$version"
echo "$cache/$version/helm"
