#!/usr/bin/env bash
# Way 6: etcd, containerd and CNI plugins from Debian's packages, Kubernetes built from Debian's own source package, which
# carries its dependencies.
# The source is that of Debian 12, which is the last that carries the server; Debian 13 builds it too.
# usage: from-debian-source.sh VERSION TARGET   (programs go to TARGET/bin; everything else in TARGET is scratch)
# Needs root only where a package is missing: the source is fetched through private apt lists.
set -euo pipefail

readonly version=$1 target=$2
readonly SUITE=bookworm
readonly SUITE_VERSION=1.20.2
# Where Debian's package has the CNI plugins.
readonly PLUGINS=${STASH_BATCH_CNI_FOLDER:-/usr/lib/cni}
readonly REFLECT2=golang-github-modern-go-reflect2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
# shellcheck source=scripts/control-plane/progress.sh
. "$here/progress.sh"

# Prints the machine's own mirror of the suite, which may be the only one that it reaches, else the public one.
find_mirror() {
  local uris
  # shellcheck disable=SC2016  # the names are for apt-get
  mapfile -t uris < <(apt-get indextargets --format '$(REPO_URI)' \
    'Created-By: Packages' "Codename: $SUITE" 'Component: main' 'Origin: Debian' 2>/dev/null | sort -u)
  echo "${uris[0]:-http://deb.debian.org/debian}"
}

install_packages() {
  local missing=()
  command -v go >/dev/null || missing+=(golang-go)
  command -v etcd >/dev/null || missing+=(etcd-server)
  command -v dpkg-source >/dev/null || missing+=(dpkg-dev)
  command -v containerd >/dev/null || missing+=(containerd)
  [ -x "$PLUGINS/bridge" ] || missing+=(containernetworking-plugins)
  [ ${#missing[@]} -eq 0 ] && return
  [ "$(id -u)" -eq 0 ] || closed "the packages ${missing[*]} are missing, and only root can install them"
  run_quietly "installing ${missing[*]}" "$target/install.log" "$here/../prerequisites-apt.sh" "${missing[@]}" ||
    closed "the packages ${missing[*]} could not be installed (is a Debian mirror reachable?)"
}

# Fetches and unpacks the sources to the folder given, through lists, caches and locks of its own.
fetch_sources() {
  local tree=$1 apt=$target/apt keyring=/usr/share/keyrings/debian-archive-keyring.gpg signed_by='' options
  mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/download"
  [ -e "$keyring" ] && signed_by="[signed-by=$keyring] "
  echo "deb-src ${signed_by}$(find_mirror) $SUITE main" >"$apt/sources.list"
  options=(
    -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=/nonexistent
    -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt" -o APT::Sandbox::User=root
    -o Acquire::Retries=1 -o Acquire::http::Timeout=20
  )
  run_quietly "reading Debian's list of sources" "$target/update.log" apt-get "${options[@]}" update --error-on=any ||
    closed "Debian's list of sources could not be read (is a Debian mirror reachable?)"
  cd "$apt/download"
  run_quietly "downloading the source of kubernetes $version" "$target/download.log" \
    apt-get "${options[@]}" source --download-only kubernetes "$REFLECT2" ||
    closed "Debian's source package of kubernetes could not be downloaded"
  compgen -G "kubernetes_*$version-*.dsc" >/dev/null || closed "Debian's source package of kubernetes is not $version"
  run_quietly "unpacking it" "$target/unpack.log" unpack_sources "$tree"
}

# The reflect2 that Kubernetes 1.20 carries reads Go's maps as Go 1.17 laid them out. Built with a later Go, the server
# crashes on the first custom resource that it is given, so it gets the release that knows both layouts.
unpack_sources() {
  local vendored=$1/vendor/github.com/modern-go/reflect2
  dpkg-source --no-check -x kubernetes_*.dsc "$1" &&
    rm -r "$vendored" && dpkg-source --no-check -x "${REFLECT2}"_*.dsc "$vendored"
}

# Writes pkg/generated/openapi, which the package leaves out and the API server does not compile without.
generate_openapi() {
  local inputs
  go build -o "$target/openapi-gen" k8s.io/kubernetes/vendor/k8s.io/kube-openapi/cmd/openapi-gen &&
  inputs=$(grep -RlE --include='*.go' '\+k8s:openapi-gen=' pkg cmd vendor/k8s.io |
    grep -vE '/(code-generator|sample-apiserver)/' | xargs -n1 dirname | sort -u | sed 's|^|k8s.io/kubernetes/|' | paste -sd,) &&
  "$target/openapi-gen" --go-header-file vendor/k8s.io/code-generator/hack/boilerplate.go.txt -i "$inputs" \
    -p k8s.io/kubernetes/pkg/generated/openapi -O zz_generated.openapi -r "$target/openapi.report"
}

# The version must be told to the linker, or the server calls itself v0.0.0.
build_programs() {
  local package flags="-s -w" major minor
  IFS=. read -r major minor _ <<<"$version"
  for package in k8s.io/component-base/version k8s.io/kubernetes/vendor/k8s.io/component-base/version \
    k8s.io/client-go/pkg/version k8s.io/kubernetes/vendor/k8s.io/client-go/pkg/version; do
    flags+=" -X $package.gitVersion=v$version -X $package.gitMajor=$major -X $package.gitMinor=$minor"
    flags+=" -X $package.gitTreeState=clean"
  done
  go build -ldflags "$flags" -o "$target/bin/" \
    ./cmd/kube-apiserver ./cmd/kube-controller-manager ./cmd/kube-scheduler ./cmd/kubectl ./cmd/kubelet ./cmd/kube-proxy
}

command -v apt-get >/dev/null || closed "this machine has no apt-get"
[ "$version" = "$SUITE_VERSION" ] || closed "Debian's source is $SUITE_VERSION, not $version"
install_packages

export GOPATH=$target/go GOCACHE=$target/go-cache GOTMPDIR=$target/go-tmp GO111MODULE=off CGO_ENABLED=0 GOFLAGS='' GOENV=off
tree=$GOPATH/src/k8s.io/kubernetes
mkdir -p "$target/bin" "$GOTMPDIR" "$(dirname "$tree")"
fetch_sources "$tree"
cd "$tree"
run_quietly "generating the API description" "$target/openapi.log" generate_openapi
run_quietly "building Kubernetes (about five minutes on two cores)" \
  "$target/build.log" build_programs
for program in etcd containerd containerd-shim-runc-v2 ctr; do cp "$(command -v "$program")" "$target/bin/"; done
for plugin in bridge host-local loopback portmap; do cp "$PLUGINS/$plugin" "$target/bin/"; done
