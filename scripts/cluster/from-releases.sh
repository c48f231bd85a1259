#!/usr/bin/env bash
# Way 4: release binaries of Kubernetes, etcd, containerd and the CNI plugins, each checked against the SHA-256 that its project publishes.
# usage: from-releases.sh VERSION TARGET   (programs go to TARGET/bin)
# Answers within five seconds when the sites cannot be reached.
set -euo pipefail

readonly version=$1 target=$2
readonly KUBERNETES_SITE=${STASH_BATCH_KUBERNETES_SITE:-https://dl.k8s.io/release}
readonly ETCD_SITE=${STASH_BATCH_ETCD_SITE:-https://github.com/etcd-io/etcd/releases/download}
readonly CONTAINERD_SITE=${STASH_BATCH_CONTAINERD_SITE:-https://github.com/containerd/containerd/releases/download}
readonly CNI_SITE=${STASH_BATCH_CNI_SITE:-https://github.com/containernetworking/plugins/releases/download}
# These serve every Kubernetes of our range but the oldest; programs that the machine already has are preferred.
readonly ETCD_VERSION=3.5.21
readonly CONTAINERD_VERSION=2.2.1
readonly CNI_VERSION=1.9.0
readonly RUNTIME=(containerd containerd-shim-runc-v2 ctr)
readonly PLUGINS=(bridge host-local loopback portmap)
readonly PROBE_SECONDS=5
readonly DOWNLOAD_SECONDS=900
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
# shellcheck source=scripts/control-plane/progress.sh
. "$here/progress.sh"

# usage: download URL FILE SECONDS
download() {
  if command -v curl >/dev/null; then
    timeout --foreground "$3" curl --fail --silent --show-error --location --connect-timeout 4 --output "$2" "$1"
  else
    NODE_USE_ENV_PROXY=1 timeout --foreground "$3" node --input-type=module --eval "$FETCH" "$1" "$2"
  fi
}

# A fresh Debian has no curl, but whoever runs the tests has node.
# shellcheck disable=SC2016  # the names are for node
readonly FETCH='
import { writeFile } from "node:fs/promises";
const [url, file] = process.argv.slice(1);
const answer = await fetch(url);
if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
await writeFile(file, answer.body);
'

# usage: check FILE SHA256
check() {
  if echo "$2  $1" | sha256sum --check --status; then return; fi
  say "${1##*/} does not have the SHA-256 that its project publishes; refused"
  exit 1
}

case $(uname -sm) in
"Linux x86_64") platform=amd64 ;;
"Linux aarch64") platform=arm64 ;;
*) closed "no release binaries for $(uname -sm)" ;;
esac
command -v curl >/dev/null || command -v node >/dev/null || closed "neither curl nor node is here"

readonly folder=$KUBERNETES_SITE/v$version/bin/linux/$platform
mkdir -p "$target/bin"
cd "$target"
download "$folder/kube-apiserver.sha256" kube-apiserver.sha256 "$PROBE_SECONDS" 2>probe.log ||
  closed "$KUBERNETES_SITE cannot be reached or has no $version"

# usage: lend PROGRAM...   (copies them from PATH; fails when one is missing)
lend() {
  local program found
  for program in "$@"; do
    found=$(command -v "$program") && cp "$(readlink -f "$found")" "bin/$program" || return 1
  done
}

# usage: unpack_release WHAT URL SUM_URL FOLDER_IN_ARCHIVE PROGRAM...   (SUM_URL lists sums with names)
unpack_release() {
  local what=$1 url=$2 sum_url=$3 inside=$4 archive=${2##*/} program
  shift 4
  download "$sum_url" "$what.sha256" "$PROBE_SECONDS" 2>probe.log || closed "${sum_url%/*/*} cannot be reached"
  say "downloading $what ..."
  download "$url" "$what.tar.gz" "$DOWNLOAD_SECONDS" || closed "the download of $what broke off"
  check "$what.tar.gz" "$(awk -v file="$archive" '$2 == file || $2 == ("./" file) { print $1 }' "$what.sha256")"
  mkdir "$what.files"
  tar -xzf "$what.tar.gz" -C "$what.files"
  for program in "$@"; do mv "$what.files/$inside/$program" "bin/$program"; done
}

lend etcd || unpack_release etcd "$ETCD_SITE/v$ETCD_VERSION/etcd-v$ETCD_VERSION-linux-$platform.tar.gz" \
  "$ETCD_SITE/v$ETCD_VERSION/SHA256SUMS" "etcd-v$ETCD_VERSION-linux-$platform" etcd
containerd_url=$CONTAINERD_SITE/v$CONTAINERD_VERSION/containerd-$CONTAINERD_VERSION-linux-$platform.tar.gz
lend "${RUNTIME[@]}" || unpack_release containerd "$containerd_url" "$containerd_url.sha256sum" bin "${RUNTIME[@]}"
cni_url=$CNI_SITE/v$CNI_VERSION/cni-plugins-linux-$platform-v$CNI_VERSION.tgz
lend "${PLUGINS[@]}" || unpack_release cni-plugins "$cni_url" "$cni_url.sha256" . "${PLUGINS[@]}"

for program in kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl; do
  say "downloading $program $version ..."
  for file in "$program.sha256" "$program"; do
    download "$folder/$file" "$file" "$DOWNLOAD_SECONDS" || closed "the download of $file broke off"
  done
  mv "$program" "bin/$program"
  check "bin/$program" "$(cut -d' ' -f1 "$program.sha256")"
done
chmod 755 bin/*
