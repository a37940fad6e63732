/* The interval policy: the lock of CPython 3.2 and later.
 *
 * A waiter sleeps until the lock is free, but at most for the interval.  When it wakes because of the time, and the
 * lock has not changed hands meanwhile, it asks the holder to drop it: the request names the switch number it was made
 * under and sets a bit in the holder's safepoint word.  The holder drops the lock at its next safepoint and then waits
 * until another thread has really taken it (forced switch): without that wait, the holder would win the lock back
 * before the waiter has even woken, as it did in CPython 2.  Then it queues up like everybody else.
 *
 * `locked` is the word that waiters sleep on.  `switches` counts each passing to a different thread; a thread that was
 * forced sleeps on that.  What each order of steps prevents:
 *   - a waiter counts itself before it looks at `locked`, a releaser frees `locked` before it looks at the count (both
 *     sequentially consistent), so a release never misses a sleeper;
 *   - a request names the switch number, so one that arrives late, when the lock has moved on, is void;
 *   - a forced thread waits with a limit and looks for waiters, since a waiter may have stopped for ever (gil_close).
 * A freed lock may be taken by whoever comes first: there is no queue and no priority.
 */
#include "runtime/conc/gil.h"

#include "runtime/base/hostile.h"
#include "runtime/plat/clock.h"
#include "runtime/plat/futex.h"
#include "runtime/plat/thread.h"

#include <limits.h>
#include <stddef.h>

enum { SPINS_MIN = 2, SPINS_MAX = 100 };

static struct {
    _Atomic uint32_t locked;   /* 0 or 1 */
    _Atomic uint32_t waiters;
    _Atomic uint32_t switches;
    _Atomic uint32_t forced;   /* threads that wait for a switch */
    _Atomic uint32_t requested; /* the switch number that a drop request was made under */
    _Atomic(Thread *) holder, last_holder;
    _Atomic(Thread *) survivor; /* set when the process ends: the only thread that may have the lock */
    _Atomic int64_t interval;
} gil = {.requested = UINT32_MAX, .interval = 5 * NS_PER_MS};

int64_t gil_interval(void) { return atomic_load_explicit(&gil.interval, memory_order_relaxed); }
void gil_set_interval(int64_t ns) { atomic_store_explicit(&gil.interval, ns, memory_order_relaxed); }
Thread *gil_holder(void) { return atomic_load_explicit(&gil.holder, memory_order_relaxed); }
uint64_t gil_switches(void) { return atomic_load_explicit(&gil.switches, memory_order_relaxed); }
void gil_close(Thread *except) { atomic_store(&gil.survivor, except); }

bool gil_is_closed_for(const Thread *thread) {
    Thread *survivor = atomic_load_explicit(&gil.survivor, memory_order_relaxed);
    return survivor && survivor != thread;
}

static bool try_lock(void) {
    uint32_t expected = 0;
    return atomic_compare_exchange_strong(&gil.locked, &expected, 1);
}

static void unlock(void) {
    atomic_store(&gil.locked, 0);
    if (atomic_load(&gil.waiters) > 0) futex_wake(&gil.locked, 1);
}

/* A busy wait of a few microseconds: often the holder is about to block. */
static bool spin(Thread *thread) {
    unsigned limit = thread->gil_spins;
    for (unsigned i = 0; i < limit; i++) {
        if (atomic_load_explicit(&gil.locked, memory_order_relaxed) == 0 && try_lock()) {
            if (limit < SPINS_MAX) thread->gil_spins = limit * 2;
            return true;
        }
        spin_pause();
    }
    if (limit > SPINS_MIN) thread->gil_spins = limit / 2;
    return false;
}

static void request_drop(Thread *thread, uint32_t switches) {
    Thread *holder = atomic_load(&gil.holder);
    if (!holder) return;
    atomic_store(&gil.requested, switches);
    safepoint_request(holder, SAFEPOINT_GIL_DROP);
    counter_add(&thread->counters.gil_requests, 1);
}

static void stop_for_ever(void) {
    atomic_fetch_sub(&gil.waiters, 1);
    unlock();
    os_thread_hang();
}

static void wait_until_locked(Thread *thread) {
    int64_t start = clock_monotonic(), now = start;
    atomic_fetch_add(&gil.waiters, 1);
    bool locked = os_processor_count() > 1 ? spin(thread) : try_lock();
    while (!locked) {
        uint32_t switches = atomic_load(&gil.switches);
        FutexResult result = futex_wait(&gil.locked, 1, now + gil_interval());
        locked = try_lock();
        if (!locked && result == FUTEX_TIMED_OUT && atomic_load(&gil.switches) == switches)
            request_drop(thread, switches);
        if (!locked) now = clock_monotonic();
    }
    if (gil_is_closed_for(thread)) stop_for_ever();
    atomic_fetch_sub(&gil.waiters, 1);
    counter_add(&thread->counters.gil_waits, 1);
    counter_add(&thread->counters.gil_wait_ns, (uint64_t)(clock_monotonic() - start));
}

static void acquire(Thread *thread) {
    if (!try_lock()) wait_until_locked(thread);
    else if (gil_is_closed_for(thread)) {
        atomic_fetch_add(&gil.waiters, 1);
        stop_for_ever();
    }
    atomic_store_explicit(&gil.holder, thread, memory_order_relaxed);
    if (atomic_load_explicit(&gil.last_holder, memory_order_relaxed) == thread) return;
    atomic_store_explicit(&gil.last_holder, thread, memory_order_relaxed);
    atomic_fetch_add(&gil.switches, 1);
    counter_add(&thread->counters.gil_handovers, 1);
    if (atomic_load(&gil.forced) > 0) futex_wake(&gil.switches, INT_MAX);
}

static void release(Thread *thread) {
    (void)thread;
    atomic_store_explicit(&gil.holder, NULL, memory_order_relaxed);
    unlock();
}

static void wait_for_switch(uint32_t switches) {
    atomic_fetch_add(&gil.forced, 1);
    while (atomic_load(&gil.switches) == switches && atomic_load(&gil.waiters) > 0)
        futex_wait(&gil.switches, switches, clock_monotonic() + gil_interval());
    atomic_fetch_sub(&gil.forced, 1);
}

static void at_safepoint(Thread *thread) {
    uint32_t switches = atomic_load(&gil.switches);
    bool wanted = IS_HOSTILE || atomic_load(&gil.requested) == switches;
    if (!wanted || atomic_load(&gil.waiters) == 0) return;
    atomic_store(&gil.requested, UINT32_MAX);
    counter_add(&thread->counters.gil_forced_drops, 1);
    thread->holds_gil = false;
    release(thread);
    wait_for_switch(switches);
    gil_acquire(thread);
}

static void fork_child(Thread *thread) {
    atomic_store(&gil.locked, 1);
    atomic_store(&gil.waiters, 0);
    atomic_store(&gil.forced, 0);
    atomic_store(&gil.holder, thread);
    atomic_store(&gil.last_holder, thread);
}

const GilPolicy gil_interval_policy = {"interval", acquire, release, at_safepoint, fork_child};
