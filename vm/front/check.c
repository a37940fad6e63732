/* Last stage of the front end: what a program must not do although the grammar lets it, found in the order in which
 * code is made. */
#include "runtime/types/error.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "vm/front/check.h"
#include "vm/front/parse.h"
#include "vm/front/parse_stages.h"

static bool check_body(Checker *c, const NodeList *list);

bool check_fail(Checker *c, const char *format, Value value) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    syntax_error_at(c->source->filename, c->span, format, value);
#pragma GCC diagnostic pop
    return false;
}

/* --- Names that cannot be bound --- */

bool check_store_name(Checker *c, Value name) {
    return is_unset(name) || !same(name, c->debug_name) || check_fail(c, "cannot assign to __debug__", UNSET);
}

static bool check_params(Checker *c, const Params *params) {
    for (int32_t i = 0; i < params->count; i++)
        if (!check_store_name(c, params->items[i].name)) return false;
    return true;
}

static bool check_keywords(Checker *c, const Keyword *keywords, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        if (is_unset(keywords[i].name)) continue;
        if (!check_store_name(c, keywords[i].name)) return false;
        for (int32_t j = i + 1; j < count; j++) {
            if (!same(keywords[i].name, keywords[j].name)) continue;
            c->span = keywords[j].span;
            return check_fail(c, "keyword argument repeated: %U", keywords[i].name);
        }
    }
    return true;
}

/* --- Lists --- */

static bool check_list(Checker *c, const NodeList *list) {
    for (int32_t i = 0; i < list->count; i++)
        if (list->items[i] && !check_expression(c, list->items[i])) return false;
    return true;
}

/* Items that may be starred. */
static bool check_items(Checker *c, const NodeList *list) {
    for (int32_t i = 0; i < list->count; i++) {
        Node *item = list->items[i];
        if (!check_expression(c, item->kind == NODE_STARRED ? item->u.value.value : item)) return false;
    }
    return true;
}

static bool check_values(Checker *c, const Keyword *keywords, int32_t count) {
    for (int32_t i = 0; i < count; i++)
        if (!check_expression(c, keywords[i].value)) return false;
    return true;
}

static bool maybe(Checker *c, Node *node) { return !node || check_expression(c, node); }

/* --- Functions --- */

static bool check_defaults(Checker *c, const Params *params) {
    for (int32_t i = 0; i < params->count; i++)
        if (!maybe(c, params->items[i].default_value)) return false;
    return true;
}

static bool check_annotations(Checker *c, const Params *params, Node *returns) {
    for (int32_t i = 0; i < params->count; i++) {
        Node *annotation = params->items[i].annotation;
        if (annotation && annotation->kind == NODE_STARRED) annotation = annotation->u.value.value;
        if (!maybe(c, annotation)) return false;
    }
    return maybe(c, returns);
}

static bool check_inside(Checker *c, const Scope *scope, const NodeList *body, Node *expression) {
    Checker outer = *c;
    c->scope = scope;
    c->block = BLOCK_NONE;
    c->in_except_star = false;
    bool fine = expression ? check_expression(c, expression) : check_body(c, body);
    c->scope = outer.scope;
    c->block = outer.block;
    c->in_except_star = outer.in_except_star;
    return fine;
}

static bool check_function(Checker *c, Node *node) {
    const Params *params = &node->u.function_def.params;
    if (!check_params(c, params) || !check_list(c, &node->u.function_def.decorators) || !check_defaults(c, params))
        return false;
    if (!c->future_annotations && !check_annotations(c, params, node->u.function_def.returns)) return false;
    if (!check_inside(c, node->u.function_def.scope, &node->u.function_def.body, NULL)) return false;
    c->span = node->span;
    return check_store_name(c, node->u.function_def.binding);
}

static bool check_class(Checker *c, Node *node) {
    if (!check_list(c, &node->u.class_def.decorators)) return false;
    if (!check_inside(c, node->u.class_def.scope, &node->u.class_def.body, NULL)) return false;
    c->span = node->span;
    return check_keywords(c, node->u.class_def.keywords, node->u.class_def.keyword_count) &&
           check_items(c, &node->u.class_def.bases) &&
           check_values(c, node->u.class_def.keywords, node->u.class_def.keyword_count) &&
           check_store_name(c, node->u.class_def.binding);
}

static bool is_async_function(const Scope *scope) { return scope->kind == SCOPE_FUNCTION && scope->is_coroutine; }

