/* range: an arithmetic progression that computes its items when asked. */
#include "runtime/types/range.h"

#include "runtime/mem/heap.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/items.h"
#include "runtime/types/key.h"
#include "runtime/types/native.h"
#include "runtime/types/tuple.h"

static Range *as_range(Value v) { return (Range *)as_object(v); }

/* ---- making ---- */

static int64_t small_length(int64_t start, int64_t stop, int64_t step) {
    if (step > 0) return start < stop ? (stop - start - 1) / step + 1 : 0;
    return start > stop ? (start - stop - 1) / -step + 1 : 0;
}

/* (high - low - 1) // step + 1, or 0. */
static Value long_length(Value start, Value stop, Value step) {
    bool down = int_sign(step) < 0;
    Value low = down ? stop : start, high = down ? start : stop;
    if (object_compare_truth(low, high, COMPARE_GE)) return from_small_int(0);
    Value span = int_subtract(high, low), stride = down ? int_subtract(from_small_int(0), step) : retain(step);
    Value less = is_set(span) ? int_subtract(span, from_small_int(1)) : UNSET;
    Value steps = is_set(less) && is_set(stride) ? int_floor_divide(less, stride) : UNSET;
    Value length = is_set(steps) ? int_add(steps, from_small_int(1)) : UNSET;
    release(span);
    release(stride);
    release(less);
    release(steps);
    return length;
}

/* Steals start, stop and step, exact ints or UNSET after a failure. */
static Value range_steal(Value start, Value stop, Value step) {
    Range *r = NULL;
    if (is_set(start) && is_set(stop) && is_set(step)) {
        if (int_sign(step) == 0) raise_value_error("range() arg 3 must not be zero");
        else r = object_allocate(&range_type, sizeof *r);
    }
    if (!r) {
        release(start);
        release(stop);
        release(step);
        return UNSET;
    }
    r->start = start;
    r->stop = stop;
    r->step = step;
    bool small = is_small_int(start) && is_small_int(stop) && is_small_int(step);
    r->length = small ? int_from_int64(small_length(as_small_int(start), as_small_int(stop), as_small_int(step)))
                      : long_length(start, stop, step);
    if (is_set(r->length)) return from_object(r);
    object_release(r);
    return UNSET;
}

static Value as_index(Value v) { return is_small_int(v) ? v : object_index(v); }

Value range_new(Value start, Value stop, Value step) {
    Value a = is_set(start) ? as_index(start) : from_small_int(0);
    Value b = is_set(a) ? as_index(stop) : UNSET;
    Value c = is_unset(b) ? UNSET : is_set(step) ? as_index(step) : from_small_int(1);
    return range_steal(a, b, c);
}

static Value make(Type *type, const Value *args, size_t count, Value kwnames) {
    (void)type;
    if (!native_no_keywords("range", kwnames)) return UNSET;
    if (count == 0) return raise_type_error("range expected at least 1 argument, got 0");
    if (count > 3) return raise_type_error("range expected at most 3 arguments, got %zu", count);
    if (count == 1) return range_new(UNSET, args[0], UNSET);
    return range_new(args[0], args[1], count == 3 ? args[2] : UNSET);
}

/* ---- items ---- */

/* start + i * step for any int i. */
static Value item_at(Range *r, Value i) {
    Value distance = int_multiply(i, r->step);
    Value item = is_set(distance) ? int_add(r->start, distance) : UNSET;
    release(distance);
    return item;
}

static Value get_slice(Range *r, Value slice) {
    Value bounds[3];
    if (!slice_long_bounds(slice, r->length, bounds)) return UNSET;
    Value start = item_at(r, bounds[0]), stop = item_at(r, bounds[1]), step = int_multiply(r->step, bounds[2]);
    items_release(bounds, 3);
    return range_steal(start, stop, step);
}

static Value get_item(Value self, Value key) {
    Range *r = as_range(self);
    if (is_exactly(key, &slice_type)) return get_slice(r, key);
    if (!type_of(key)->index) return raise_type_error("range indices must be integers or slices, not %T", key);
    Value i = object_index(key);
    if (is_unset(i)) return UNSET;
    if (int_sign(i) < 0) replace(&i, int_add(i, r->length));
    Value item = UNSET;
    if (is_set(i)) {
        if (int_sign(i) < 0 || object_compare_truth(i, r->length, COMPARE_GE))
            raise_index_error("range object index out of range");
        else item = item_at(r, i);
    }
    release(i);
    return item;
}

