#!/bin/sh
# Runs the tests in a hostile build: exact blocks from malloc, poisoned when freed; a collection at every safepoint behind an
# allocation; asserts; counts that are checked; then small scripts with the n-th allocation failing.
cd "$(dirname "$0")/../.." || exit 2
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
make -s -j"$jobs" BUILD=build/hostile ENGINES=checked OPTIMIZE=-O1 build/hostile/scr-checked EXTRA_CFLAGS="-DHOSTILE -DDEBUG" || exit 1
echo "poisoned frees, asserts, checked counts:"
SCR=build/hostile/scr-checked BUILD=build/hostile TEST_SECONDS=180 sh tests/tools/test.sh lang types conc limits regress || exit 1
echo "failing allocations:"
SCR=build/hostile/scr-checked sh tests/tools/fail_allocations.sh
