/* Assignment in all its forms, and del. */
#include "vm/code/compiler.h"

#include "runtime/types/names.h"

/* --- Storing one value ------------------------------------------------------------------------------------------- */

int store_register(Compiler *c, Node *target) {
    int reg;
    if (target->kind != NODE_NAME || !variable_is_local(c, target->u.name.name, &reg)) return -1;
    return reg;
}

/* A borrowed value whose local a target may rebind while it is evaluated is copied first. */
static Operand protect(Compiler *c, Operand value, const Node *target) {
    if (value.temp || reg_is_temp(c, value.reg) || !local_is_walrus(c, value.reg) || node_is_simple(target))
        return value;
    int copy = temp_push(c);
    move_to(c, copy, value);
    return operand_temp(copy);
}

static void store_attribute(Compiler *c, Node *target, Operand value) {
    value = protect(c, value, target->u.attribute.object);
    Operand object = expr_operand(c, target->u.attribute.object);
    node_start_at_attribute(c, target);
    attribute_store(c, object, target->u.attribute.name, value);
}

static void store_item(Compiler *c, Node *target, Operand value) {
    value = protect(c, value, NULL);
    Operand object = expr_operand_into(c, target->u.subscript.object, -1, target->u.subscript.index);
    Operand index = expr_operand(c, target->u.subscript.index);
    emit(c, OP_SET_ITEM, take_a(object) | take_b(index) | take_c(value), object.reg, index.reg, value.reg);
}

/* --- Unpacking --------------------------------------------------------------------------------------------------- */

/* Position of the starred target, or -1. */
static int find_star(Compiler *c, const NodeList *targets) {
    int star = -1;
    for (int32_t i = 0; i < targets->count; i++) {
        if (targets->items[i]->kind != NODE_STARRED) continue;
        if (star >= 0) compile_error(c, c->unit->span, "multiple starred expressions in assignment");
        star = i;
    }
    return star;
}

static Node *unstarred(Node *target) {
    return target->kind == NODE_STARRED ? target->u.value.value : target;
}

/* First of a run of locals that are the targets one after the other, or -1. */
static int local_run(Compiler *c, const NodeList *targets) {
    int first = targets->count ? store_register(c, unstarred(targets->items[0])) : -1;
    if (first < 0) return -1;
    for (int32_t i = 1; i < targets->count; i++) {
        if (store_register(c, unstarred(targets->items[i])) != first + i) return -1;
    }
    return first;
}

static void emit_unpack(Compiler *c, int first, int count, int star, Operand value) {
    if (star < 0) {
        emit(c, OP_UNPACK, take_c(value), first, count, value.reg);
    } else {
        emit(c, OP_UNPACK_EX, take_c(value), first, star, value.reg);
        emit_cache(c, (uint32_t)(count - star - 1));
    }
}

static void store_unpacked(Compiler *c, Node *target, Operand value) {
    const NodeList *targets = &target->u.sequence.items;
    int count = targets->count, star = find_star(c, targets);
    int first = star < 0 ? local_run(c, targets) : -1;
    if (first >= 0) {
        emit_unpack(c, first, count, star, value);
        for (int i = 0; i < count; i++) local_set_assigned(c, first + i);
        return;
    }
    first = temp_push_run(c, count ? count : 1);
    emit_unpack(c, first, count, star, value);
    for (int i = 0; i < count && !c->failed; i++) store(c, unstarred(targets->items[i]), operand_temp(first + i));
}

void store(Compiler *c, Node *target, Operand value) {
    if (c->failed || !compile_check_depth(c)) return;
    int top = c->unit->top;
    Span outer = c->unit->span;
    c->unit->span = target->span;
    switch (target->kind) {
    case NODE_NAME: variable_store(c, target->u.name.name, value); break;
    case NODE_ATTRIBUTE: store_attribute(c, target, value); break;
    case NODE_SUBSCRIPT: store_item(c, target, value); break;
    case NODE_TUPLE:
    case NODE_LIST: store_unpacked(c, target, value); break;
    case NODE_STARRED: compile_error(c, target->span, "starred assignment target must be in a list or tuple"); break;
    default: compile_error(c, target->span, "cannot assign to this"); break;
    }
    c->unit->span = outer;
    c->unit->top = top;
}

/* --- a, b = x, y ------------------------------------------------------------------------------------------------- */

enum { MAX_PARALLEL = 64 };

