/* The plain count: a relaxed load, then a relaxed store.
 *
 * Under a GIL that is exact.  Without one, two threads that both load before either stores lose an update; C11 defines
 * what happens all the same, so what breaks is the script's heap, never C's abstract machine.
 */
#ifndef MEM_RC_PLAIN_H
#define MEM_RC_PLAIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define RC_ENGINE "plain"

/* Counts at or above this are immortal: neither increment nor decrement writes to them. */
#define RC_IMMORTAL UINT32_C(0x80000000)

typedef _Atomic uint32_t RefCount;

static inline uint32_t rc_load(const RefCount *count) { return atomic_load_explicit(count, memory_order_relaxed); }
static inline void rc_store(RefCount *count, uint32_t n) { atomic_store_explicit(count, n, memory_order_relaxed); }

static inline void rc_increment(RefCount *count) {
    uint32_t n = rc_load(count);
    if (__builtin_expect(n < RC_IMMORTAL, 1)) rc_store(count, n + 1);
}

/* True when the count has reached zero: the caller then owns the dying object. */
static inline bool rc_decrement(RefCount *count) {
    uint32_t n = rc_load(count);
    if (__builtin_expect(n >= RC_IMMORTAL, 0)) return false;
    rc_store(count, n - 1);
    return n == 1;
}

/* Steps on what other threads can reach: here no different; the checked engine interleaves threads inside them. */
static inline void rc_increment_shared(RefCount *count) { rc_increment(count); }
static inline bool rc_decrement_shared(RefCount *count) { return rc_decrement(count); }
#define RC_WATCHED 0

#endif
