/* What a program may do but will hardly mean: SyntaxWarning. */
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/str.h"
#include "vm/front/check.h"
#include "vm/front/parse.h"

bool (*front_warning)(Type *category, Value message, Value filename, int32_t line);

/* Steals message.  A filter may make an error of the warning; then it is a SyntaxError. */
static bool warn(Checker *c, Value message) {
    if (is_unset(message)) return false;
    bool fine = front_warning(&SyntaxWarning_type, message, c->source->filename, c->span.line);
    if (!fine && error_absorb(&SyntaxWarning_type)) check_fail(c, "%U", message);
    release(message);
    return fine;
}

static bool silent(const Checker *c) { return !c->warns || !front_warning; }

/* The type that a display or literal makes; NULL: not known. */
static const char *literal_type(const Node *node) {
    switch (node->kind) {
    case NODE_CONSTANT:
        return same(node->u.constant.value, ELLIPSIS) ? "ellipsis" : type_of(node->u.constant.value)->name;
    case NODE_TUPLE: return "tuple";
    case NODE_LIST: case NODE_LIST_COMP: return "list";
    case NODE_DICT: case NODE_DICT_COMP: return "dict";
    case NODE_SET: case NODE_SET_COMP: return "set";
    case NODE_GENERATOR_EXP: return "generator";
    case NODE_LAMBDA: return "function";
    case NODE_JOINED_STR: case NODE_FORMATTED_VALUE: return "str";
    default: return NULL;
    }
}

bool check_warn_assert(Checker *c, const Node *test) {
    if (silent(c) || test->kind != NODE_TUPLE || test->u.sequence.items.count == 0) return true;
    return warn(c, str_from("assertion is always true, perhaps remove parentheses?"));
}

/* False for what is folded into a constant that is no singleton. */
static bool has_identity(const Node *node) {
    if (node->kind == NODE_TUPLE) {
        for (int32_t i = 0; i < node->u.sequence.items.count; i++)
            if (node->u.sequence.items.items[i]->kind != NODE_CONSTANT) return true;
        return false;
    }
    if (node->kind == NODE_UNARY_OP && node->u.unary_op.op == UNARY_NEGATIVE)
        return has_identity(node->u.unary_op.operand);
    if (node->kind != NODE_CONSTANT) return true;
    Value v = node->u.constant.value;
    return is_none(v) || is_bool(v) || same(v, ELLIPSIS);
}

bool check_warn_compare(Checker *c, const Node *node) {
    bool left = has_identity(node->u.compare.left);
    for (int32_t i = 0; i < node->u.compare.comparators.count && !silent(c); i++) {
        int op = node->u.compare.ops[i];
        bool right = has_identity(node->u.compare.comparators.items[i]);
        if ((op == COMPARE_IS || op == COMPARE_IS_NOT) && (!left || !right))
            return warn(c, str_from(op == COMPARE_IS ? "\"is\" with a literal. Did you mean \"==\"?"
                                                     : "\"is not\" with a literal. Did you mean \"!=\"?"));
        left = right;
    }
    return true;
}

bool check_warn_call(Checker *c, const Node *function) {
    const char *type = silent(c) || function->kind == NODE_LAMBDA ? NULL : literal_type(function);
    return !type || warn(c, str_format("'%s' object is not callable; perhaps you missed a comma?", type));
}

static bool is_subscriptable(const Node *node) {
    switch (node->kind) {
    case NODE_CONSTANT: {
        Value v = node->u.constant.value;
        return str_is(v) || type_has(v, TYPE_BYTES_SUB | TYPE_TUPLE_SUB);
    }
    case NODE_SET: case NODE_SET_COMP: case NODE_GENERATOR_EXP: case NODE_LAMBDA: return false;
    default: return true;
    }
}

static bool is_sequence_literal(const Node *node) {
    return node->kind == NODE_CONSTANT || node->kind == NODE_TUPLE || node->kind == NODE_LIST ||
           node->kind == NODE_LIST_COMP || node->kind == NODE_JOINED_STR;
}

bool check_warn_subscript(Checker *c, const Node *node) {
    const Node *object = node->u.subscript.object, *index = node->u.subscript.index;
    if (silent(c)) return true;
    if (!is_subscriptable(object))
        return warn(c,
                    str_format("'%s' object is not subscriptable; perhaps you missed a comma?", literal_type(object)));
    const char *type = is_sequence_literal(object) ? literal_type(index) : NULL;
    bool number =
        index->kind == NODE_CONSTANT && (is_bool(index->u.constant.value) || is_small_int(index->u.constant.value) ||
                                         type_has(index->u.constant.value, TYPE_INT_SUB));
    if (!type || number) return true;
    return warn(c, str_format("%s indices must be integers or slices, not %s; perhaps you missed a comma?",
                              literal_type(object), type));
}
