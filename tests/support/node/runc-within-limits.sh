#!/bin/sh
# Runs runc on a machine that may not lower a process's score for the out-of-memory killer (CAP_SYS_RESOURCE): takes the
# wish for a score out of what runc is told. Everything else is passed on as it is.
# usage: as runc; STASH_BATCH_RUNC names the real one (default: runc of PATH)
bundle=.
process=
previous=
for argument in "$@"; do
  case $previous in
    --bundle | -b) bundle=$argument ;;
    --process | -p) process=$argument ;;
  esac
  case $argument in
    --bundle=*) bundle=${argument#--bundle=} ;;
    --process=*) process=${argument#--process=} ;;
  esac
  previous=$argument
done
without_score() {
  # A quotation mark inside of a JSON text is escaped, so this can only be the field itself.
  if [ -f "$1" ]; then sed -E -i -e 's/"oomScoreAdj":-?[0-9]+,//g' -e 's/,"oomScoreAdj":-?[0-9]+//g' "$1"; fi
}
case " $* " in
  *" create "* | *" run "*) without_score "$bundle/config.json" ;;
  *" exec "*) if [ -n "$process" ]; then without_score "$process"; fi ;;
esac
exec runc "$@"
