/* The bracket around calls that block, and the table of them. */
#include "runtime/conc/blocking.h"

#include <errno.h>

#include "runtime/conc/gil.h"

BlockingRow blocking_rows[] = {
#define BLOCKING(id, kind, name) {name, BLOCKING_##kind, false},
#include "runtime/conc/blocking.def"
#undef BLOCKING
};

static const ThreadState states[] = {
    [BLOCKING_IO] = STATE_IO,
    [BLOCKING_LOCK] = STATE_LOCK,
    [BLOCKING_SLEEP] = STATE_SLEEP,
    [BLOCKING_COMPUTE] = STATE_COMPUTE,
};

void blocking_begin(BlockingCall call) {
    Thread *thread = thread_current();
    if (!thread) return;
    thread->blocked_in = call;
    if (blocking_rows[call].keeps) return;
    Account *account = thread->account;
    if (account) account_enter(account, states[blocking_rows[call].kind], call);
    gil_release(thread);
}

void blocking_end(void) {
    Thread *thread = thread_current();
    if (!thread || thread->holds_gil) return;
    int saved = errno;
    gil_acquire(thread);
    errno = saved;
}
