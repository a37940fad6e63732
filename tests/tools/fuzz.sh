#!/bin/sh
# Fuzzes with clang's libFuzzer under ASan and UBSan.  usage: fuzz.sh [SECONDS for each target]; finds are left in build/fuzz/.
cd "$(dirname "$0")/../.." || exit 2
seconds=${1:-60}
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
flags="-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize=alignment,function -fno-omit-frame-pointer"
make -s -j"$jobs" CC=clang BUILD=build/fuzz ENGINES=plain OPTIMIZE=-O1 EXTRA_CFLAGS="$flags" EXTRA_LDFLAGS="-fsanitize=address,undefined,fuzzer" \
    build/fuzz/fuzz_source build/fuzz/fuzz_data || exit 1
status=0
for target in fuzz_source fuzz_data; do
    mkdir -p "build/fuzz/corpus_$target"
    ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 "build/fuzz/$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4000 \
        -artifact_prefix="build/fuzz/$target-" "build/fuzz/corpus_$target" tests/fuzz/corpus || status=1
done
exit $status
