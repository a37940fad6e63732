# A UDP echo server beside SPINNERS threads that compute, for any Python.  usage: echo.py SPINNERS [INTERVAL]
# Prints its port, answers until it is told to quit.
import socket
import sys
import threading


def spin():
    n = 0
    while True:
        n += 1


s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
if len(sys.argv) > 2:
    sys.setswitchinterval(float(sys.argv[2]))
for _ in range(int(sys.argv[1])):
    t = threading.Thread(target=spin)
    t.daemon = True
    t.start()
sys.stdout.write("%d\n" % s.getsockname()[1])
sys.stdout.flush()
while True:
    data, address = s.recvfrom(2048)
    s.sendto(data, address)
    if data == b"quit":
        break
