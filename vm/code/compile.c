/* Compiles a tree to code: one unit for each scope, and the entry points. */
#include "vm/code/compiler.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/mem/heap.h"
#include "runtime/types/error.h"
#include "runtime/types/names.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

/* --- Failing ----------------------------------------------------------------------------------------------------- */

void compile_fail(Compiler *c) {
    c->failed = true;
}

void compile_fail_memory(Compiler *c) {
    if (!c->failed) raise_memory_error();
    c->failed = true;
}

void compile_error(Compiler *c, Span span, const char *format, ...) {
    char message[400];
    va_list args;
    if (c->failed) return;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    syntax_error_at(c->filename, span, "%s", message);
    c->failed = true;
}

bool compile_check_depth(Compiler *c) {
    if (!c->failed && !recursion_check(" during compilation")) c->failed = true;
    return !c->failed;
}

Value compile_keep(Compiler *c, Value value) {
    if (c->kept_count == c->kept_capacity) {
        size_t capacity = c->kept_capacity ? c->kept_capacity * 2 : 32;
        Value *bigger = raw_reallocate(c->kept, capacity * sizeof(Value));
        if (!bigger) {
            release(value);
            compile_fail_memory(c);
            return UNSET;
        }
        c->kept = bigger;
        c->kept_capacity = capacity;
    }
    return c->kept[c->kept_count++] = value;
}

/* --- Units ------------------------------------------------------------------------------------------------------- */

static int32_t line_of(const Node *node) {
    if (!node) return 1;
    const NodeList *decorators = NULL;
    if (node->kind == NODE_FUNCTION_DEF) decorators = &node->u.function_def.decorators;
    if (node->kind == NODE_CLASS_DEF) decorators = &node->u.class_def.decorators;
    return decorators && decorators->count ? decorators->items[0]->span.line : node->span.line;
}

static void state_begin(Compiler *c, Unit *u) {
    u->state_words = ((size_t)u->scope->local_count + 63) / 64;
    u->assigned = raw_allocate_zeroed((3 * u->state_words + 1) * sizeof(uint64_t));
    if (!u->assigned) {
        compile_fail_memory(c);
        return;
    }
    u->deleted = u->assigned + u->state_words;
    u->walrus = u->deleted + u->state_words;
    for (int32_t i = 0; i < u->scope->param_count; i++) u->assigned[i / 64] |= UINT64_C(1) << i % 64;
    for (int32_t i = 0; i < u->scope->symbol_count && unit_is_function(u); i++) {
        const Symbol *symbol = &u->scope->symbols[i];
        if (symbol->kind != SYMBOL_LOCAL || symbol->index < 0) continue;
        if (symbol->is_deleted) u->deleted[symbol->index / 64] |= UINT64_C(1) << symbol->index % 64;
        if (symbol->is_walrus) u->walrus[symbol->index / 64] |= UINT64_C(1) << symbol->index % 64;
    }
}

/* Own variables that inner functions use get their cells; a parameter moves into its cell. */
static void make_cells(Compiler *c, const Scope *scope) {
    for (int32_t i = 0; i < scope->cell_count; i++) {
        int cell = scope->local_count + i;
        const Symbol *symbol = scope_find(scope, scope->cells[i]);
        if (symbol && symbol->param_index >= 0) emit(c, OP_MOVE, TAKE_B, cell, symbol->param_index, 0);
        emit(c, OP_MAKE_CELL, 0, cell, 0, 0);
    }
}

void unit_begin(Compiler *c, Unit *u, Scope *scope) {
    *u = (Unit){.outer = c->unit, .scope = scope, .handler = NO_HANDLER, .reachable = true};
    u->first_line = line_of(scope->node);
    u->span = (Span){u->first_line, -1, u->first_line, -1};
    u->nlocals = u->top = u->max_reg = scope->local_count + scope->cell_count + scope->free_count;
    c->unit = u;
    if (u->nlocals >= NO_REG) compile_error(c, u->span, "too many variables and values in one function");
    state_begin(c, u);
    if (scope->is_generator || scope->is_coroutine)
        emit(c, OP_NOP, 0, 0, 0, 0); /* where throw() before the start arrives: in no try */
    make_cells(c, scope);
}

static unsigned kind_flags(const Scope *scope) {
    unsigned flags = scope->is_nested ? CODE_NESTED : 0;
    if (scope->kind >= SCOPE_FUNCTION) flags |= CODE_OPTIMIZED | CODE_NEWLOCALS;
    if (scope->is_generator && scope->is_coroutine) flags |= CODE_ASYNC_GENERATOR;
    else if (scope->is_generator) flags |= CODE_GENERATOR;
    else if (scope->is_coroutine) flags |= CODE_COROUTINE;
    if (scope->has_varargs) flags |= CODE_VARARGS;
    if (scope->has_varkeywords) flags |= CODE_VARKEYWORDS;
    return flags;
}

