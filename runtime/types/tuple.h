/* tuple: a fixed array of values. */
#ifndef TYPES_TUPLE_H
#define TYPES_TUPLE_H

#include "runtime/mem/type.h"

typedef struct Tuple {
    Object head;
    size_t length;
    Value items[];
} Tuple;

extern Type tuple_type, tuple_iterator_type;

typedef struct TupleIterator {
    Object head;
    Value tuple; /* UNSET when exhausted */
    size_t index;
} TupleIterator;

static inline bool tuple_is(Value v) { return type_has(v, TYPE_TUPLE_SUB); }
static inline bool tuple_is_exact(Value v) { return is_exactly(v, &tuple_type); }
static inline Tuple *as_tuple(Value v) { return (Tuple *)as_object(v); }
static inline size_t tuple_length(Value v) { return as_tuple(v)->length; }
static inline Value tuple_at(Value v, size_t i) { return as_tuple(v)->items[i]; } /* borrowed */

Value tuple_new(size_t n); /* items unset: fill before anyone sees it; n 0: the shared empty tuple */
Value tuple_from_values(const Value *items, size_t n); /* retains */
Value tuple_steal(const Value *items, size_t n);       /* takes over n owned values; on failure releases them */
Value tuple_from_iterable(Value iterable);
Value tuple_pack(size_t n, ...);                       /* Values, retained */
Value tuple_slice(Value t, size_t start, size_t stop);
Value tuple_concat(Value a, Value b);
extern Tuple tuple_empty;                              /* immortal */
#define empty_tuple from_object(&tuple_empty)

#endif
