/* First step of scope analysis: walks the tree in the order in which code is made of it and notes every name. */
#include "vm/front/scope_build.h"

#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/names.h"
#include "runtime/types/str.h"

enum { DEPTH_MAX = 2990 }; /* the tree may be this deep: the compiler recurses over it as well */

static bool visit(ScopeBuilder *b, Node *node);
static bool visit_target(ScopeBuilder *b, Node *node, unsigned flags);
static bool visit_body(ScopeBuilder *b, const NodeList *list);

static bool enter(ScopeBuilder *b) {
    if (++b->depth <= DEPTH_MAX) return recursion_check(" during compilation");
    raise_error(&RecursionError_type, "maximum recursion depth exceeded during compilation");
    return false;
}

/* --- Private names --- */

static bool is_private(Value name) {
    const Str *s = as_str(name);
    size_t n = s->length;
    if (n < 3 || str_at(s, 0) != '_' || str_at(s, 1) != '_') return false;
    if (str_at(s, n - 1) == '_' && str_at(s, n - 2) == '_') return false;
    for (size_t i = 0; i < n; i++)
        if (str_at(s, i) == '.') return false;
    return true;
}

static Value mangle_in_class(ScopeBuilder *b, Value name) {
    const Str *class_name = as_str(b->private_name);
    size_t start = 0;
    while (start < class_name->length && str_at(class_name, start) == '_') start++;
    if (start == class_name->length) return name;
    StrBuilder builder = STR_BUILDER;
    builder_char(&builder, '_');
    builder_slice(&builder, b->private_name, start, class_name->length);
    builder_str(&builder, name);
    Value text = builder_finish(&builder);
    return is_unset(text) ? UNSET : arena_keep(b->arena, str_intern(text));
}

/* Replaces a name by what it is called inside the class.  False: no memory. */
static bool mangle(ScopeBuilder *b, Value *name) {
    if (is_unset(*name) || is_unset(b->private_name) || !is_private(*name)) return true;
    *name = mangle_in_class(b, *name);
    return is_set(*name);
}

/* --- Names --- */

static bool note(ScopeBuilder *b, Value name, unsigned flags) {
    Symbol *symbol = scope_intern(b, b->current, name);
    if (!symbol) return false;
    symbol->flags |= (uint16_t)flags;
    symbol->is_annotated |= (flags & NAME_ANNOTATED) != 0;
    symbol->is_imported |= (flags & NAME_IMPORTED) != 0;
    symbol->is_param |= (flags & NAME_PARAM) != 0;
    return true;
}

static bool bind(ScopeBuilder *b, Value *name, unsigned flags) {
    return is_unset(*name) || (mangle(b, name) && note(b, *name, NAME_LOCAL | flags));
}

static bool is_dynamic_name(Value name) {
    return str_equal_ascii(name, "locals") || str_equal_ascii(name, "vars") || str_equal_ascii(name, "dir") ||
           str_equal_ascii(name, "eval") || str_equal_ascii(name, "exec");
}

static bool use(ScopeBuilder *b, Value *name) {
    if (!mangle(b, name) || !note(b, *name, NAME_USED)) return false;
    size_t length = str_length(*name);
    if (length < 3 || length > 6) return true;
    if (is_dynamic_name(*name)) b->current->uses_dynamic_names = true;
    if (scope_is_function(b->current) && str_equal_ascii(*name, "super")) return note(b, b->class_cell, NAME_USED);
    return true;
}

static bool note_declaration(ScopeBuilder *b, Value name, Span span) {
    Declaration *d = ARENA_NEW(b->arena, Declaration);
    if (!d) return false;
    *d = (Declaration){b->current, name, span, b->declarations};
    b->declarations = d;
    return true;
}

/* --- Scopes --- */

typedef struct Outside { /* what a nested scope hides and leave restores */
    Scope *scope;
    Value private_name;
    bool in_comp_iter;
} Outside;

