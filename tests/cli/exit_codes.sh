# What the shell sees.
run() { $SCR -c "$1" >/dev/null 2>&1; echo $?; }
run 'print(1)'
run 'raise ValueError'
run 'x = ('
run 'import sys; sys.exit(7)'
run 'import sys; sys.exit("message")'
run 'raise SystemExit'
run 'import os; os._exit(9)'
echo 'print("from stdin")' | $SCR
echo 'print("from -")' | $SCR - a b
$SCR -c 'import sys; print(sys.argv)' x y
$SCR -c 'for i in range(100000): print(i)' | head -1
$SCR -c 'print("flushed", flush=True); raise SystemExit(3)'
echo $?
