/* slice objects, and the arithmetic of indices and slices over sequences. */
#include "runtime/types/range.h"

#include "runtime/mem/heap.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/items.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"
#include "runtime/types/tuple.h"

static Slice *as_slice(Value v) { return (Slice *)as_object(v); }

Value slice_new(Value start, Value stop, Value step) {
    Slice *s = object_allocate(&slice_type, sizeof *s);
    if (!s) return UNSET;
    s->start = is_set(start) ? retain(start) : NONE;
    s->stop = is_set(stop) ? retain(stop) : NONE;
    s->step = is_set(step) ? retain(step) : NONE;
    return from_object(s);
}

/* ---- indices ---- */

bool index_resolve(Value index, size_t length, const char *what, size_t *out) {
    int64_t i;
    if (is_small_int(index)) {
        i = as_small_int(index);
    } else if (!type_of(index)->index) {
        const char *space = strchr(what, ' ');
        Value word = str_from_utf8(what, space ? (size_t)(space - what) : strlen(what));
        if (is_set(word)) raise_type_error("%U indices must be integers or slices, not %T", word, index);
        release(word);
        return false;
    } else if (!object_as_index(index, &i, &IndexError_type)) {
        return false;
    }
    if (i < 0) i += (int64_t)length;
    if (i < 0 || (uint64_t)i >= length) return raise_index_error("%s index out of range", what), false;
    *out = (size_t)i;
    return true;
}

static bool bound(Value v, int64_t fallback, int64_t *out) {
    if (is_small_int(v)) return *out = as_small_int(v), true;
    if (is_none(v)) return *out = fallback, true;
    if (type_of(v)->index) return object_as_index(v, out, NULL);
    return raise_type_error("slice indices must be integers or None or have an __index__ method"), false;
}

static int64_t clip(int64_t i, int64_t length, int64_t step) {
    if (i < 0) {
        i += length;
        return i >= 0 ? i : step < 0 ? -1 : 0;
    }
    return i < length ? i : step < 0 ? length - 1 : length;
}

bool slice_bounds(Value slice, size_t length, int64_t *start, int64_t *stop, int64_t *step, size_t *count) {
    Slice *s = as_slice(slice);
    if (!bound(s->step, 1, step)) return false;
    if (*step == 0) return raise_value_error("slice step cannot be zero"), false;
    if (*step < -INT64_MAX) *step = -INT64_MAX;
    int64_t n = (int64_t)length;
    if (!bound(s->start, *step < 0 ? INT64_MAX : 0, start)) return false;
    if (!bound(s->stop, *step < 0 ? INT64_MIN : INT64_MAX, stop)) return false;
    *start = clip(*start, n, *step);
    *stop = clip(*stop, n, *step);
    *count = 0;
    if (*step < 0 && *stop < *start) *count = (size_t)((*start - *stop - 1) / -*step + 1);
    if (*step > 0 && *start < *stop) *count = (size_t)((*stop - *start - 1) / *step + 1);
    return true;
}

/* ---- the same with ints of any size ---- */

static int order(Value a, Value b, CompareOp op) { return object_compare_truth(a, b, op); }

static Value long_index(Value v) {
    if (!type_of(v)->index)
        return raise_type_error("slice indices must be integers or None or have an __index__ method");
    return object_index(v);
}

static Value long_clip(Value v, Value length, Value lower, Value upper) {
    Value i = long_index(v);
    if (is_unset(i)) return UNSET;
    if (int_sign(i) < 0) {
        Value moved = int_add(i, length);
        release(i);
        i = moved;
        if (is_set(i) && order(i, lower, COMPARE_LT) > 0) replace(&i, retain(lower));
    } else if (order(i, upper, COMPARE_GT) > 0) {
        replace(&i, retain(upper));
    }
    return i;
}

