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

install() {
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
    install --yes --no-install-recommends "$@" 9>&- </dev/null
}

# Another apt-get may hold the lists; unlike the lock of dpkg, apt-get does not wait for theirs.
update() {
  local attempt
  for attempt in 1 2 3 4 5 6; do
    if apt-get -o Acquire::Retries=3 update --error-on=any 9>&-; then return 0; fi
    [ "$attempt" -lt 6 ] && sleep "$attempt"
  done
  return 1
}

# Two runs at once would save and restore each other's policy.
exec 9>/run/lock/stash-batch-apt.lock
flock 9
trap restore_policy EXIT
forbid_service_starts
# The lists that the machine has are tried first: on most machines that spares a download.
install "$@" || { update && install "$@"; }
