/* Functions, lambdas, comprehensions and classes: their units, and the instructions that make them. */
#include "vm/code/compiler.h"

#include "runtime/types/names.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

/* --- Defaults and annotations ------------------------------------------------------------------------------------ */

static bool defaults_are_constant(Compiler *c, const Params *params) {
    for (int32_t i = 0; i < params->positional; i++) {
        Node *value = params->items[i].default_value;
        if (value && !fold_is_constant(c, value)) return false;
    }
    return !c->failed;
}

static int default_count(const Params *params) {
    int count = 0;
    for (int32_t i = 0; i < params->positional; i++) count += params->items[i].default_value != NULL;
    return count;
}

static void constant_defaults(Compiler *c, const Params *params, int count, int reg) {
    Value tuple = tuple_new((size_t)count);
    if (is_unset(tuple)) {
        compile_fail(c);
        return;
    }
    for (int32_t i = 0, at = 0; i < params->positional; i++) {
        Node *value = params->items[i].default_value;
        if (value) as_tuple(tuple)->items[at++] = retain(value->u.constant.value);
    }
    load_constant(c, tuple, reg);
    release(tuple);
}

static void defaults_to(Compiler *c, const Params *params, int reg) {
    int count = default_count(params);
    if (defaults_are_constant(c, params)) {
        constant_defaults(c, params, count, reg);
        return;
    }
    int run = c->unit->top;
    for (int32_t i = 0; i < params->positional; i++) {
        if (params->items[i].default_value) expr_push(c, params->items[i].default_value);
    }
    emit(c, OP_BUILD_TUPLE, 0, reg, run, count);
    c->unit->top = run;
}

static bool has_keyword_defaults(const Params *params) {
    for (int32_t i = params->positional; i < params->positional + params->keyword_only; i++) {
        if (params->items[i].default_value) return true;
    }
    return false;
}

static void keyword_defaults_to(Compiler *c, const Params *params, int reg) {
    int run = c->unit->top, count = 0;
    for (int32_t i = params->positional; i < params->positional + params->keyword_only; i++) {
        if (!params->items[i].default_value) continue;
        load_constant(c, params->items[i].name, temp_push(c));
        expr_push(c, params->items[i].default_value);
        count++;
    }
    emit(c, OP_BUILD_MAP, 0, reg, run, count);
    c->unit->top = run;
}

static void annotation_text_to(Compiler *c, Node *annotation, int reg) {
    Value text = ast_unparse(annotation);
    if (is_unset(text)) {
        compile_fail(c);
        return;
    }
    load_constant(c, text, reg);
    release(text);
}

void annotation_to(Compiler *c, Node *annotation, int reg) {
    if (c->failed) return;
    if (c->module->future_annotations) {
        annotation_text_to(c, annotation, reg);
    } else if (annotation->kind == NODE_STARRED) {
        int value = expr_push(c, annotation->u.value.value);
        emit(c, OP_UNPACK, TAKE_C, reg, 1, value);
        c->unit->top = value;
    } else {
        expr_to(c, annotation, reg);
    }
}

static bool has_annotations(const Params *params, const Node *returns) {
    for (int32_t i = 0; i < params->count; i++) {
        if (params->items[i].annotation) return true;
    }
    return returns != NULL;
}

static int push_annotation(Compiler *c, Value name, Node *annotation) {
    if (!annotation) return 0;
    load_constant(c, name, temp_push(c));
    annotation_to(c, annotation, temp_push(c));
    return 2;
}

/* Name and annotation alternate, in CPython's order: parameters, positional-only ones, *args, keyword-only ones,
 * **kwargs, return. */
