/* The cycle collector: finds groups of objects that only refer to each other, by trial deletion over whole pages.
 *
 * It never runs inside an allocation: an allocation that passes the limit makes a request that the next safepoint
 * serves, so C code never meets a collection half way.  Roots need no registration: what is referenced from frames,
 * registers or C has counts that the traversal cannot explain, and so survives.
 *
 * A collection is due when the collected objects that are alive have grown by a third (and by 10,000) since the last
 * one; gc.set_threshold() with a first value other than 700 replaces that growth by a number of objects, 0 by never.
 */
#ifndef MEM_GC_H
#define MEM_GC_H

#include "runtime/mem/object.h"
#include "runtime/mem/type.h"

/* Collects now; returns how many unreachable objects were found, as CPython's gc.collect() counts them.  0 when a
 * collection is already running.  Runs finalizers, so anything may happen. */
int64_t gc_collect(int generation);
/* What a safepoint calls for a request: collects if that is enabled and still due. */
void gc_collect_if_due(void);
bool gc_is_enabled(void);
void gc_set_enabled(bool on);
void gc_get_thresholds(int64_t out[3]);
void gc_set_thresholds(const int64_t in[3]);
void gc_get_counts(int64_t out[3]);
/* Takes what is alive now as the base of the growth: called when the runtime has started. */
void gc_settle(void);

/* While threads run in parallel, the examination needs them to stand still: set by the thread floor, NULL otherwise. */
extern void (*gc_world_stop)(void);
extern void (*gc_world_start)(void);

/* Called by the allocator when a collection is due: set by the thread floor to request a safepoint. */
extern void (*gc_request)(void);
/* The allocator asks for a collection above gc_limit live objects, and looks every gc_step births. */
extern size_t gc_limit;
extern uint32_t gc_step;

/* Set by runtime/types: weak references that are garbage themselves lose their callbacks before anything is cleared. */
extern Type *gc_weakref_type;
/* gc.DEBUG_SAVEALL: unreachable objects are handed over (borrowed) and not cleared.  NULL: off. */
extern void (*gc_keep)(Object *o);

/* Told before and after each collection; set by the gc module once a script imported it. */
extern void (*gc_observer)(bool starts, int generation, int64_t collected);

typedef struct GcFigures {
    int64_t collections, collected, longest_ns;
} GcFigures;
GcFigures gc_figures(void);

/* An object's direct references, its class included: what gc.get_referents() lists. */
int gc_traverse(Object *o, Visit visit, void *context);
bool gc_is_tracked(Value v);

#endif