static bool check_comprehension(Checker *c, Node *node) {
    const ClauseList *clauses = &node->u.comp.clauses;
    const Scope *inner = node->u.comp.scope, *outer = c->scope;
    if (!check_expression(c, clauses->items[0].iter)) return false;
    if (inner->is_coroutine && !inner->is_generator && !is_async_function(outer) &&
        outer->kind != SCOPE_COMPREHENSION && !c->top_level_await)
        return check_fail(c, "asynchronous comprehension outside of an asynchronous function", UNSET);
    c->scope = inner;
    for (int32_t i = 0; i < clauses->count; i++) {
        if (i > 0 && !check_expression(c, clauses->items[i].iter)) return false;
        if (!check_target(c, clauses->items[i].target, false) || !check_list(c, &clauses->items[i].conditions))
            return false;
    }
    if (!check_expression(c, node->u.comp.element) || !maybe(c, node->u.comp.value)) return false;
    c->scope = outer;
    return true;
}

static bool is_function(const Scope *scope) { return scope->kind >= SCOPE_FUNCTION; }

static bool check_yield(Checker *c, Node *node) {
    if (!is_function(c->scope)) return check_fail(c, "'yield' outside function", UNSET);
    if (node->kind == NODE_YIELD_FROM && is_async_function(c->scope))
        return check_fail(c, "'yield from' inside async function", UNSET);
    return maybe(c, node->u.value.value);
}

static bool check_await(Checker *c, Node *node) {
    if (!c->top_level_await && !is_function(c->scope)) return check_fail(c, "'await' outside function", UNSET);
    if (!c->top_level_await && !is_async_function(c->scope) && c->scope->kind != SCOPE_COMPREHENSION)
        return check_fail(c, "'await' outside async function", UNSET);
    return check_expression(c, node->u.value.value);
}

/* --- Targets --- */

static bool check_target_items(Checker *c, const NodeList *items, bool delete) {
    int32_t stars = 0;
    for (int32_t i = 0; i < items->count; i++) stars += items->items[i]->kind == NODE_STARRED;
    if (stars > 1) return check_fail(c, "multiple starred expressions in assignment", UNSET);
    for (int32_t i = 0; i < items->count; i++) {
        Node *item = items->items[i];
        if (!check_target(c, item->kind == NODE_STARRED ? item->u.value.value : item, delete)) return false;
    }
    return true;
}

static bool forbid_debug(Checker *c, Value name, bool delete) {
    if (!same(name, c->debug_name)) return true;
    return check_fail(c, delete ? "cannot delete __debug__" : "cannot assign to __debug__", UNSET);
}

static bool check_target_inside(Checker *c, Node *node, bool delete) {
    switch (node->kind) {
    case NODE_NAME: return forbid_debug(c, node->u.name.name, delete);
    case NODE_ATTRIBUTE:
        return check_expression(c, node->u.attribute.object) && forbid_debug(c, node->u.attribute.name, delete);
    case NODE_TUPLE: case NODE_LIST: return check_target_items(c, &node->u.sequence.items, delete);
    case NODE_STARRED: return check_fail(c, "starred assignment target must be in a list or tuple", UNSET);
    default: return check_expression(c, node);
    }
}

bool check_target(Checker *c, Node *node, bool delete) {
    Span outer = c->span;
    c->span = node->span;
    if (!check_target_inside(c, node, delete)) return false;
    c->span = outer;
    return true;
}

/* --- Expressions --- */

static bool check_call(Checker *c, Node *node) {
    return check_keywords(c, node->u.call.keywords, node->u.call.keyword_count) &&
           check_warn_call(c, node->u.call.function) && check_expression(c, node->u.call.function) &&
           check_items(c, &node->u.call.args) && check_values(c, node->u.call.keywords, node->u.call.keyword_count);
}

static bool check_dict(Checker *c, Node *node) {
    for (int32_t i = 0; i < node->u.dict.values.count; i++)
        if (!maybe(c, node->u.dict.keys.items[i]) || !check_expression(c, node->u.dict.values.items[i])) return false;
    return true;
}

