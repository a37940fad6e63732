#!/bin/sh
# Runs the tests under AddressSanitizer and UndefinedBehaviorSanitizer, and the thread tests under ThreadSanitizer.
cd "$(dirname "$0")/../.." || exit 2
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
export ASAN_OPTIONS="detect_leaks=0:allocator_may_return_null=1:detect_stack_use_after_return=0"
export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"
make -s -j"$jobs" BUILD=build/asan ENGINES=plain OPTIMIZE=-O1 build/asan/scr \
    EXTRA_CFLAGS="-fsanitize=address,undefined -fno-sanitize=alignment -fno-omit-frame-pointer" \
    EXTRA_LDFLAGS="-fsanitize=address,undefined" || exit 1
echo "ASan and UBSan:"
SCR=build/asan/scr BUILD=build/asan TEST_SECONDS=180 sh tests/tools/test.sh lang types conc loop limits regress || exit 1
make -s -j"$jobs" BUILD=build/tsan ENGINES=plain OPTIMIZE=-O1 build/tsan/scr \
    EXTRA_CFLAGS="-fsanitize=thread -fno-omit-frame-pointer" EXTRA_LDFLAGS="-fsanitize=thread" || exit 1
echo "TSan:"
# A child of a program with threads cannot have threads of its own under TSan.
SKIP=loop/process_pool TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1" SCR=build/tsan/scr BUILD=build/tsan TEST_SECONDS=180 sh tests/tools/test.sh conc loop
