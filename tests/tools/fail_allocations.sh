#!/bin/sh
# Runs small scripts with the n-th allocation failing, for many n: each run must end with a Python exception or one line, never
# with a signal.
cd "$(dirname "$0")/../.." || exit 2
SCR=${SCR:-./scr}
passed=0 failed=0
for test in tests/lang/classes.scr tests/lang/generators.scr tests/lang/f_strings.scr tests/lang/try_statement.scr; do
    n=1
    while [ "$n" -lt 20000 ]; do
        SCR_FAIL_ALLOCATION=$n timeout 60 "$SCR" "$test" >/dev/null 2>&1
        code=$?
        if [ "$code" -ge 124 ]; then
            failed=$((failed + 1))
            echo "FAIL $test with allocation $n failing: exit code $code"
        else
            passed=$((passed + 1))
        fi
        n=$((n + n / 8 + 1))
    done
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