static void annotations_to(Compiler *c, const Params *params, Node *returns, int reg) {
    int run = c->unit->top, count = 0;
    int32_t keywords = params->positional, star = keywords + params->keyword_only, end = star + params->has_star;
    const Param *items = params->items;
    for (int32_t i = params->positional_only; i < keywords; i++)
        count += push_annotation(c, items[i].name, items[i].annotation);
    for (int32_t i = 0; i < params->positional_only; i++)
        count += push_annotation(c, items[i].name, items[i].annotation);
    if (params->has_star) count += push_annotation(c, items[star].name, items[star].annotation);
    for (int32_t i = keywords; i < star; i++) count += push_annotation(c, items[i].name, items[i].annotation);
    if (params->has_double_star) count += push_annotation(c, items[end].name, items[end].annotation);
    count += push_annotation(c, names.return_, returns);
    emit(c, OP_BUILD_TUPLE, 0, reg, run, count);
    c->unit->top = run;
}

/* --- Making functions -------------------------------------------------------------------------------------------- */

/* What goes beside the code: four temporaries, or none. */
static int extras(Compiler *c, const Params *params, Node *returns, const Scope *scope) {
    bool defaults = params && default_count(params), keyword_defaults = params && has_keyword_defaults(params);
    bool annotations = params && has_annotations(params, returns), closure = scope->free_count > 0;
    if (!defaults && !keyword_defaults && !annotations && !closure) return NO_REG;
    int first = temp_push(c);
    if (defaults) defaults_to(c, params, first);
    else emit(c, OP_CLEAR, 0, first, 0, 0);
    int second = temp_push(c);
    if (keyword_defaults) keyword_defaults_to(c, params, second);
    else emit(c, OP_CLEAR, 0, second, 0, 0);
    int third = temp_push(c);
    if (annotations) annotations_to(c, params, returns, third);
    else emit(c, OP_CLEAR, 0, third, 0, 0);
    int fourth = temp_push(c);
    if (closure) closure_load(c, scope, fourth);
    else emit(c, OP_CLEAR, 0, fourth, 0, 0);
    return first;
}

/* Steals code. */
static void make_function(Compiler *c, Value code, int with, int reg) {
    if (is_unset(code)) return;
    if (c->unit->reachable) {
        Constant k = constant_add(c, code);
        if (constant_narrow(c, k)) {
            emit_constant(c, OP_MAKE_FUNCTION, 0, reg, 0, with, k);
        } else {
            int loaded = temp_push(c);
            emit_constant(c, OP_LOAD_CONST, 0, loaded, 0, 0, k);
            emit(c, OP_MAKE_FUNCTION_DYNAMIC, TAKE_B, reg, loaded, with);
        }
    }
    release(code);
}

static Value function_code(Compiler *c, const Scope *scope, const NodeList *body) {
    Unit unit;
    unit_begin(c, &unit, (Scope *)scope);
    statements(c, body);
    return unit_end(c, &unit);
}

static Value lambda_code(Compiler *c, Node *node) {
    Unit unit;
    unit_begin(c, &unit, node->u.lambda.scope);
    unit.span = node->u.lambda.body->span;
    Operand value = expr_operand(c, node->u.lambda.body);
    emit(c, OP_RETURN, take_a(value), value.reg, 0, 0);
    emit_end(c);
    return unit_end(c, &unit);
}

void lambda_to(Compiler *c, Node *node, int reg) {
    int with = extras(c, &node->u.lambda.params, NULL, node->u.lambda.scope);
    make_function(c, lambda_code(c, node), with, reg);
}

/* --- Decorated statements ---------------------------------------------------------------------------------------- */

static void push_decorators(Compiler *c, const NodeList *decorators) {
    for (int32_t i = 0; i < decorators->count; i++) expr_push(c, decorators->items[i]);
}

/* The decorators stand in temporaries right before `reg`; the innermost is called first. */
static int apply_decorators(Compiler *c, const NodeList *decorators, int reg) {
    Span outer = c->unit->span;
    for (int32_t i = decorators->count - 1; i >= 0; i--) {
        c->unit->span = decorators->items[i]->span;
        reg--;
        emit(c, OP_CALL, 0, reg, reg, 1);
    }
    c->unit->span = outer;
    return reg;
}