/* Is it `t1, t2 = v1, v2` with targets that are names, attributes or items, so that no tuple is needed? */
static bool is_parallel(Node *target, Node *value) {
    if ((target->kind != NODE_TUPLE && target->kind != NODE_LIST) || value->kind != NODE_TUPLE) return false;
    const NodeList *targets = &target->u.sequence.items, *values = &value->u.sequence.items;
    if (targets->count != values->count || targets->count == 0 || targets->count > MAX_PARALLEL) return false;
    for (int32_t i = 0; i < targets->count; i++) {
        uint8_t kind = targets->items[i]->kind;
        if (kind != NODE_NAME && kind != NODE_ATTRIBUTE && kind != NODE_SUBSCRIPT) return false;
        if (values->items[i]->kind == NODE_STARRED) return false;
    }
    return true;
}

static bool is_stored_before(Compiler *c, const NodeList *targets, int32_t end, int reg) {
    for (int32_t i = 0; i < end; i++) {
        if (store_register(c, targets->items[i]) == reg) return true;
    }
    return false;
}

static void parallel_assign(Compiler *c, Node *target, Node *value) {
    const NodeList *targets = &target->u.sequence.items, *values = &value->u.sequence.items;
    Operand operands[MAX_PARALLEL];
    for (int32_t i = 0; i < values->count; i++) {
        operands[i] = expr_operand_into(c, values->items[i], -1, NULL);
        if (operands[i].temp || !is_stored_before(c, targets, i, operands[i].reg)) continue;
        int copy = temp_push(c);
        move_to(c, copy, operands[i]);
        operands[i] = operand_temp(copy);
    }
    for (int32_t i = 0; i < targets->count; i++) store(c, targets->items[i], operands[i]);
}

/* --- Statements -------------------------------------------------------------------------------------------------- */

static bool are_names(const NodeList *targets) {
    for (int32_t i = 0; i < targets->count; i++) {
        if (targets->items[i]->kind != NODE_NAME) return false;
    }
    return true;
}

static void assign_one(Compiler *c, Node *target, Node *value) {
    int local = store_register(c, target);
    if (local >= 0) {
        expr_to(c, value, local);
        local_set_assigned(c, local);
        return;
    }
    store(c, target, expr_operand(c, value));
}

static void assign_many(Compiler *c, const NodeList *targets, Node *value) {
    bool only_names = are_names(targets);
    Operand v = only_names ? expr_operand(c, value) : operand_temp(expr_push(c, value));
    for (int32_t i = 0; i < targets->count; i++) {
        bool last = i == targets->count - 1;
        store(c, targets->items[i], last ? v : operand_borrowed(v.reg));
    }
}

void assign_statement(Compiler *c, Node *node) {
    NodeList *targets = &node->u.assign.targets;
    Node *value = node->u.assign.value;
    int top = c->unit->top;
    if (targets->count > 1) assign_many(c, targets, value);
    else if (!fold_is_constant(c, value) && is_parallel(targets->items[0], value))
        parallel_assign(c, targets->items[0], value);
    else assign_one(c, targets->items[0], value);
    c->unit->top = top;
}

static void inplace(Compiler *c, BinaryOp op, int reg, Operand left, Node *right) {
    Opcode code = (Opcode)(OP_ADD + 4 * op + 2);
    if (fold_is_constant(c, right)) {
        Constant k = constant_add(c, right->u.constant.value);
        if (constant_narrow(c, k)) {
            emit_constant(c, code + 1, take_b(left), reg, left.reg, 0, k);
            return;
        }
    }
    Operand r = expr_operand(c, right);
    emit(c, code, take_b(left) | take_c(r), reg, left.reg, r.reg);
}

static void aug_name(Compiler *c, Node *node) {
    Node *target = node->u.aug_assign.target, *value = node->u.aug_assign.value;
    int local = store_register(c, target);
    if (local >= 0) {
        Operand left = expr_operand_into(c, target, -1, value);
        inplace(c, node->u.aug_assign.op, local, left, value);
        local_set_assigned(c, local);
        return;
    }
    int reg = expr_push(c, target);
    inplace(c, node->u.aug_assign.op, reg, operand_temp(reg), value);
    c->unit->top = reg + 1;
    store(c, target, operand_temp(reg));
}

static void aug_attribute(Compiler *c, Node *node) {
    Node *target = node->u.aug_assign.target;
    Span outer = c->unit->span, at;
    Operand object = expr_operand_into(c, target->u.attribute.object, -1, node->u.aug_assign.value);
    int reg = temp_push(c);
    c->unit->span = target->span;
    node_start_at_attribute(c, target);
    at = c->unit->span;
    attribute_load(c, operand_borrowed(object.reg), target->u.attribute.name, reg);
    c->unit->span = outer;
    inplace(c, node->u.aug_assign.op, reg, operand_temp(reg), node->u.aug_assign.value);
    c->unit->span = at;
    attribute_store(c, object, target->u.attribute.name, operand_temp(reg));
    c->unit->span = outer;
}

