/* Waiting for a ticket to change: busily for a moment, then asleep. */
#include "runtime/conc/waitpoint.h"

#include "runtime/conc/blocking.h"
#include "runtime/conc/thread.h"
#include "runtime/plat/futex.h"
#include "runtime/plat/thread.h"

enum { SPINS_MIN = 2, SPINS_MAX = 400 };

static bool changed(const WaitPoint *point, uint32_t ticket) {
    return atomic_load_explicit(&point->ticket, memory_order_relaxed) != ticket;
}

static bool spin(const WaitPoint *point, uint32_t ticket, Thread *thread) {
    if (!thread || thread_count() < 2 || os_processor_count() < 2) return false;
    unsigned limit = thread->lock_spins;
    for (unsigned i = 0; i < limit; i++) {
        if (changed(point, ticket)) {
            if (limit < SPINS_MAX) thread->lock_spins = limit * 2;
            return true;
        }
        spin_pause();
    }
    if (limit > SPINS_MIN) thread->lock_spins = limit / 2;
    return false;
}

static FutexResult sleep_until_changed(WaitPoint *point, uint32_t ticket, int64_t deadline) {
    FutexResult result = FUTEX_WOKEN;
    atomic_fetch_add(&point->waiters, 1);
    while (result == FUTEX_WOKEN && !changed(point, ticket)) result = futex_wait(&point->ticket, ticket, deadline);
    atomic_fetch_sub(&point->waiters, 1);
    return result;
}

LockResult wait_point_wait(WaitPoint *point, uint32_t ticket, int64_t deadline) {
    Thread *thread = thread_current();
    if (thread) counter_add(&thread->counters.lock_waits, 1);
    FutexResult result = FUTEX_WOKEN;
    BLOCKING_BEGIN(point_wait)
    if (!spin(point, ticket, thread)) result = sleep_until_changed(point, ticket, deadline);
    BLOCKING_END
    if (result == FUTEX_INTERRUPTED) return safepoint_signals() ? LOCK_TAKEN : LOCK_FAILED;
    return result == FUTEX_TIMED_OUT && !changed(point, ticket) ? LOCK_TIMED_OUT : LOCK_TAKEN;
}

void wait_point_wake_slow(WaitPoint *point, int threads) { futex_wake(&point->ticket, threads); }
