/* list: a growable array of values. */
#ifndef TYPES_LIST_H
#define TYPES_LIST_H

#include "runtime/mem/type.h"

typedef struct List {
    Object head;
    size_t length, capacity;
    Value *items; /* raw memory, owned values */
} List;

extern Type list_type, list_iterator_type, list_reverse_iterator_type;

typedef struct ListIterator {
    Object head;
    Value list;   /* UNSET when exhausted */
    size_t index; /* next one; reversed: one above the next */
} ListIterator;   /* of list_iterator_type and list_reverse_iterator_type */

static inline bool list_is(Value v) { return type_has(v, TYPE_LIST_SUB); }
static inline bool list_is_exact(Value v) { return is_exactly(v, &list_type); }
static inline List *as_list(Value v) { return (List *)as_object(v); }

Value list_new(size_t capacity);                          /* empty */
Value list_from_values(const Value *items, size_t n);     /* retains */
Value list_steal(const Value *items, size_t n);           /* takes over n owned values; on failure releases them */
Value list_from_iterable(Value iterable);
bool list_append_slow(List *list, Value item);            /* retains item */
static inline bool list_append(Value list, Value item) {
    List *l = as_list(list);
    if (l->length == l->capacity) return list_append_slow(l, item);
    l->items[l->length] = retain(item);
    l->length++;
    return true;
}
bool list_append_steal(Value list, Value item);           /* item is owned by the list even on failure */
bool list_extend(Value list, Value iterable);
bool list_insert(Value list, int64_t index, Value item);
Value list_pop(Value list, int64_t index);                /* index in range */
bool list_delete(Value list, int64_t index);
Value list_slice(Value list, size_t start, size_t stop);
Value list_concat(Value a, Value b);
Value list_repeat(Value list, int64_t n);
bool list_reverse(Value list);
bool list_sort(Value list, Value key, bool reverse);      /* stable; key NONE or UNSET: none */
Value list_to_tuple(Value list);
int list_contains(Value list, Value item);

#endif
