/* Waiting for script-visible locks: first busily, while somebody may give the lock back at once, then asleep. */
#include "runtime/conc/lock.h"

#include "runtime/conc/blocking.h"
#include "runtime/conc/thread.h"
#include "runtime/plat/clock.h"
#include "runtime/plat/futex.h"
#include "runtime/plat/thread.h"

enum { SPINS_MIN = 2, SPINS_MAX = 400 };

void lock_wake(Lock *lock) { futex_wake(&lock->state, 1); }

/* Pays in an exchange of messages between two threads, so the limit follows success.  Not when nobody else runs. */
static bool spin(Lock *lock, Thread *thread) {
    if (!thread || thread_count() < 2 || os_processor_count() < 2) return false;
    unsigned limit = thread->lock_spins;
    for (unsigned i = 0; i < limit; i++) {
        if (!lock_is_held(lock) && lock_try(lock)) {
            if (limit < SPINS_MAX) thread->lock_spins = limit * 2;
            return true;
        }
        spin_pause();
    }
    if (limit > SPINS_MIN) thread->lock_spins = limit / 2;
    return false;
}

/* The GIL is not held.  LOCK_FAILED: a signal came. */
static LockResult sleep_until_taken(Lock *lock, int64_t deadline) {
    for (;;) {
        if (atomic_exchange_explicit(&lock->state, LOCK_CONTENDED, memory_order_acquire) == LOCK_FREE)
            return LOCK_TAKEN;
        FutexResult result = futex_wait(&lock->state, LOCK_CONTENDED, deadline);
        if (result == FUTEX_TIMED_OUT) return lock_try(lock) ? LOCK_TAKEN : LOCK_TIMED_OUT;
        if (result == FUTEX_INTERRUPTED) return LOCK_FAILED;
    }
}

LockResult lock_acquire_slow(Lock *lock, int64_t timeout) {
    Thread *thread = thread_current();
    int64_t deadline = timeout < 0 ? -1 : clock_monotonic() + timeout;
    if (thread) counter_add(&thread->counters.lock_waits, 1);
    for (;;) {
        LockResult result;
        BLOCKING_BEGIN(lock_wait)
        result = spin(lock, thread) ? LOCK_TAKEN : sleep_until_taken(lock, deadline);
        BLOCKING_END
        if (result != LOCK_FAILED) return result;
        if (!safepoint_signals()) return LOCK_FAILED;
    }
}

void recursive_lock_taken(RecursiveLock *lock) {
    atomic_store_explicit(&lock->owner, thread_current()->ident, memory_order_relaxed);
    lock->count = 1;
}

LockResult recursive_lock_acquire(RecursiveLock *lock, int64_t timeout) {
    uint64_t me = thread_current()->ident;
    if (atomic_load_explicit(&lock->owner, memory_order_relaxed) == me) {
        lock->count++;
        return LOCK_TAKEN;
    }
    LockResult result = lock_acquire(&lock->lock, timeout);
    if (result != LOCK_TAKEN) return result;
    recursive_lock_taken(lock);
    return LOCK_TAKEN;
}

bool recursive_lock_is_owned(const RecursiveLock *lock) {
    return atomic_load_explicit(&lock->owner, memory_order_relaxed) == thread_current()->ident;
}

bool recursive_lock_release(RecursiveLock *lock) {
    if (!recursive_lock_is_owned(lock)) return false;
    if (--lock->count > 0) return true;
    atomic_store_explicit(&lock->owner, 0, memory_order_relaxed);
    return lock_release(&lock->lock);
}
