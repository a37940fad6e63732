#!/bin/sh
# Every file opens with a sentence; the table of the library and the files on disk agree.
status=0
for file in $(git ls-files '*.c' '*.h' | grep -E '^(runtime|vm|stdlib)/'); do
    head -1 "$file" | grep -q '^/\*' || { echo "$file does not open with a sentence"; status=1; }
done
for path in $(sed -n 's/^\(SCRIPT\|PACKAGE\)(.*"\(stdlib[^"]*\)").*/\2/p' stdlib/modules.def); do
    [ -f "$path" ] || { echo "modules.def names $path, which is not there"; status=1; }
done
for path in $(git ls-files 'stdlib/*.scr'); do
    grep -q "\"$path\"" stdlib/modules.def || { echo "$path has no row in modules.def"; status=1; }
done
exit $status