static Scope *open_scope(ScopeBuilder *b, ScopeKind kind, Node *node, Value name, Outside *outside) {
    Scope *scope = ARENA_NEW(b->arena, Scope);
    if (!scope) return NULL;
    *outside = (Outside){b->current, b->private_name, b->in_comp_iter};
    scope->kind = (uint8_t)kind;
    scope->node = node;
    scope->name = name;
    scope->parent = b->current;
    scope->is_nested = b->current && (b->current->is_nested || scope_is_function(b->current));
    if (b->current) {
        scope->next_sibling = b->current->first_child; /* reversed until the parent closes */
        b->current->first_child = scope;
    }
    b->current = scope;
    return scope;
}

static void close_scope(ScopeBuilder *b, const Outside *outside) {
    Scope *ordered = NULL;
    for (Scope *child = b->current->first_child, *next; child; child = next) {
        next = child->next_sibling;
        child->next_sibling = ordered;
        ordered = child;
    }
    b->current->first_child = ordered;
    b->current = outside->scope;
    b->private_name = outside->private_name;
    b->in_comp_iter = outside->in_comp_iter;
}

static void set_docstring(Scope *scope, const NodeList *body) {
    Node *docstring = ast_docstring(body);
    scope->docstring = docstring ? docstring->u.constant.value : UNSET;
}

static Value fixed_name(ScopeBuilder *b, const char *text) { return arena_keep(b->arena, str_intern_cstr(text)); }

/* --- Functions --- */

static bool visit_defaults(ScopeBuilder *b, const Params *params) {
    for (int32_t i = 0; i < params->count; i++)
        if (params->items[i].default_value && !visit(b, params->items[i].default_value)) return false;
    return true;
}

static bool visit_annotation(ScopeBuilder *b, Node *annotation) {
    return !annotation || b->future_annotations || visit(b, annotation);
}

static bool visit_annotations(ScopeBuilder *b, const Params *params, Node *returns) {
    for (int32_t i = 0; i < params->count; i++)
        if (!visit_annotation(b, params->items[i].annotation)) return false;
    return visit_annotation(b, returns);
}

static bool bind_params(ScopeBuilder *b, Params *params) {
    Scope *scope = b->current;
    scope->param_count = params->count;
    scope->has_varargs = params->has_star;
    scope->has_varkeywords = params->has_double_star;
    for (int32_t i = 0; i < params->count; i++) {
        Param *param = &params->items[i];
        Value written = param->name;
        if (!mangle(b, &param->name)) return false;
        if (scope_lookup(scope, param->name))
            return scope_fail(b, param->span, "duplicate argument '%U' in function definition", written);
        if (!note(b, param->name, NAME_PARAM)) return false;
    }
    return true;
}

static bool visit_list(ScopeBuilder *b, const NodeList *list) {
    for (int32_t i = 0; i < list->count; i++)
        if (list->items[i] && !visit(b, list->items[i])) return false;
    return true;
}

static bool visit_function(ScopeBuilder *b, Node *node) {
    Outside outside;
    Params *params = &node->u.function_def.params;
    if (!visit_list(b, &node->u.function_def.decorators) || !visit_defaults(b, params)) return false;
    if (!visit_annotations(b, params, node->u.function_def.returns)) return false;
    if (!bind(b, &node->u.function_def.binding, 0)) return false;
    Scope *scope = open_scope(b, SCOPE_FUNCTION, node, node->u.function_def.name, &outside);
    if (!scope) return false;
    node->u.function_def.scope = scope;
    scope->is_coroutine = node->u.function_def.is_async;
    set_docstring(scope, &node->u.function_def.body);
    if (!bind_params(b, params) || !visit_body(b, &node->u.function_def.body)) return false;
    return close_scope(b, &outside), true;
}

static bool visit_lambda(ScopeBuilder *b, Node *node) {
    Outside outside;
    if (!visit_defaults(b, &node->u.lambda.params)) return false;
    Scope *scope = open_scope(b, SCOPE_LAMBDA, node, names.lambda, &outside);
    if (!scope) return false;
    node->u.lambda.scope = scope;
    if (!bind_params(b, &node->u.lambda.params) || !visit(b, node->u.lambda.body)) return false;
    return close_scope(b, &outside), true;
}

