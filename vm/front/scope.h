/* Scope analysis: for each module, class, function, lambda and comprehension, where each of its names lives.
 *
 * How to read a symbol, by the kind of scope that an instruction stands in:
 *
 *   function scopes (FUNCTION, LAMBDA, COMPREHENSION)
 *     LOCAL            register: scope->locals[index]
 *     CELL             cell:     scope->cells[index]; a parameter that is a cell is also locals[param_index]
 *     FREE             cell of an enclosing function: scope->frees[index]
 *     GLOBAL_*         globals, then builtins
 *   class scopes
 *     LOCAL            the class namespace; a read falls back to globals, then builtins
 *     FREE             a read looks into the class namespace, then into frees[index]; a store (after nonlocal) goes to
 *                      frees[index]
 *     GLOBAL_EXPLICIT  globals;   GLOBAL_IMPLICIT   class namespace, globals, builtins
 *     CELL             only `__class__`, see HAS_CLASS_CELL
 *   module scopes
 *     LOCAL, GLOBAL_IMPLICIT   the local namespace (exec may give one apart from globals), globals, builtins
 *     GLOBAL_EXPLICIT          globals
 *
 * `frees` of a scope is exactly what its function needs in its closure, in order; it may hold a name that the scope
 * itself sees as LOCAL (a class between a function and a method).  To build the closure of a nested scope, look each of
 * its frees up with scope_closure_cell.  `__class__` of methods that use super or __class__ is found the same way.
 */
#ifndef FRONT_SCOPE_H
#define FRONT_SCOPE_H

#include "vm/front/ast.h"

typedef enum SymbolKind {
    SYMBOL_LOCAL,
    SYMBOL_CELL,
    SYMBOL_FREE,
    SYMBOL_GLOBAL_EXPLICIT,
    SYMBOL_GLOBAL_IMPLICIT,
} SymbolKind;

typedef struct Symbol {
    Value name;
    uint8_t kind;       /* SymbolKind */
    bool is_annotated;  /* x: int stands in this scope */
    bool is_imported;
    bool is_param;
    bool is_deleted;    /* somewhere in this scope: `del x`, or `except ... as x` */
    bool is_walrus;     /* somewhere in this scope: `x := ...` (also from a comprehension within) */
    uint16_t flags;      /* for the analysis alone */
    int32_t index;       /* in locals, cells or frees, by kind; -1 where there is no array (globals, namespaces) */
    int32_t param_index; /* in locals, of a parameter that is a cell; else -1 */
} Symbol;

typedef enum ScopeKind { SCOPE_MODULE, SCOPE_CLASS, SCOPE_FUNCTION, SCOPE_LAMBDA, SCOPE_COMPREHENSION } ScopeKind;

struct Scope {
    uint8_t kind; /* ScopeKind */
    bool is_generator;       /* has yield (a comprehension: is a generator expression) */
    bool is_coroutine;       /* async def, or an asynchronous comprehension; with is_generator: an async generator */
    bool is_nested;          /* some enclosing scope is a function */
    bool has_varargs, has_varkeywords;
    bool has_class_cell; /* class: create the cell `__class__` (cells[0]), set it to the class, return it as
                            __classcell__ */
    bool has_star_import;
    bool has_annotations;    /* module, class: some variable annotation: create __annotations__ at the start */
    bool uses_dynamic_names; /* calls locals, vars, dir, eval or exec by name */
    Value name;              /* "<module>", "<lambda>", "<listcomp>", ... or the name in the source */
    Value qualname;
    Value docstring;         /* UNSET without one; module, class and function */
    Node *node;              /* NULL for a module */
    Scope *parent;           /* NULL for a module */
    Scope *first_child, *next_sibling; /* in the order of the source */

    Symbol *symbols; /* in order of first appearance */
    int32_t symbol_count, symbol_capacity;
    int32_t *table;  /* open addressing over symbols, by identity of the interned name */
    int32_t table_size;

    /* Function scopes: parameters first (a comprehension: ".0"), then the other LOCAL names in order of first binding.
     */
    Value *locals;
    int32_t local_count;
    int32_t param_count; /* all parameters, with *args and **kwargs */
    Value *cells;        /* own variables that nested scopes use, sorted by name */
    int32_t cell_count;
    Value *frees; /* sorted by name */
    int32_t free_count;
};

/* Builds the scopes of a module and stores them into the nodes; mangles names.  False with SyntaxError (or
 * RecursionError, MemoryError) pending. */
bool scope_analyze(Module *module, Arena *arena, Value filename);

/* The symbol of an interned, mangled name, or NULL. */
const Symbol *scope_find(const Scope *scope, Value name);

/* Where `scope` has the cell that a nested scope wants for `name`: an index into cells, or cell_count + an index into
 * frees; -1 when it has none (a bug). */
int32_t scope_closure_cell(const Scope *scope, Value name);

/* The scope of a FUNCTION_DEF, CLASS_DEF, LAMBDA or comprehension. */
Scope *scope_of(const Node *node);

#endif
