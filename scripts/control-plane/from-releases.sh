#!/usr/bin/env bash
# Way 4: release binaries of Kubernetes and etcd, each checked against the SHA-256 that its project publishes.
# usage: from-releases.sh VERSION TARGET   (programs go to TARGET/bin)
# Answers within five seconds when the sites cannot be reached.
set -euo pipefail

readonly version=$1 target=$2
readonly KUBERNETES_SITE=${STASH_BATCH_KUBERNETES_SITE:-https://dl.k8s.io/release}
readonly ETCD_SITE=${STASH_BATCH_ETCD_SITE:-https://github.com/etcd-io/etcd/releases/download}
# Serves every Kubernetes of our range; an etcd that the machine already has is preferred.
readonly ETCD_VERSION=3.5.21
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
if ! command -v etcd >/dev/null; then
  download "$ETCD_SITE/v$ETCD_VERSION/SHA256SUMS" etcd.sha256 "$PROBE_SECONDS" 2>probe.log ||
    closed "$ETCD_SITE cannot be reached"
fi

for program in kube-apiserver kube-controller-manager kube-scheduler kubectl; do
  say "downloading $program $version ..."
  for file in "$program.sha256" "$program"; do
    download "$folder/$file" "$file" "$DOWNLOAD_SECONDS" || closed "the download of $file broke off"
  done
  mv "$program" "bin/$program"
  check "bin/$program" "$(cut -d' ' -f1 "$program.sha256")"
done
if [ -e etcd.sha256 ]; then
  archive=etcd-v$ETCD_VERSION-linux-$platform
  say "downloading etcd $ETCD_VERSION ..."
  download "$ETCD_SITE/v$ETCD_VERSION/$archive.tar.gz" etcd.tar.gz "$DOWNLOAD_SECONDS" || closed "the download of etcd broke off"
  check etcd.tar.gz "$(awk -v file="$archive.tar.gz" '$2 == file { print $1 }' etcd.sha256)"
  tar -xzf etcd.tar.gz --strip-components=1 -C bin "$archive/etcd"
else
  cp "$(command -v etcd)" bin/etcd
fi
chmod 755 bin/*
