/* range and slice, and the arithmetic of indices. */
#ifndef TYPES_RANGE_H
#define TYPES_RANGE_H

#include "runtime/mem/type.h"

typedef struct Range {
    Object head;
    Value start, stop, step, length; /* exact ints */
} Range;

/* Iterator over a range whose values all fit small ints: what `for i in range(n)` runs on. */
typedef struct RangeIterator {
    Object head;
    int64_t next, step;
    uint64_t remaining;
} RangeIterator;

/* Any other range: the same with ints of any size. */
typedef struct LongRangeIterator {
    Object head;
    Value next, step, remaining;
} LongRangeIterator;

typedef struct Slice {
    Object head;
    Value start, stop, step;
} Slice;

extern Type range_type, range_iterator_type, long_range_iterator_type, slice_type;

Value range_new(Value start, Value stop,
                Value step); /* ints; UNSET start or step: 0, 1. "range() arg 3 must not be zero" */
Value slice_new(Value start, Value stop, Value step); /* UNSET: None */
/* Bounds of a slice over `length` items, clipped as Python does; *count is how many items it selects. */
bool slice_bounds(Value slice, size_t length, int64_t *start, int64_t *stop, int64_t *step, size_t *count);
/* The same over a length of any size: out gets owned start, stop and step, clipped. */
bool slice_long_bounds(Value slice, Value length, Value out[3]);
/* Index into `length` items from any int-like: negative counts from the end.  IndexError "<what> index out of range";
 * TypeError
 * "<first word of what> indices must be integers or slices, not str". */
bool index_resolve(Value index, size_t length, const char *what, size_t *out);

#endif
