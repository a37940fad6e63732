/* Calls: functions, methods, super(), and arguments that are unpacked or many. */
#include "vm/code/compiler.h"

#include "runtime/types/names.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

enum { MAX_PLAIN_ARGUMENTS = 200 };

/* Can the arguments stand one after the other in registers? */
static bool is_plain(const NodeList *args, const Keyword *keywords, int keyword_count) {
    if (args->count + keyword_count > MAX_PLAIN_ARGUMENTS) return false;
    for (int32_t i = 0; i < args->count; i++) {
        if (args->items[i]->kind == NODE_STARRED) return false;
    }
    for (int i = 0; i < keyword_count; i++) {
        if (is_unset(keywords[i].name)) return false;
    }
    return true;
}

/* The register where callee and arguments begin: the result's, if it is the last temporary. */
static int run_start(Compiler *c, int reg) {
    return reg_is_temp(c, reg) && reg == c->unit->top - 1 ? reg : temp_push(c);
}

static Constant keyword_names(Compiler *c, const Keyword *keywords, int count) {
    Value tuple = tuple_new((size_t)count);
    if (is_unset(tuple)) return compile_fail(c), 0;
    for (int i = 0; i < count; i++) as_tuple(tuple)->items[i] = retain(keywords[i].name);
    Constant k = constant_add(c, tuple);
    release(tuple);
    return k;
}

static void plain_call(Compiler *c, int base, int given, const NodeList *args, const Keyword *keywords,
                       int keyword_count, bool is_method, int reg) {
    for (int32_t i = 0; i < args->count; i++) expr_push(c, args->items[i]);
    for (int i = 0; i < keyword_count; i++) expr_push(c, keywords[i].value);
    int count = given + args->count + keyword_count;
    if (keyword_count) {
        Constant k = keyword_names(c, keywords, keyword_count);
        emit_constant(c, OP_LOAD_CONST, 0, temp_push(c), 0, 0, k);
        emit(c, is_method ? OP_CALL_METHOD_KW : OP_CALL_KW, 0, reg, base, count);
    } else {
        emit(c, is_method ? OP_CALL_METHOD : OP_CALL, 0, reg, base, count);
    }
}

/* --- Unpacked arguments ------------------------------------------------------------------------------------------ */

static bool is_single_star(const NodeList *args, int given) {
    return given == 0 && args->count == 1 && args->items[0]->kind == NODE_STARRED;
}

static void positional_list(Compiler *c, int base, int given, const NodeList *args) {
    int list = base + 1;
    if (is_single_star(args, given)) {
        expr_push(c, args->items[0]->u.value.value);
        return;
    }
    if (!given) temp_push(c);
    emit(c, OP_BUILD_LIST, 0, list, given ? list : 0, given);
    c->unit->top = list + 1;
    list_display(c, args, 0, list);
}

static int named_run(const Keyword *keywords, int count, int from) {
    int to = from;
    while (to < count && is_set(keywords[to].name)) to++;
    return to;
}

static void add_named(Compiler *c, const Keyword *keywords, int from, int to, int map) {
    for (int i = from; i < to; i++) {
        int key = temp_push(c);
        load_constant(c, keywords[i].name, key);
        Operand value = expr_operand(c, keywords[i].value);
        emit(c, OP_MAP_ADD, TAKE_B | take_c(value), map, key, value.reg);
        c->unit->top = key;
    }
}

static void merge(Compiler *c, int map, Operand other, int callee) {
    emit(c, OP_MAP_MERGE, take_b(other), map, other.reg, callee);
}

static void keyword_map(Compiler *c, int base, const Keyword *keywords, int count) {
    int map = temp_push(c);
    emit(c, OP_BUILD_MAP, 0, map, 0, 0);
    int at = named_run(keywords, count, 0);
    add_named(c, keywords, 0, at, map);
    while (at < count) {
        int top = c->unit->top;
        if (is_unset(keywords[at].name)) {
            merge(c, map, expr_operand(c, keywords[at++].value), base);
        } else {
            int from = at, named = temp_push(c);
            at = named_run(keywords, count, at);
            emit(c, OP_BUILD_MAP, 0, named, 0, 0);
            add_named(c, keywords, from, at, named);
            merge(c, map, operand_temp(named), base);
        }
        c->unit->top = top;
    }
}

static void unpacking_call(Compiler *c, int base, int given, const NodeList *args, const Keyword *keywords,
                           int keyword_count, int reg) {
    positional_list(c, base, given, args);
    if (keyword_count) keyword_map(c, base, keywords, keyword_count);
    else emit(c, OP_CLEAR, 0, temp_push(c), 0, 0);
    emit(c, OP_CALL_EX, 0, reg, base, 0);
}

