/* Operations on the items of a list or a tuple. */
#include "runtime/types/items.h"

#include "runtime/types/error.h"
#include "runtime/types/int.h"
#include "runtime/types/key.h"
#include "runtime/types/exception.h"

void items_retain(Value *to, const Value *from, size_t n) {
    for (size_t i = 0; i < n; i++) to[i] = retain(from[i]);
}

void items_release(const Value *items, size_t n) {
    for (size_t i = 0; i < n; i++) release(items[i]);
}

void items_repeat(Value *to, const Value *from, size_t n, size_t times) {
    if (n == 1 && !is_object(from[0])) {
        for (size_t i = 0; i < times; i++) to[i] = from[0];
        return;
    }
    for (size_t t = 0; t < times; t++) items_retain(to + t * n, from, n);
}

/* 1 and the first pair that differs (owned), 0 when one side ends first, -1 failed. */
static int first_difference(Value a, Value b, Value *x, Value *y) {
    for (size_t i = 0;; i++) {
        size_t m = items_length(a), n = items_length(b);
        if (n < m) m = n;
        const Value *p = items_of(a), *q = items_of(b);
        while (i < m && same(p[i], q[i])) i++; /* nothing changes meanwhile */
        if (i >= m) return 0;
        *x = retain(p[i]);
        *y = retain(q[i]);
        if (are_small_ints(*x, *y)) return 1;
        int equal = object_equal(*x, *y);
        if (equal == 0 && i < items_length(a) && i < items_length(b)) return 1;
        release(*x);
        release(*y);
        if (equal < 0) return -1;
        if (equal == 0) return 0;
    }
}

static bool order_holds(size_t m, size_t n, CompareOp op) {
    switch (op) {
    case COMPARE_LT: return m < n;
    case COMPARE_LE: return m <= n;
    case COMPARE_EQ: return m == n;
    case COMPARE_NE: return m != n;
    case COMPARE_GT: return m > n;
    default: return m >= n;
    }
}

Value items_compare(Value a, Value b, CompareOp op) {
    Value x, y;
    if (!recursion_check(" in comparison")) return UNSET;
    int differs = first_difference(a, b, &x, &y);
    if (differs < 0) return UNSET;
    if (!differs) return from_bool(order_holds(items_length(a), items_length(b), op));
    Value result = op == COMPARE_EQ ? FALSE_VALUE : op == COMPARE_NE ? TRUE_VALUE : object_compare(x, y, op);
    release(x);
    release(y);
    return result;
}

static int equals(Value stored, Value item) {
    if (same(stored, item)) return 1;
    if (are_small_ints(stored, item)) return 0;
    if (str_is_exact(stored) && str_is_exact(item)) return str_equal(stored, item);
    retain(stored);
    int equal = object_equal(stored, item);
    release(stored);
    return equal;
}

int64_t items_find(Value v, Value item, size_t start, size_t stop) {
    for (size_t i = start; i < stop && i < items_length(v); i++) {
        int equal = equals(items_of(v)[i], item);
        if (equal) return equal < 0 ? -2 : (int64_t)i;
    }
    return -1;
}

Value items_count(Value v, Value item) {
    int64_t n = 0;
    for (size_t i = 0; i < items_length(v); i++) {
        int equal = equals(items_of(v)[i], item);
        if (equal < 0) return UNSET;
        n += equal;
    }
    return int_from_int64(n);
}

Value items_repr(Value v, const char *open, const char *close) {
    StrBuilder b = STR_BUILDER;
    bool fine = true;
    builder_ascii(&b, open);
    for (size_t i = 0; fine && i < items_length(v); i++) {
        if (i) builder_ascii(&b, ", ");
        Value item = retain(items_of(v)[i]);
        fine = builder_repr(&b, item);
        release(item);
    }
    builder_ascii(&b, close);
    if (fine) return builder_finish(&b);
    builder_discard(&b);
    return UNSET;
}

static bool clip(Value v, size_t length, size_t *out) {
    int64_t n;
    if (!(type_of(v)->index)) {
        raise_type_error("slice indices must be integers or have an __index__ method");
        return false;
    }
    if (!object_as_index(v, &n, NULL)) return false;
    if (n < 0) n = n + (int64_t)length < 0 ? 0 : n + (int64_t)length;
    *out = (size_t)n;
    return true;
}

bool items_bounds(const Value *args, size_t length, size_t *start, size_t *stop) {
    *start = 0;
    *stop = SIZE_MAX;
    return (is_unset(args[2]) || clip(args[2], length, start)) && (is_unset(args[3]) || clip(args[3], length, stop));
}

int items_times(Value v, int64_t *out) {
    if (is_small_int(v)) *out = as_small_int(v);
    else if (!type_of(v)->index) return 0;
    else if (!object_as_index(v, out, &OverflowError_type)) return -1;
    if (*out < 0) *out = 0;
    return 1;
}
