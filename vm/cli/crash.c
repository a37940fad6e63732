/* What a signal handler can still say: thread, line, what the damage looks like, and how to have it explained.
 *
 * The heap may be in any state, so nothing is allocated and only fields of the code object are read.
 */
#include "vm/cli/crash.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/conc/thread.h"
#include "runtime/types/str.h"
#include "vm/exec/frame.h"

static const char *command;

static const char *name_of(int number) {
    switch (number) {
    case SIGSEGV: return "segmentation fault";
    case SIGBUS: return "bus error";
    case SIGILL: return "illegal instruction";
    case SIGFPE: return "arithmetic error";
    default: return "abort";
    }
}

static const char *damage_of(int number, const void *address) {
    if (number == SIGABRT) return "the runtime found its own data inconsistent";
    if ((uintptr_t)address < 4096) return "an empty slot was used as an object: something was torn while it changed";
    return "an address that is no object: memory was used after it had been freed and given to something else";
}

/* The text of a one-byte string, or "?". */
static const char *text_of(Value v) {
    return is_set(v) && is_object(v) && str_width(as_str(v)) == 1 ? (const char *)as_str(v)->data : "?";
}

static int describe_place(char *out, size_t size) {
    const Frame *frame = machine.frame;
    while (frame && frame != &machine.base && !frame->code) frame = frame->back;
    if (!frame || !frame->code) return snprintf(out, size, "outside the script");
    const Code *code = frame->code;
    return snprintf(out, size, "%s:%d in %s", text_of(code->filename), frame_line(frame), text_of(code->name));
}

static void say(const char *text, int n, size_t size) {
    if (write(STDERR_FILENO, text, n < (int)size ? (size_t)n : size - 1) < 0) _exit(128 + SIGABRT);
}

/* The parts in order; a fault while one is made goes on with the next. */
static void handle(int number, siginfo_t *info, void *context) {
    static volatile sig_atomic_t parts;
    static const void *address;
    (void)context;
    char text[1200];
    if (parts == 0) {
        parts = 1;
        address = info->si_addr;
        Thread *thread = thread_current();
        const char *name = thread && thread->name[0] ? thread->name : thread && thread->is_main ? "MainThread" : "a thread";
        say(text, snprintf(text, sizeof text, "==scr== %s in %s\n", name_of(number), name), sizeof text);
        char place[512];
        describe_place(place, sizeof place);
        say(text, snprintf(text, sizeof text, "  at    %s\n", place), sizeof text);
    }
    if (parts++ == 1) {
        int n = snprintf(text, sizeof text,
                         "  looks like: %s\n"
                         "  why: threads changed reference counts and objects with no lock between them; to see which:\n"
                         "      scr --gil=off %s\n",
                         damage_of(number, address), command);
        say(text, n, sizeof text);
    }
    signal(number, SIG_DFL);
    raise(number);
}

void crash_watch(const char *script) {
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    command = script ? script : "FILE";
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaction(numbers[i], &action, NULL);
}
