#!/bin/sh
# Random racy programs and the racy demonstrations without the GIL: the checked engine never ends by a signal, and every
# report agrees with the steps it shows.   race.sh [PROGRAMS] [FIRST SEED]
cd "$(dirname "$0")/../.." || exit 2
: "${SCR:=./scr}"
programs=${1:-30} first=${2:-1} passed=0 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# one PROGRAM ARGUMENTS: runs it and checks its reports.
one() {
    rm -f "$work/report.json"
    timeout 60 $SCR --gil=off --report="$work/report.json" "$@" >"$work/out" 2>"$work/err"
    code=$?
    case $code in
    0 | 1 | 66) ;;
    *) echo "$*: exit code $code"; tail -3 "$work/err"; failed=$((failed + 1)); return ;;
    esac
    if [ -s "$work/report.json" ] && ! $SCR tests/tools/check_reports.scr "$work/report.json" >/dev/null; then
        echo "$*: a report disagrees with its steps"
        failed=$((failed + 1))
        return
    fi
    passed=$((passed + 1))
}

seed=$first
while [ "$seed" -lt $((first + programs)) ]; do
    $SCR tests/tools/racy.scr "$seed" >"$work/racy-$seed.scr"
    one --seed="$seed" "$work/racy-$seed.scr"
    seed=$((seed + 1))
done
for script in refcount_leak refcount_crash list_race dict_race iterator_race lost_update_nogil; do one "scripts/$script.scr"; done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