static bool visit_keywords(ScopeBuilder *b, const Keyword *keywords, int32_t count) {
    for (int32_t i = 0; i < count; i++)
        if (!visit(b, keywords[i].value)) return false;
    return true;
}

static bool visit_class(ScopeBuilder *b, Node *node) {
    Outside outside;
    if (!visit_list(b, &node->u.class_def.decorators) || !visit_list(b, &node->u.class_def.bases)) return false;
    if (!visit_keywords(b, node->u.class_def.keywords, node->u.class_def.keyword_count)) return false;
    if (!bind(b, &node->u.class_def.binding, 0)) return false;
    Scope *scope = open_scope(b, SCOPE_CLASS, node, node->u.class_def.name, &outside);
    if (!scope) return false;
    node->u.class_def.scope = scope;
    b->private_name = node->u.class_def.name;
    set_docstring(scope, &node->u.class_def.body);
    if (!visit_body(b, &node->u.class_def.body)) return false;
    return close_scope(b, &outside), true;
}

/* --- Comprehensions --- */

static const char *comp_name(const Node *node) {
    switch (node->kind) {
    case NODE_LIST_COMP: return "<listcomp>";
    case NODE_SET_COMP: return "<setcomp>";
    case NODE_DICT_COMP: return "<dictcomp>";
    default: return "<genexpr>";
    }
}

static bool visit_iter(ScopeBuilder *b, Node *iter) {
    bool outer = b->in_comp_iter;
    b->in_comp_iter = true;
    bool fine = visit(b, iter);
    b->in_comp_iter = outer;
    return fine;
}

static bool visit_clauses(ScopeBuilder *b, const ClauseList *clauses) {
    for (int32_t i = 0; i < clauses->count; i++) {
        Clause *clause = &clauses->items[i];
        if (i > 0 && !visit_iter(b, clause->iter)) return false;
        if (!visit_target(b, clause->target, NAME_COMP_ITER) || !visit_list(b, &clause->conditions)) return false;
        b->current->is_coroutine |= clause->is_async;
    }
    return true;
}

/* Something is awaited: in a comprehension, or, where that is allowed, at the top of a module, which becomes a coroutine. */
static void note_await(ScopeBuilder *b) {
    if (b->current->kind == SCOPE_COMPREHENSION || b->current->kind == SCOPE_MODULE) b->current->is_coroutine = true;
}

static bool visit_comprehension(ScopeBuilder *b, Node *node) {
    Outside outside;
    Value name = fixed_name(b, comp_name(node));
    if (is_unset(name) || !visit_iter(b, node->u.comp.clauses.items[0].iter)) return false;
    Scope *scope = open_scope(b, SCOPE_COMPREHENSION, node, name, &outside);
    if (!scope || !note(b, b->dot_zero, NAME_PARAM)) return false;
    node->u.comp.scope = scope;
    scope->param_count = 1;
    scope->is_generator = node->kind == NODE_GENERATOR_EXP;
    if (!visit_clauses(b, &node->u.comp.clauses) || !visit(b, node->u.comp.element)) return false;
    if (node->u.comp.value && !visit(b, node->u.comp.value)) return false;
    close_scope(b, &outside);
    if (scope->is_coroutine && !scope->is_generator) note_await(b);
    return true;
}

/* A walrus inside comprehensions binds in the scope around them. */
static bool extend_walrus(ScopeBuilder *b, const Node *target) {
    Value name = target->u.name.name;
    Scope *comp = b->current, *owner = comp;
    for (; owner->kind == SCOPE_COMPREHENSION; owner = owner->parent) {
        Symbol *symbol = scope_lookup(owner, name);
        if (symbol && (symbol->flags & NAME_COMP_ITER))
            return scope_fail(b, target->span,
                              "assignment expression cannot rebind comprehension iteration variable '%U'", name);
    }
    if (owner->kind == SCOPE_CLASS)
        return scope_fail(b, target->span,
                          "assignment expression within a comprehension cannot be used in a class body");
    Symbol *outer = scope_intern(b, owner, name);
    if (!outer) return false;
    bool global = owner->kind == SCOPE_MODULE || (outer->flags & NAME_GLOBAL);
    outer->flags |= owner->kind == SCOPE_MODULE ? NAME_GLOBAL : NAME_LOCAL;
    for (Scope *s = comp; s != owner; s = s->parent) {
        Symbol *symbol = scope_intern(b, s, name);
        if (!symbol) return false;
        if (s == comp) symbol->flags |= global ? NAME_GLOBAL : NAME_NONLOCAL;
    }
    return note_declaration(b, name, target->span);
}

