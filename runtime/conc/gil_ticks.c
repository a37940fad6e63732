/* The ticks policy: the lock of CPython up to 2.7.
 *
 * Every thread counts its instructions; each time that the check interval is used up it frees the lock and takes it
 * again at once.  A waiter sleeps until somebody frees the lock, and is woken by the system.
 *
 * Known for thrashing: nobody hands the lock over.  On several processors the thread that freed it has it back before
 * the woken one runs; that one finds it taken and sleeps again, thousands of times a second, and threads that compute
 * are slower together than one after the other.
 *
 * A waiter counts itself before it looks at `locked`, a releaser frees `locked` before it looks at the count, so a
 * release never misses a sleeper.
 */
#include "runtime/conc/gil.h"

#include <limits.h>

#include "runtime/plat/futex.h"

enum { FREE, TAKEN, CLOSED }; /* closed: another policy rules */

static struct {
    _Atomic uint32_t locked, waiters;
} lock = {.locked = CLOSED};

static bool try_acquire(Thread *thread) {
    (void)thread;
    uint32_t expected = FREE;
    return atomic_compare_exchange_strong(&lock.locked, &expected, TAKEN);
}

static void release(Thread *thread, GilRelease why) {
    (void)thread, (void)why;
    atomic_store(&lock.locked, FREE);
    if (atomic_load(&lock.waiters) > 0) futex_wake(&lock.locked, 1);
}

static bool wait(Thread *thread) {
    bool taken;
    atomic_fetch_add(&lock.waiters, 1);
    while (!(taken = try_acquire(thread)) && gil_policy_is(&gil_ticks_policy)) {
        FutexResult result = futex_wait(&lock.locked, TAKEN, -1);
        if ((taken = try_acquire(thread))) break;
        if (result == FUTEX_WOKEN) counter_add(&thread->counters.gil_wasted_wakeups, 1);
    }
    atomic_fetch_sub(&lock.waiters, 1);
    return taken;
}

static bool is_wanted(void) { return atomic_load(&lock.waiters) > 0; }

static void begin(Thread *thread) {
    (void)thread;
    if (thread_count() < 2) atomic_store(&lock.waiters, 0);
    atomic_store(&lock.locked, TAKEN);
}

static void end(void) {
    atomic_store(&lock.locked, CLOSED);
    futex_wake(&lock.locked, INT_MAX);
}

const GilPolicy gil_ticks_policy = {
    .name = "ticks",
    .summary = "released and taken again every N instructions (CPython 2)",
    .has_ticks = true,
    .try_acquire = try_acquire,
    .wait = wait,
    .release = release,
    .is_wanted = is_wanted,
    .begin = begin,
    .end = end,
};
