/* Operators beyond the common cases of the loop: the usual pairs of built-in types first, then the general way. */
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

Value operate_binary(Value a, Value b, BinaryOp op) {
    if (op == BINARY_ADD && str_is_exact(a) && str_is_exact(b)) return str_concat(a, b);
    return object_binary(op, a, b);
}

Value operate_inplace(Value a, Value b, BinaryOp op) { return object_inplace(op, a, b); }

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
    } else if (str_is_exact(key) && dict_is_exact(container)) {
        Value found = dict_get_str(container, key);
        return is_set(found) ? retain(found) : raise_key_error(key);
    }
    return object_get_item(container, key);
}
