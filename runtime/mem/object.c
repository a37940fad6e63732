/* The end of objects: finalizers, weak references, destruction without deep recursion, and reports of wrong counts. */
#include "runtime/mem/object.h"

#include "runtime/mem/heap.h"
#include "runtime/mem/type.h"
#include "runtime/mem/watch.h"

#include <stdio.h>

enum { DESTROY_DEPTH_MAX = 50 };

void (*object_weakrefs_clear)(Object *o);

/* Destructions in progress on this thread, and dead objects that wait for the outermost one. */
static __thread unsigned depth;
static __thread Object **waiting;
static __thread size_t waiting_count, waiting_capacity;

/* True: dead.  The object counts as alive while its finalizer runs, with one reference that stands for the finalizer's.
 */
static bool finalize(Object *o) {
    Type *type = o->type;
    if (!type->finalize || (object_flags(o) & OBJECT_FINALIZED)) return true;
    object_set_flag(o, OBJECT_FINALIZED);
    rc_store(&o->count, 1);
    type->finalize(o);
    return rc_decrement(&o->count);
}

/* The memory goes back now; while the lock is off, once it is sure that nobody refers to it. */
static void end(Object *o) {
    if (RC_WATCHED) quarantine_add(o);
    else o->type->destroy(o);
}

static void destroy_now(Object *o) {
    if (!finalize(o)) return;
    object_set_flag(o, OBJECT_DYING);
    if ((object_flags(o) & OBJECT_WEAK) && object_weakrefs_clear) object_weakrefs_clear(o);
    end(o);
}

static bool waiting_grow(void) {
    size_t capacity = waiting_capacity ? waiting_capacity * 2 : 64;
    Object **grown = raw_reallocate(waiting, capacity * sizeof *grown);
    if (!grown) return false;
    waiting = grown;
    waiting_capacity = capacity;
    return true;
}

static void destroy_waiting(void) {
    while (waiting_count > 0) destroy_now(waiting[--waiting_count]);
    raw_free(waiting);
    waiting = NULL;
    waiting_capacity = 0;
}

/* What holds no other objects, has no finalizer and no weak references dies without ceremony. */
static bool is_simple(const Object *o) {
    return !(o->type->flags & TYPE_GC) && !o->type->finalize && !(object_flags(o) & OBJECT_WEAK);
}

/* Without memory for the list the object leaks: better than a stack overflow. */
void object_destroy(Object *o) {
    if (RC_WATCHED && is_quarantined(o)) return watch_died_twice(o);
    if (is_simple(o)) return end(o);
    if (depth >= DESTROY_DEPTH_MAX) {
        if (waiting_count < waiting_capacity || waiting_grow()) waiting[waiting_count++] = o;
        return;
    }
    depth++;
    destroy_now(o);
    if (depth == 1 && waiting_capacity) destroy_waiting();
    depth--;
}

void object_make_immortal(Object *o) { rc_store(&o->count, RC_IMMORTAL); }

#ifdef MEM_RC_CHECKED_H
_Atomic size_t rc_violations;

void rc_violation(const RefCount *count, const char *what) {
    const Object *o = (const Object *)count;
    atomic_fetch_add_explicit(&rc_violations, 1, memory_order_relaxed);
    bool alive = object_flags(o) & OBJECT_LIVE;
    fprintf(stderr, "scr: memory error: %s (%s at %p)\n", what, alive ? o->type->name : "freed object",
            (const void *)o);
}
#endif
