# Four threads count one global up, for any Python: how many updates were lost in the worst of a few attempts.
import sys
import time
import threading

ROUNDS = int(sys.argv[1])


def add():
    global n
    for i in range(ROUNDS):
        n += 1


lost = 0
end = time.time() + 2
while lost == 0 and time.time() < end:
    n = 0
    threads = [threading.Thread(target=add) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    lost = 4 * ROUNDS - n
sys.stdout.write("%d\n" % lost)