void call_arguments(Compiler *c, int base, int given, const NodeList *args, const Keyword *keywords, int keyword_count,
                    bool is_method, int reg) {
    if (is_plain(args, keywords, keyword_count))
        plain_call(c, base, given, args, keywords, keyword_count, is_method, reg);
    else unpacking_call(c, base, given, args, keywords, keyword_count, reg);
    c->unit->top = base;
}

/* --- super() ----------------------------------------------------------------------------------------------------- */

static const Params *own_params(const Scope *scope) {
    if (scope->kind == SCOPE_FUNCTION) return &scope->node->u.function_def.params;
    if (scope->kind == SCOPE_LAMBDA) return &scope->node->u.lambda.params;
    return NULL;
}

static bool is_super_name(Compiler *c, const Node *function) {
    if (function->kind != NODE_NAME || !str_equal_ascii(function->u.name.name, "super")) return false;
    const Symbol *symbol = scope_find(c->unit->scope, function->u.name.name);
    return !symbol || symbol->kind == SYMBOL_GLOBAL_IMPLICIT;
}

/* Is this `super()` in a method, so that class and self are known? */
static bool is_plain_super(Compiler *c, const Node *node) {
    if (node->kind != NODE_CALL || node->u.call.args.count || node->u.call.keyword_count) return false;
    const Params *params = own_params(c->unit->scope);
    if (!params || params->positional == 0 || !is_super_name(c, node->u.call.function)) return false;
    const Symbol *cls = scope_find(c->unit->scope, names.__class__);
    return cls && cls->kind == SYMBOL_FREE;
}

/* super, the class and self into three temporaries; returns the first. */
static int super_operands(Compiler *c, Node *node, int start) {
    Span outer = c->unit->span;
    c->unit->span = node->span;
    expr_to(c, node->u.call.function, start);
    variable_load(c, names.__class__, temp_push(c));
    variable_load(c, own_params(c->unit->scope)->items[0].name, temp_push(c));
    c->unit->span = outer;
    return start;
}

/* GET_SUPER_METHOD or GET_SUPER_ATTR; false: not that form. */
static bool super_attribute(Compiler *c, Node *attribute, Opcode op, int start, int reg) {
    if (!is_plain_super(c, attribute->u.attribute.object)) return false;
    Constant k = constant_add(c, attribute->u.attribute.name);
    if (!constant_narrow(c, k)) return false;
    super_operands(c, attribute->u.attribute.object, start);
    emit_constant(c, op, 0, reg, start, 0, k);
    return true;
}

bool super_attribute_to(Compiler *c, Node *node, int reg) {
    if (!is_plain_super(c, node->u.attribute.object)) return false;
    return super_attribute(c, node, OP_GET_SUPER_ATTR, run_start(c, reg), reg);
}

/* --- Calls ------------------------------------------------------------------------------------------------------- */

/* The method into base and base+1, its object given or not. */
static bool method_load(Compiler *c, Node *attribute, int base) {
    Span outer = c->unit->span;
    c->unit->span = attribute->span;
    bool done = super_attribute(c, attribute, OP_GET_SUPER_METHOD, base, base);
    if (!done) {
        Constant k = constant_add(c, attribute->u.attribute.name);
        if (constant_narrow(c, k)) {
            Operand object = expr_operand_into(c, attribute->u.attribute.object, base, attribute->u.attribute.object);
            node_start_at_attribute(c, attribute);
            emit_constant(c, OP_GET_METHOD, take_b(object), base, object.reg, 0, k);
            done = true;
        }
    }
    c->unit->span = outer;
    return done;
}

static bool method_call(Compiler *c, Node *node, int reg) {
    Node *function = node->u.call.function;
    if (function->kind != NODE_ATTRIBUTE ||
        !is_plain(&node->u.call.args, node->u.call.keywords, node->u.call.keyword_count))
        return false;
    int top = c->unit->top, base = run_start(c, reg);
    bool done = method_load(c, function, base);
    c->unit->top = base + 1;
    if (!done) {
        c->unit->top = top;
        return false;
    }
    temp_push(c);
    node_start_at_attribute(c, function);
    call_arguments(c, base, 1, &node->u.call.args, node->u.call.keywords, node->u.call.keyword_count, true, reg);
    return true;
}

void call_to(Compiler *c, Node *node, int reg) {
    if (method_call(c, node, reg)) return;
    int base = run_start(c, reg);
    expr_to(c, node->u.call.function, base);
    call_arguments(c, base, 0, &node->u.call.args, node->u.call.keywords, node->u.call.keyword_count, false, reg);
}
