/* Names: where a variable lives in the scope that is being compiled, and the instructions that reach it. */
#include "vm/code/compiler.h"

#include "runtime/types/names.h"
#include "runtime/types/str.h"

typedef enum PlaceKind { PLACE_LOCAL, PLACE_CELL, PLACE_CLASS_CELL, PLACE_GLOBAL, PLACE_NAMESPACE } PlaceKind;

typedef struct Place {
    PlaceKind kind;
    int reg; /* LOCAL, CELL, CLASS_CELL */
} Place;

static int cell_register(const Scope *scope, int32_t index) {
    return scope->local_count + index;
}

static int free_register(const Scope *scope, int32_t index) {
    return scope->local_count + scope->cell_count + index;
}

static Place place_in_function(const Scope *scope, const Symbol *symbol) {
    if (!symbol) return (Place){PLACE_GLOBAL, 0};
    switch (symbol->kind) {
    case SYMBOL_LOCAL: return (Place){PLACE_LOCAL, symbol->index};
    case SYMBOL_CELL: return (Place){PLACE_CELL, cell_register(scope, symbol->index)};
    case SYMBOL_FREE: return (Place){PLACE_CELL, free_register(scope, symbol->index)};
    default: return (Place){PLACE_GLOBAL, 0};
    }
}

static Place place_of(const Compiler *c, Value name) {
    const Scope *scope = c->unit->scope;
    const Symbol *symbol = scope_find(scope, name);
    if (scope->kind >= SCOPE_FUNCTION) return place_in_function(scope, symbol);
    if (symbol && symbol->kind == SYMBOL_GLOBAL_EXPLICIT) return (Place){PLACE_GLOBAL, 0};
    if (symbol && symbol->kind == SYMBOL_FREE) return (Place){PLACE_CLASS_CELL, free_register(scope, symbol->index)};
    return (Place){PLACE_NAMESPACE, 0};
}

bool variable_is_local(Compiler *c, Value name, int *reg) {
    Place place = place_of(c, name);
    *reg = place.reg;
    return place.kind == PLACE_LOCAL;
}

int variable_local_read(Compiler *c, int reg, Value name) {
    if (!c->unit->reachable || c->failed || local_is_assigned(c, reg)) return reg;
    emit_constant(c, OP_CHECK_LOCAL, 0, reg, 0, 0, constant_add(c, name));
    local_set_assigned(c, reg);
    return reg;
}

/* A name that an instruction has only 16 bits for. */
static Constant narrow_name(Compiler *c, Value name) {
    Constant k = constant_add(c, name);
    if (!constant_narrow(c, k)) compile_error(c, c->unit->span, "too many names in one function");
    return k;
}

void variable_load(Compiler *c, Value name, int reg) {
    Place place = place_of(c, name);
    switch (place.kind) {
    case PLACE_LOCAL: move_to(c, reg, operand_borrowed(variable_local_read(c, place.reg, name))); break;
    case PLACE_CELL: emit_constant(c, OP_LOAD_CELL, 0, reg, place.reg, 0, narrow_name(c, name)); break;
    case PLACE_CLASS_CELL: emit_constant(c, OP_LOAD_CLASS_CELL, 0, reg, place.reg, 0, narrow_name(c, name)); break;
    case PLACE_GLOBAL: emit_constant(c, OP_LOAD_GLOBAL, 0, reg, 0, 0, constant_add(c, name)); break;
    case PLACE_NAMESPACE: emit_constant(c, OP_LOAD_NAME, 0, reg, 0, 0, constant_add(c, name)); break;
    }
}

static bool is_debug(Compiler *c, Value name, const char *verb) {
    if (!same(name, names.__debug__)) return false;
    compile_error(c, c->unit->span, "cannot %s __debug__", verb);
    return true;
}

void variable_store(Compiler *c, Value name, Operand value) {
    if (is_debug(c, name, "assign to")) return;
    Place place = place_of(c, name);
    switch (place.kind) {
    case PLACE_LOCAL:
        move_to(c, place.reg, value);
        local_set_assigned(c, place.reg);
        break;
    case PLACE_CELL:
    case PLACE_CLASS_CELL: emit(c, OP_STORE_CELL, take_b(value), place.reg, value.reg, 0); break;
    case PLACE_GLOBAL: emit_constant(c, OP_STORE_GLOBAL, take_a(value), value.reg, 0, 0, constant_add(c, name)); break;
    case PLACE_NAMESPACE: emit_constant(c, OP_STORE_NAME, take_a(value), value.reg, 0, 0, constant_add(c, name)); break;
    }
}

void variable_delete(Compiler *c, Value name) {
    if (is_debug(c, name, "delete")) return;
    Place place = place_of(c, name);
    switch (place.kind) {
    case PLACE_LOCAL:
        emit(c, OP_CLEAR, 0, variable_local_read(c, place.reg, name), 0, 0);
        local_set_deleted(c, place.reg);
        break;
    case PLACE_CELL:
    case PLACE_CLASS_CELL: emit_constant(c, OP_DELETE_CELL, 0, place.reg, 0, 0, narrow_name(c, name)); break;
    case PLACE_GLOBAL: emit_constant(c, OP_DELETE_GLOBAL, 0, 0, 0, 0, constant_add(c, name)); break;
    case PLACE_NAMESPACE: emit_constant(c, OP_DELETE_NAME, 0, 0, 0, 0, constant_add(c, name)); break;
    }
}

void variable_forget(Compiler *c, Value name) {
    Place place = place_of(c, name);
    if (place.kind == PLACE_LOCAL) {
        emit(c, OP_CLEAR, 0, place.reg, 0, 0);
        local_set_deleted(c, place.reg);
        return;
    }
    int none = temp_push(c);
    load_constant(c, NONE, none);
    variable_store(c, name, operand_temp(none));
    c->unit->top--;
    variable_delete(c, name);
}

void cell_load(Compiler *c, Value name, int reg) {
    const Scope *scope = c->unit->scope;
    emit(c, OP_MOVE, 0, reg, cell_register(scope, scope_closure_cell(scope, name)), 0);
}

void closure_load(Compiler *c, const Scope *inner, int reg) {
    int first = c->unit->top;
    for (int32_t i = 0; i < inner->free_count; i++) cell_load(c, inner->frees[i], temp_push(c));
    emit(c, OP_BUILD_TUPLE, 0, reg, first, inner->free_count);
    c->unit->top = first;
}