static bool visit_walrus(ScopeBuilder *b, Node *node) {
    Node *target = node->u.named_expr.target;
    if (b->in_comp_iter)
        return scope_fail(b, node->span, "assignment expression cannot be used in a comprehension iterable expression");
    if (!mangle(b, &target->u.name.name)) return false;
    if (b->current->kind == SCOPE_COMPREHENSION && !extend_walrus(b, target)) return false;
    if (!visit(b, node->u.named_expr.value)) return false;
    if (b->current->kind == SCOPE_COMPREHENSION) return true;
    if (!bind(b, &target->u.name.name, 0)) return false;
    scope_lookup(b->current, target->u.name.name)->is_walrus = true;
    return true;
}

static bool visit_yield(ScopeBuilder *b, Node *node) {
    Node *value = node->u.value.value;
    if (value && !visit(b, value)) return false;
    Scope *scope = b->current;
    if (scope->kind == SCOPE_COMPREHENSION) {
        static const char *const kinds[] = {"list comprehension", "set comprehension", "dict comprehension",
                                            "generator expression"};
        return scope_fail(b, node->span, "'yield' inside %s", kinds[scope->node->kind - NODE_LIST_COMP]);
    }
    if (scope_is_function(scope)) scope->is_generator = true;
    return true;
}

static bool visit_await(ScopeBuilder *b, Node *node) {
    if (!visit(b, node->u.value.value)) return false;
    note_await(b);
    return true;
}

/* --- Targets --- */

/* flags: NAME_COMP_ITER for clauses of comprehensions. */
static bool visit_target(ScopeBuilder *b, Node *node, unsigned flags) {
    switch (node->kind) {
    case NODE_NAME: {
        if (!mangle(b, &node->u.name.name)) return false;
        Value name = node->u.name.name;
        const Symbol *known = flags & NAME_COMP_ITER ? scope_lookup(b->current, name) : NULL;
        if (known && (known->flags & (NAME_GLOBAL | NAME_NONLOCAL)))
            return scope_fail(b, node->span, "comprehension inner loop cannot rebind assignment expression target '%U'",
                              name);
        return note(b, name, NAME_LOCAL | flags);
    }
    case NODE_TUPLE: case NODE_LIST:
        for (int32_t i = 0; i < node->u.sequence.items.count; i++)
            if (!visit_target(b, node->u.sequence.items.items[i], flags)) return false;
        return true;
    case NODE_STARRED: return visit_target(b, node->u.value.value, flags);
    default: return visit(b, node); /* attribute, subscript */
    }
}

/* --- Patterns --- */

static bool visit_pattern(ScopeBuilder *b, Node *node);

static bool visit_patterns(ScopeBuilder *b, const NodeList *list) {
    for (int32_t i = 0; i < list->count; i++)
        if (!visit_pattern(b, list->items[i])) return false;
    return true;
}

static bool visit_pattern_inside(ScopeBuilder *b, Node *node) {
    switch (node->kind) {
    case NODE_MATCH_VALUE: return visit(b, node->u.value.value);
    case NODE_MATCH_SEQUENCE: case NODE_MATCH_OR: return visit_patterns(b, &node->u.patterns.patterns);
    case NODE_MATCH_MAPPING:
        return visit_list(b, &node->u.match_mapping.keys) && visit_patterns(b, &node->u.match_mapping.patterns) &&
               bind(b, &node->u.match_mapping.rest, 0);
    case NODE_MATCH_CLASS:
        return visit(b, node->u.match_class.cls) && visit_patterns(b, &node->u.match_class.patterns) &&
               visit_patterns(b, &node->u.match_class.named_patterns);
    case NODE_MATCH_STAR: return bind(b, &node->u.match_star.name, 0);
    case NODE_MATCH_AS:
        return (!node->u.match_as.pattern || visit_pattern(b, node->u.match_as.pattern)) &&
               bind(b, &node->u.match_as.name, 0);
    default: return true;
    }
}

