#!/usr/bin/env bash
# Finds or makes the programs of a whole cluster: etcd, the programs of Kubernetes from kube-apiserver to kubelet, containerd
# and its CNI plugins. Progress goes to stderr; the last line of stdout is the folder that holds the programs. runc is of the
# machine's own packages.
#
# The ways, first match wins:
#   1. KUBEBUILDER_ASSETS, the convention of envtest
#   2. PATH
#   3. the cache, ${XDG_CACHE_HOME:-~/.cache}/stash-batch/cluster/VERSION
#   4. release binaries of the projects, checked against their published SHA-256
#   5. Go modules of the projects, built here (minutes, once)
#   6. Debian 12: Kubernetes 1.20.2 built from its source package, etcd and containerd as packages; for a machine that
#      reaches nothing else
#
# STASH_BATCH_KUBERNETES_VERSION asks for another version than the default: 1.34, or 1.34.4. Way 5 has those whose module
# files are in cluster/kubernetes.
# Exit codes: 0 found or made; 3 this machine cannot provide them (one message says what to do); 1 a build broke.
set -euo pipefail

readonly DEFAULT_VERSION=1.37.2
readonly DEBIAN_VERSION=1.20.2
readonly REQUIRED=(
  etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy
  containerd containerd-shim-runc-v2 ctr bridge host-local loopback portmap
)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
cache=~/.cache
cache=${XDG_CACHE_HOME:-$cache}/stash-batch/cluster
readonly cache
version=${STASH_BATCH_KUBERNETES_VERSION:-$DEFAULT_VERSION}
version=${version#v}
# A minor version stands for the release that the module files name.
if [[ $version =~ ^[0-9]+\.[0-9]+$ ]]; then
  if [[ $DEBIAN_VERSION = "$version".* ]]; then
    version=$DEBIAN_VERSION
  else
    named=$(sed -n "s|^\tk8s.io/kubernetes v\($version\.[0-9]*\)\$|\1|p" "$here"/cluster/kubernetes/*.mod)
    version=${named:-$version.0}
  fi
fi
reasons=()

# shellcheck source=scripts/cluster/progress.sh
. "$here/cluster/progress.sh"

# Prints the names of the required programs that the folder lacks.
missing_in() {
  local program
  for program in "${REQUIRED[@]}"; do
    [ -x "$1/$program" ] || printf '%s ' "$program"
  done
}

is_complete() { [ -z "$(missing_in "$1")" ]; }

finish() {
  say "$1"
  echo "$2"
  exit 0
}

version_of() { "$1" --version 2>/dev/null | sed -n 's/^Kubernetes v//p'; }

way_1_kubebuilder_assets() {
  local assets=${KUBEBUILDER_ASSETS:-}
  if [ -z "$assets" ]; then
    reasons+=("KUBEBUILDER_ASSETS is not set")
  elif is_complete "$assets"; then
    finish "way 1: using the programs in KUBEBUILDER_ASSETS" "$(cd "$assets" && pwd)"
  elif [ -x "$assets/etcd" ] && [ -x "$assets/kube-apiserver" ]; then
    # What setup-envtest downloads has no controllers. The version is what its user chose, so only that one will do.
    version=$(version_of "$assets/kube-apiserver")
    say "KUBEBUILDER_ASSETS holds Kubernetes $version but lacks $(missing_in "$assets"): looking for all of $version"
    reasons+=("KUBEBUILDER_ASSETS ($version) lacks: $(missing_in "$assets")")
    PATH="$PATH:$assets"
  else
    reasons+=("KUBEBUILDER_ASSETS ($assets) lacks: $(missing_in "$assets")")
  fi
}

way_2_path() {
  local program found absent=() folders=()
  for program in "${REQUIRED[@]}"; do
    if found=$(command -v "$program"); then folders+=("$(dirname "$found")"); else absent+=("$program"); fi
  done
  if [ ${#absent[@]} -gt 0 ]; then
    reasons+=("PATH lacks: ${absent[*]}")
    return
  fi
  found=$(version_of kube-apiserver)
  if [ "$found" != "$version" ] && [ -n "${STASH_BATCH_KUBERNETES_VERSION:-}" ]; then
    reasons+=("PATH has Kubernetes $found, not $version")
    return
  fi
  if [ "$(printf '%s\n' "${folders[@]}" | sort -u | wc -l)" -eq 1 ]; then
    finish "way 2: using the programs on PATH" "${folders[0]}"
  fi
  # One folder is the promise, so programs of several folders get one folder of links.
  mkdir -p "$cache/path"
  for program in "${REQUIRED[@]}" kubectl; do
    if found=$(command -v "$program"); then ln -sfn "$(readlink -f "$found")" "$cache/path/$program"; fi
  done
  finish "way 2: using the programs on PATH, linked into one folder" "$cache/path"
}

way_3_cache() {
  if is_complete "$cache/$version"; then
    finish "way 3: using Kubernetes $version from the cache" "$cache/$version"
  fi
}

# Runs one of the makers below into a fresh folder, and moves it to its place in the cache only when it is complete.
# A maker prints its reason and exits with 4 when it is of no use on this machine; any other failure ends the run.
make_with() {
  local description=$1 maker=$2 target why status=0
  target=$(mktemp -d "$cache/.making.XXXXXX")
  # Whatever a maker starts must not keep the lock (9).
  why=$("$here/cluster/$maker" "$version" "$target" 9>&-) || status=$?
  if [ $status -eq 4 ]; then
    say "$description: $why"
    reasons+=("$description: $why")
    return
  fi
  if [ $status -ne 0 ] || ! is_complete "$target/bin"; then
    say "$description failed; nothing was kept"
    exit 1
  fi
  rm -rf "${cache:?}/$version"
  mv "$target/bin" "$cache/$version"
  finish "$description: Kubernetes $version is ready" "$cache/$version"
}

give_up() {
  version=$wanted
  {
    echo
    echo "No cluster for the tests: ${REQUIRED[*]} of Kubernetes $version are neither here nor can they be made here."
    printf '  - %s\n' "${reasons[@]}"
    echo "Do one of these, then run again:"
    echo "  - set KUBEBUILDER_ASSETS to a folder with ${REQUIRED[*]}"
    echo "  - put these programs on PATH"
    echo "  - let this machine reach https://dl.k8s.io and https://github.com (release binaries)"
    echo "  - install Go 1.26 or later and let this machine reach a Go module proxy (built once, about ten minutes)"
    echo "  - run as root on Debian 12 with a reachable Debian mirror (Kubernetes $DEBIAN_VERSION, about six minutes, once)"
  } >&2
  exit 3
}

way_1_kubebuilder_assets
way_2_path
way_3_cache
mkdir -p "$cache"
exec 9>"$cache/.lock"
if ! flock --nonblock 9; then
  say "another run is making the programs: waiting for it"
  flock 9
  way_3_cache
fi
# Only the holder of the lock makes anything, so what lies here is of a run that was killed.
remove_scratch() { rm -rf "$cache"/.making.*; }
remove_scratch
trap remove_scratch EXIT
readonly wanted=$version
make_with "way 4 (release binaries)" from-releases.sh
make_with "way 5 (Go modules)" from-modules.sh
if [ -z "${STASH_BATCH_KUBERNETES_VERSION:-}" ]; then
  # Without a wish, an old cluster is better than none.
  version=$DEBIAN_VERSION
  way_3_cache
fi
make_with "way 6 (Debian source)" from-debian-source.sh
give_up
