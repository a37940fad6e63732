/* Catching signals without doing anything in the handler. */
#include "runtime/plat/signal.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

void (*signal_notify)(void);
_Atomic int signal_wakeup_fd = -1;

static _Atomic uint64_t pending;

void signal_simulate(int number) {
    atomic_fetch_or(&pending, UINT64_C(1) << (number - 1));
    if (signal_notify) signal_notify();
}

static void handle(int number) {
    int saved = errno, fd = atomic_load(&signal_wakeup_fd);
    unsigned char byte = (unsigned char)number;
    signal_simulate(number);
    if (fd >= 0 && write(fd, &byte, 1) < 0) errno = 0; /* a full pipe wakes its reader as well */
    errno = saved;
}

/* Without SA_RESTART: blocking calls end with EINTR, and so the main thread comes to its safepoint. */
bool signal_set_action(int number, SignalAction action) {
    struct sigaction a;
    memset(&a, 0, sizeof a);
    sigemptyset(&a.sa_mask);
    a.sa_handler = action == SIGNAL_CATCH ? handle : action == SIGNAL_IGNORE ? SIG_IGN : SIG_DFL;
    return sigaction(number, &a, NULL) == 0;
}

bool signal_is_ignored(int number) {
    struct sigaction a;
    return sigaction(number, NULL, &a) == 0 && a.sa_handler == SIG_IGN;
}

bool signal_is_caught(int number) {
    struct sigaction a;
    return sigaction(number, NULL, &a) == 0 && a.sa_handler == handle;
}

uint64_t signal_take_pending(void) { return atomic_exchange(&pending, 0); }
bool signal_any_pending(void) { return atomic_load(&pending) != 0; }
