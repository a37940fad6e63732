/* Operators beyond the common cases of the loop: the usual pairs of built-in types first, then the general way. */
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/dict_keys.h"
#include "runtime/types/error.h"
#include "runtime/types/float.h"
#include "runtime/types/list.h"
#include "runtime/types/object.h"
#include "runtime/types/range.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "vm/exec/loop.h"
#include "vm/exec/ops.h"

static bool is_whole(Value v) { return is_small_int(v) || is_exactly(v, &int_type); }

Value operate_binary(Value a, Value b, BinaryOp op) {
    if (int_type.binary[op] && is_whole(a) && is_whole(b)) return int_type.binary[op](a, b);
    if (op == BINARY_ADD && str_is_exact(a) && str_is_exact(b)) return str_concat(a, b);
    return object_binary(op, a, b);
}

Value operate_inplace(Value a, Value b, BinaryOp op) {
    if (int_type.binary[op] && is_whole(a) && is_whole(b)) return int_type.binary[op](a, b);
    return object_inplace(op, a, b);
}

int operate_compare(Value a, Value b, CompareOp op) {
    if (is_number(a) && is_number(b)) {
        double x = number_of(a), y = number_of(b);
        switch (op) {
        case COMPARE_LT: return x < y;
        case COMPARE_LE: return x <= y;
        case COMPARE_EQ: return x == y;
        case COMPARE_NE: return x != y;
        case COMPARE_GT: return x > y;
        case COMPARE_GE: return x >= y;
        }
    }
    if (op <= COMPARE_NE && op >= COMPARE_EQ && str_is_exact(a) && str_is_exact(b))
        return (same(a, b) || str_equal(a, b)) == (op == COMPARE_EQ);
    return object_compare_truth(a, b, op);
}

enum {
    BUILT_IN_LAYOUT = TYPE_INT_SUB | TYPE_FLOAT_SUB | TYPE_STR_SUB | TYPE_BYTES_SUB | TYPE_LIST_SUB | TYPE_TUPLE_SUB |
                      TYPE_DICT_SUB | TYPE_SET_SUB | TYPE_COMPLEX_SUB | TYPE_TYPE_SUB
};

static bool is_plain_instance(Value v) {
    return is_object(v) && (as_object(v)->type->flags & (TYPE_HEAP | BUILT_IN_LAYOUT)) == TYPE_HEAP;
}

static Value function_or_unset(Value found) { return is_set(found) && function_is(found) ? found : UNSET; }

Value operate_special_binary(Value a, Value b, BinaryOp op, bool *in_place) {
    const Value special[] = {
        names.__add__,      names.__sub__, names.__mul__, names.__matmul__, names.__truediv__,
        names.__floordiv__, names.__mod__, names.__pow__, names.__lshift__, names.__rshift__,
        names.__and__,      names.__or__,  names.__xor__,
    };
    const Value in_place_special[] = {
        names.__iadd__,      names.__isub__, names.__imul__, names.__imatmul__, names.__itruediv__,
        names.__ifloordiv__, names.__imod__, names.__ipow__, names.__ilshift__, names.__irshift__,
        names.__iand__,      names.__ior__,  names.__ixor__,
    };
    if (!is_plain_instance(a)) return UNSET;
    if (*in_place) {
        Value found = type_lookup(type_of(a), in_place_special[op]);
        if (is_set(found)) return function_or_unset(found);
    }
    if (is_object(b) && type_of(b) != type_of(a)) return UNSET;
    *in_place = false;
    return function_or_unset(type_lookup(type_of(a), special[op]));
}

Value operate_special_reflected(Value a, Value b, BinaryOp op) {
    const Value special[] = {
        names.__radd__,      names.__rsub__, names.__rmul__, names.__rmatmul__, names.__rtruediv__,
        names.__rfloordiv__, names.__rmod__, names.__rpow__, names.__rlshift__, names.__rrshift__,
        names.__rand__,      names.__ror__,  names.__rxor__,
    };
    return is_number(a) && is_plain_instance(b) ? function_or_unset(type_lookup(type_of(b), special[op])) : UNSET;
}

