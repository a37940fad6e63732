#!/bin/sh
# No file above 900 lines (the loop and tables of data excepted), no line above 140 columns, no function above 100 lines.
status=0
git ls-files '*.c' '*.h' | grep -E '^(runtime|vm|stdlib)/' | grep -v -e vm/exec/loop.c -e tables | while read -r file; do
    lines=$(wc -l <"$file")
    [ "$lines" -le 900 ] || echo "$file has $lines lines"
    awk -v file="$file" 'length($0) > 140 {print file ":" NR ": a line of " length($0) " columns"; exit}' "$file"
    awk -v file="$file" '
        /^[A-Za-z_].*\)[ ]*\{$/ {start = NR; name = $0}
        /^}/ && start {if (NR - start > 100) print file ":" start ": a function of " NR - start " lines"; start = 0}' "$file"
done | grep . && status=1
exit $status
