/* set and frozenset: open addressing in CPython's probing order, so that iteration order is the same. */
#ifndef TYPES_SET_H
#define TYPES_SET_H

#include "runtime/mem/type.h"

typedef struct SetEntry {
    Value key; /* UNSET: never used or removed (told apart by hash) */
    int64_t hash;
} SetEntry;

typedef struct Set {
    Object head;
    size_t used, fill, mask;
    SetEntry *table; /* `small` or raw memory */
    int64_t hash;    /* frozenset: -1 until computed */
    SetEntry small[8];
} Set;

extern Type set_type, frozenset_type, set_iterator_type;

static inline bool set_is(Value v) { return type_has(v, TYPE_SET_SUB); } /* either */
static inline Set *as_set(Value v) { return (Set *)as_object(v); }

Value set_new(void);
Value frozenset_from_iterable(Value iterable); /* UNSET: empty */
Value set_from_iterable(Value iterable);
bool set_add(Value set, Value item);
int set_contains(Value set, Value item);
int set_discard(Value set, Value item); /* 1 removed, 0 absent, -1 failed */
bool set_update(Value set, Value iterable);
bool set_next(Value set, size_t *position, Value *item); /* borrowed */
static inline size_t set_length(Value v) { return as_set(v)->used; }

#endif
