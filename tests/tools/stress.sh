#!/bin/sh
# Runs the tests in a hostile build (runtime/base/hostile.h): exact blocks from malloc, poisoned when freed; tiny buffers; a
# collection and a switch at every chance; asserts; counts that are checked.  Then programs with the n-th allocation failing.
cd "$(dirname "$0")/../.." || exit 2
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
make -s -j"$jobs" BUILD=build/hostile ENGINES=checked OPTIMIZE=-O1 build/hostile/scr-checked EXTRA_CFLAGS="-DHOSTILE -DDEBUG $EXTRA_CFLAGS" || exit 1
export SCR=build/hostile/scr-checked BUILD=build/hostile
status=0
echo "collections, switches, poison and asserts everywhere:"
# Left out: what measures when the lock is given away.
SKIP="conc/blocking_calls_release|conc/gil_|cli/gil_" TEST_SECONDS=180 sh tests/tools/test.sh lang types conc loop limits regress stress cli || status=1
echo "failing allocations:"
sh tests/tools/fail_allocations.sh || status=1
exit $status
