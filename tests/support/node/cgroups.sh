#!/bin/sh
# A folder in every hierarchy of control groups, for all pods of one node.
# usage: cgroups.sh make|remove NAME
set -u
case $1 in
  make)
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
      for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
        echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null
      done
      mkdir -p "/sys/fs/cgroup/$2"
    else
      for hierarchy in /sys/fs/cgroup/*/; do
        # Some names are links to a hierarchy that holds several controllers.
        if [ ! -L "${hierarchy%/}" ]; then mkdir -p "$hierarchy$2"; fi
      done
    fi
    ;;
  remove)
    # Processes that were just killed leave their group a moment later.
    for attempt in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
      find /sys/fs/cgroup/"$2" /sys/fs/cgroup/*/"$2" -depth -type d -exec rmdir {} \; 2>/dev/null
      left=$(find /sys/fs/cgroup/"$2" /sys/fs/cgroup/*/"$2" -maxdepth 0 2>/dev/null)
      if [ -z "$left" ]; then exit 0; fi
      sleep 0.2
    done
    exit 1
    ;;
esac
