#!/bin/sh
# Spacing and indentation of expressions are clang-format's; where lines break and which columns align is the author's.
command -v clang-format >/dev/null || { echo "skipped: clang-format is not installed"; exit 0; }
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT INT TERM

# Text without line breaks, continuations, aligned columns, and spaces and commas at the edge of brackets.
plain() { sed 's/\\$//' | tr '\n' ' ' | tr -s ' ' | sed 's/ \([])}]\)/\1/g; s/\([[({]\) /\1/g; s/,\([]})]\)/\1/g'; }

# Macros that clang-format takes for expressions: left to the eye.
git ls-files '*.c' '*.h' | grep -E '^(runtime|vm|stdlib|tests)/' |
    grep -v -e tables -e runtime/conc/blocking.h -e runtime/mem/rc.h -e runtime/conc/gil.c -e runtime/mem/type.h -e vm/exec/loop.c -e vm/code/compile_try.c | while read -r file; do
    clang-format "$file" | plain >"$work/formatted"
    plain <"$file" >"$work/written"
    cmp -s "$work/formatted" "$work/written" && continue
    echo "$file is not spaced as clang-format has it:"
    tr ' ' '\n' <"$work/written" >"$work/a"
    tr ' ' '\n' <"$work/formatted" | diff "$work/a" - | grep '^[<>]' | head -4
done | grep . && exit 1
exit 0
