/* Taking the next item of any iterator, without a call for those that loops meet most: over lists, tuples and ranges.
 */
#ifndef TYPES_ITERATE_H
#define TYPES_ITERATE_H

#include "runtime/types/list.h"
#include "runtime/types/object.h"
#include "runtime/types/range.h"
#include "runtime/types/tuple.h"

/* As iterator_next(): UNSET with nothing pending when exhausted. */
static inline Value iterator_take(Value iterator) {
    if (is_exactly(iterator, &list_iterator_type)) {
        ListIterator *it = (ListIterator *)as_object(iterator);
        if (is_set(it->list) && it->index < as_list(it->list)->length)
            return retain(as_list(it->list)->items[it->index++]);
    } else if (is_exactly(iterator, &range_iterator_type)) {
        RangeIterator *it = (RangeIterator *)as_object(iterator);
        if (it->remaining == 0) return UNSET;
        int64_t item = it->next;
        it->next += it->step;
        it->remaining--;
        return from_small_int(item);
    } else if (is_exactly(iterator, &tuple_iterator_type)) {
        TupleIterator *it = (TupleIterator *)as_object(iterator);
        if (is_set(it->tuple) && it->index < tuple_length(it->tuple)) return retain(tuple_at(it->tuple, it->index++));
    }
    return iterator_next(iterator);
}

/* The next pair of an enumerate, of a zip of two or of the items of a dict, as two owned values instead of a tuple: 1;
 * 0: exhausted, or failed with the exception pending; -1: it is none of these. */
int iterator_take_pair(Value iterator, Value out[2]);

#endif
