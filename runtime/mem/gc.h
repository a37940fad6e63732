/* The cycle collector: finds groups of objects that only refer to each other, by trial deletion over whole pages.
 *
 * It never runs inside an allocation: an allocation that passes the threshold sets a request that the next safepoint
 * serves, so C code never meets a collection half way.  Registered roots are not needed: what is referenced from frames, registers or C
 * has counts that the traversal cannot explain, and so survives.
 */
#ifndef MEM_GC_H
#define MEM_GC_H

#include "runtime/mem/object.h"

/* Collects now; returns how many unreachable objects were found, as CPython's gc.collect() counts them. */
int64_t gc_collect(int generation);
bool gc_is_enabled(void);
void gc_set_enabled(bool on);
void gc_get_thresholds(int64_t out[3]);
void gc_set_thresholds(const int64_t in[3]);
void gc_get_counts(int64_t out[3]);
/* Called by the allocator when enough collected objects were made: set by the thread floor to request a safepoint. */
extern void (*gc_request)(void);

#endif
