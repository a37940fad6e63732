/* The table of counters, by number. */
#include "runtime/observe/counters.h"

const CounterRow counter_rows[] = {
#define COUNTER(name, meaning) {#name, meaning},
#include "runtime/observe/counters.def"
#undef COUNTER
};

const unsigned counter_count = sizeof counter_rows / sizeof *counter_rows;

_Static_assert(sizeof(Counters) == sizeof(uint64_t) * (sizeof counter_rows / sizeof *counter_rows),
               "one word a counter");

static const _Atomic uint64_t *counter_at(const Counters *counters, unsigned row) {
    return (const _Atomic uint64_t *)counters + row;
}

uint64_t counter_read(const Counters *counters, unsigned row) {
    return atomic_load_explicit(counter_at(counters, row), memory_order_relaxed);
}

void counters_add_all(Counters *to, const Counters *from) {
    for (unsigned i = 0; i < counter_count; i++)
        counter_add((_Atomic uint64_t *)to + i, counter_read(from, i));
}
