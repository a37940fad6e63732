/* Functions made by scripts. */
#ifndef EXEC_FUNCTION_H
#define EXEC_FUNCTION_H

#include "runtime/types/shape.h"
#include "vm/code/code.h"

typedef struct Function Function;
struct Function {
    Object head;
    Attrs attrs;
    Code *code;             /* owned */
    Value globals, builtins; /* owned dicts */
    Value closure;          /* tuple of cells or UNSET */
    Value defaults;         /* tuple or UNSET */
    Value keyword_defaults; /* dict or UNSET */
    Value name, qualname;
    Value annotations;      /* dict, tuple of name, value, ..., or UNSET */
    Value doc, module;
    uint32_t direct; /* number of arguments with which a call needs no binding; FUNCTION_BINDS: every call does */
};

#define FUNCTION_BINDS UINT32_MAX

extern Type function_type;

static inline bool function_is(Value v) { return is_exactly(v, &function_type); }
static inline Function *as_function(Value v) { return (Function *)as_object(v); }

/* globals and builtins are retained.  Owned. */
Value function_new(Code *code, Value globals, Value builtins);
void function_set_code(Function *f, Code *code); /* retains */

/* Puts arguments into registers as the parameters of f want them.
 * args: `count` positional values, then the values of kwnames (tuple or UNSET); all are taken over (also on failure),
 * and may overlap regs, which then have to begin at args.  False: TypeError pending, nothing is left in regs. */
bool function_bind(Function *f, Value *regs, Value *args, size_t count, Value kwnames);

#endif
