/* The locks that scripts see.
 *
 * A Lock is one word: free, held, or held with perhaps somebody waiting.  Taking a free one and giving one back that
 * nobody waits for is one atomic step, in every mode.  Waiting happens inside the blocking bracket; in the main thread
 * a signal interrupts it, its handler runs, and the wait goes on unless the handler raised.
 */
#ifndef CONC_LOCK_H
#define CONC_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { LOCK_FREE, LOCK_HELD, LOCK_CONTENDED };

typedef struct Lock {
    _Atomic uint32_t state;
} Lock;

typedef enum LockResult { LOCK_TAKEN, LOCK_TIMED_OUT, LOCK_FAILED } LockResult; /* failed: an exception is pending */

#define LOCK_FOREVER INT64_C(-1)

LockResult lock_acquire_slow(Lock *lock, int64_t timeout);
void lock_wake(Lock *lock);

static inline bool lock_try(Lock *lock) {
    uint32_t expected = LOCK_FREE;
    return atomic_compare_exchange_strong_explicit(&lock->state, &expected, LOCK_HELD, memory_order_acquire,
                                                   memory_order_relaxed);
}
/* timeout in ns: LOCK_FOREVER, or 0 for one try. */
static inline LockResult lock_acquire(Lock *lock, int64_t timeout) {
    if (__builtin_expect(lock_try(lock), 1)) return LOCK_TAKEN;
    return timeout == 0 ? LOCK_TIMED_OUT : lock_acquire_slow(lock, timeout);
}
/* False: nobody held it. */
static inline bool lock_release(Lock *lock) {
    uint32_t old = atomic_exchange_explicit(&lock->state, LOCK_FREE, memory_order_release);
    if (__builtin_expect(old == LOCK_CONTENDED, 0)) lock_wake(lock);
    return old != LOCK_FREE;
}
static inline bool lock_is_held(const Lock *lock) {
    return atomic_load_explicit(&lock->state, memory_order_relaxed) != LOCK_FREE;
}

/* A lock that its owner may take again. */
typedef struct RecursiveLock {
    Lock lock;
    _Atomic uint64_t owner; /* ident; 0: nobody */
    uint64_t count;
} RecursiveLock;

/* Its lock has been taken by other means. */
void recursive_lock_taken(RecursiveLock *lock);
LockResult recursive_lock_acquire(RecursiveLock *lock, int64_t timeout);
bool recursive_lock_release(RecursiveLock *lock); /* false: the calling thread does not hold it */
bool recursive_lock_is_owned(const RecursiveLock *lock);

#endif