static bool is_plain_int(Value v) { return int_is_exact(v) || is_bool(v); }

/* Position of an exact int or bool in the range; NONE: not in it. */
static Value position_of(Range *r, Value v) {
    if (is_bool(v)) v = from_small_int(same(v, TRUE_VALUE));
    bool down = int_sign(r->step) < 0;
    bool inside = object_compare_truth(v, r->start, down ? COMPARE_LE : COMPARE_GE) &&
                  object_compare_truth(v, r->stop, down ? COMPARE_GT : COMPARE_LT);
    if (!inside) return NONE;
    Value distance = int_subtract(v, r->start);
    Value rest = is_set(distance) ? int_modulo(distance, r->step) : UNSET;
    Value position = is_unset(rest) ? UNSET : int_sign(rest) ? NONE : int_floor_divide(distance, r->step);
    release(distance);
    release(rest);
    return position;
}

/* Walks all items for a value whose equality is its own business: position of the first equal one (-1: none, -2:
 * failed), or with `total` the number of equal ones. */
static int64_t search(Value self, Value v, bool total) {
    Value iterator = object_iterate(self), item;
    if (is_unset(iterator)) return -2;
    int64_t at = 0, found = 0;
    int equal = 0;
    for (; is_set(item = iterator_next(iterator)); at++) {
        equal = object_equal(item, v);
        release(item);
        found += equal > 0;
        if (equal < 0 || (equal && !total)) break;
    }
    release(iterator);
    if (equal < 0 || error_pending()) return -2;
    return total ? found : found ? at : -1;
}

static int contains(Value self, Value v) {
    if (is_plain_int(v)) {
        Value position = position_of(as_range(self), v);
        int found = is_unset(position) ? -1 : !is_none(position);
        release(position);
        return found;
    }
    int64_t at = search(self, v, false);
    return at == -2 ? -1 : at >= 0;
}

static Value method_index(const Value *args, size_t count) {
    (void)count;
    if (is_plain_int(args[1])) {
        Value position = position_of(as_range(args[0]), args[1]);
        return is_none(position) ? raise_value_error("%R is not in range", args[1]) : position;
    }
    int64_t at = search(args[0], args[1], false);
    if (at == -1) return raise_value_error("sequence.index(x): x not in sequence");
    return at < 0 ? UNSET : from_small_int(at);
}

static Value method_count(const Value *args, size_t count) {
    (void)count;
    if (is_plain_int(args[1])) {
        int found = contains(args[0], args[1]);
        return found < 0 ? UNSET : from_small_int(found);
    }
    int64_t found = search(args[0], args[1], true);
    return found < 0 ? UNSET : from_small_int(found);
}

/* ---- slots ---- */

static Value repr(Value self) {
    Range *r = as_range(self);
    if (same(r->step, from_small_int(1))) return str_format("range(%R, %R)", r->start, r->stop);
    return str_format("range(%R, %R, %R)", r->start, r->stop, r->step);
}

static int64_t length(Value self) {
    int64_t n;
    if (int_fits_int64(as_range(self)->length, &n)) return n;
    raise_overflow_error("Python int too large to convert to C ssize_t");
    return -1;
}

static int truth(Value self) { return int_sign(as_range(self)->length) != 0; }

/* What two equal ranges agree on. */
static Value essence(Range *r) {
    bool none = int_sign(r->length) == 0, one = same(r->length, from_small_int(1));
    return tuple_pack(3, r->length, none ? NONE : r->start, none || one ? NONE : r->step);
}

static bool hash(Value self, int64_t *out) {
    Value t = essence(as_range(self));
    bool fine = is_set(t) && object_hash(t, out);
    release(t);
    return fine;
}

