/* Interleaving threads where no lock stands between them: what `--gil=off` means in the checked engine.
 *
 * Threads still run one at a time, but they are switched *inside* operations: between the load and the store of a
 * count, between reading a shared place and counting what was read, and while an operation on a container is under way.
 * So every interleaving of those steps that parallel threads could produce can happen, what happens is recorded in one
 * order that is true, and the rest of C is never interrupted.  How often threads are switched there is chosen by
 * `window`: at every safepoint that another thread asked for, and besides after a random number of steps.
 *
 * In the plain engine the lock is simply not there (gil_off.c).
 */
#ifndef CONC_RACE_H
#define CONC_RACE_H

#include "runtime/mem/watch.h"

enum { RACE_WINDOW_AUTO = 200 };

typedef struct RaceOptions {
    uint64_t seed;
    uint32_t window; /* mean number of steps between two switches; 0: only when another thread has waited long */
    bool updates;    /* watch variables for lost updates too */
} RaceOptions;
extern RaceOptions race_options;

/* The lock goes and comes back.  begin: false without memory.  Once it has been gone counts stay watched, since what was
 * lost meanwhile shows later. */
bool race_begin(void);
void race_end(void);
/* At a safepoint: makes room in the quarantine when it is over its budget. */
void race_purge_if_due(void);

/* The calling thread is inside an operation on a list, dict, set, deque, bytearray or instance from enter to leave;
 * `changes`: it may change it.  A report follows when another thread is inside and either changes it. */
void race_enter(Object *container, bool changes);
void race_leave(Object *container);

/* Another thread may run here. */
void race_window(void);

/* With `updates`: a variable, attribute or item, known by a key, was read, or is about to be written.
 * name: for the report (its step's object), borrowed; may be NULL. */
void race_read(uint64_t key);
void race_written(uint64_t key, Object *owner, Object *name);

#endif