void function_statement(Compiler *c, Node *node) {
    const Params *params = &node->u.function_def.params;
    const Scope *scope = node->u.function_def.scope;
    int top = c->unit->top, local;
    bool is_local = variable_is_local(c, node->u.function_def.binding, &local);
    push_decorators(c, &node->u.function_def.decorators);
    bool direct = is_local && !node->u.function_def.decorators.count;
    int reg = direct ? local : temp_push(c);
    int with = extras(c, params, node->u.function_def.returns, scope);
    make_function(c, function_code(c, scope, &node->u.function_def.body), with, reg);
    if (direct) {
        local_set_assigned(c, local);
    } else {
        reg = apply_decorators(c, &node->u.function_def.decorators, reg);
        variable_store(c, node->u.function_def.binding, operand_temp(reg));
    }
    c->unit->top = top;
}

/* --- Classes ----------------------------------------------------------------------------------------------------- */

static void store_name_constant(Compiler *c, Value name, Value value) {
    int reg = temp_push(c);
    load_constant(c, value, reg);
    variable_store(c, name, operand_temp(reg));
    c->unit->top = reg;
}

static void class_prologue(Compiler *c, const Scope *scope) {
    int reg = temp_push(c);
    variable_load(c, names.__name__, reg);
    variable_store(c, names.__module__, operand_temp(reg));
    c->unit->top = reg;
    store_name_constant(c, names.__qualname__, scope->qualname);
    if (scope->has_annotations) emit(c, OP_SETUP_ANNOTATIONS, 0, 0, 0, 0);
    docstring_statement(c);
}

static Value class_code(Compiler *c, Node *node) {
    Scope *scope = node->u.class_def.scope;
    Unit unit;
    unit_begin(c, &unit, scope);
    class_prologue(c, scope);
    statements(c, &node->u.class_def.body);
    if (scope->has_class_cell) {
        int cell = scope->local_count;
        variable_store(c, names.__classcell__, operand_borrowed(cell));
        int result = temp_push(c);
        emit(c, OP_MOVE, 0, result, cell, 0);
        emit(c, OP_RETURN, TAKE_A, result, 0, 0);
        emit_end(c);
    }
    return unit_end(c, &unit);
}

void class_statement(Compiler *c, Node *node) {
    int top = c->unit->top;
    push_decorators(c, &node->u.class_def.decorators);
    int base = temp_push(c);
    emit(c, OP_LOAD_BUILD_CLASS, 0, base, 0, 0);
    int function = temp_push(c);
    int with = extras(c, NULL, NULL, node->u.class_def.scope);
    make_function(c, class_code(c, node), with, function);
    c->unit->top = function + 1;
    load_constant(c, node->u.class_def.name, temp_push(c));
    call_arguments(c, base, 2, &node->u.class_def.bases, node->u.class_def.keywords, node->u.class_def.keyword_count,
                   false, base);
    int result = apply_decorators(c, &node->u.class_def.decorators, base);
    variable_store(c, node->u.class_def.binding, operand_temp(result));
    c->unit->top = top;
}

/* --- Comprehensions ---------------------------------------------------------------------------------------------- */

static void element(Compiler *c, Node *node, int result) {
    Operand first, second;
    int top = c->unit->top;
    switch (node->kind) {
    case NODE_GENERATOR_EXP:
        first = expr_operand(c, node->u.comp.element);
        emit(c, OP_YIELD, take_b(first), result, first.reg, 0);
        emit(c, OP_DROP, TAKE_A, result, 0, 0);
        break;
    case NODE_DICT_COMP:
        first = expr_operand_into(c, node->u.comp.element, -1, node->u.comp.value);
        second = expr_operand(c, node->u.comp.value);
        emit(c, OP_MAP_ADD, take_b(first) | take_c(second), result, first.reg, second.reg);
        break;
    default:
        first = expr_operand(c, node->u.comp.element);
        emit(c, node->kind == NODE_SET_COMP ? OP_SET_ADD : OP_LIST_APPEND, take_b(first), result, first.reg, 0);
    }
    c->unit->top = top;
}

