#!/usr/bin/env bash
# Installs Debian packages without questions and without starting the services that they bring.
# usage: prerequisites-apt.sh PACKAGE...   (as root; exit code of apt-get)
set -euo pipefail

readonly policy=/usr/sbin/policy-rc.d
readonly saved=$policy.before-stash-batch

# Packages start their services through a helper that asks policy-rc.d first; 101 forbids it. The answer holds only
# while this process lives, so one that is killed leaves nothing behind that keeps services from starting.
forbid_service_starts() {
  if [ -e "$policy" ] && ! grep -qs stash-batch "$policy"; then mv "$policy" "$saved"; fi
  cat >"$policy" <<POLICY
#!/bin/sh
# Put here by stash-batch for the time of one package installation; safe to remove.
[ -d /proc/$$ ] && exit 101
[ -x $saved ] && exec $saved "\$@"
exit 0
POLICY
  chmod 755 "$policy"
}

restore_policy() {
  rm -f "$policy"
  if [ -e "$saved" ]; then mv "$saved" "$policy"; fi
}

readonly network=(-o Acquire::Retries=1 -o Acquire::http::Timeout=20)

install() {
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 "${network[@]}" \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
    install --yes --no-install-recommends "$@" 9>&- </dev/null
}

# Reads the lists of all sources that answer: a source of no interest here may well be out of reach.
update() {
  local attempt output
  for attempt in 1 2 3 4 5 6; do
    output=$(LC_ALL=C apt-get "${network[@]}" update 2>&1 9>&-) || true
    echo "$output"
    # Another apt-get holds the lists; unlike the lock of dpkg, apt-get does not wait for theirs.
    [[ $output == *"Could not get lock"* ]] || break
    sleep "$attempt"
  done
}

# Two runs at once would save and restore each other's policy.
exec 9>/run/lock/stash-batch-apt.lock
flock 9
trap restore_policy EXIT
forbid_service_starts
# The lists that the machine has are tried first: on most machines that spares a download.
install "$@" || { update && install "$@"; }
