/* What list and tuple have in common: operations on the items of either.  A list may change under any comparison, so
 * items are looked at afresh at each step. */
#ifndef TYPES_ITEMS_H
#define TYPES_ITEMS_H

#include "runtime/types/list.h"
#include "runtime/types/tuple.h"

static inline size_t items_length(Value v) { return tuple_is(v) ? as_tuple(v)->length : as_list(v)->length; }
static inline Value *items_of(Value v) { return tuple_is(v) ? as_tuple(v)->items : as_list(v)->items; }

Value items_compare(Value a, Value b, CompareOp op);
/* Index of the first item in [start, stop) equal to the value; -1: none, -2: failed. */
int64_t items_find(Value v, Value item, size_t start, size_t stop);
Value items_count(Value v, Value item);
/* Writes open, the reprs with commas, close. */
Value items_repr(Value v, const char *open, const char *close);
/* Copies n values, retaining each. */
void items_retain(Value *to, const Value *from, size_t n);
void items_release(const Value *items, size_t n);
/* Fills to[0..n*times) with copies of n values, retaining all. */
void items_repeat(Value *to, const Value *from, size_t n, size_t times);
/* Optional bounds of index(): start in args[2], stop in args[3]. */
bool items_bounds(const Value *args, size_t length, size_t *start, size_t *stop);
/* The number to multiply by: 1 fine (clipped to 0 below), 0 not an integer, -1 failed. */
int items_times(Value v, int64_t *out);

#endif
