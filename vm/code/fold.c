/* Constant folding, on demand: an expression of constants becomes a constant in the tree, unless computing it fails or
 * the result is large. */
#include "vm/code/compiler.h"

#include "runtime/types/bytes.h"
#include "runtime/types/error.h"
#include "runtime/types/int.h"
#include "runtime/types/object.h"
#include "runtime/types/set.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

enum { MAX_INT_BITS = 128, MAX_COLLECTION = 256, MAX_TEXT = 4096, MAX_TOTAL_ITEMS = 1024 };

static bool is_constant(const Node *node) {
    return node->kind == NODE_CONSTANT;
}

/* The node becomes a constant; steals value.  UNSET: computing it failed, so it is left to run time. */
static void become(Compiler *c, Node *node, Value value) {
    if (is_unset(value)) {
        error_clear();
        return;
    }
    value = compile_keep(c, value);
    if (c->failed) return;
    if (node->kind != NODE_NAME) node->u.constant.unicode_prefix = false; /* a NAME node has no room for it */
    node->kind = NODE_CONSTANT;
    node->u.constant.value = value;
}

/* Items in a tuple and the tuples within, up to a limit that it may not pass. */
static int64_t total_items(Value v, int64_t limit) {
    if (!tuple_is_exact(v)) return 0;
    int64_t total = (int64_t)tuple_length(v);
    for (size_t i = 0; i < tuple_length(v) && total <= limit; i++) total += total_items(tuple_at(v, i), limit - total);
    return total;
}

static bool repeat_is_small(Value sequence, Value times) {
    int64_t n;
    if (!int_fits_int64(times, &n)) return false;
    if (n <= 0) return true;
    if (str_is(sequence)) return str_length(sequence) == 0 || (uint64_t)n <= MAX_TEXT / str_length(sequence);
    if (bytes_is(sequence))
        return as_bytes(sequence)->length == 0 || (uint64_t)n <= MAX_TEXT / as_bytes(sequence)->length;
    if (!tuple_is_exact(sequence)) return true;
    if (tuple_length(sequence) == 0) return true;
    if ((uint64_t)n > MAX_COLLECTION / tuple_length(sequence)) return false;
    return total_items(sequence, MAX_TOTAL_ITEMS) * n <= MAX_TOTAL_ITEMS;
}

static bool multiply_is_small(Value a, Value b) {
    if (int_is(a) && int_is(b)) return int_bit_length(a) + int_bit_length(b) <= MAX_INT_BITS;
    if (int_is(a)) return repeat_is_small(b, a);
    if (int_is(b)) return repeat_is_small(a, b);
    return true;
}

static bool power_is_small(Value a, Value b) {
    int64_t n;
    if (!int_is(a) || !int_is(b)) return true;
    if (int_sign(b) <= 0 || int_sign(a) == 0) return true;
    return int_fits_int64(b, &n) && (uint64_t)n <= MAX_INT_BITS / int_bit_length(a);
}

static bool shift_is_small(Value a, Value b) {
    int64_t n;
    if (!int_is(a) || !int_is(b) || int_sign(a) == 0) return true;
    return int_fits_int64(b, &n) && n >= 0 && n <= MAX_INT_BITS && (int64_t)int_bit_length(a) + n <= MAX_INT_BITS;
}

static bool binary_is_safe(BinaryOp op, Value a, Value b) {
    switch (op) {
    case BINARY_MULTIPLY: return multiply_is_small(a, b);
    case BINARY_POWER: return power_is_small(a, b);
    case BINARY_LSHIFT: return shift_is_small(a, b);
    case BINARY_MODULO: return !str_is(a) && !bytes_is(a);
    case BINARY_MATMUL: return false;
    default: return true;
    }
}

static void fold_binary(Compiler *c, Node *node) {
    Node *left = node->u.bin_op.left, *right = node->u.bin_op.right;
    fold(c, left);
    fold(c, right);
    if (c->failed || !is_constant(left) || !is_constant(right)) return;
    Value a = left->u.constant.value, b = right->u.constant.value;
    BinaryOp op = node->u.bin_op.op;
    if (binary_is_safe(op, a, b)) become(c, node, object_binary(op, a, b));
}

