#!/bin/sh
# Fuzzes with clang's libFuzzer under ASan and UBSan.  usage: fuzz.sh [SECONDS for each target].  The tests' scripts are the
# seeds of the source target, and changed at random they are run.  What it keeps, finds included, is in $FUZZ (default build/fuzz/work).
cd "$(dirname "$0")/../.." || exit 2
seconds=${1:-60}
work=${FUZZ:-build/fuzz/work}
command -v clang >/dev/null || { echo "skipped: clang is not installed"; exit 0; }
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
flags="-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize=alignment,function -fno-omit-frame-pointer"
make -s -j"$jobs" CC=clang BUILD=build/fuzz ENGINES=plain OPTIMIZE=-O1 EXTRA_CFLAGS="$flags" EXTRA_LDFLAGS="-fsanitize=address,undefined,fuzzer" \
    build/fuzz/fuzz_source build/fuzz/fuzz_data || exit 1
mkdir -p "$work/fuzz_source" "$work/fuzz_data" "$work/seeds_fuzz_source" "$work/seeds_fuzz_data"
for test in $(find tests -name '*.scr' -size -4k); do cp "$test" "$work/seeds_fuzz_source/$(echo "$test" | tr / _)"; done
cp tests/fuzz/corpus/* "$work/seeds_fuzz_data"
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1
passed=0 failed=0
for target in fuzz_source fuzz_data; do
    if "build/fuzz/$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4000 -max_len=4096 -verbosity=0 -print_final_stats=1 \
        -artifact_prefix="$work/$target-" "$work/$target" tests/fuzz/corpus "$work/seeds_$target"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $target: the input is in $work"
    fi
done
echo "scripts with changed lines and words:"
timeout $((seconds * 2 + 60)) ./scr tests/fuzz/mutate.scr "$work/mutants" "$seconds" || failed=$((failed + 1))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