static bool visit_pattern(ScopeBuilder *b, Node *node) {
    if (!enter(b)) return false;
    bool fine = visit_pattern_inside(b, node);
    b->depth--;
    return fine;
}

static bool visit_match(ScopeBuilder *b, Node *node) {
    if (!visit(b, node->u.match.subject)) return false;
    for (int32_t i = 0; i < node->u.match.count; i++) {
        MatchCase *item = &node->u.match.cases[i];
        if (!visit_pattern(b, item->pattern) || (item->guard && !visit(b, item->guard)) || !visit_body(b, &item->body))
            return false;
    }
    return true;
}

/* --- Statements --- */

static const char *const declaration_errors[2][4] = {
    {"name '%U' is parameter and global", "name '%U' is used prior to global declaration",
     "annotated name '%U' can't be global", "name '%U' is assigned to before global declaration"},
    {"name '%U' is parameter and nonlocal", "name '%U' is used prior to nonlocal declaration",
     "annotated name '%U' can't be nonlocal", "name '%U' is assigned to before nonlocal declaration"},
};

/* A name that is declared global anywhere is global to the module too, not a name of the namespace that exec may give
 * it. */
static bool note_module_global(ScopeBuilder *b, Value name) {
    Scope *module = b->current;
    while (module->parent) module = module->parent;
    Symbol *symbol = module == b->current ? NULL : scope_intern(b, module, name);
    if (symbol) symbol->flags |= NAME_GLOBAL;
    return symbol || module == b->current;
}

static bool declare(ScopeBuilder *b, Node *node, Value *name) {
    bool nonlocal = node->kind == NODE_NONLOCAL;
    if (!mangle(b, name)) return false;
    const Symbol *known = scope_lookup(b->current, *name);
    unsigned flags = known ? known->flags : 0;
    int error = flags & NAME_PARAM                     ? 0
                : flags & NAME_USED                    ? 1
                : flags & NAME_ANNOTATED               ? 2
                : flags & (NAME_LOCAL | NAME_IMPORTED) ? 3
                                                       : -1;
    if (error >= 0) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        return scope_fail(b, node->span, declaration_errors[nonlocal][error], *name);
#pragma GCC diagnostic pop
    }
    if (!nonlocal && !note_module_global(b, *name)) return false;
    return note(b, *name, nonlocal ? NAME_NONLOCAL : NAME_GLOBAL) && note_declaration(b, *name, node->span);
}

static bool visit_declaration(ScopeBuilder *b, Node *node) {
    for (int32_t i = 0; i < node->u.names.names.count; i++)
        if (!declare(b, node, &node->u.names.names.items[i])) return false;
    return true;
}

static bool visit_aliases(ScopeBuilder *b, Alias *items, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        if (str_equal_ascii(items[i].name, "*")) {
            if (b->current->kind != SCOPE_MODULE)
                return scope_fail(b, items[i].span, "import * only allowed at module level");
            b->current->has_star_import = true;
        } else if (!bind(b, &items[i].binding, NAME_IMPORTED)) {
            return false;
        }
    }
    return true;
}

static bool visit_ann_assign(ScopeBuilder *b, Node *node) {
    Node *target = node->u.ann_assign.target, *value = node->u.ann_assign.value;
    if (value && !visit(b, value)) return false;
    b->current->has_annotations |= node->u.ann_assign.simple;
    if (target->kind == NODE_NAME) {
        if (!mangle(b, &target->u.name.name)) return false;
        Value name = target->u.name.name;
        const Symbol *known = scope_lookup(b->current, name);
        if (known && (known->flags & (NAME_GLOBAL | NAME_NONLOCAL)) && b->current->kind != SCOPE_MODULE &&
            node->u.ann_assign.simple)
            return scope_fail(b, node->span, "annotated name '%U' can't be %s", name,
                              known->flags & NAME_GLOBAL ? "global" : "nonlocal");
        unsigned flags = node->u.ann_assign.simple ? NAME_ANNOTATED | NAME_LOCAL : value ? NAME_LOCAL : 0;
        if (flags && !note(b, name, flags)) return false;
    } else if (!visit_target(b, target, 0)) {
        return false;
    }
    return visit_annotation(b, node->u.ann_assign.annotation);
}

