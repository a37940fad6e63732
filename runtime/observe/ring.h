/* The last events of one thread, in a ring that its thread writes without locks and others may read.
 *
 * An event is two words: the moment (ns since observe_started, 48 bits) and the kind (16 bits), then the detail.
 */
#ifndef OBSERVE_RING_H
#define OBSERVE_RING_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Event {
    int64_t at; /* ns since observing began */
    unsigned kind;
    uint64_t detail;
} Event;

typedef struct Ring {
    _Atomic uint64_t written; /* events ever */
    uint64_t mask;
    struct {
        _Atomic uint64_t word, detail;
    } slots[];
} Ring;

Ring *ring_new(unsigned bits); /* NULL: no memory */
static inline void ring_add(Ring *ring, int64_t at, unsigned kind, uint64_t detail) {
    uint64_t n = atomic_load_explicit(&ring->written, memory_order_relaxed);
    atomic_store_explicit(&ring->slots[n & ring->mask].word, (uint64_t)at << 16 | kind, memory_order_relaxed);
    atomic_store_explicit(&ring->slots[n & ring->mask].detail, detail, memory_order_relaxed);
    atomic_store_explicit(&ring->written, n + 1, memory_order_release);
}
/* A copy of what the ring has, oldest first; free() it.  *missing: events that were overwritten. */
Event *ring_copy(const Ring *ring, size_t *count, uint64_t *missing);

/* Names that events speak of by number; the text is copied. */
uint64_t event_name_add(const char *text);
const char *event_name(uint64_t number);

#endif
