# What passing things between two threads costs, for any Python: ns for a token there and back over two locks, for an
# item through a queue, for taking and releasing a free lock.
import sys
import threading
import time

try:
    from queue import Queue
except ImportError:
    from Queue import Queue
clock = getattr(time, "perf_counter", time.time)


def token(rounds):
    a, b = threading.Lock(), threading.Lock()
    a.acquire()
    b.acquire()

    def answer():
        for _ in range(rounds):
            a.acquire()
            b.release()

    t = threading.Thread(target=answer)
    t.start()
    begun = clock()
    for _ in range(rounds):
        a.release()
        b.acquire()
    took = clock() - begun
    t.join()
    return took / rounds


def item(count):
    q = Queue()

    def consume():
        for _ in range(count):
            q.get()

    t = threading.Thread(target=consume)
    begun = clock()
    t.start()
    for i in range(count):
        q.put(i)
    t.join()
    return (clock() - begun) / count


def free_lock(count):
    lock = threading.Lock()
    acquire, release = lock.acquire, lock.release
    begun = clock()
    for _ in range(count):
        acquire()
        release()
    return (clock() - begun) / count


best = [min(f(n) for _ in range(5)) * 1e9 for f, n in ((token, 2000), (item, 20000), (free_lock, 200000))]
sys.stdout.write("%.0f %.0f %.0f\n" % tuple(best))