static bool visit_with(ScopeBuilder *b, Node *node) {
    if (node->u.with.is_async) note_await(b);
    for (int32_t i = 0; i < node->u.with.count; i++) {
        WithItem *item = &node->u.with.items[i];
        if (!visit(b, item->context) || (item->target && !visit_target(b, item->target, 0))) return false;
    }
    return visit_body(b, &node->u.with.body);
}

static bool visit_try(ScopeBuilder *b, Node *node) {
    if (!visit_body(b, &node->u.try_.body)) return false;
    for (int32_t i = 0; i < node->u.try_.handler_count; i++) {
        Handler *handler = &node->u.try_.handlers[i];
        if (handler->type && !visit(b, handler->type)) return false;
        if (!bind(b, &handler->name, 0)) return false;
        if (is_set(handler->name)) scope_lookup(b->current, handler->name)->is_deleted = true;
        if (!visit_body(b, &handler->body)) return false;
    }
    return visit_body(b, &node->u.try_.orelse) && visit_body(b, &node->u.try_.finally);
}

static bool visit_assign(ScopeBuilder *b, Node *node) {
    if (!visit(b, node->u.assign.value)) return false;
    for (int32_t i = 0; i < node->u.assign.targets.count; i++)
        if (!visit_target(b, node->u.assign.targets.items[i], 0)) return false;
    return true;
}

static bool visit_for(ScopeBuilder *b, Node *node) {
    if (node->u.for_.is_async) note_await(b);
    return visit(b, node->u.for_.iter) && visit_target(b, node->u.for_.target, 0) &&
           visit_body(b, &node->u.for_.body) && visit_body(b, &node->u.for_.orelse);
}

static void mark_deleted(ScopeBuilder *b, const Node *target) {
    if (target->kind == NODE_NAME) {
        scope_lookup(b->current, target->u.name.name)->is_deleted = true;
    } else if (target->kind == NODE_TUPLE || target->kind == NODE_LIST) {
        for (int32_t i = 0; i < target->u.sequence.items.count; i++) mark_deleted(b, target->u.sequence.items.items[i]);
    }
}

static bool visit_delete(ScopeBuilder *b, Node *node) {
    for (int32_t i = 0; i < node->u.delete_.targets.count; i++) {
        if (!visit_target(b, node->u.delete_.targets.items[i], 0)) return false;
        mark_deleted(b, node->u.delete_.targets.items[i]);
    }
    return true;
}

static bool maybe(ScopeBuilder *b, Node *node) { return !node || visit(b, node); }

static bool visit_body(ScopeBuilder *b, const NodeList *list) { return visit_list(b, list); }

static bool visit_statement(ScopeBuilder *b, Node *node) {
    switch (node->kind) {
    case NODE_FUNCTION_DEF: return visit_function(b, node);
    case NODE_CLASS_DEF: return visit_class(b, node);
    case NODE_RETURN: return maybe(b, node->u.value.value);
    case NODE_DELETE: return visit_delete(b, node);
    case NODE_ASSIGN: return visit_assign(b, node);
    case NODE_AUG_ASSIGN: return visit_target(b, node->u.aug_assign.target, 0) && visit(b, node->u.aug_assign.value);
    case NODE_ANN_ASSIGN: return visit_ann_assign(b, node);
    case NODE_FOR: return visit_for(b, node);
    case NODE_WHILE:
        return visit(b, node->u.while_.test) && visit_body(b, &node->u.while_.body) &&
               visit_body(b, &node->u.while_.orelse);
    case NODE_IF:
        return visit(b, node->u.if_.test) && visit_body(b, &node->u.if_.body) && visit_body(b, &node->u.if_.orelse);
    case NODE_WITH: return visit_with(b, node);
    case NODE_MATCH: return visit_match(b, node);
    case NODE_RAISE: return maybe(b, node->u.raise.exception) && maybe(b, node->u.raise.cause);
    case NODE_TRY: return visit_try(b, node);
    case NODE_ASSERT: return visit(b, node->u.assert_.test) && maybe(b, node->u.assert_.message);
    case NODE_IMPORT: return visit_aliases(b, node->u.import.items, node->u.import.count);
    case NODE_IMPORT_FROM: return visit_aliases(b, node->u.import_from.items, node->u.import_from.count);
    case NODE_GLOBAL: case NODE_NONLOCAL: return visit_declaration(b, node);
    case NODE_EXPR: return visit(b, node->u.value.value);
    default: return true;
    }
}

