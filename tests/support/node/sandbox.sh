#!/bin/bash
# The first process of a node: makes the node's own view of the machine, and reaps what is left to it. It runs in
# namespaces of its own for processes, mounts, network, host name and IPC; all that the node starts lives in them and ends
# with this process, mounts and interfaces too.
# usage: sandbox.sh FOLDER NAME   (FOLDER has a folder kubelet; a file ready appears in it)
set -euo pipefail
folder=$1
name=$2
hostname "$name"
# What the kubelet mounts has to be seen by the runtime, and by nobody outside.
mount --make-rshared /
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/lock /run/netns
mount -t tmpfs -o mode=755 lib /var/lib
mkdir -p /var/lib/kubelet /var/lib/cni
mount --bind "$folder/kubelet" /var/lib/kubelet
mount -t tmpfs -o mode=755 log /var/log
ip link set lo up
# A kubelet, a runtime and every pod watch files.
if [ "$(cat /proc/sys/fs/inotify/max_user_instances)" -lt 4096 ]; then echo 4096 >/proc/sys/fs/inotify/max_user_instances; fi
if [ "$(cat /proc/sys/fs/inotify/max_user_watches)" -lt 524288 ]; then echo 524288 >/proc/sys/fs/inotify/max_user_watches; fi
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables
touch "$folder/ready"
# Bash reaps every child that is left to it, as the first process has to; it ends with the process that made it.
while :; do sleep 3600 & wait $!; done
