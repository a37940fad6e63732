#!/bin/sh
# Compares the stored expectations with what python3 (3.11) prints.  With --write, stores what it prints for tests without
# an expectation.
cd "$(dirname "$0")/../.." || exit 2
PYTHON=${PYTHON:-python3}
case $($PYTHON -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) in
3.11) ;;
*) echo "the oracle is python3 3.11; set PYTHON to it" >&2; exit 2 ;;
esac
same=0 different=0 left=0
out=$(mktemp) || exit 2
trap 'rm -f "$out"' EXIT
for test in $(find tests/lang tests/types tests/conc tests/loop tests/limits tests/regress tests/stress -name '*.scr' | sort); do
    base=${test%.scr}
    [ -f "$base.out" ] || [ "$1" = --write ] || continue
    if head -1 "$test" | grep -q '# scr only'; then left=$((left + 1)); continue; fi
    input=/dev/null
    [ -f "$base.in" ] && input=$base.in
    arguments=
    [ -f "$base.args" ] && arguments=$(cat "$base.args")
    timeout 20 $PYTHON "$test" $arguments <"$input" >"$out" 2>/dev/null
    if [ ! -f "$base.out" ]; then cp "$out" "$base.out"; fi
    if cmp -s "$out" "$base.out"; then same=$((same + 1)); else
        different=$((different + 1))
        echo "DIFFERENT $test (< stored, > python3)"
        diff "$base.out" "$out" | head -8 | sed 's/^/    /'
    fi
done
echo "$left tests are about scr itself and left out"
echo "$same passed, $different failed"
[ "$different" -eq 0 ]