static Value compare_name(CompareOp op) {
    switch (op) {
    case COMPARE_LT: return names.__lt__;
    case COMPARE_LE: return names.__le__;
    case COMPARE_EQ: return names.__eq__;
    case COMPARE_NE: return names.__ne__;
    case COMPARE_GT: return names.__gt__;
    default: return names.__ge__;
    }
}

Value operate_special_compare(Value a, Value b, CompareOp op) {
    if (!is_plain_instance(a) || (is_object(b) && type_of(b) != type_of(a))) return UNSET;
    return function_or_unset(type_lookup(type_of(a), compare_name(op)));
}

Value operate_binary_refused(Value a, Value b, unsigned operation) {
    BinaryOp op = (BinaryOp)(operation & (OPERATION_ASSIGNS - 1));
    if (operation & OPERATION_IN_PLACE) return object_inplace_declined(op, a, b);
    return object_binary_refused(op, a, b, operation & OPERATION_ASSIGNS);
}

Value operate_compare_refused(Value a, Value b, CompareOp op) {
    static const CompareOp reflected[] = {COMPARE_GT, COMPARE_GE, COMPARE_EQ, COMPARE_NE, COMPARE_LT, COMPARE_LE};
    static const char *const symbols[] = {"<", "<=", "==", "!=", ">", ">="};
    if (type_of(b)->compare) {
        Value result = type_of(b)->compare(b, a, reflected[op]);
        if (!same(result, NOT_IMPLEMENTED)) return result;
    }
    if (op == COMPARE_EQ) return from_bool(same(a, b));
    if (op == COMPARE_NE) return from_bool(!same(a, b));
    return raise_type_error("'%s' not supported between instances of '%T' and '%T'", symbols[op], a, b);
}

static Value tuple_item(Value tuple, int64_t i) {
    if (i < 0) i += (int64_t)tuple_length(tuple);
    if ((uint64_t)i >= tuple_length(tuple)) return raise_index_error("tuple index out of range");
    return retain(tuple_at(tuple, (size_t)i));
}

static Value list_item(Value list, int64_t i) {
    if (i < 0) i += (int64_t)as_list(list)->length;
    if ((uint64_t)i >= as_list(list)->length) return raise_index_error("list index out of range");
    return retain(as_list(list)->items[i]);
}

Value operate_get_item(Value container, Value key) {
    if (is_small_int(key)) {
        if (list_is_exact(container)) return list_item(container, as_small_int(key));
        if (tuple_is_exact(container)) return tuple_item(container, as_small_int(key));
    }
    if (dict_is_exact(container)) {
        Value found = UNSET;
        if (str_is_exact(key)) found = dict_get_str(container, key);
        else if (dict_find(container, key, &found) < 0) return UNSET;
        return is_set(found) ? retain(found) : raise_key_error(key);
    }
    return object_get_item(container, key);
}

/* A bound of a slice over n items, clipped. */
static size_t clip_bound(Value bound, size_t n, size_t missing) {
    if (is_none(bound)) return missing;
    int64_t i = as_small_int(bound);
    if (i < 0) i += (int64_t)n;
    return i < 0 ? 0 : (size_t)i > n ? n : (size_t)i;
}

Value operate_slice(Value container, Value start, Value stop) {
    bool is_list = list_is_exact(container), is_text = str_is_exact(container);
    if (!is_list && !is_text && !tuple_is_exact(container)) return UNSET;
    if ((!is_none(start) && !is_small_int(start)) || (!is_none(stop) && !is_small_int(stop))) return UNSET;
    size_t n = is_list ? as_list(container)->length : is_text ? str_length(container) : tuple_length(container);
    size_t first = clip_bound(start, n, 0), end = clip_bound(stop, n, n);
    if (end < first) end = first;
    if (is_list) return list_slice(container, first, end);
    return is_text ? str_slice(container, first, end) : tuple_slice(container, first, end);
}
