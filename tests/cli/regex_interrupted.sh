# A match that backtracks for ever stops for Ctrl-C, and holds up neither other threads nor the end of the process.
cat >"${TMPDIR:-/tmp}/scr_regex_$$.scr" <<'END'
import os, re, signal, threading, time

signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Thread(target=lambda: re.match("(b+)+$", "b" * 60 + "c"), daemon=True).start()
threading.Thread(target=lambda: (time.sleep(0.2), os.kill(os.getpid(), signal.SIGINT)), daemon=True).start()
try:
    re.match("(a+)+$", "a" * 60 + "b")
except KeyboardInterrupt:
    print("interrupted")
END
$SCR "${TMPDIR:-/tmp}/scr_regex_$$.scr"
echo "exit code $?"
rm -f "${TMPDIR:-/tmp}/scr_regex_$$.scr"
