#!/bin/sh
# Runs one test; says something only when it fails.  The runner counts the .ok files in $results.
test=$1
id=$(echo "$test" | tr '/' '_')
out=$results/$id.stdout
err=$results/$id.stderr
base=${test%.*}
limit=${TEST_SECONDS:-60}

fail() {
    {
        echo "FAIL $test: $1"
        [ -n "$2" ] && echo "$2" | head -20 | sed 's/^/    /'
        [ -s "$err" ] && tail -4 "$err" | sed 's/^/    stderr: /'
    } >"$results/$id.report"
    cat "$results/$id.report"
    exit 0
}

input=/dev/null
[ -f "$base.in" ] && input=$base.in
expected=0
[ -f "$base.code" ] && expected=$(cat "$base.code")
arguments=
[ -f "$base.args" ] && arguments=$(cat "$base.args")

case $test in
tests/cli/*) timeout "$limit" sh "$test" <"$input" >"$out" 2>"$err" ;;
*/unit/test_*) timeout "$limit" "$test" >"$out" 2>"$err" ;;
*) timeout "$limit" $SCR "$test" $arguments <"$input" >"$out" 2>"$err" ;;
esac
code=$?
[ "$code" -eq 124 ] && fail "no end after $limit s"
[ "$code" -eq "$expected" ] || fail "exit code $code instead of $expected" "$(tail -3 "$out")"
if [ -f "$base.out" ]; then
    cmp -s "$base.out" "$out" || fail "wrong output (< expected, > printed)" "$(diff "$base.out" "$out")"
fi
if [ -f "$base.err" ]; then
    cmp -s "$base.err" "$err" || fail "wrong messages (< expected, > printed)" "$(diff "$base.err" "$err")"
fi
: >"$results/$id.ok"