static bool check_expression_inside(Checker *c, Node *node) {
    switch (node->kind) {
    case NODE_TUPLE: case NODE_LIST: case NODE_SET: return check_items(c, &node->u.sequence.items);
    case NODE_DICT: return check_dict(c, node);
    case NODE_BOOL_OP: return check_list(c, &node->u.bool_op.values);
    case NODE_NAMED_EXPR:
        return check_expression(c, node->u.named_expr.value) && check_target(c, node->u.named_expr.target, false);
    case NODE_BIN_OP: return check_expression(c, node->u.bin_op.left) && check_expression(c, node->u.bin_op.right);
    case NODE_UNARY_OP: return check_expression(c, node->u.unary_op.operand);
    case NODE_LAMBDA:
        return check_params(c, &node->u.lambda.params) && check_defaults(c, &node->u.lambda.params) &&
               check_inside(c, node->u.lambda.scope, NULL, node->u.lambda.body);
    case NODE_IF_EXP:
        return check_expression(c, node->u.if_exp.test) && check_expression(c, node->u.if_exp.body) &&
               check_expression(c, node->u.if_exp.orelse);
    case NODE_LIST_COMP:
    case NODE_SET_COMP:
    case NODE_DICT_COMP:
    case NODE_GENERATOR_EXP: return check_comprehension(c, node);
    case NODE_AWAIT: return check_await(c, node);
    case NODE_YIELD: case NODE_YIELD_FROM: return check_yield(c, node);
    case NODE_COMPARE:
        return check_warn_compare(c, node) && check_expression(c, node->u.compare.left) &&
               check_list(c, &node->u.compare.comparators);
    case NODE_CALL: return check_call(c, node);
    case NODE_JOINED_STR: return check_list(c, &node->u.joined_str.values);
    case NODE_FORMATTED_VALUE:
        return check_expression(c, node->u.formatted_value.value) && maybe(c, node->u.formatted_value.format_spec);
    case NODE_ATTRIBUTE: return check_expression(c, node->u.attribute.object);
    case NODE_SUBSCRIPT:
        return check_warn_subscript(c, node) && check_expression(c, node->u.subscript.object) &&
               check_expression(c, node->u.subscript.index);
    case NODE_STARRED: return check_fail(c, "can't use starred expression here", UNSET);
    case NODE_SLICE:
        return maybe(c, node->u.slice.lower) && maybe(c, node->u.slice.upper) && maybe(c, node->u.slice.step);
    default: return true;
    }
}

bool check_expression(Checker *c, Node *node) {
    Span outer = c->span;
    c->span = node->span;
    if (!check_expression_inside(c, node)) return false;
    c->span = outer;
    return true;
}

/* --- Statements --- */

static bool check_return(Checker *c, Node *node) {
    Node *value = node->u.value.value;
    if (!is_function(c->scope)) return check_fail(c, "'return' outside function", UNSET);
    if (value && c->scope->is_coroutine && c->scope->is_generator)
        return check_fail(c, "'return' with value in async generator", UNSET);
    if (!maybe(c, value)) return false;
    return !c->in_except_star ||
           check_fail(c, "'break', 'continue' and 'return' cannot appear in an except* block", UNSET);
}

static bool check_jump(Checker *c, const char *outside) {
    if (c->block == BLOCK_LOOP) return true;
    bool star = c->block == BLOCK_EXCEPT_STAR;
    return check_fail(c, star ? "'break', 'continue' and 'return' cannot appear in an except* block" : outside, UNSET);
}

static bool check_block(Checker *c, Block block, const NodeList *body) {
    Block outer = c->block;
    bool outer_star = c->in_except_star;
    c->block = block;
    c->in_except_star |= block == BLOCK_EXCEPT_STAR;
    if (!check_body(c, body)) return false;
    c->block = outer;
    c->in_except_star = outer_star;
    return true;
}

static bool check_for(Checker *c, Node *node) {
    if (node->u.for_.is_async && !c->top_level_await && !is_async_function(c->scope))
        return check_fail(c, "'async for' outside async function", UNSET);
    return check_expression(c, node->u.for_.iter) && check_target(c, node->u.for_.target, false) &&
           check_block(c, BLOCK_LOOP, &node->u.for_.body) && check_body(c, &node->u.for_.orelse);
}

static bool check_with(Checker *c, Node *node) {
    if (node->u.with.is_async && !c->top_level_await && !is_async_function(c->scope))
        return check_fail(c, "'async with' outside async function", UNSET);
    for (int32_t i = 0; i < node->u.with.count; i++) {
        WithItem *item = &node->u.with.items[i];
        if (!check_expression(c, item->context) || (item->target && !check_target(c, item->target, false)))
            return false;
    }
    return check_body(c, &node->u.with.body);
}

static bool check_handler(Checker *c, Node *node, int32_t i) {
    Handler *handler = &node->u.try_.handlers[i];
    c->span = handler->span;
    if (!handler->type && i < node->u.try_.handler_count - 1)
        return check_fail(c, "default 'except:' must be last", UNSET);
    if (!maybe(c, handler->type) || !check_store_name(c, handler->name)) return false;
    return check_block(c, node->u.try_.is_star ? BLOCK_EXCEPT_STAR : c->block, &handler->body);
}

