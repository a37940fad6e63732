/* Counters of one thread, from the table counters.def.  Only their thread writes them; anybody may read. */
#ifndef OBSERVE_COUNTERS_H
#define OBSERVE_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

typedef struct Counters {
#define COUNTER(name, meaning) _Atomic uint64_t name;
#include "runtime/observe/counters.def"
#undef COUNTER
} Counters;

/* A plain addition: there is one writer. */
static inline void counter_add(_Atomic uint64_t *counter, uint64_t n) {
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

typedef struct CounterRow {
    const char *name, *meaning;
} CounterRow;
extern const CounterRow counter_rows[];
extern const unsigned counter_count;

/* By the number of its row. */
uint64_t counter_read(const Counters *counters, unsigned row);
void counters_add_all(Counters *to, const Counters *from);

#endif
