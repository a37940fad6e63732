# The trace keeps to the rules of its format: every slice nests and ends, times do not go back, arrows have two ends.
dir=$(mktemp -d)
cat >$dir/run.scr <<'S'
import threading, time
lock = threading.Lock()
def work(n):
    for i in range(n):
        with lock:
            helper(i)
        time.sleep(0.0005)
def helper(i):
    return sum(range(2000))
def numbers():
    for i in range(5):
        yield helper(i)
threads = [threading.Thread(target=work, args=(20,), name=f"worker-{i} \"q\"") for i in range(3)]
for t in threads:
    t.start()
list(numbers())
for t in threads:
    t.join()
S
cat >$dir/check.scr <<'S'
import json, sys
data = json.load(open(sys.argv[1]))
events = data["traceEvents"]
open_slices, last, arrows, seen = {}, {}, {}, {}
for e in events:
    seen[e["ph"]] = seen.get(e["ph"], 0) + 1
    assert e["ph"] in "BEsfiCM", e
    assert isinstance(e["pid"], int) and isinstance(e["tid"], int) and e["ts"] >= 0
    track = e["tid"]
    if e["ph"] in "BE":
        assert e["ts"] >= last.get(track, 0), (e, last)
        last[track] = e["ts"]
    if e["ph"] == "B":
        assert e["name"]
        open_slices.setdefault(track, []).append(e)
    elif e["ph"] == "E":
        assert open_slices[track].pop()["ts"] <= e["ts"]
    elif e["ph"] in "sf":
        arrows.setdefault(e["id"], []).append(e)
    elif e["ph"] == "C":
        assert all(v >= 0 for v in e["args"].values())
assert not any(open_slices.values()), open_slices
for pair in arrows.values():
    assert [e["ph"] for e in pair] == ["s", "f"] and pair[0]["ts"] <= pair[1]["ts"], pair
names = {e["args"]["name"] for e in events if e.get("name") == "thread_name"}
print(sorted(names))
states = {e["name"] for e in events if e.get("cat") == "state"}
print("running" in states, "sleeping" in states, bool(arrows), seen["C"] > 0)
functions = [e["name"] for e in events if e.get("cat") == "function" and e["ph"] == "B"]
print(functions.count("helper"), "numbers" in functions)
print(data["otherData"]["missing_events"])
S
$SCR --trace=$dir/t.json $dir/run.scr
$SCR $dir/check.scr $dir/t.json
$SCR --trace=$dir/t.json --trace-calls $dir/run.scr
$SCR $dir/check.scr $dir/t.json
cat >$dir/many.scr <<'S'
import time
for i in range(60000):
    time.sleep(0)
S
$SCR --trace=$dir/t.json $dir/many.scr 2>&1 | grep -c 'lacks [0-9]* events'
$SCR $dir/check.scr $dir/t.json | tail -1 | grep -c '^[1-9]'
rm -rf $dir
