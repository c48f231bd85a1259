#!/bin/sh
# The program of the demo's application: writes random files at its first start only, then waits for its end.
# $1: how many files
set -eu
cd /data
if [ ! -e .written ]; then
  mkdir -p "plain" "with spaces/and
a newline" "empty"
  i=0
  while [ "$i" -lt "$1" ]; do
    head -c $((i * 977 + 1)) /dev/urandom > "plain/file-$i"
    i=$((i + 1))
  done
  head -c 3000000 /dev/urandom > large
  head -c 100 /dev/urandom > "with spaces/and
a newline/-dash"
  ln plain/file-1 hard-link
  ln -s plain/file-2 soft-link
  ln -s nowhere broken-link
  chmod 0640 plain/file-3
  chmod 0711 plain
  date +%s > .written
fi
trap 'exit 0' TERM INT
while :; do sleep 1 & wait $!; done
