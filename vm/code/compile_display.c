/* Displays: tuples, lists, sets, dicts and f-strings. */
#include "vm/code/compiler.h"

#include "runtime/types/set.h"
#include "runtime/types/tuple.h"

enum {
    FIRST_ITEMS = 32,    /* of a long display, made at once; the others are added one by one */
    MAX_TUPLE_RUN = 200, /* longer tuples are made from a list */
    MAX_STRING_RUN = 100,
};

static bool has_starred(const NodeList *items) {
    for (int32_t i = 0; i < items->count; i++) {
        if (items->items[i]->kind == NODE_STARRED) return true;
    }
    return false;
}

static void push_items(Compiler *c, const NodeList *items, int32_t count) {
    for (int32_t i = 0; i < count; i++) expr_push(c, items->items[i]);
}

/* Adds items from `first` on to the list or set in a register. */
static void add_items(Compiler *c, const NodeList *items, int32_t first, int into, Opcode add, Opcode add_all) {
    for (int32_t i = first; i < items->count && !c->failed; i++) {
        Node *item = items->items[i];
        bool starred = item->kind == NODE_STARRED;
        int top = c->unit->top;
        Operand value = expr_operand(c, starred ? item->u.value.value : item);
        emit(c, starred ? add_all : add, take_b(value), into, value.reg, starred);
        c->unit->top = top;
    }
}

void list_display(Compiler *c, const NodeList *items, int first, int list) {
    add_items(c, items, first, list, OP_LIST_APPEND, OP_LIST_EXTEND);
}

/* Items that are constants, as a tuple or frozenset.  Owned. */
static Value constant_items(const NodeList *items, bool as_set) {
    Value tuple = tuple_new((size_t)items->count);
    if (is_unset(tuple)) return UNSET;
    for (int32_t i = 0; i < items->count; i++) as_tuple(tuple)->items[i] = retain(items->items[i]->u.constant.value);
    if (!as_set) return tuple;
    /* Twice, as CPython does when it merges constants: scripts see the order. */
    Value first = frozenset_from_iterable(tuple);
    replace(&tuple, is_set(first) ? tuple_from_iterable(first) : UNSET);
    release(first);
    Value set = is_set(tuple) ? frozenset_from_iterable(tuple) : UNSET;
    release(tuple);
    return set;
}

/* [1, 2, 3]: a list extended by a constant tuple. */
static void constant_items_to(Compiler *c, const NodeList *items, int reg, bool is_set) {
    Value constant = constant_items(items, is_set);
    if (is_unset(constant)) {
        compile_fail(c);
        return;
    }
    int all = temp_push(c);
    emit(c, is_set ? OP_BUILD_SET : OP_BUILD_LIST, 0, reg, 0, 0);
    emit_constant(c, OP_LOAD_CONST, 0, all, 0, 0, constant_add(c, constant));
    emit(c, is_set ? OP_SET_UPDATE : OP_LIST_EXTEND, TAKE_B, reg, all, 0);
    release(constant);
}

/* Into a temporary; the display grows there. */
static void growing_display_to(Compiler *c, const NodeList *items, int reg, bool is_set) {
    Opcode build = is_set ? OP_BUILD_SET : OP_BUILD_LIST;
    int32_t first = 0;
    while (first < items->count && first < FIRST_ITEMS && items->items[first]->kind != NODE_STARRED) first++;
    int run = c->unit->top;
    push_items(c, items, first);
    emit(c, build, 0, reg, run, first);
    c->unit->top = run;
    add_items(c, items, first, reg, is_set ? OP_SET_ADD : OP_LIST_APPEND, is_set ? OP_SET_UPDATE : OP_LIST_EXTEND);
}

static void run_to(Compiler *c, const NodeList *items, int reg, Opcode build) {
    int run = c->unit->top;
    push_items(c, items, items->count);
    emit(c, build, 0, reg, run, items->count);
}

