/* Conditions: tests that become jumps, comparisons, `and` and `or`. */
#include "vm/code/compiler.h"

#include "runtime/types/object.h"

/* --- Comparing two operands -------------------------------------------------------------------------------------- */

static bool is_rich(uint8_t op) {
    return op <= COMPARE_GE;
}

static Opcode compare_opcode(uint8_t op) {
    switch (op) {
    case COMPARE_IS: return OP_IS;
    case COMPARE_IS_NOT: return OP_IS_NOT;
    case COMPARE_IN: return OP_IN;
    case COMPARE_NOT_IN: return OP_NOT_IN;
    default: return (Opcode)(OP_LT + 6 * op);
    }
}

static Opcode jump_opcode(uint8_t op, bool condition) {
    switch (op) {
    case COMPARE_IS: return condition ? OP_JUMP_IF_IS : OP_JUMP_IF_IS_NOT;
    case COMPARE_IS_NOT: return condition ? OP_JUMP_IF_IS_NOT : OP_JUMP_IF_IS;
    case COMPARE_IN: return condition ? OP_JUMP_IF_IN : OP_JUMP_IF_NOT_IN;
    case COMPARE_NOT_IN: return condition ? OP_JUMP_IF_NOT_IN : OP_JUMP_IF_IN;
    default: return (Opcode)(OP_LT + 6 * op + (condition ? 2 : 4));
    }
}

/* The right side of a comparison: a constant in the instruction, or an operand. */
typedef struct Right {
    bool is_constant;
    Constant constant;
    Operand operand;
} Right;

static Right right_side(Compiler *c, Node *node, uint8_t op) {
    Right r = {false, 0, {0, false}};
    if (op == COMPARE_IN || op == COMPARE_NOT_IN) fold_container(c, node);
    if (is_rich(op) && fold_is_constant(c, node)) {
        r.constant = constant_add(c, node->u.constant.value);
        r.is_constant = constant_narrow(c, r.constant);
    }
    if (!r.is_constant) r.operand = expr_operand(c, node);
    return r;
}

static void emit_compare(Compiler *c, uint8_t op, int reg, Operand left, Right right) {
    Opcode code = compare_opcode(op);
    if (right.is_constant) emit_constant(c, code + 1, take_b(left), reg, left.reg, 0, right.constant);
    else emit(c, code, take_b(left) | take_c(right.operand), reg, left.reg, right.operand.reg);
}

static void emit_compare_jump(Compiler *c, uint8_t op, Operand left, Right right, Label target, bool condition) {
    Opcode code = jump_opcode(op, condition);
    if (!right.is_constant) {
        emit_jump(c, code, take_b(left) | take_c(right.operand), 0, left.reg, right.operand.reg, target);
        return;
    }
    emit_jump_constant(c, code + 1, take_b(left), left.reg, right.constant, target);
}

/* --- Chains ------------------------------------------------------------------------------------------------------ */

/* The operand in the middle of `a < b < c`, which is read twice. */
static Operand middle(Compiler *c, Node *node) {
    Operand o = expr_operand(c, node);
    if (o.temp || !local_is_walrus(c, o.reg)) return o;
    int copy = temp_push(c);
    move_to(c, copy, o);
    return operand_temp(copy);
}

/* One comparison that is not the last: goes on when it holds, else to `fail` with the middle operand dropped. */
static void chain_link(Compiler *c, uint8_t op, Operand left, Operand m, Label fail) {
    Right kept = {false, 0, operand_borrowed(m.reg)};
    if (!m.temp) {
        emit_compare_jump(c, op, left, kept, fail, false);
        return;
    }
    Label go_on = label_new(c);
    emit_compare_jump(c, op, left, kept, go_on, true);
    emit(c, OP_DROP, TAKE_A, m.reg, 0, 0);
    emit_goto(c, fail);
    label_bind(c, go_on);
}

/* As chain_link, leaving what the comparison gave in `reg` when it fails. */
static void chain_link_value(Compiler *c, uint8_t op, int reg, Operand left, Operand m, Label fail) {
    emit_compare(c, op, reg, left, (Right){false, 0, operand_borrowed(m.reg)});
    if (m.temp) {
        Label go_on = label_new(c);
        emit_jump(c, OP_JUMP_IF_TRUE, 0, reg, 0, 0, go_on);
        emit(c, OP_DROP, TAKE_A, m.reg, 0, 0);
        emit_goto(c, fail);
        label_bind(c, go_on);
    } else {
        emit_jump(c, OP_JUMP_IF_FALSE, 0, reg, 0, 0, fail);
    }
    emit(c, OP_DROP, TAKE_A, reg, 0, 0);
}

/* All comparisons but the last; returns its left operand.  reg -1: only the jump is wanted. */
static Operand chain_front(Compiler *c, Node *node, int reg, Label fail) {
    NodeList *right = &node->u.compare.comparators;
    uint8_t *ops = node->u.compare.ops;
    Operand left = expr_operand_into(c, node->u.compare.left, -1, NULL);
    for (int32_t i = 0; i + 1 < right->count; i++) {
        Operand m = middle(c, right->items[i]);
        if (reg >= 0) chain_link_value(c, ops[i], reg, left, m, fail);
        else chain_link(c, ops[i], left, m, fail);
        left = m;
    }
    return left;
}

