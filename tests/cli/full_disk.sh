# What cannot be written is reported, once; a closed stream is None.
$SCR -c 'print(1)' 2>&1 >/dev/full | cat
$SCR -c 'print(1)' >/dev/full 2>/dev/null; echo "exit code $?"
$SCR -c 'print("x" * 100000)' 2>&1 >/dev/full | tail -1
$SCR -c '1 / 0' 2>/dev/full; echo "exit code $?"
$SCR -c 'print("lost")' >&-; echo "exit code $?"
$SCR -c 'import sys; print(sys.stdin)' <&-
$SCR -c 'import sys; print(sys.stderr); 1 / 0' 2>&-; echo "exit code $?"
$SCR -c 'input()' <&- 2>&1 | tail -1
