# A wrong value is one line with the valid ones, and exit code 2; so is a file that cannot be written.
for option in --gil=lottery --gil= --as=jython --switch-interval=0 --switch-interval=soon --check-interval=none \
    --preempt=never --stats=xml --timeline=5..2 --timeline=x --deadlock=panic --trace --trace=/no/such/folder/t.json \
    --stats=json:/no/such/folder/s.json --trace-calls --trace-calls=1; do
    $SCR $option -c 'print("ran")' 2>&1
    echo "exit $?"
done
$SCR --gil=ticks --switch-interval=1ms -c 'print("ran")' 2>&1
$SCR --gil=fair --check-interval=10 -c 'print("ran")' 2>&1
for option in --gil=ticks --as=ruby3 --preempt=anywhere "--switch-interval=100us" "--gil=ticks --check-interval=7"; do
    $SCR $option -c 'import gil; print(*gil.settings().values())'
done
$SCR --help | grep -c -e '^  cpython' -e '^  ruby3' -e '^  beazley'