static Value compare(Value a, Value b, CompareOp op) {
    if (!is_exactly(a, &range_type) || !is_exactly(b, &range_type) || (op != COMPARE_EQ && op != COMPARE_NE))
        return NOT_IMPLEMENTED;
    Value x = essence(as_range(a)), y = is_set(x) ? essence(as_range(b)) : UNSET;
    Value result = is_set(y) ? items_compare(x, y, op) : UNSET;
    release(x);
    release(y);
    return result;
}

static void destroy(Object *self) {
    Range *r = (Range *)self;
    release(r->start);
    release(r->stop);
    release(r->step);
    release(r->length);
    object_free(self);
}

/* ---- iterators ---- */

/* Steals its arguments. */
static Value long_iterator(Value next, Value step, Value remaining) {
    LongRangeIterator *it = NULL;
    if (is_set(next) && is_set(step) && is_set(remaining)) it = object_allocate(&long_range_iterator_type, sizeof *it);
    if (!it) {
        release(next);
        release(step);
        release(remaining);
        return UNSET;
    }
    it->next = next;
    it->step = step;
    it->remaining = remaining;
    return from_object(it);
}

static Value small_iterator(int64_t next, int64_t step, int64_t remaining) {
    RangeIterator *it = object_allocate(&range_iterator_type, sizeof *it);
    if (!it) return UNSET;
    it->next = next;
    it->step = step;
    it->remaining = (uint64_t)remaining;
    return from_object(it);
}

static bool is_small(Range *r) { return is_small_int(r->start) && is_small_int(r->stop) && is_small_int(r->step); }

static Value iterate(Value self) {
    Range *r = as_range(self);
    if (is_small(r)) return small_iterator(as_small_int(r->start), as_small_int(r->step), as_small_int(r->length));
    return long_iterator(retain(r->start), retain(r->step), retain(r->length));
}

static Value method_reversed(const Value *args, size_t count) {
    (void)count;
    Range *r = as_range(args[0]);
    if (is_small(r)) {
        int64_t n = as_small_int(r->length), step = as_small_int(r->step);
        return small_iterator(as_small_int(r->start) + (n ? n - 1 : 0) * step, -step, n);
    }
    Value last = int_subtract(r->length, from_small_int(1));
    Value start = is_set(last) ? item_at(r, last) : UNSET, step = int_subtract(from_small_int(0), r->step);
    release(last);
    return long_iterator(start, step, retain(r->length));
}

static Value small_step(Value self) {
    RangeIterator *it = (RangeIterator *)as_object(self);
    if (it->remaining == 0) return UNSET;
    int64_t item = it->next;
    it->next += it->step;
    it->remaining--;
    return from_small_int(item);
}

static Value long_step(Value self) {
    LongRangeIterator *it = (LongRangeIterator *)as_object(self);
    if (int_sign(it->remaining) == 0) return UNSET;
    Value next = int_add(it->next, it->step),
          remaining = is_set(next) ? int_subtract(it->remaining, from_small_int(1)) : UNSET;
    if (is_unset(remaining)) return release(next), UNSET;
    Value item = it->next;
    it->next = next;
    replace(&it->remaining, remaining);
    return item;
}

static Value small_length_hint(const Value *args, size_t count) {
    (void)count;
    return int_from_int64((int64_t)((RangeIterator *)as_object(args[0]))->remaining);
}
static Value long_length_hint(const Value *args, size_t count) {
    (void)count;
    return retain(((LongRangeIterator *)as_object(args[0]))->remaining);
}

/* (iter, (a range over what is left,), None) */
static Value reduce_rest(Value start, Value step, Value remaining) {
    Value span = is_set(start) && is_set(step) ? int_multiply(step, remaining) : UNSET;
    Value stop = is_set(span) ? int_add(start, span) : UNSET;
    Value rest = is_set(stop) ? range_new(start, stop, step) : UNSET,
          inner = is_set(rest) ? tuple_pack(1, rest) : UNSET;
    Value function = object_builtin("iter");
    Value result = is_set(inner) && is_set(function) ? tuple_pack(3, function, inner, NONE) : UNSET;
    release(span);
    release(stop);
    release(rest);
    release(inner);
    release(function);
    return result;
}
static Value small_reduce(const Value *args, size_t count) {
    (void)count;
    RangeIterator *it = (RangeIterator *)as_object(args[0]);
    Value start = int_from_int64(it->next), step = int_from_int64(it->step),
          remaining = int_from_int64((int64_t)it->remaining);
    Value result = reduce_rest(start, step, remaining);
    release(start);
    release(step);
    release(remaining);
    return result;
}
static Value long_reduce(const Value *args, size_t count) {
    (void)count;
    LongRangeIterator *it = (LongRangeIterator *)as_object(args[0]);
    return reduce_rest(it->next, it->step, it->remaining);
}

