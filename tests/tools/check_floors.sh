#!/bin/sh
# A file includes only its own floor or a lower one.
floor() {
    case $1 in
    runtime/base/*) echo 0 ;;
    runtime/plat/*) echo 1 ;;
    runtime/observe/*) echo 2 ;;
    runtime/mem/*) echo 3 ;;
    runtime/types/*) echo 4 ;;
    runtime/conc/*) echo 5 ;;
    runtime/loop/*) echo 6 ;;
    runtime/explore/* | runtime/runtime.h) echo 7 ;;
    vm/front/*) echo 8 ;;
    vm/code/*) echo 9 ;;
    vm/exec/*) echo 10 ;;
    stdlib/*) echo 11 ;;
    vm/cli/*) echo 12 ;;
    *) echo 99 ;;
    esac
}
git ls-files '*.c' '*.h' '*.def' | grep -E '^(runtime|vm|stdlib)/' | while read -r file; do
    own=$(floor "$file")
    sed -n 's/^#include "\([^"]*\)".*/\1/p' "$file" | while read -r included; do
        theirs=$(floor "$included")
        [ "$theirs" -le "$own" ] || echo "$file (floor $own) includes $included (floor $theirs)"
    done
done | grep . && exit 1
exit 0
