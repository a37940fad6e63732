/* The types of _collections, one file a group. */
#ifndef STDLIB_COLLECTIONS_H
#define STDLIB_COLLECTIONS_H

#include "stdlib/stdlib.h"

extern Type deque_type, deque_iterator_type, deque_reverse_iterator_type;
extern Type defaultdict_type, ordered_dict_type, ordered_keys_type, ordered_values_type, ordered_items_type,
    tuple_getter_type;

/* A deque from C: v is exactly a deque. */
static inline bool deque_is_exact(Value v) { return is_exactly(v, &deque_type); }
size_t deque_length(Value v);
bool deque_append(Value v, Value item); /* retains */
Value deque_take_first(Value v);        /* owned; not from an empty one */

#endif
