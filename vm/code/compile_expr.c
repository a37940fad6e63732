/* Expressions: dispatch, and the kinds that are short. */
#include "vm/code/compiler.h"

#include "runtime/types/names.h"
#include "runtime/types/range.h"
#include "runtime/types/str.h"

void move_to(Compiler *c, int reg, Operand value) {
    if (reg != value.reg) emit(c, OP_MOVE, take_b(value), reg, value.reg, 0);
}

void expr_staged(Compiler *c, Node *node, int reg) {
    int temp = expr_push(c, node);
    move_to(c, reg, operand_temp(temp));
    c->unit->top = temp;
}

int expr_push(Compiler *c, Node *node) {
    int reg = temp_push(c);
    expr_to(c, node, reg);
    return reg;
}

bool node_is_simple(const Node *node) {
    return node && (node->kind == NODE_CONSTANT || node->kind == NODE_NAME);
}

/* --- Operands ---------------------------------------------------------------------------------------------------- */

/* The local that a node reads, or -1. */
static int node_local(Compiler *c, Node *node) {
    int reg;
    if (node->kind != NODE_NAME || !variable_is_local(c, node->u.name.name, &reg)) return -1;
    Span outer = c->unit->span;
    c->unit->span = node->span;
    variable_local_read(c, reg, node->u.name.name);
    c->unit->span = outer;
    return reg;
}

Operand expr_operand_into(Compiler *c, Node *node, int reg, const Node *later) {
    fold(c, node);
    int local = node_local(c, node);
    if (local >= 0 && (node_is_simple(later) || !local_is_walrus(c, local))) return operand_borrowed(local);
    if (reg < 0 || !reg_is_temp(c, reg)) reg = temp_push(c);
    expr_to(c, node, reg);
    return operand_temp(reg);
}

/* `(x := value)` as an operand is the local x. */
static int named_local(Compiler *c, Node *node) {
    int reg;
    if (node->kind != NODE_NAMED_EXPR || !variable_is_local(c, node->u.named_expr.target->u.name.name, &reg)) return -1;
    Span outer = c->unit->span;
    c->unit->span = node->span;
    expr_to(c, node->u.named_expr.value, reg);
    local_set_assigned(c, reg);
    c->unit->span = outer;
    return reg;
}

Operand expr_operand(Compiler *c, Node *node) {
    fold(c, node);
    int local = node_local(c, node);
    if (local < 0) local = named_local(c, node);
    if (local >= 0) return operand_borrowed(local);
    return operand_temp(expr_push(c, node));
}

void expr_discard(Compiler *c, Node *node) {
    int top = c->unit->top;
    fold(c, node);
    if (node->kind == NODE_CONSTANT) return;
    Operand value = expr_operand(c, node);
    if (value.temp) emit(c, OP_DROP, TAKE_A, value.reg, 0, 0);
    c->unit->top = top;
}

/* --- Operators --------------------------------------------------------------------------------------------------- */

/* The constant that a node is, if it fits an instruction's 16 bits. */
static bool constant_operand(Compiler *c, Node *node, Constant *k) {
    if (!fold_is_constant(c, node)) return false;
    *k = constant_add(c, node->u.constant.value);
    return constant_narrow(c, *k);
}

static void binary_to(Compiler *c, Node *node, int reg) {
    Constant k;
    Opcode op = (Opcode)(OP_ADD + 4 * node->u.bin_op.op);
    Operand left = expr_operand_into(c, node->u.bin_op.left, reg, node->u.bin_op.right);
    if (constant_operand(c, node->u.bin_op.right, &k)) {
        emit_constant(c, op + 1, take_b(left), reg, left.reg, 0, k);
        return;
    }
    Operand right = expr_operand(c, node->u.bin_op.right);
    emit(c, op, take_b(left) | take_c(right), reg, left.reg, right.reg);
}

static void unary_to(Compiler *c, Node *node, int reg) {
    static const Opcode ops[] = {[UNARY_NEGATIVE] = OP_NEGATIVE,
                                 [UNARY_POSITIVE] = OP_POSITIVE,
                                 [UNARY_INVERT] = OP_INVERT,
                                 [UNARY_NOT] = OP_NOT};
    if (node->u.unary_op.op == UNARY_IDENTITY) {
        expr_to(c, node->u.unary_op.operand, reg);
        return;
    }
    Operand operand = expr_operand_into(c, node->u.unary_op.operand, reg, node->u.unary_op.operand);
    emit(c, ops[node->u.unary_op.op], take_b(operand), reg, operand.reg, 0);
}