static Value unary_value(uint8_t op, Value v) {
    if (op != UNARY_NOT) return object_unary((UnaryOp)op, v);
    int truth = object_truth(v);
    return truth < 0 ? UNSET : from_bool(!truth);
}

/* `not a in b` is `a not in b`, `not a is b` is `a is not b`. */
static bool negate_comparison(Node *node) {
    Node *compare = node->u.unary_op.operand;
    if (node->u.unary_op.op != UNARY_NOT || compare->kind != NODE_COMPARE || compare->u.compare.comparators.count != 1)
        return false;
    uint8_t *op = compare->u.compare.ops;
    switch (*op) {
    case COMPARE_IN: return *op = COMPARE_NOT_IN, true;
    case COMPARE_NOT_IN: return *op = COMPARE_IN, true;
    case COMPARE_IS: return *op = COMPARE_IS_NOT, true;
    case COMPARE_IS_NOT: return *op = COMPARE_IS, true;
    default: return false;
    }
}

static void fold_unary(Compiler *c, Node *node) {
    Node *operand = node->u.unary_op.operand;
    fold(c, operand);
    if (c->failed) return;
    if (is_constant(operand)) {
        become(c, node, unary_value(node->u.unary_op.op, operand->u.constant.value));
    } else if (negate_comparison(node)) {
        node->u.unary_op.op = UNARY_IDENTITY;
    }
}

bool fold_all_constants(Compiler *c, const NodeList *items) {
    bool all = true;
    for (int32_t i = 0; i < items->count && all && !c->failed; i++) all = fold_is_constant(c, items->items[i]);
    return all && !c->failed;
}

static Value tuple_of_constants(const NodeList *items) {
    Value tuple = tuple_new((size_t)items->count);
    if (is_unset(tuple)) return UNSET;
    for (int32_t i = 0; i < items->count; i++) as_tuple(tuple)->items[i] = retain(items->items[i]->u.constant.value);
    return tuple;
}

static void fold_tuple(Compiler *c, Node *node) {
    if (fold_all_constants(c, &node->u.sequence.items)) become(c, node, tuple_of_constants(&node->u.sequence.items));
}

static void fold_subscript(Compiler *c, Node *node) {
    Node *object = node->u.subscript.object, *index = node->u.subscript.index;
    if (index->kind == NODE_SLICE) return;
    fold(c, object);
    fold(c, index);
    if (c->failed || !is_constant(object) || !is_constant(index)) return;
    become(c, node, object_get_item(object->u.constant.value, index->u.constant.value));
}

static void fold_debug(Compiler *c, Node *node) {
    if (str_equal_ascii(node->u.name.name, "__debug__")) become(c, node, from_bool(c->optimize == 0));
}

void fold(Compiler *c, Node *node) {
    if (node->kind == NODE_CONSTANT || node->folded || !compile_check_depth(c)) return;
    node->folded = true;
    switch (node->kind) {
    case NODE_BIN_OP: fold_binary(c, node); break;
    case NODE_UNARY_OP: fold_unary(c, node); break;
    case NODE_TUPLE: fold_tuple(c, node); break;
    case NODE_SUBSCRIPT: fold_subscript(c, node); break;
    case NODE_NAME: fold_debug(c, node); break;
    default: break;
    }
}

bool fold_is_constant(Compiler *c, Node *node) {
    fold(c, node);
    return is_constant(node);
}

void fold_container(Compiler *c, Node *node) {
    if (node->kind != NODE_LIST && node->kind != NODE_SET) return;
    bool is_set = node->kind == NODE_SET;
    if (!fold_all_constants(c, &node->u.sequence.items)) {
        if (!is_set) {
            for (int32_t i = 0; i < node->u.sequence.items.count; i++) {
                if (node->u.sequence.items.items[i]->kind == NODE_STARRED) return;
            }
            node->kind = NODE_TUPLE;
        }
        return;
    }
    Value tuple = tuple_of_constants(&node->u.sequence.items);
    if (!is_set || is_unset(tuple)) {
        become(c, node, tuple);
        return;
    }
    become(c, node, frozenset_from_iterable(tuple));
    release(tuple);
}