void compare_to(Compiler *c, Node *node, int reg) {
    NodeList *right = &node->u.compare.comparators;
    uint8_t *ops = node->u.compare.ops;
    if (right->count == 1) {
        Operand left = expr_operand_into(c, node->u.compare.left, reg, right->items[0]);
        emit_compare(c, ops[0], reg, left, right_side(c, right->items[0], ops[0]));
        return;
    }
    if (!reg_is_temp(c, reg)) {
        expr_staged(c, node, reg);
        return;
    }
    Label end = label_new(c);
    Operand left = chain_front(c, node, reg, end);
    int32_t last = right->count - 1;
    emit_compare(c, ops[last], reg, left, right_side(c, right->items[last], ops[last]));
    label_bind(c, end);
}

static void jump_if_chain(Compiler *c, Node *node, Label target, bool condition) {
    NodeList *right = &node->u.compare.comparators;
    int32_t last = right->count - 1;
    Label end = label_new(c);
    Operand left = chain_front(c, node, -1, condition ? end : target);
    Right r = right_side(c, right->items[last], node->u.compare.ops[last]);
    emit_compare_jump(c, node->u.compare.ops[last], left, r, target, condition);
    label_bind(c, end);
}

/* --- Jumps ------------------------------------------------------------------------------------------------------- */

static bool is_none_node(const Node *node) {
    return node->kind == NODE_CONSTANT && same(node->u.constant.value, NONE);
}

static void jump_if_compare(Compiler *c, Node *node, Label target, bool condition) {
    Node *right = node->u.compare.comparators.items[0];
    uint8_t op = node->u.compare.ops[0];
    if ((op == COMPARE_IS || op == COMPARE_IS_NOT) && is_none_node(right)) {
        Operand value = expr_operand(c, node->u.compare.left);
        bool if_none = (op == COMPARE_IS) == condition;
        emit_jump(c, if_none ? OP_JUMP_IF_NONE : OP_JUMP_IF_NOT_NONE, take_a(value), value.reg, 0, 0, target);
        return;
    }
    Operand left = expr_operand_into(c, node->u.compare.left, -1, right);
    emit_compare_jump(c, op, left, right_side(c, right, op), target, condition);
}

/* `and` jumps when false, `or` when true, as soon as one decides; else the last one does. */
static void jump_if_bool_op(Compiler *c, Node *node, Label target, bool condition) {
    NodeList *values = &node->u.bool_op.values;
    bool deciding = node->u.bool_op.is_or;
    Label end = label_new(c);
    for (int32_t i = 0; i + 1 < values->count; i++)
        jump_if(c, values->items[i], deciding == condition ? target : end, deciding);
    jump_if(c, values->items[values->count - 1], target, condition);
    label_bind(c, end);
}

static void jump_if_conditional(Compiler *c, Node *node, Label target, bool condition) {
    Label orelse = label_new(c), end = label_new(c);
    jump_if(c, node->u.if_exp.test, orelse, false);
    jump_if(c, node->u.if_exp.body, target, condition);
    emit_goto(c, end);
    label_bind(c, orelse);
    jump_if(c, node->u.if_exp.orelse, target, condition);
    label_bind(c, end);
}

static void jump_if_constant(Compiler *c, Node *node, Label target, bool condition) {
    int truth = object_truth(node->u.constant.value);
    if (truth < 0) compile_fail(c);
    else if ((truth != 0) == condition) emit_goto(c, target);
}

static void jump_if_value(Compiler *c, Node *node, Label target, bool condition) {
    Operand value = expr_operand(c, node);
    emit_jump(c, condition ? OP_JUMP_IF_TRUE : OP_JUMP_IF_FALSE, take_a(value), value.reg, 0, 0, target);
}

static void jump_if_kind(Compiler *c, Node *test, Label target, bool condition) {
    switch (test->kind) {
    case NODE_CONSTANT: jump_if_constant(c, test, target, condition); break;
    case NODE_BOOL_OP: jump_if_bool_op(c, test, target, condition); break;
    case NODE_IF_EXP: jump_if_conditional(c, test, target, condition); break;
    case NODE_COMPARE:
        if (test->u.compare.comparators.count == 1) jump_if_compare(c, test, target, condition);
        else jump_if_chain(c, test, target, condition);
        break;
    case NODE_UNARY_OP:
        if (test->u.unary_op.op == UNARY_NOT) jump_if(c, test->u.unary_op.operand, target, !condition);
        else if (test->u.unary_op.op == UNARY_IDENTITY) jump_if(c, test->u.unary_op.operand, target, condition);
        else jump_if_value(c, test, target, condition);
        break;
    default: jump_if_value(c, test, target, condition); break;
    }
}

void jump_if(Compiler *c, Node *test, Label target, bool condition) {
    if (c->failed || !compile_check_depth(c)) return;
    fold(c, test);
    int top = c->unit->top;
    if (test->kind == NODE_COMPARE) c->unit->span = test->span;
    jump_if_kind(c, test, target, condition);
    c->unit->top = top;
}

/* --- Values of `and`, `or` --------------------------------------------------------------------------------------- */

void bool_op_to(Compiler *c, Node *node, int reg) {
    if (!reg_is_temp(c, reg)) {
        expr_staged(c, node, reg);
        return;
    }
    NodeList *values = &node->u.bool_op.values;
    Opcode op = node->u.bool_op.is_or ? OP_JUMP_IF_TRUE_OR_DROP : OP_JUMP_IF_FALSE_OR_DROP;
    Label end = label_new(c);
    for (int32_t i = 0; i < values->count; i++) {
        expr_to(c, values->items[i], reg);
        if (i + 1 < values->count) emit_jump(c, op, 0, reg, 0, 0, end);
    }
    label_bind(c, end);
}