static void aug_item(Compiler *c, Node *node) {
    Node *target = node->u.aug_assign.target;
    Span outer = c->unit->span;
    Operand object = expr_operand_into(c, target->u.subscript.object, -1, NULL);
    Operand index = expr_operand_into(c, target->u.subscript.index, -1, NULL);
    int reg = temp_push(c);
    c->unit->span = target->span;
    emit(c, OP_GET_ITEM, 0, reg, object.reg, index.reg);
    c->unit->span = outer;
    inplace(c, node->u.aug_assign.op, reg, operand_temp(reg), node->u.aug_assign.value);
    c->unit->span = target->span;
    emit(c, OP_SET_ITEM, take_a(object) | take_b(index) | TAKE_C, object.reg, index.reg, reg);
    c->unit->span = outer;
}

void aug_assign_statement(Compiler *c, Node *node) {
    int top = c->unit->top;
    switch (node->u.aug_assign.target->kind) {
    case NODE_NAME: aug_name(c, node); break;
    case NODE_ATTRIBUTE: aug_attribute(c, node); break;
    case NODE_SUBSCRIPT: aug_item(c, node); break;
    default: compile_error(c, node->span, "illegal expression for augmented assignment"); break;
    }
    c->unit->top = top;
}

/* --- Annotations ------------------------------------------------------------------------------------------------- */

static void store_annotation(Compiler *c, Node *node) {
    int value = temp_push(c);
    annotation_to(c, node->u.ann_assign.annotation, value);
    int all = temp_push(c), key = temp_push(c);
    variable_load(c, names.__annotations__, all);
    load_constant(c, node->u.ann_assign.target->u.name.name, key);
    emit(c, OP_SET_ITEM, TAKE_A | TAKE_B | TAKE_C, all, key, value);
}

/* Without a value the parts of the target are evaluated all the same. */
static void discard_target(Compiler *c, Node *target) {
    if (target->kind == NODE_ATTRIBUTE) {
        expr_discard(c, target->u.attribute.object);
    } else if (target->kind == NODE_SUBSCRIPT) {
        expr_discard(c, target->u.subscript.object);
        expr_discard(c, target->u.subscript.index);
    }
}

void ann_assign_statement(Compiler *c, Node *node) {
    Node *target = node->u.ann_assign.target;
    bool keeps = !unit_is_function(c->unit);
    int top = c->unit->top;
    if (node->u.ann_assign.value) assign_one(c, target, node->u.ann_assign.value);
    else discard_target(c, target);
    c->unit->top = top;
    if (target->kind == NODE_NAME && same(target->u.name.name, names.__debug__)) {
        compile_error(c, node->span, "cannot assign to __debug__");
    } else if (node->u.ann_assign.simple) {
        if (keeps) store_annotation(c, node);
    } else if (keeps && !c->module->future_annotations) {
        expr_discard(c, node->u.ann_assign.annotation);
    }
    c->unit->top = top;
}

/* --- del --------------------------------------------------------------------------------------------------------- */

static void delete_item(Compiler *c, Node *target) {
    Operand object = expr_operand_into(c, target->u.subscript.object, -1, target->u.subscript.index);
    Operand index = expr_operand(c, target->u.subscript.index);
    emit(c, OP_DELETE_ITEM, take_a(object) | take_b(index), object.reg, index.reg, 0);
}

static void delete_attribute(Compiler *c, Node *target) {
    Operand object = expr_operand(c, target->u.attribute.object);
    node_start_at_attribute(c, target);
    Constant k = constant_add(c, target->u.attribute.name);
    if (!constant_narrow(c, k)) compile_error(c, target->span, "too many names in one function");
    emit_constant(c, OP_DELETE_ATTR, take_a(object), object.reg, 0, 0, k);
}

static void delete_target(Compiler *c, Node *target) {
    if (c->failed || !compile_check_depth(c)) return;
    int top = c->unit->top;
    Span outer = c->unit->span;
    c->unit->span = target->span;
    switch (target->kind) {
    case NODE_NAME: variable_delete(c, target->u.name.name); break;
    case NODE_ATTRIBUTE: delete_attribute(c, target); break;
    case NODE_SUBSCRIPT: delete_item(c, target); break;
    case NODE_TUPLE:
    case NODE_LIST:
        for (int32_t i = 0; i < target->u.sequence.items.count; i++)
            delete_target(c, target->u.sequence.items.items[i]);
        break;
    default: compile_error(c, target->span, "cannot delete this"); break;
    }
    c->unit->span = outer;
    c->unit->top = top;
}

void delete_statement(Compiler *c, Node *node) {
    for (int32_t i = 0; i < node->u.delete_.targets.count; i++) delete_target(c, node->u.delete_.targets.items[i]);
}
