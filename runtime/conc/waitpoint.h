/* A point where threads wait for something under the GIL to change.
 *
 * A waiter reads the ticket, looks at its condition, and waits for the ticket to change; whoever changes the condition
 * afterwards wakes.  Nothing is lost in between, since the ticket is compared when the waiter goes to sleep.
 *
 *     while (queue is empty) {
 *         uint32_t ticket = wait_point_ticket(&point);
 *         if (queue is still empty) result = wait_point_wait(&point, ticket, deadline);
 *     }
 */
#ifndef CONC_WAITPOINT_H
#define CONC_WAITPOINT_H

#include "runtime/conc/lock.h"

typedef struct WaitPoint {
    _Atomic uint32_t ticket, waiters;
} WaitPoint;

static inline uint32_t wait_point_ticket(const WaitPoint *point) { return atomic_load(&point->ticket); }
/* Gives the GIL back meanwhile.  LOCK_TAKEN: something may have changed; LOCK_TIMED_OUT: the moment of
 * clock_monotonic() came (negative: never); LOCK_FAILED: a signal handler raised. */
LockResult wait_point_wait(WaitPoint *point, uint32_t ticket, int64_t deadline);
void wait_point_wake_slow(WaitPoint *point, int threads);
static inline void wait_point_wake(WaitPoint *point, int threads) {
    atomic_fetch_add(&point->ticket, 1);
    if (atomic_load(&point->waiters) > 0) wait_point_wake_slow(point, threads);
}

#endif
