/* The checked count: the plain count, and every step that no correct program takes is reported.
 *
 * An increment from zero revives freed memory; a decrement of zero drops a reference twice.  Both mean that an update
 * was lost or that the runtime itself miscounted, so they go to rc_violation() before any harm is done.
 */
#ifndef MEM_RC_CHECKED_H
#define MEM_RC_CHECKED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RC_ENGINE "checked"
#define RC_IMMORTAL UINT32_C(0x80000000)

typedef _Atomic uint32_t RefCount;

/* Reports a wrong step on the count ("increment of a dead object" ...); defined in runtime/mem/object.c. */
void rc_violation(const RefCount *count, const char *what);
extern _Atomic size_t rc_violations; /* how many there were */

static inline uint32_t rc_load(const RefCount *count) { return atomic_load_explicit(count, memory_order_relaxed); }
static inline void rc_store(RefCount *count, uint32_t n) { atomic_store_explicit(count, n, memory_order_relaxed); }

/* While the lock is off every step is watched (runtime/mem/watch.h); `shared` ones may be interleaved with other threads. */
extern bool watch_on;
void watch_increment(RefCount *count, bool shared);
bool watch_decrement(RefCount *count, bool shared);
#define RC_WATCHED __builtin_expect(watch_on, 0)

static inline void rc_increment(RefCount *count) {
    uint32_t n = rc_load(count);
    if (n >= RC_IMMORTAL) return;
    if (RC_WATCHED) return watch_increment(count, false);
    if (__builtin_expect(n == 0, 0)) rc_violation(count, "reference added to a dead object");
    rc_store(count, n + 1);
}

static inline bool rc_decrement(RefCount *count) {
    uint32_t n = rc_load(count);
    if (n >= RC_IMMORTAL) return false;
    if (RC_WATCHED) return watch_decrement(count, false);
    if (__builtin_expect(n == 0, 0)) {
        rc_violation(count, "reference dropped from a dead object");
        return false;
    }
    rc_store(count, n - 1);
    return n == 1;
}

static inline void rc_increment_shared(RefCount *count) {
    if (RC_WATCHED) watch_increment(count, true);
    else rc_increment(count);
}
static inline bool rc_decrement_shared(RefCount *count) {
    return RC_WATCHED ? watch_decrement(count, true) : rc_decrement(count);
}

#endif
