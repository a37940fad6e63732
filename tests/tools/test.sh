#!/bin/sh
# Runs the tests and counts them.  usage: test.sh [folder | folder/NAME]...   SCR: the command under test (./scr)
# SKIP: a regular expression of those to leave out
cd "$(dirname "$0")/../.." || exit 2
SCR=${SCR:-./scr}
BUILD=${BUILD:-build}
JOBS=${JOBS:-$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)}
export SCR BUILD
results=$(mktemp -d) || exit 2
export results
trap 'rm -rf "$results"' EXIT INT TERM

list() {
    if [ $# -eq 0 ]; then set -- lang types conc loop limits regress stress cli unit scripts; fi
    for place in "$@"; do
        case $place in
        scripts) ls scripts/*.scr 2>/dev/null ;;
        unit) ls "$BUILD"/unit/test_* 2>/dev/null | grep -v '\.' ;;
        cli) ls tests/cli/*.sh 2>/dev/null ;;
        */*) ls tests/"$place"*.scr tests/"$place"*.sh 2>/dev/null ;;
        *) find tests/"$place" -name '*.out' 2>/dev/null | sed 's/\.out$/.scr/' | sort ;;
        esac
    done
}

list "$@" | grep -v -E "${SKIP:-^$}" >"$results/list"
xargs -P "$JOBS" -n 1 sh tests/tools/one.sh <"$results/list"
passed=$(find "$results" -name '*.ok' | wc -l)
failed=$(($(wc -l <"$results/list") - passed))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