bool slice_long_bounds(Value slice, Value length, Value out[3]) {
    Slice *s = as_slice(slice);
    Value step = is_none(s->step) ? from_small_int(1) : long_index(s->step);
    if (is_unset(step)) return false;
    int sign = int_sign(step);
    if (sign == 0) return raise_value_error("slice step cannot be zero"), false;
    Value lower = sign < 0 ? from_small_int(-1) : from_small_int(0);
    Value upper = sign < 0 ? int_add(length, from_small_int(-1)) : retain(length);
    Value start = is_none(s->start) ? retain(sign < 0 ? upper : lower) : long_clip(s->start, length, lower, upper);
    Value stop = UNSET;
    if (is_set(start))
        stop = is_none(s->stop) ? retain(sign < 0 ? lower : upper) : long_clip(s->stop, length, lower, upper);
    release(upper);
    if (is_unset(stop)) {
        release(start);
        release(step);
        return false;
    }
    out[0] = start;
    out[1] = stop;
    out[2] = step;
    return true;
}

/* ---- slots ---- */

static Value as_items(Value slice) {
    Slice *s = as_slice(slice);
    return tuple_pack(3, s->start, s->stop, s->step);
}

static Value compare(Value a, Value b, CompareOp op) {
    if (!is_exactly(a, &slice_type) || !is_exactly(b, &slice_type)) return NOT_IMPLEMENTED;
    Value x = as_items(a), y = is_set(x) ? as_items(b) : UNSET;
    Value result = is_set(y) ? items_compare(x, y, op) : UNSET;
    release(x);
    release(y);
    return result;
}

static Value make(Type *type, const Value *args, size_t count, Value kwnames) {
    (void)type;
    if (!native_no_keywords("slice", kwnames)) return UNSET;
    if (count == 0) return raise_type_error("slice expected at least 1 argument, got 0");
    if (count > 3) return raise_type_error("slice expected at most 3 arguments, got %zu", count);
    if (count == 1) return slice_new(NONE, args[0], NONE);
    return slice_new(args[0], args[1], count == 3 ? args[2] : NONE);
}

static Value repr(Value self) {
    Slice *s = as_slice(self);
    return str_format("slice(%R, %R, %R)", s->start, s->stop, s->step);
}

static void destroy(Object *self) {
    Slice *s = (Slice *)self;
    release(s->start);
    release(s->stop);
    release(s->step);
    object_free(self);
}

static int traverse(Object *self, Visit visit, void *context) {
    Slice *s = (Slice *)self;
    TRAVERSE(s->start);
    TRAVERSE(s->stop);
    TRAVERSE(s->step);
    return 0;
}

static Value method_indices(const Value *args, size_t count) {
    (void)count;
    Value out[3], length = object_index(args[1]);
    if (is_unset(length)) return UNSET;
    if (int_sign(length) < 0) return release(length), raise_value_error("length should not be negative");
    bool fine = slice_long_bounds(args[0], length, out);
    release(length);
    return fine ? tuple_steal(out, 3) : UNSET;
}

static Value method_reduce(const Value *args, size_t count) {
    (void)count;
    Value items = as_items(args[0]);
    Value result = is_set(items) ? tuple_pack(2, from_object(&slice_type), items) : UNSET;
    release(items);
    return result;
}

static Value get_start(Value self) { return retain(as_slice(self)->start); }
static Value get_stop(Value self) { return retain(as_slice(self)->stop); }
static Value get_step(Value self) { return retain(as_slice(self)->step); }

static const MemberDef members[] = {
    MEMBER("start", get_start, NULL), MEMBER("stop", get_stop, NULL), MEMBER("step", get_step, NULL), {0},
};

static const NativeDef methods[] = {
    METHOD("indices", "len, /", method_indices, "S.indices(len) -> (start, stop, stride)"),
    METHOD("__reduce__", "", method_reduce, "Return state information for pickling."),
    NATIVE_END,
};

Type slice_type = {
    TYPE_HEAD("slice"),
    .flags = TYPE_GC,
    .basic_size = sizeof(Slice),
    .base = &object_type,
    .doc = "slice(stop)\nslice(start, stop[, step])\n\nCreate a slice object.  This is used for extended slicing "
           "(e.g. a[0:10:2]).",
    .methods = methods,
    .members = members,
    .destroy = destroy,
    .traverse = traverse,
    .make = make,
    .repr = repr,
    .hash = type_unhashable,
    .compare = compare,
};