static void clause(Compiler *c, Node *node, int32_t index, int result) {
    if (c->failed || !compile_check_depth(c)) return;
    Clause *clauses = node->u.comp.clauses.items, *own = &clauses[index];
    int top = c->unit->top;
    ForLoop loop = {.iterator = index ? temp_push(c) : 0, .is_async = own->is_async, .iterable = own->iter->span};
    if (index) iterator_to(c, own->iter, own->is_async, loop.iterator);
    for_begin(c, &loop, own->target);
    for (int32_t i = 0; i < own->conditions.count; i++) jump_if(c, own->conditions.items[i], loop.next, false);
    if (index + 1 < node->u.comp.clauses.count) clause(c, node, index + 1, result);
    else element(c, node, result);
    for_end(c, &loop);
    c->unit->top = top;
}

static Value comprehension_code(Compiler *c, Node *node) {
    Unit unit;
    unit_begin(c, &unit, node->u.comp.scope);
    unit.span = node->span;
    int result = temp_push(c);
    switch (node->kind) {
    case NODE_LIST_COMP: emit(c, OP_BUILD_LIST, 0, result, 0, 0); break;
    case NODE_SET_COMP: emit(c, OP_BUILD_SET, 0, result, 0, 0); break;
    case NODE_DICT_COMP: emit(c, OP_BUILD_MAP, 0, result, 0, 0); break;
    default: break;
    }
    clause(c, node, 0, result);
    if (node->kind != NODE_GENERATOR_EXP) {
        emit(c, OP_RETURN, TAKE_A, result, 0, 0);
        emit_end(c);
    }
    return unit_end(c, &unit);
}

static bool check_async(Compiler *c, Node *node) {
    const Scope *scope = c->unit->scope;
    if (!node->u.comp.scope->is_coroutine || node->kind == NODE_GENERATOR_EXP) return true;
    if (scope->kind == SCOPE_COMPREHENSION || (scope->kind == SCOPE_FUNCTION && scope->is_coroutine)) return true;
    if (scope->kind == SCOPE_MODULE && c->flags & PARSE_ALLOW_TOP_LEVEL_AWAIT) return true;
    compile_error(c, node->span, "asynchronous comprehension outside of an asynchronous function");
    return false;
}

/* On the iterator at `base`. */
static void run_comprehension(Compiler *c, Value code, const Scope *scope, int reg, int base) {
    if (!c->unit->reachable) return;
    Constant k = constant_add(c, code);
    if (constant_narrow(c, k)) {
        for (int32_t i = 0; i < scope->free_count; i++) cell_load(c, scope->frees[i], temp_push(c));
        emit_constant(c, OP_RUN_COMPREHENSION, 0, reg, 0, base, k);
        return;
    }
    int function = temp_push_run(c, 2);
    int with = extras(c, NULL, NULL, scope);
    make_function(c, retain(code), with, function);
    emit(c, OP_MOVE, TAKE_B, function + 1, base, 0);
    emit(c, OP_CALL, 0, reg, function, 1);
}

void comprehension_to(Compiler *c, Node *node, int reg) {
    if (!check_async(c, node)) return;
    Clause *first = &node->u.comp.clauses.items[0];
    bool awaited = node->u.comp.scope->is_coroutine && node->kind != NODE_GENERATOR_EXP;
    int base = temp_push(c);
    Value code = comprehension_code(c, node);
    if (is_unset(code)) return;
    iterator_to(c, first->iter, first->is_async, base);
    run_comprehension(c, code, node->u.comp.scope, awaited ? base : reg, base);
    release(code);
    c->unit->top = base + 1;
    if (awaited) await_to(c, base, 0, reg);
}