static void describe_params(Code *code, const Scope *scope) {
    const Params *params = NULL;
    if (scope->kind == SCOPE_FUNCTION) params = &scope->node->u.function_def.params;
    if (scope->kind == SCOPE_LAMBDA) params = &scope->node->u.lambda.params;
    if (scope->kind == SCOPE_COMPREHENSION) code->argcount = 1;
    if (params) {
        code->argcount = (uint16_t)params->positional;
        code->posonlycount = (uint16_t)params->positional_only;
        code->kwonlycount = (uint16_t)params->keyword_only;
    }
    code->simple_args = !params || params->count == params->positional;
}

static bool describe_names(Code *code, const Scope *scope) {
    code->varnames = tuple_from_values(scope->locals, (size_t)scope->local_count);
    if (is_set(code->varnames)) code->cellnames = tuple_from_values(scope->cells, (size_t)scope->cell_count);
    if (is_set(code->cellnames)) code->freenames = tuple_from_values(scope->frees, (size_t)scope->free_count);
    return is_set(code->freenames);
}

static bool describe(Compiler *c, Code *code, const Unit *u) {
    const Scope *scope = u->scope;
    bool documented = scope->kind == SCOPE_FUNCTION && is_set(scope->docstring) && c->optimize < 2;
    code->name = retain(scope->name);
    code->qualname = retain(scope->qualname);
    code->filename = retain(c->filename);
    code->docstring = documented ? retain(scope->docstring) : NONE;
    code->flags = kind_flags(scope) | (c->module->future_flags & FUTURE_ANNOTATIONS);
    code->nregs = (uint16_t)u->max_reg;
    code->nlocals = (uint16_t)u->nlocals;
    code->varcount = code->cell_base = (uint16_t)scope->local_count;
    code->cellcount = (uint16_t)scope->cell_count;
    code->free_base = (uint16_t)(scope->local_count + scope->cell_count);
    code->freecount = (uint16_t)scope->free_count;
    describe_params(code, scope);
    return describe_names(code, scope);
}

static void check_code(const Code *code) {
#ifdef DEBUG
    const char *wrong = code_verify(code);
    if (!wrong) return;
    fprintf(stderr, "scr: %s, code of line %d: %s\n", str_utf8(code->filename, &(size_t){0}), (int)code->first_line,
            wrong);
    if (!getenv("VERIFY_GO_ON")) abort();
#else
    (void)code;
#endif
}

static Value finish(Compiler *c, Unit *u) {
    return_constant(c, NONE);
    if (c->failed) return UNSET;
    Value code = assemble(c, u);
    if (is_unset(code)) return UNSET;
    if (!describe(c, as_code(code), u)) {
        release(code);
        compile_fail(c);
        return UNSET;
    }
    check_code(as_code(code));
    return code;
}

Value unit_end(Compiler *c, Unit *u) {
    Value code = c->failed ? UNSET : finish(c, u);
    c->unit = u->outer;
    unit_free(u);
    return code;
}

/* --- Modules ----------------------------------------------------------------------------------------------------- */

static void module_body(Compiler *c, Module *module) {
    if (module->mode == PARSE_EVAL) {
        Operand value = expr_operand(c, module->expression);
        emit(c, OP_RETURN, take_a(value), value.reg, 0, 0);
        emit_end(c);
        return;
    }
    if (module->scope->has_annotations) emit(c, OP_SETUP_ANNOTATIONS, 0, 0, 0, 0);
    if (module->mode == PARSE_EXEC) docstring_statement(c);
    statements(c, &module->body);
}

int compile_optimize;

static Value compile_tree(Module *module, Value filename, unsigned flags, int optimize) {
    Compiler c = {
        .module = module, .filename = filename, .flags = flags, .optimize = optimize < 0 ? compile_optimize : optimize};
    Unit unit;
    unit_begin(&c, &unit, module->scope);
    module_body(&c, module);
    Value code = unit_end(&c, &unit);
    for (size_t i = 0; i < c.kept_count; i++) release(c.kept[i]);
    raw_free(c.kept);
    return code;
}

Value compile_module(Module *module, Value filename, int optimize) {
    return compile_tree(module, filename, 0, optimize);
}

Value compile_source(const char *text, size_t size, ParseMode mode, Value filename, unsigned flags, int optimize) {
    Arena *arena;
    Module *module = parse_source(text, size, mode, filename, flags | PARSE_WARN, &arena);
    if (!module) return UNSET;
    Value code = compile_tree(module, filename, flags, optimize);
    arena_free(arena);
    return code;
}
