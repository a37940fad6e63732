/* Second step of scope analysis: whose variable each name is. */
#include "vm/front/scope_build.h"

#include <stdlib.h>

#include "runtime/types/error.h"
#include "runtime/types/str.h"

static Span declaration_span(const ScopeBuilder *b, const Scope *scope, Value name) {
    Span span = scope->node ? scope->node->span : (Span){1, 0, 1, 0};
    for (const Declaration *d = b->declarations; d; d = d->next) /* the first one stands last */
        if (d->scope == scope && same(d->name, name)) span = d->span;
    return span;
}

/* The enclosing scope that binds the name for nested functions: a function, or the class whose __class__ is meant. */
static Scope *find_owner(const ScopeBuilder *b, const Scope *scope, Value name) {
    for (Scope *outer = scope->parent; outer; outer = outer->parent) {
        if (outer->kind == SCOPE_CLASS && same(name, b->class_cell)) return outer;
        if (!scope_is_function(outer)) continue;
        const Symbol *symbol = scope_lookup(outer, name);
        if (!symbol) continue;
        if (symbol->flags & NAME_GLOBAL) return NULL;
        if ((symbol->flags & NAME_BOUND) && !(symbol->flags & NAME_NONLOCAL)) return outer;
    }
    return NULL;
}

static bool make_cell(ScopeBuilder *b, Scope *owner, Value name) {
    if (owner->kind == SCOPE_CLASS) return owner->has_class_cell = true;
    Symbol *symbol = scope_intern(b, owner, name);
    if (symbol) symbol->kind = SYMBOL_CELL;
    return symbol != NULL;
}

/* Every scope from `scope` up to the owner passes the cell on. */
static bool pass_through(ScopeBuilder *b, Scope *scope, Scope *owner, Value name) {
    for (Scope *s = scope; s != owner; s = s->parent) {
        Symbol *symbol = scope_intern(b, s, name);
        if (!symbol) return false;
        symbol->flags |= NAME_FREE_HERE;
        bool own = s != scope && s->kind == SCOPE_CLASS && (symbol->flags & (NAME_BOUND | NAME_GLOBAL)) &&
                   !(symbol->flags & NAME_NONLOCAL);
        if (!own) symbol->kind = SYMBOL_FREE;
    }
    return make_cell(b, owner, name);
}

static bool resolve_nonlocal(ScopeBuilder *b, Scope *scope, Value name) {
    Span span = declaration_span(b, scope, name);
    if (scope->kind == SCOPE_MODULE) return scope_fail(b, span, "nonlocal declaration not allowed at module level");
    Scope *owner = find_owner(b, scope, name);
    if (!owner) return scope_fail(b, span, "no binding for nonlocal '%U' found", name);
    return pass_through(b, scope, owner, name);
}

static bool resolve_symbol(ScopeBuilder *b, Scope *scope, int32_t at) {
    Symbol *symbol = &scope->symbols[at];
    Value name = symbol->name;
    if (symbol->flags & NAME_GLOBAL) {
        symbol->kind = SYMBOL_GLOBAL_EXPLICIT;
        if (symbol->flags & NAME_NONLOCAL)
            return scope_fail(b, declaration_span(b, scope, name), "name '%U' is nonlocal and global", name);
        return true;
    }
    if (symbol->flags & NAME_NONLOCAL) return resolve_nonlocal(b, scope, name);
    if (symbol->flags & NAME_BOUND) {
        if (symbol->kind != SYMBOL_CELL) symbol->kind = SYMBOL_LOCAL;
        return true;
    }
    if (symbol->flags & NAME_FREE_HERE) return true; /* passed through: known already */
    Scope *owner = find_owner(b, scope, name);
    if (owner) return pass_through(b, scope, owner, name);
    symbol->kind = SYMBOL_GLOBAL_IMPLICIT;
    return true;
}

static bool resolve_symbols(ScopeBuilder *b, Scope *scope) {
    for (int32_t i = 0; i < scope->symbol_count; i++)
        if (!resolve_symbol(b, scope, i)) return false;
    for (Scope *child = scope->first_child; child; child = child->next_sibling)
        if (!resolve_symbols(b, child)) return false;
    return true;
}

/* --- The arrays --- */

static int compare_names(const void *a, const void *b) { return str_order(*(const Value *)a, *(const Value *)b); }

/* Names of the symbols that `wanted` accepts. */
static bool gather(ScopeBuilder *b, Scope *scope, bool (*wanted)(const Symbol *), Value **out, int32_t *count) {
    int32_t n = 0;
    for (int32_t i = 0; i < scope->symbol_count; i++) n += wanted(&scope->symbols[i]);
    *out = ARENA_ARRAY(b->arena, Value, n);
    if (!*out) return false;
    *count = n;
    n = 0;
    for (int32_t i = 0; i < scope->symbol_count; i++)
        if (wanted(&scope->symbols[i])) (*out)[n++] = scope->symbols[i].name;
    return true;
}

static bool is_cell(const Symbol *s) { return s->kind == SYMBOL_CELL; }
static bool is_free(const Symbol *s) { return (s->flags & NAME_FREE_HERE) != 0; }
static bool is_register(const Symbol *s) { return s->is_param || s->kind == SYMBOL_LOCAL; }

static void number(Scope *scope, const Value *list, int32_t count, SymbolKind kind) {
    for (int32_t i = 0; i < count; i++) {
        Symbol *symbol = scope_lookup(scope, list[i]);
        if (symbol->kind == kind) symbol->index = i;
        else if (kind == SYMBOL_LOCAL) symbol->param_index = i;
    }
}

static bool make_arrays(ScopeBuilder *b, Scope *scope) {
    if (scope->has_class_cell) {
        Symbol *symbol = scope_intern(b, scope, b->class_cell);
        if (!symbol) return false;
        if (!(symbol->flags & NAME_BOUND)) symbol->kind = SYMBOL_CELL;
        scope->cells = arena_copy(b->arena, &b->class_cell, 1, sizeof(Value));
        scope->cell_count = 1;
        if (!scope->cells) return false;
    }
    if (!gather(b, scope, is_free, &scope->frees, &scope->free_count)) return false;
    if (scope->free_count) qsort(scope->frees, (size_t)scope->free_count, sizeof(Value), compare_names);
    if (scope_is_function(scope)) {
        if (!gather(b, scope, is_register, &scope->locals, &scope->local_count)) return false;
        if (!gather(b, scope, is_cell, &scope->cells, &scope->cell_count)) return false;
        if (scope->cell_count) qsort(scope->cells, (size_t)scope->cell_count, sizeof(Value), compare_names);
        number(scope, scope->locals, scope->local_count, SYMBOL_LOCAL);
    }
    number(scope, scope->cells, scope->cell_count, SYMBOL_CELL);
    number(scope, scope->frees, scope->free_count, SYMBOL_FREE);
    for (Scope *child = scope->first_child; child; child = child->next_sibling)
        if (!make_arrays(b, child)) return false;
    return true;
}

bool scope_resolve(ScopeBuilder *b, Scope *scope) { return resolve_symbols(b, scope) && make_arrays(b, scope); }
