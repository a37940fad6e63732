#!/bin/sh
# Runs the programs of tests/stress with the n-th allocation failing, for many n.  Each run must print what it should, or end
# with MemoryError; no signal, no hang, nothing left alive.  usage: fail_allocations.sh [NAME]...
# DENSITY: n grows by n / DENSITY + 1 (default 10; 1000000 means every n).  FIRST: the first n.
cd "$(dirname "$0")/../.." || exit 2
SCR=${SCR:-build/hostile/scr-checked}
DENSITY=${DENSITY:-10}
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT INT TERM
passed=0 failed=0

# What is wrong with a run of $1 that ended with code $2; nothing if it is as it should be.
verdict() {
    if [ "$2" -ge 124 ]; then
        echo "exit code $2"
    elif grep -q -e 'Assertion' -e '^scr: .*code of line' "$work/err"; then
        echo "an assertion"
    elif ! grep -q '^==scr== 0 objects alive' "$work/err"; then
        echo "leaks: $(grep 'objects alive' "$work/err")"
    elif ! cmp -s "${1%.scr}.out" "$work/out" && ! grep -q MemoryError "$work/err" "$work/out"; then
        echo "wrong output, exit code $2, and no MemoryError"
    fi
}

for test in tests/stress/${1:-}*.scr; do
    n=${FIRST:-1}
    while :; do
        SCR_FAIL_ALLOCATION=$n timeout 60 "$SCR" --leaks "$test" >"$work/out" 2>"$work/err" </dev/null
        wrong=$(verdict "$test" $?)
        if [ -n "$wrong" ]; then
            failed=$((failed + 1))
            echo "FAIL $test, allocation $n fails: $wrong"
            grep -v -e 'this allocation fails' -e 'objects alive at' "$work/err" | tail -3 | cut -c1-150 | sed 's/^/    stderr: /'
        else
            passed=$((passed + 1))
        fi
        grep -q 'this allocation fails' "$work/err" || break
        n=$((n + n / DENSITY + 1))
    done
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
