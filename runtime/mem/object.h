/* The header that every object starts with, and counting references to it.
 *
 *     +0   count   reference count (runtime/mem/rc)
 *     +4   flags   OBJECT_* bits; the low byte belongs to the type (string width, ...)
 *     +8   type    owned reference (static types are immortal)
 *
 * Reference counting is eager: release() of the last reference runs __del__, clears weak references, and destroys the
 * object before it returns.  Very deep structures are destroyed iteratively: past a fixed depth the dying objects wait
 * in a per-thread list that the outermost destruction empties, so the C stack stays bounded.
 */
#ifndef MEM_OBJECT_H
#define MEM_OBJECT_H

#include "runtime/mem/rc.h"
#include "runtime/mem/value.h"

#include <stddef.h>

typedef struct Type Type;

typedef struct Object {
    RefCount count;
    _Atomic uint32_t flags;
    Type *type;
} Object;

enum {
    OBJECT_TYPE_BITS = 0xFF,    /* for the type's own use */
    OBJECT_LIVE = 1 << 8,       /* set from allocation to free: tells blocks in use from free ones */
    OBJECT_WEAK = 1 << 9,       /* weak references exist (runtime/types/weakref.c) */
    OBJECT_FINALIZED = 1 << 10, /* __del__ has run; it never runs twice */
    OBJECT_UNTRACKED = 1 << 11, /* in a collected page but not yet, or no longer, seen by the cycle collector */
    OBJECT_DYING = 1 << 12,     /* destruction has begun */
    OBJECT_QUARANTINED = 1 << 13, /* dead, and kept whole (runtime/mem/watch.h) */
    OBJECT_BIRTH_SHIFT = 14, /* from this bit on: when it was made; cycles are finalized in that order, as in CPython */
};

static inline uint32_t object_flags(const Object *o) { return atomic_load_explicit(&o->flags, memory_order_relaxed); }
static inline void object_set_flag(Object *o, uint32_t f) {
    atomic_store_explicit(&o->flags, object_flags(o) | f, memory_order_relaxed);
}
static inline void object_clear_flag(Object *o, uint32_t f) {
    atomic_store_explicit(&o->flags, object_flags(o) & ~f, memory_order_relaxed);
}

/* Destroys an object whose count has just reached zero, unless its finalize slot revives it.  Finalizers and weak
 * reference callbacks may run with an exception pending: they keep it, and report their own as unraisable. */
void object_destroy(Object *o);
/* Clears the weak references to a dying object and runs their callbacks; set by runtime/types/weakref.c. */
extern void (*object_weakrefs_clear)(Object *o);

static inline void object_retain(void *o) { rc_increment(&((Object *)o)->count); }
static inline void object_release(void *o) {
    if (rc_decrement(&((Object *)o)->count)) object_destroy(o);
}

/* Retain returns its argument, so that `return retain(v)` reads well.  Both accept any value, unset included. */
static inline Value retain(Value v) {
    if (is_object(v)) object_retain(as_object(v));
    return v;
}
static inline void release(Value v) {
    if (is_object(v)) object_release(as_object(v));
}
/* What loads and stores of variables, attributes and items do: the place is one that other threads can reach. */
void watch_fetched(Value v);
void watch_born(Object *o);
static inline Value load_shared(const Value *place) {
    Value v = *place;
    if (is_object(v)) {
        if (RC_WATCHED) watch_fetched(v);
        rc_increment_shared(&as_object(v)->count);
    }
    return v;
}
static inline void release_shared(Value v) {
    if (is_object(v) && rc_decrement_shared(&as_object(v)->count)) object_destroy(as_object(v));
}
/* *slot = new (stolen), then the old value is released: the order that keeps a re-entrant destructor from seeing it. */
static inline void replace(Value *slot, Value new_value) {
    Value old = *slot;
    *slot = new_value;
    release(old);
}
static inline void replace_shared(Value *slot, Value new_value) {
    Value old = *slot;
    *slot = new_value;
    release_shared(old);
}
static inline void clear(Value *slot) { replace(slot, UNSET); }

/* An object that is never counted or freed: static types, interned names, constants of the runtime. */
void object_make_immortal(Object *o);

#define OBJECT_STATIC(type_pointer) {RC_IMMORTAL, OBJECT_LIVE, (type_pointer)}

#endif
