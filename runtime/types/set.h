/* set and frozenset: open addressing in CPython's probing order, so that iteration order is the same. */
#ifndef TYPES_SET_H
#define TYPES_SET_H

#include "runtime/mem/type.h"

typedef struct SetEntry {
    Value key;    /* UNSET: never used (hash 0) or removed (hash SET_REMOVED) */
    int64_t hash;
} SetEntry;

enum { SET_SMALL = 8, SET_REMOVED = -1 };

typedef struct Set {
    Object head;
    size_t used;     /* live entries */
    size_t fill;     /* live and removed entries */
    size_t mask;     /* slots - 1 */
    size_t finger;   /* where pop() looks next */
    SetEntry *table; /* `small` or raw memory; NULL only before set_init_empty */
    int64_t hash;    /* frozenset: -1 until computed */
    SetEntry small[SET_SMALL];
} Set;

typedef struct SetIterator {
    Object head;
    Value set;       /* UNSET when exhausted */
    size_t position;
    size_t used;     /* size when it began; SIZE_MAX after a change was reported */
    size_t remaining;
} SetIterator;

extern Type set_type, frozenset_type, set_iterator_type;

static inline bool set_is(Value v) { return type_has(v, TYPE_SET_SUB); } /* either */
static inline Set *as_set(Value v) { return (Set *)as_object(v); }
static inline size_t set_length(Value v) { return as_set(v)->used; }
bool set_is_frozen(Value v);

Value set_new(void);
Value frozenset_from_iterable(Value iterable); /* UNSET: empty */
Value set_from_iterable(Value iterable);
bool set_add(Value set, Value item);
int set_contains(Value set, Value item);
int set_discard(Value set, Value item); /* 1 removed, 0 absent, -1 failed */
bool set_update(Value set, Value iterable);
bool set_next(Value set, size_t *position, Value *item); /* borrowed */
bool set_difference_update(Value set, Value iterable);
bool set_symmetric_difference_update(Value set, Value iterable);
Value set_intersection(Value set, Value iterable); /* a new set or frozenset, as the first one is */

/* Below: the table, for set*.c only. */
void set_init_empty(Set *s);
void set_init_zeroed(Set *s); /* the same for fresh memory, which is all zeros */
void set_destroy_table(Set *s);
bool set_toggle_hashed(Set *s, Value key, int64_t hash); /* in if it was out, out if it was in */
bool set_resize(Set *s, size_t minimum);
bool set_add_hashed(Set *s, Value key, int64_t hash);
int set_contains_hashed(Set *s, Value key, int64_t hash);
int set_discard_hashed(Set *s, Value key, int64_t hash);
bool set_merge(Set *s, Set *other);
void set_empty(Set *s);
/* Next live entry, or NULL. */
SetEntry *set_next_entry(const Set *s, size_t *position);

#endif
