#!/bin/sh
# Checks what a script can check: floors, file and function sizes, names of exported functions, format, static analysis.
cd "$(dirname "$0")/../.." || exit 2
failed=0
for check in floors sizes names prose format static; do
    if sh "tests/tools/check_$check.sh"; then echo "ok $check"; else failed=1; echo "FAIL $check"; fi
done
exit $failed
