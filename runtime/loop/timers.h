/* Timers: a binary heap of moments.  A timer knows its place, so that a cancelled one leaves at once. */
#ifndef LOOP_TIMERS_H
#define LOOP_TIMERS_H

#include "runtime/mem/value.h"

#include <stddef.h>

typedef struct Timer {
    size_t place; /* in the heap, from 1; 0: not in it */
} Timer;

typedef struct TimerEntry {
    double when;       /* seconds, as loop.time() */
    struct Object *owner; /* owned by the heap */
    Timer *timer;      /* within the owner */
} TimerEntry;

typedef struct Timers {
    TimerEntry *entries; /* raw memory */
    size_t count, capacity;
} Timers;

/* Retains the owner.  False: MemoryError pending. */
bool timers_add(Timers *timers, double when, struct Object *owner, Timer *timer);
/* Does nothing when it is not in the heap. */
void timers_remove(Timers *timers, Timer *timer);
/* Takes the first out, whose owner the caller then owns; there must be one. */
struct Object *timers_take(Timers *timers);
void timers_clear(Timers *timers);

#endif