static void conditional_to(Compiler *c, Node *node, int reg) {
    Label orelse = label_new(c), end = label_new(c);
    jump_if(c, node->u.if_exp.test, orelse, false);
    expr_to(c, node->u.if_exp.body, reg);
    emit_goto(c, end);
    label_bind(c, orelse);
    expr_to(c, node->u.if_exp.orelse, reg);
    label_bind(c, end);
}

static void named_to(Compiler *c, Node *node, int reg) {
    Value name = node->u.named_expr.target->u.name.name;
    int local;
    if (variable_is_local(c, name, &local)) {
        named_local(c, node);
        move_to(c, reg, operand_borrowed(local));
    } else if (!reg_is_temp(c, reg)) {
        expr_staged(c, node, reg);
    } else {
        expr_to(c, node->u.named_expr.value, reg);
        variable_store(c, name, operand_borrowed(reg));
    }
}

/* --- Attributes and items ---------------------------------------------------------------------------------------- */

/* Errors of an attribute on a later line than its object point at the attribute. */
void node_start_at_attribute(Compiler *c, const Node *attribute) {
    Span *at = &c->unit->span;
    if (at->line == attribute->span.end_line) return;
    size_t length = 0;
    str_utf8(attribute->u.attribute.name, &length);
    at->line = attribute->span.end_line;
    if ((int32_t)length <= attribute->span.end_col) at->col = attribute->span.end_col - (int32_t)length;
    else at->col = at->end_col = -1;
}

void attribute_load(Compiler *c, Operand object, Value name, int reg) {
    Constant k = constant_add(c, name);
    if (constant_narrow(c, k)) {
        emit_constant(c, OP_GET_ATTR, take_b(object), reg, object.reg, 0, k);
        return;
    }
    int dynamic = temp_push(c);
    emit_constant(c, OP_LOAD_CONST, 0, dynamic, 0, 0, k);
    emit(c, OP_GET_ATTR_DYNAMIC, take_b(object) | TAKE_C, reg, object.reg, dynamic);
    c->unit->top = dynamic;
}

void attribute_store(Compiler *c, Operand object, Value name, Operand value) {
    Constant k = constant_add(c, name);
    if (constant_narrow(c, k)) {
        emit_constant(c, OP_SET_ATTR, take_a(object) | take_c(value), object.reg, 0, value.reg, k);
        return;
    }
    int dynamic = temp_push(c);
    emit_constant(c, OP_LOAD_CONST, 0, dynamic, 0, 0, k);
    emit(c, OP_SET_ATTR_DYNAMIC, take_a(object) | TAKE_B | take_c(value), object.reg, dynamic, value.reg);
    c->unit->top = dynamic;
}

static void attribute_to(Compiler *c, Node *node, int reg) {
    if (super_attribute_to(c, node, reg)) return;
    Operand object = expr_operand_into(c, node->u.attribute.object, reg, node->u.attribute.object);
    node_start_at_attribute(c, node);
    attribute_load(c, object, node->u.attribute.name, reg);
}

static Value slice_bound(Node *bound) {
    return bound ? bound->u.constant.value : NONE;
}

/* A slice of constants is a constant. */
static bool constant_slice(Compiler *c, Node *node, Constant *k) {
    Node *parts[] = {node->u.slice.lower, node->u.slice.upper, node->u.slice.step};
    for (int i = 0; i < 3; i++) {
        if (parts[i] && !fold_is_constant(c, parts[i])) return false;
    }
    if (c->failed) return false;
    Value slice = slice_new(slice_bound(parts[0]), slice_bound(parts[1]), slice_bound(parts[2]));
    if (is_unset(slice)) return compile_fail(c), false;
    *k = constant_add(c, slice);
    release(slice);
    return constant_narrow(c, *k);
}

static void slice_to(Compiler *c, Node *node, int reg) {
    Node *parts[] = {node->u.slice.lower, node->u.slice.upper, node->u.slice.step};
    int count = parts[2] ? 3 : 2, first = c->unit->top;
    for (int i = 0; i < count; i++) {
        if (parts[i]) expr_push(c, parts[i]);
        else load_constant(c, NONE, temp_push(c));
    }
    emit(c, OP_BUILD_SLICE, 0, reg, first, count);
    c->unit->top = first;
}

void subscript_load(Compiler *c, Operand object, Node *index, int reg) {
    Constant k;
    bool constant = index->kind == NODE_SLICE ? constant_slice(c, index, &k) : constant_operand(c, index, &k);
    if (constant) {
        emit_constant(c, OP_GET_ITEM_K, take_b(object), reg, object.reg, 0, k);
        return;
    }
    Operand key = expr_operand(c, index);
    emit(c, OP_GET_ITEM, take_b(object) | take_c(key), reg, object.reg, key.reg);
}

