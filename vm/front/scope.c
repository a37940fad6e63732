/* Scopes as tables of symbols. */
#include "vm/front/scope.h"

#include "runtime/types/error.h"
#include "runtime/types/str.h"
#include "vm/front/scope_build.h"

static size_t hash_name(Value name) { return (size_t)((name.bits * UINT64_C(0x9E3779B97F4A7C15)) >> 32); }

Symbol *scope_lookup(const Scope *scope, Value name) {
    if (scope->table_size == 0) return NULL;
    for (size_t i = hash_name(name);; i++) {
        int32_t at = scope->table[i & (size_t)(scope->table_size - 1)];
        if (at == 0) return NULL;
        if (same(scope->symbols[at - 1].name, name)) return &scope->symbols[at - 1];
    }
}

static void index_symbol(Scope *scope, int32_t at) {
    size_t i = hash_name(scope->symbols[at].name);
    while (scope->table[i & (size_t)(scope->table_size - 1)]) i++;
    scope->table[i & (size_t)(scope->table_size - 1)] = at + 1;
}

static bool grow(ScopeBuilder *b, Scope *scope) {
    int32_t capacity = scope->symbol_capacity ? scope->symbol_capacity * 2 : 8;
    Symbol *symbols = ARENA_ARRAY(b->arena, Symbol, capacity);
    int32_t *table = symbols ? ARENA_ARRAY(b->arena, int32_t, capacity * 2) : NULL;
    if (!table) return false;
    if (scope->symbol_count) memcpy(symbols, scope->symbols, (size_t)scope->symbol_count * sizeof *symbols);
    scope->symbols = symbols;
    scope->symbol_capacity = capacity;
    scope->table = table;
    scope->table_size = capacity * 2;
    for (int32_t i = 0; i < scope->symbol_count; i++) index_symbol(scope, i);
    return true;
}

Symbol *scope_intern(ScopeBuilder *b, Scope *scope, Value name) {
    Symbol *known = scope_lookup(scope, name);
    if (known) return known;
    if (scope->symbol_count == scope->symbol_capacity && !grow(b, scope)) return NULL;
    Symbol *symbol = &scope->symbols[scope->symbol_count];
    *symbol = (Symbol){.name = name, .index = -1, .param_index = -1};
    index_symbol(scope, scope->symbol_count++);
    return symbol;
}

const Symbol *scope_find(const Scope *scope, Value name) { return scope_lookup(scope, name); }

static int32_t position(const Value *names, int32_t count, Value name) {
    for (int32_t i = 0; i < count; i++)
        if (same(names[i], name)) return i;
    return -1;
}

int32_t scope_closure_cell(const Scope *scope, Value name) {
    int32_t cell = position(scope->cells, scope->cell_count, name);
    if (cell >= 0) return cell;
    int32_t free_name = position(scope->frees, scope->free_count, name);
    return free_name < 0 ? -1 : scope->cell_count + free_name;
}

Scope *scope_of(const Node *node) {
    switch (node->kind) {
    case NODE_FUNCTION_DEF: return node->u.function_def.scope;
    case NODE_CLASS_DEF: return node->u.class_def.scope;
    case NODE_LAMBDA: return node->u.lambda.scope;
    case NODE_LIST_COMP: case NODE_SET_COMP: case NODE_DICT_COMP: case NODE_GENERATOR_EXP: return node->u.comp.scope;
    default: return NULL;
    }
}

Node *ast_docstring(const NodeList *body) {
    if (body->count == 0 || body->items[0]->kind != NODE_EXPR) return NULL;
    Node *value = body->items[0]->u.value.value;
    return value->kind == NODE_CONSTANT && str_is(value->u.constant.value) ? value : NULL;
}

/* --- Names for people: f.<locals>.g --- */

static Value make_qualname(ScopeBuilder *b, const Scope *scope, Value binding) {
    const Scope *parent = scope->parent;
    const Symbol *symbol = is_set(binding) ? scope_lookup(parent, binding) : NULL;
    bool global = symbol && symbol->kind == SYMBOL_GLOBAL_EXPLICIT;
    if (global || parent->kind == SCOPE_MODULE) return scope->name;
    StrBuilder builder = STR_BUILDER;
    builder_str(&builder, parent->qualname);
    builder_ascii(&builder, scope_is_function(parent) ? ".<locals>." : ".");
    builder_str(&builder, scope->name);
    return arena_keep(b->arena, builder_finish(&builder));
}

static Value binding_of(const Node *node) {
    if (node->kind == NODE_FUNCTION_DEF) return node->u.function_def.binding;
    return node->kind == NODE_CLASS_DEF ? node->u.class_def.binding : UNSET;
}

static bool name_scopes(ScopeBuilder *b, Scope *scope) {
    scope->qualname = scope->parent ? make_qualname(b, scope, binding_of(scope->node)) : scope->name;
    if (is_unset(scope->qualname)) return false;
    for (Scope *child = scope->first_child; child; child = child->next_sibling)
        if (!name_scopes(b, child)) return false;
    return true;
}

bool scope_analyze(Module *module, Arena *arena, Value filename) {
    ScopeBuilder b = {.arena = arena, .filename = filename, .future_annotations = module->future_annotations};
    b.dot_zero = arena_keep(arena, str_intern_cstr(".0"));
    b.class_cell = arena_keep(arena, str_intern_cstr("__class__"));
    if (is_unset(b.dot_zero) || is_unset(b.class_cell)) return false;
    return scope_collect(&b, module) && scope_resolve(&b, module->scope) && name_scopes(&b, module->scope);
}