static void small_destroy(Object *self) { object_free(self); }
static void long_destroy(Object *self) {
    LongRangeIterator *it = (LongRangeIterator *)self;
    release(it->next);
    release(it->step);
    release(it->remaining);
    object_free(self);
}
static Value iterator_self(Value self) { return retain(self); }

/* ---- tables ---- */

static Value method_reduce(const Value *args, size_t count) {
    (void)count;
    Range *r = as_range(args[0]);
    Value inner = tuple_pack(3, r->start, r->stop, r->step);
    Value result = is_set(inner) ? tuple_pack(2, from_object(&range_type), inner) : UNSET;
    release(inner);
    return result;
}

static Value get_start(Value self) { return retain(as_range(self)->start); }
static Value get_stop(Value self) { return retain(as_range(self)->stop); }
static Value get_step(Value self) { return retain(as_range(self)->step); }

static const MemberDef members[] = {
    MEMBER("start", get_start, NULL), MEMBER("stop", get_stop, NULL), MEMBER("step", get_step, NULL), {0},
};

static const NativeDef methods[] = {
    METHOD("__reversed__", "", method_reversed, "Return a reverse iterator."),
    METHOD("__reduce__", "", method_reduce, NULL),
    METHOD("count", "value, /", method_count,
           "rangeobject.count(value) -> integer -- return number of occurrences of value"),
    METHOD(
        "index", "value, /", method_index,
        "rangeobject.index(value) -> integer -- return index of value.\nRaise ValueError if the value is not present."),
    NATIVE_END,
};

Type range_type = {
    TYPE_HEAD("range"),
    .flags = TYPE_SEQUENCE,
    .basic_size = sizeof(Range),
    .base = &object_type,
    .doc = "range(stop) -> range object\nrange(start, stop[, step]) -> range object\n\n"
           "Return an object that produces a sequence of integers from start (inclusive)\n"
           "to stop (exclusive) by step.  range(i, j) produces i, i+1, i+2, ..., j-1.\n"
           "start defaults to 0, and stop is omitted!  range(4) produces 0, 1, 2, 3.\n"
           "These are exactly the valid indices for a list of 4 elements.\n"
           "When step is given, it specifies the increment (or decrement).",
    .methods = methods,
    .members = members,
    .destroy = destroy,
    .make = make,
    .repr = repr,
    .hash = hash,
    .compare = compare,
    .truth = truth,
    .iterate = iterate,
    .length = length,
    .get_item = get_item,
    .contains = contains,
};

static const NativeDef small_iterator_methods[] = {
    METHOD("__length_hint__", "", small_length_hint, "Private method returning an estimate of len(list(it))."),
    METHOD("__reduce__", "", small_reduce, "Return state information for pickling."),
    NATIVE_END,
};
static const NativeDef long_iterator_methods[] = {
    METHOD("__length_hint__", "", long_length_hint, "Private method returning an estimate of len(list(it))."),
    METHOD("__reduce__", "", long_reduce, "Return state information for pickling."),
    NATIVE_END,
};

Type range_iterator_type = {
    TYPE_HEAD("range_iterator"),
    .flags = TYPE_DISALLOW_NEW,
    .basic_size = sizeof(RangeIterator),
    .base = &object_type,
    .methods = small_iterator_methods,
    .destroy = small_destroy,
    .iterate = iterator_self,
    .next = small_step,
};

Type long_range_iterator_type = {
    TYPE_HEAD("longrange_iterator"),
    .flags = TYPE_DISALLOW_NEW,
    .basic_size = sizeof(LongRangeIterator),
    .base = &object_type,
    .methods = long_iterator_methods,
    .destroy = long_destroy,
    .iterate = iterator_self,
    .next = long_step,
};