static void subscript_to(Compiler *c, Node *node, int reg) {
    Operand object = expr_operand_into(c, node->u.subscript.object, reg, node->u.subscript.index);
    subscript_load(c, object, node->u.subscript.index, reg);
}

/* --- Generators and coroutines ----------------------------------------------------------------------------------- */

static bool check_in_function(Compiler *c, Node *node, const char *what) {
    if (unit_is_function(c->unit)) return true;
    compile_error(c, node->span, "'%s' outside function", what);
    return false;
}

static void yield_to(Compiler *c, Node *node, int reg) {
    if (!check_in_function(c, node, "yield")) return;
    Operand value;
    if (node->u.value.value) {
        value = expr_operand(c, node->u.value.value);
    } else {
        value = operand_temp(temp_push(c));
        load_constant(c, NONE, value.reg);
    }
    emit(c, OP_YIELD, take_b(value), reg, value.reg, 0);
}

/* R[reg] = yield from R[iterator], a temporary. */
static void delegate_to(Compiler *c, int iterator, int reg) {
    int sent = temp_push(c);
    load_constant(c, NONE, sent);
    emit(c, OP_DELEGATE, 0, reg, sent, iterator);
    c->unit->top = sent;
}

void await_to(Compiler *c, int iterable, int kind, int reg) {
    emit(c, OP_GET_AWAITABLE, TAKE_B, iterable, iterable, kind);
    delegate_to(c, iterable, reg);
}

static void yield_from_to(Compiler *c, Node *node, int reg) {
    if (!check_in_function(c, node, "yield")) return;
    if (c->unit->scope->is_coroutine && c->unit->scope->kind == SCOPE_FUNCTION) {
        compile_error(c, node->span, "'yield from' inside async function");
        return;
    }
    int iterator = expr_push(c, node->u.value.value);
    emit(c, OP_GET_YIELD_FROM, TAKE_B, iterator, iterator, 0);
    delegate_to(c, iterator, reg);
}

static void await_expr_to(Compiler *c, Node *node, int reg) {
    if (!(c->flags & PARSE_ALLOW_TOP_LEVEL_AWAIT) && !check_in_function(c, node, "await")) return;
    int awaitable = expr_push(c, node->u.value.value);
    await_to(c, awaitable, 0, reg);
}

/* --- Dispatch ---------------------------------------------------------------------------------------------------- */

static void kind_to(Compiler *c, Node *node, int reg) {
    switch (node->kind) {
    case NODE_CONSTANT: load_constant(c, node->u.constant.value, reg); break;
    case NODE_NAME: variable_load(c, node->u.name.name, reg); break;
    case NODE_TUPLE:
    case NODE_LIST:
    case NODE_SET: sequence_to(c, node, reg); break;
    case NODE_DICT: dict_to(c, node, reg); break;
    case NODE_BOOL_OP: bool_op_to(c, node, reg); break;
    case NODE_NAMED_EXPR: named_to(c, node, reg); break;
    case NODE_BIN_OP: binary_to(c, node, reg); break;
    case NODE_UNARY_OP: unary_to(c, node, reg); break;
    case NODE_LAMBDA: lambda_to(c, node, reg); break;
    case NODE_IF_EXP: conditional_to(c, node, reg); break;
    case NODE_LIST_COMP:
    case NODE_SET_COMP:
    case NODE_DICT_COMP:
    case NODE_GENERATOR_EXP: comprehension_to(c, node, reg); break;
    case NODE_AWAIT: await_expr_to(c, node, reg); break;
    case NODE_YIELD: yield_to(c, node, reg); break;
    case NODE_YIELD_FROM: yield_from_to(c, node, reg); break;
    case NODE_COMPARE: compare_to(c, node, reg); break;
    case NODE_CALL: call_to(c, node, reg); break;
    case NODE_JOINED_STR: joined_str_to(c, node, reg); break;
    case NODE_FORMATTED_VALUE: formatted_value_to(c, node, reg); break;
    case NODE_ATTRIBUTE: attribute_to(c, node, reg); break;
    case NODE_SUBSCRIPT: subscript_to(c, node, reg); break;
    case NODE_SLICE: slice_to(c, node, reg); break;
    case NODE_STARRED: compile_error(c, node->span, "can't use starred expression here"); break;
    default: compile_error(c, node->span, "this cannot stand in an expression"); break;
    }
}

void expr_to(Compiler *c, Node *node, int reg) {
    if (c->failed || !compile_check_depth(c)) return;
    fold(c, node);
    int top = c->unit->top;
    Span outer = c->unit->span;
    c->unit->span = node->span;
    kind_to(c, node, reg);
    c->unit->span = outer;
    c->unit->top = top;
}
