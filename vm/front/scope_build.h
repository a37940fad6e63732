/* Scope analysis in the making: the two steps share these. */
#ifndef FRONT_SCOPE_BUILD_H
#define FRONT_SCOPE_BUILD_H

#include "vm/front/scope.h"

enum { /* Symbol.flags */
    NAME_GLOBAL = 1 << 0,    /* global statement */
    NAME_NONLOCAL = 1 << 1,  /* nonlocal statement */
    NAME_LOCAL = 1 << 2,     /* bound here */
    NAME_PARAM = 1 << 3,
    NAME_USED = 1 << 4,
    NAME_ANNOTATED = 1 << 5,
    NAME_IMPORTED = 1 << 6,
    NAME_COMP_ITER = 1 << 7, /* target of a comprehension's clause */
    NAME_FREE_HERE = 1 << 8, /* stands in frees */
    NAME_BOUND = NAME_LOCAL | NAME_PARAM | NAME_IMPORTED,
};

typedef struct Declaration { /* where a global or nonlocal statement named it, for errors */
    Scope *scope;
    Value name;
    Span span;
    struct Declaration *next;
} Declaration;

typedef struct ScopeBuilder {
    Arena *arena;
    Value filename;
    Scope *current;
    Value private_name; /* of the innermost class; UNSET outside */
    Declaration *declarations;
    Value dot_zero, class_cell; /* ".0", "__class__" */
    int32_t depth;
    bool future_annotations;
    bool in_comp_iter; /* in an iterable of a comprehension */
} ScopeBuilder;

/* Step 1: fills the symbols and their flags, links the scopes, mangles names. */
bool scope_collect(ScopeBuilder *b, Module *module);

/* Step 2: decides the kind of every symbol of a scope and those below it, and makes the arrays. */
bool scope_resolve(ScopeBuilder *b, Scope *scope);

/* The symbol of a name, made if absent; NULL: no memory. */
Symbol *scope_intern(ScopeBuilder *b, Scope *scope, Value name);
Symbol *scope_lookup(const Scope *scope, Value name);

/* Raises the SyntaxError of the analysis, which has a message alone in args; the position is in its attributes. */
bool scope_fail(ScopeBuilder *b, Span span, const char *format, ...);
/* The same for a whole line.  Steals message. */
bool syntax_error_line(Value filename, int32_t line, Value message);

static inline bool scope_is_function(const Scope *scope) { return scope->kind >= SCOPE_FUNCTION; }

#endif