/* --- Expressions --- */

static bool visit_call(ScopeBuilder *b, Node *node) {
    return visit(b, node->u.call.function) && visit_list(b, &node->u.call.args) &&
           visit_keywords(b, node->u.call.keywords, node->u.call.keyword_count);
}

static bool visit_dict(ScopeBuilder *b, Node *node) {
    for (int32_t i = 0; i < node->u.dict.values.count; i++)
        if (!maybe(b, node->u.dict.keys.items[i]) || !visit(b, node->u.dict.values.items[i])) return false;
    return true;
}

static bool visit_expression(ScopeBuilder *b, Node *node) {
    switch (node->kind) {
    case NODE_NAME: return use(b, &node->u.name.name);
    case NODE_TUPLE: case NODE_LIST: case NODE_SET: return visit_list(b, &node->u.sequence.items);
    case NODE_DICT: return visit_dict(b, node);
    case NODE_BOOL_OP: return visit_list(b, &node->u.bool_op.values);
    case NODE_NAMED_EXPR: return visit_walrus(b, node);
    case NODE_BIN_OP: return visit(b, node->u.bin_op.left) && visit(b, node->u.bin_op.right);
    case NODE_UNARY_OP: return visit(b, node->u.unary_op.operand);
    case NODE_LAMBDA: return visit_lambda(b, node);
    case NODE_IF_EXP:
        return visit(b, node->u.if_exp.test) && visit(b, node->u.if_exp.body) && visit(b, node->u.if_exp.orelse);
    case NODE_LIST_COMP:
    case NODE_SET_COMP:
    case NODE_DICT_COMP:
    case NODE_GENERATOR_EXP: return visit_comprehension(b, node);
    case NODE_AWAIT: return visit_await(b, node);
    case NODE_YIELD: case NODE_YIELD_FROM: return visit_yield(b, node);
    case NODE_COMPARE: return visit(b, node->u.compare.left) && visit_list(b, &node->u.compare.comparators);
    case NODE_CALL: return visit_call(b, node);
    case NODE_JOINED_STR: return visit_list(b, &node->u.joined_str.values);
    case NODE_FORMATTED_VALUE:
        return visit(b, node->u.formatted_value.value) && maybe(b, node->u.formatted_value.format_spec);
    case NODE_ATTRIBUTE: return visit(b, node->u.attribute.object) && mangle(b, &node->u.attribute.name);
    case NODE_SUBSCRIPT: return visit(b, node->u.subscript.object) && visit(b, node->u.subscript.index);
    case NODE_STARRED: return visit(b, node->u.value.value);
    case NODE_SLICE:
        return maybe(b, node->u.slice.lower) && maybe(b, node->u.slice.upper) && maybe(b, node->u.slice.step);
    default: return true;
    }
}

static bool visit(ScopeBuilder *b, Node *node) {
    if (!enter(b)) return false;
    bool fine = node->kind >= NODE_FUNCTION_DEF ? visit_statement(b, node) : visit_expression(b, node);
    b->depth--;
    return fine;
}

bool scope_collect(ScopeBuilder *b, Module *module) {
    Outside outside;
    module->scope = open_scope(b, SCOPE_MODULE, NULL, names.module_, &outside);
    if (!module->scope) return false;
    set_docstring(module->scope, &module->body);
    if (module->expression ? !visit(b, module->expression) : !visit_body(b, &module->body)) return false;
    return close_scope(b, &outside), true;
}
