/* The heap of timers. */
#include "runtime/loop/timers.h"

#include "runtime/mem/heap.h"
#include "runtime/types/error.h"

static void put(Timers *t, size_t i, TimerEntry entry) {
    t->entries[i] = entry;
    entry.timer->place = i + 1;
}

static void rise(Timers *t, size_t i, TimerEntry entry) {
    while (i > 0) {
        size_t parent = (i - 1) / 2;
        if (!(entry.when < t->entries[parent].when)) break;
        put(t, i, t->entries[parent]);
        i = parent;
    }
    put(t, i, entry);
}

/* Down to a leaf along the smaller children, then up again: the entry comes from the end and belongs there. */
static void sink(Timers *t, size_t i, TimerEntry entry) {
    size_t child;
    while ((child = 2 * i + 1) < t->count) {
        if (child + 1 < t->count && !(t->entries[child].when < t->entries[child + 1].when)) child++;
        put(t, i, t->entries[child]);
        i = child;
    }
    rise(t, i, entry);
}

static bool grow(Timers *t) {
    size_t capacity = t->capacity ? t->capacity * 2 : 16;
    TimerEntry *grown = raw_reallocate(t->entries, capacity * sizeof *grown);
    if (!grown) return raise_memory_error(), false;
    t->entries = grown;
    t->capacity = capacity;
    return true;
}

bool timers_add(Timers *t, double when, Object *owner, Timer *timer) {
    if (t->count == t->capacity && !grow(t)) return false;
    object_retain(owner);
    t->count++;
    rise(t, t->count - 1, (TimerEntry){when, owner, timer});
    return true;
}

static Object *take_at(Timers *t, size_t i) {
    TimerEntry taken = t->entries[i], last = t->entries[--t->count];
    taken.timer->place = 0;
    if (i < t->count) sink(t, i, last);
    return taken.owner;
}

Object *timers_take(Timers *t) {
    Object *owner = take_at(t, 0);
    if (t->count == 0 && t->capacity > 1024) timers_clear(t);
    return owner;
}

void timers_remove(Timers *t, Timer *timer) {
    if (timer->place) object_release(take_at(t, timer->place - 1));
}

void timers_clear(Timers *t) {
    while (t->count) {
        TimerEntry *entry = &t->entries[--t->count];
        entry->timer->place = 0;
        object_release(entry->owner);
    }
    raw_free(t->entries);
    t->entries = NULL;
    t->capacity = 0;
}
