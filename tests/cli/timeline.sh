# The timeline has a row for each thread, fits the width, and uses ASCII where the terminal needs it.
dir=$(mktemp -d)
cat >$dir/run.scr <<'S'
import threading, time
threads = [threading.Thread(target=time.sleep, args=(0.05,), name=f"sleeper-{i}") for i in range(2)]
for t in threads:
    t.start()
for t in threads:
    t.join()
S
for width in 60 100; do
    LC_ALL=C COLUMNS=$width $SCR --timeline $dir/run.scr 2>$dir/out
    grep -c '^sleeper-[01] *|[ #?il.c]*|$' $dir/out
    awk -v w=$width 'length($0) > w {print "too wide: " length($0)}' $dir/out
done
grep -c -e '# running' $dir/out
LC_ALL=C.UTF-8 $SCR --timeline $dir/run.scr 2>&1 | grep -c '│.*·.*│'
LC_ALL=C $SCR --timeline=0.01..0.03 $dir/run.scr 2>&1 | grep -o '^10.0 ms to 30.0 ms'
LC_ALL=C $SCR --timeline=9..10 $dir/run.scr 2>&1 | grep -c 'nothing to draw'
rm -rf $dir
