# Threads that wait for each other are told of at once, with the lines; --deadlock=exit ends with 66.
dir=$(mktemp -d)
cat >$dir/circle.scr <<'S'
import threading
left, right = threading.Lock(), threading.RLock()
gate = threading.Barrier(2)

def first():
    with left:
        gate.wait()
        with right:
            pass

def second():
    with right:
        gate.wait()
        left.acquire()

print("begins")
for f in first, second:
    threading.Thread(target=f, daemon=True, name=f.__name__).start()
threading.Event().wait(0.5)
print("goes on")
S
cat >$dir/twice.scr <<'S'
import threading
lock = threading.Lock()

def f():
    with lock:
        lock.acquire()

t = threading.Thread(target=f, name="f")
t.start()
t.join()
S
cat >$dir/signal.scr <<'S'
# No deadlock: another thread opens the lock.
import threading, time
lock = threading.Lock()
lock.acquire()
threading.Timer(0.05, lock.release).start()
lock.acquire()
done = threading.Event()
threading.Timer(0.05, done.set).start()
done.wait()


def answer():
    for i in range(2000):
        ask.acquire()
        reply.release()


ask, reply = threading.Lock(), threading.Lock()
ask.acquire()
reply.acquire()
threading.Thread(target=answer).start()
for i in range(2000):
    ask.release()
    reply.acquire()
print("fine")
S
tidy() { sed -e "s|$dir/||g" -e 's/0x[0-9a-f]*/0x/g'; }
$SCR $dir/circle.scr 2>&1 | tidy | sort
$SCR --deadlock=exit $dir/circle.scr 2>/dev/null
echo "exit $?"
$SCR --deadlock=exit $dir/twice.scr 2>&1 | tidy
$SCR --deadlock=exit $dir/signal.scr
echo "exit $?"
cat >$dir/orders.scr <<'S'
import threading
left, right, gate = threading.Lock(), threading.Lock(), threading.Lock()

def first():
    with left:
        with right:
            pass

def second():
    with right:
        with left:
            pass

def guarded():
    with gate:
        second()

for f in FUNCTIONS:
    t = threading.Thread(target=f, name=f.__name__)
    t.start()
    t.join()
S
sed 's/FUNCTIONS/first, second/' $dir/orders.scr >$dir/wrong.scr
sed 's/FUNCTIONS/first, first/' $dir/orders.scr >$dir/right.scr
$SCR --stats $dir/wrong.scr 2>&1 | sed -n '/inversion/,$p' | tidy
$SCR --stats $dir/right.scr 2>&1 | grep -c inversion
rm -rf $dir
