/* Rings of events. */
#include "runtime/observe/ring.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/plat/lock.h"

Ring *ring_new(unsigned bits) {
    size_t slots = (size_t)1 << bits;
    Ring *ring = calloc(1, sizeof *ring + slots * sizeof ring->slots[0]);
    if (ring) ring->mask = slots - 1;
    return ring;
}

static Event event_at(const Ring *ring, uint64_t n) {
    uint64_t word = atomic_load_explicit(&ring->slots[n & ring->mask].word, memory_order_relaxed);
    uint64_t detail = atomic_load_explicit(&ring->slots[n & ring->mask].detail, memory_order_relaxed);
    return (Event){(int64_t)(word >> 16), (unsigned)(word & 0xFFFF), detail};
}

/* The writer may go on meanwhile: what it has overwritten since is left out. */
Event *ring_copy(const Ring *ring, size_t *count, uint64_t *missing) {
    uint64_t end = atomic_load_explicit(&ring->written, memory_order_acquire), slots = ring->mask + 1;
    uint64_t from = end > slots ? end - slots : 0;
    Event *events = malloc((end - from + 1) * sizeof *events);
    if (!events) return NULL;
    for (uint64_t n = from; n < end; n++) events[n - from] = event_at(ring, n);
    uint64_t later = atomic_load_explicit(&ring->written, memory_order_acquire);
    uint64_t valid = later > slots ? later - slots : 0;
    if (valid > end) valid = end;
    uint64_t skip = valid > from ? valid - from : 0;
    *count = (size_t)(end - from - skip);
    *missing = from + skip;
    memmove(events, events + skip, *count * sizeof *events);
    return events;
}

static Mutex names_lock = MUTEX_INITIALIZER;
static char **name_texts;
static uint64_t name_count, name_room;

uint64_t event_name_add(const char *text) {
    mutex_lock(&names_lock);
    if (name_count == name_room) {
        uint64_t room = name_room ? name_room * 2 : 256;
        char **larger = realloc(name_texts, room * sizeof *larger);
        if (larger) name_texts = larger, name_room = room;
    }
    char *copy = name_count < name_room ? strdup(text) : NULL;
    uint64_t number = copy ? name_count++ : 0;
    if (copy) name_texts[number] = copy;
    mutex_unlock(&names_lock);
    return number;
}

const char *event_name(uint64_t number) { return number < name_count ? name_texts[number] : "?"; }
