# shellcheck shell=bash
# Sourced by the scripts that make a cluster's programs: progress lines on stderr with the seconds since the first of them started.
export CLUSTER_PROGRAMS_STARTED=${CLUSTER_PROGRAMS_STARTED:-$(date +%s)}

say() { printf 'programs [%3d s] %s\n' "$(($(date +%s) - CLUSTER_PROGRAMS_STARTED))" "$*" >&2; }

# For makers: tells the caller on stdout why this way is closed on this machine.
closed() {
  echo "$*"
  exit 4
}

# Runs a long command with its output in a log file, and says every half minute that it still runs.
# usage: run_quietly WHAT LOG COMMAND...
run_quietly() {
  local what=$1 log=$2 ticker status=0
  shift 2
  say "$what ..."
  # The sleep that is left behind for a moment must hold none of the caller's pipes.
  while sleep 30 >/dev/null 2>&1; do say "$what: still running"; done >/dev/null &
  ticker=$!
  "$@" >"$log" 2>&1 </dev/null || status=$?
  kill "$ticker" 2>/dev/null || true
  wait "$ticker" 2>/dev/null || true
  if [ $status -ne 0 ]; then
    say "$what failed with exit code $status; the end of its output:"
    tail -n 20 "$log" >&2
  fi
  return $status
}