static void tuple_to(Compiler *c, Node *node, int reg) {
    const NodeList *items = &node->u.sequence.items;
    if (items->count <= MAX_TUPLE_RUN && !has_starred(items)) {
        run_to(c, items, reg, OP_BUILD_TUPLE);
        return;
    }
    int list = temp_push(c);
    growing_display_to(c, items, list, false);
    emit(c, OP_LIST_TO_TUPLE, TAKE_B, reg, list, 0);
}

void sequence_to(Compiler *c, Node *node, int reg) {
    const NodeList *items = &node->u.sequence.items;
    bool is_set = node->kind == NODE_SET;
    if (node->kind == NODE_TUPLE) {
        tuple_to(c, node, reg);
    } else if (items->count <= FIRST_ITEMS && !has_starred(items) &&
               !(items->count >= 3 && fold_all_constants(c, items))) {
        run_to(c, items, reg, is_set ? OP_BUILD_SET : OP_BUILD_LIST);
    } else if (!reg_is_temp(c, reg)) {
        expr_staged(c, node, reg);
    } else if (!has_starred(items) && fold_all_constants(c, items)) {
        constant_items_to(c, items, reg, is_set);
    } else {
        growing_display_to(c, items, reg, is_set);
    }
}

/* --- Dicts ------------------------------------------------------------------------------------------------------- */

static void add_pair(Compiler *c, Node *key, Node *value, int map) {
    int top = c->unit->top;
    if (key) {
        Operand k = expr_operand_into(c, key, -1, value), v = expr_operand(c, value);
        emit(c, OP_MAP_ADD, take_b(k) | take_c(v), map, k.reg, v.reg);
    } else {
        Operand other = expr_operand(c, value);
        emit(c, OP_MAP_UPDATE, take_b(other), map, other.reg, 0);
    }
    c->unit->top = top;
}

void dict_to(Compiler *c, Node *node, int reg) {
    const NodeList *keys = &node->u.dict.keys, *values = &node->u.dict.values;
    int32_t first = 0;
    while (first < keys->count && first < FIRST_ITEMS / 2 && keys->items[first]) first++;
    if (first < keys->count && !reg_is_temp(c, reg)) {
        expr_staged(c, node, reg);
        return;
    }
    int run = c->unit->top;
    for (int32_t i = 0; i < first; i++) {
        expr_push(c, keys->items[i]);
        expr_push(c, values->items[i]);
    }
    emit(c, OP_BUILD_MAP, 0, reg, run, first);
    c->unit->top = run;
    for (int32_t i = first; i < keys->count && !c->failed; i++) add_pair(c, keys->items[i], values->items[i], reg);
}

/* --- f-strings --------------------------------------------------------------------------------------------------- */

void formatted_value_to(Compiler *c, Node *node, int reg) {
    int conversion = node->u.formatted_value.conversion;
    int mode = conversion < 0 ? 0 : conversion;
    int run = expr_push(c, node->u.formatted_value.value);
    if (node->u.formatted_value.format_spec) {
        expr_push(c, node->u.formatted_value.format_spec);
        mode |= 1 << 15;
    }
    emit(c, OP_FORMAT, 0, reg, run, mode);
}

void joined_str_to(Compiler *c, Node *node, int reg) {
    const NodeList *values = &node->u.joined_str.values;
    if (values->count == 1 && values->items[0]->kind == NODE_FORMATTED_VALUE) {
        expr_to(c, values->items[0], reg);
        return;
    }
    int run = c->unit->top, count = 0;
    for (int32_t i = 0; i < values->count && !c->failed; i++) {
        if (count == MAX_STRING_RUN) {
            emit(c, OP_BUILD_STRING, 0, run, run, count);
            c->unit->top = run + 1;
            count = 1;
        }
        expr_push(c, values->items[i]);
        count++;
    }
    emit(c, OP_BUILD_STRING, 0, reg, run, count);
    c->unit->top = run;
}
