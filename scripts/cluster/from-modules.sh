#!/usr/bin/env bash
# Way 5: all programs built from the modules of their projects, by Go modules of our own (kubernetes/, runtime/) whose sums
# are committed. Nothing is left but the programs: sources and caches of the build lie in TARGET.
# usage: from-modules.sh VERSION TARGET   (programs go to TARGET/bin)
set -euo pipefail

readonly version=$1 target=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
# shellcheck source=scripts/cluster/progress.sh
. "$here/progress.sh"
readonly NAMES=(etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl)

# Prints the flag that chooses the module file of the wanted version.
modfile_of_version() {
  local file
  for file in "$here"/kubernetes/*.mod; do
    if grep -q "^	k8s.io/kubernetes v$version\$" "$file"; then echo "$file"; fi
  done
}

modfile=$(modfile_of_version)
[ -n "$modfile" ] || closed "no module file here is for Kubernetes $version"
command -v go >/dev/null || closed "there is no Go on PATH"
wanted=$(sed -n 's/^go //p' "$modfile")
have=$(go env GOVERSION | sed 's/^go//')
[ "$(printf '%s\n%s\n' "$wanted" "$have" | sort -V | head -n 1)" = "$wanted" ] ||
  closed "Go $have is too old: $wanted or later is needed"

readonly NEEDED_MIB=6000
free_mib=$(($(df -Pk "$target" | awk 'NR == 2 { print $4 }') / 1024))
[ "$free_mib" -ge "$NEEDED_MIB" ] ||
  closed "${target%/*} has $free_mib MiB free and the build needs $NEEDED_MIB: make room there, or name another folder in XDG_CACHE_HOME"

export GOMODCACHE=$target/modules GOCACHE=$target/go-cache GOTMPDIR=$target/go-tmp GOFLAGS=-modcacherw CGO_ENABLED=0
mkdir -p "$target/bin" "$GOTMPDIR"

# The version must be told to the linker, or the server calls itself v0.0.0.
kubernetes_flags() {
  local major minor package=k8s.io/component-base/version
  IFS=. read -r major minor _ <<<"$version"
  echo "-s -w -X $package.gitVersion=v$version -X $package.gitMajor=$major -X $package.gitMinor=$minor -X $package.gitTreeState=clean"
}

build_kubernetes() {
  cd "$here/kubernetes" &&
    go build -modfile="$modfile" -trimpath -ldflags "$(kubernetes_flags)" -o "$target/bin/kubernetes-cluster" .
}

# Snapshotters that need headers of their own are of no use here.
build_runtime() {
  cd "$here/runtime" &&
    go build -trimpath -tags 'no_btrfs no_zfs no_devmapper no_aufs' -ldflags '-s -w' -o "$target/bin/" tool
}

download_modules() {
  (cd "$here/runtime" && go mod download) && cd "$here/kubernetes" && go mod download -modfile="$modfile"
}

run_quietly "downloading the modules of Kubernetes $version, etcd, containerd and CNI (some 20 s)" \
  "$target/download.log" download_modules || closed "the Go modules could not be downloaded (is a module proxy reachable?)"
run_quietly "building etcd and Kubernetes $version (some 8 minutes on two cores)" "$target/build.log" build_kubernetes
run_quietly "building containerd and the CNI plugins (some 90 s on two cores)" "$target/runtime.log" build_runtime
for name in "${NAMES[@]}"; do ln -s kubernetes-cluster "$target/bin/$name"; done
chmod -R u+w "$target/modules"
