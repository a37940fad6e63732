/* Rich comparison of any two values. */
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/float.h"
#include "runtime/types/int.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

const CompareOp compare_reflected[] = {COMPARE_GT, COMPARE_GE, COMPARE_EQ, COMPARE_NE, COMPARE_LT, COMPARE_LE};
static const char *const symbols[] = {"<", "<=", "==", "!=", ">", ">="};

/* The right operand first when its type refines the left one's, then left, then right; identity decides == and != last.
 */
static Value compare_slots(Value a, Value b, CompareOp op) {
    Type *left = type_of(a), *right = type_of(b);
    bool tried = left != right && right->compare && type_is_subtype(right, left);
    if (tried) {
        Value r = right->compare(b, a, compare_reflected[op]);
        if (!same(r, NOT_IMPLEMENTED)) return r;
    }
    if (left->compare) {
        Value r = left->compare(a, b, op);
        if (!same(r, NOT_IMPLEMENTED)) return r;
    }
    if (!tried && right->compare) {
        Value r = right->compare(b, a, compare_reflected[op]);
        if (!same(r, NOT_IMPLEMENTED)) return r;
    }
    if (op == COMPARE_EQ) return from_bool(same(a, b));
    if (op == COMPARE_NE) return from_bool(!same(a, b));
    return raise_type_error("'%s' not supported between instances of '%T' and '%T'", symbols[op], a, b);
}

static bool compare_int64(int64_t a, int64_t b, CompareOp op) {
    switch (op) {
    case COMPARE_LT: return a < b;
    case COMPARE_LE: return a <= b;
    case COMPARE_EQ: return a == b;
    case COMPARE_NE: return a != b;
    case COMPARE_GT: return a > b;
    default: return a >= b;
    }
}

static bool compare_double(double a, double b, CompareOp op) {
    switch (op) {
    case COMPARE_LT: return a < b;
    case COMPARE_LE: return a <= b;
    case COMPARE_EQ: return a == b;
    case COMPARE_NE: return a != b;
    case COMPARE_GT: return a > b;
    default: return a >= b;
    }
}

/* Tuples that differ in the numbers that they begin with: 1, 0, or -1 for others. */
static int compare_tuples(const Tuple *a, const Tuple *b, CompareOp op) {
    if (a->length == 0 || b->length == 0) return -1;
    Value x = a->items[0], y = b->items[0];
    if (are_small_ints(x, y)) return same(x, y) ? -1 : compare_int64(as_small_int(x), as_small_int(y), op);
    if (!is_double(x) || !is_double(y)) return -1;
    double d = as_double(x), e = as_double(y);
    return d < e || d > e ? compare_double(d, e, op) : -1;
}

/* Unboxed numbers, exact str and the like, which need no slot: 1, 0, or -1 for other values. */
static inline int compare_quickly(Value a, Value b, CompareOp op) {
    if (are_small_ints(a, b)) return compare_int64(as_small_int(a), as_small_int(b), op);
    if (is_double(a) && is_double(b)) return compare_double(as_double(a), as_double(b), op);
    if (tuple_is_exact(a) && tuple_is_exact(b)) return compare_tuples(as_tuple(a), as_tuple(b), op);
    if (!str_is_exact(a) || !str_is_exact(b)) return -1;
    if (op == COMPARE_EQ || op == COMPARE_NE) return str_equal(a, b) == (op == COMPARE_EQ);
    return compare_int64(same(a, b) ? 0 : str_order(a, b), 0, op);
}

Value object_compare(Value a, Value b, CompareOp op) {
    int quick = compare_quickly(a, b, op);
    if (quick >= 0) return from_bool(quick);
    if (!recursion_enter(" in comparison")) return UNSET;
    Value result = compare_slots(a, b, op);
    recursion_leave();
    return result;
}

int object_compare_truth(Value a, Value b, CompareOp op) {
    int quick = compare_quickly(a, b, op);
    if (quick >= 0) return quick;
    if (same(a, b)) {
        if (op == COMPARE_EQ) return 1;
        if (op == COMPARE_NE) return 0;
    }
    if (!recursion_enter(" in comparison")) return -1;
    Value r = compare_slots(a, b, op);
    recursion_leave();
    if (is_unset(r)) return -1;
    if (is_bool(r)) return same(r, TRUE_VALUE);
    int truth = object_truth(r);
    release(r);
    return truth;
}

int object_equal(Value a, Value b) {
    if (same(a, b)) return 1;
    return object_compare_truth(a, b, COMPARE_EQ);
}