static bool check_try(Checker *c, Node *node) {
    if (!check_body(c, &node->u.try_.body)) return false;
    for (int32_t i = 0; i < node->u.try_.handler_count; i++)
        if (!check_handler(c, node, i)) return false;
    return check_body(c, &node->u.try_.orelse) && check_body(c, &node->u.try_.finally);
}

static bool check_aliases(Checker *c, const Alias *items, int32_t count) {
    for (int32_t i = 0; i < count; i++)
        if (!check_store_name(c, items[i].binding)) return false;
    return true;
}

static bool check_import_from(Checker *c, Node *node) {
    Value module = node->u.import_from.module;
    if (is_set(module) && node->u.import_from.level == 0 && node->span.line > c->last_future_line &&
        str_equal_ascii(module, "__future__"))
        return check_fail(c, "from __future__ imports must occur at the beginning of the file", UNSET);
    return check_aliases(c, node->u.import_from.items, node->u.import_from.count);
}

static bool check_targets(Checker *c, const NodeList *targets, bool delete) {
    for (int32_t i = 0; i < targets->count; i++)
        if (!check_target(c, targets->items[i], delete)) return false;
    return true;
}

static bool check_ann_assign(Checker *c, Node *node) {
    Node *annotation = node->u.ann_assign.annotation;
    return maybe(c, node->u.ann_assign.value) && check_target(c, node->u.ann_assign.target, false) &&
           (c->future_annotations || check_expression(c, annotation));
}

static bool check_statement(Checker *c, Node *node) {
    c->span = node->span;
    switch (node->kind) {
    case NODE_FUNCTION_DEF: return check_function(c, node);
    case NODE_CLASS_DEF: return check_class(c, node);
    case NODE_RETURN: return check_return(c, node);
    case NODE_DELETE: return check_targets(c, &node->u.delete_.targets, true);
    case NODE_ASSIGN:
        return check_expression(c, node->u.assign.value) && check_targets(c, &node->u.assign.targets, false);
    case NODE_AUG_ASSIGN:
        return check_target(c, node->u.aug_assign.target, false) && check_expression(c, node->u.aug_assign.value);
    case NODE_ANN_ASSIGN: return check_ann_assign(c, node);
    case NODE_FOR: return check_for(c, node);
    case NODE_WHILE:
        return check_expression(c, node->u.while_.test) && check_block(c, BLOCK_LOOP, &node->u.while_.body) &&
               check_body(c, &node->u.while_.orelse);
    case NODE_IF:
        return check_expression(c, node->u.if_.test) && check_body(c, &node->u.if_.body) &&
               check_body(c, &node->u.if_.orelse);
    case NODE_WITH: return check_with(c, node);
    case NODE_MATCH: return check_match(c, node);
    case NODE_RAISE: return maybe(c, node->u.raise.exception) && maybe(c, node->u.raise.cause);
    case NODE_TRY: return check_try(c, node);
    case NODE_ASSERT:
        return check_warn_assert(c, node->u.assert_.test) && check_expression(c, node->u.assert_.test) &&
               maybe(c, node->u.assert_.message);
    case NODE_IMPORT: return check_aliases(c, node->u.import.items, node->u.import.count);
    case NODE_IMPORT_FROM: return check_import_from(c, node);
    case NODE_EXPR: return check_expression(c, node->u.value.value);
    case NODE_BREAK: return check_jump(c, "'break' outside loop");
    case NODE_CONTINUE: return check_jump(c, "'continue' not properly in loop");
    default: return true;
    }
}

static bool check_body(Checker *c, const NodeList *list) {
    for (int32_t i = 0; i < list->count; i++)
        if (!check_statement(c, list->items[i])) return false;
    return true;
}

bool check_case_body(Checker *c, const NodeList *body) { return check_body(c, body); }

bool check_module(Module *module, const Source *source, unsigned flags) {
    Value debug_name = str_intern_cstr("__debug__");
    if (is_unset(debug_name)) return false;
    Checker c = {.source = source, .scope = module->scope, .debug_name = debug_name,
                 .last_future_line = module->last_future_line,
                 .future_annotations = module->future_annotations,
                 .warns = (flags & PARSE_WARN) != 0,
                 .top_level_await = (flags & PARSE_ALLOW_TOP_LEVEL_AWAIT) != 0};
    bool fine = module->expression ? check_expression(&c, module->expression) : check_body(&c, &module->body);
    release(debug_name);
    return fine;
}
