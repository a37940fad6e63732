/* The interval policy: the lock of CPython 3.2 and later.
 *
 * A waiter sleeps until the lock is free, but at most for the interval.  When it wakes because of the time, and the
 * lock has not changed hands meanwhile, it asks the holder to drop it.  The holder drops the lock at its next safepoint
 * and then waits until another thread has really taken it (forced switch).  Then it queues up like everybody else.
 *
 * Known for the convoy: the lock goes to whoever comes first and knows no priorities, so a thread that comes back from
 * I/O while another one computes waits a whole interval, every time.
 *
 * `locked` is the word that waiters sleep on.  A waiter counts itself before it looks at `locked`, a releaser frees
 * `locked` before it looks at the count (both sequentially consistent), so a release never misses a sleeper.
 */
#include "runtime/conc/gil.h"

#include <limits.h>

#include "runtime/plat/clock.h"
#include "runtime/plat/futex.h"
#include "runtime/plat/thread.h"

enum { FREE, TAKEN, CLOSED }; /* closed: another policy rules */
enum { SPINS_MIN = 2, SPINS_MAX = 100 };
enum { GIVE_WAY = 100000 }; /* ns */

static struct {
    _Atomic uint32_t locked, waiters;
} lock = {.locked = FREE};

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

/* A busy wait of a few microseconds: often the holder is about to block. */
static bool spin(Thread *thread) {
    if (os_processor_count() < 2) return false;
    unsigned limit = thread->gil_spins;
    for (unsigned i = 0; i < limit; i++) {
        if (atomic_load_explicit(&lock.locked, memory_order_relaxed) == FREE && try_acquire(thread)) {
            if (limit < SPINS_MAX) thread->gil_spins = limit * 2;
            return true;
        }
        spin_pause();
    }
    if (limit > SPINS_MIN) thread->gil_spins = limit / 2;
    return false;
}

/* Who asks for the first time stands behind those who have slept all along: one of them is woken, and is given time to
 * take the lock.  So beside two computing threads a third one may wait for several intervals, as in CPython. */
static void ask(Thread *thread, uint64_t switches, bool gives_way) {
    gil_request_drop(thread, switches);
    if (gives_way && atomic_load(&lock.waiters) > 1) gil_await_switch(switches, clock_monotonic() + GIVE_WAY);
}

static bool sleep_until_taken(Thread *thread) {
    for (bool asked = false; !try_acquire(thread);) {
        if (!gil_policy_is(&gil_interval_policy)) return false;
        uint64_t switches = gil_switches();
        FutexResult result = futex_wait(&lock.locked, TAKEN, clock_monotonic() + gil_interval());
        if (try_acquire(thread)) return true;
        if (result == FUTEX_WOKEN) counter_add(&thread->counters.gil_wasted_wakeups, 1);
        if (result != FUTEX_TIMED_OUT || gil_switches() != switches) continue;
        ask(thread, switches, !asked);
        asked = true;
    }
    return true;
}

static bool wait(Thread *thread) {
    atomic_fetch_add(&lock.waiters, 1);
    bool taken = sleep_until_taken(thread);
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

const GilPolicy gil_interval_policy = {
    .name = "interval",
    .summary = "a waiter asks after an interval, the holder hands over (CPython 3)",
    .has_interval = true,
    .waits_for_switch = true,
    .try_acquire = try_acquire,
    .spin = spin,
    .wait = wait,
    .release = release,
    .is_wanted = is_wanted,
    .begin = begin,
    .end = end,
};
