# The same countdown in turn and in two threads, for any Python: seconds in turn, seconds together, their ratio.
import sys
import time
from threading import Thread


def countdown(n):
    while n > 0:
        n -= 1


n = int(sys.argv[1])
begun = time.time()
countdown(n)
countdown(n)
in_turn = time.time() - begun
threads = [Thread(target=countdown, args=(n,)) for _ in range(2)]
begun = time.time()
for t in threads:
    t.start()
for t in threads:
    t.join()
together = time.time() - begun
sys.stdout.write("%.4f %.4f %.3f\n" % (in_turn, together, together / in_turn))
