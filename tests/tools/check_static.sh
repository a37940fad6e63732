#!/bin/sh
# Static analysis.  What is left out: cppcheck 2.10 takes GMP's arrays of one (mpz_t) for variables that nobody sets, does not
# read hexadecimal floats, and cannot expand some of the tables of macros.
command -v cppcheck >/dev/null || { echo "skipped: cppcheck is not installed"; exit 0; }
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
cppcheck -j"$jobs" -q --std=c11 --language=c -I. --enable=warning,portability --max-configs=1 -DRC_POLICY=plain -D__x86_64__ -D__GNUC__=12 \
    --suppress=missingIncludeSystem --suppress=unknownMacro --suppress=syntaxError \
    --suppress=uninitvar:runtime/types/int_*.c --suppress=incorrectLogicOperator:runtime/types/int_convert.c --inline-suppr \
    --error-exitcode=1 --template='{file}:{line}: {id}: {message}' runtime vm stdlib
