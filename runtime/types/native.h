/* Functions written in C, as rows of tables: name, signature, function, documentation.
 *
 * The signature is Python's, without self and annotations: "iterable, /, *, key=None, reverse=False".  Binding it is
 * the runtime's work, so a native function receives a flat array:
 *
 *     args[0]            self (methods), type (class methods and __new__) -- absent for module functions and static
 * methods args[...]          each named parameter in order, keyword-only ones included; UNSET where the caller gave
 * none;
 *                        **kwargs is a dict, or UNSET when empty
 *     args[n...count)    the extra positional arguments, if the signature has *args
 *
 * so `print(*values, sep=' ', end='\n')` finds sep in args[0], end in args[1], values from args[2] on.  Defaults in the
 * signature are documentation: the function itself decides what UNSET means.  All arguments are borrowed, the result is
 * owned.
 *
 * A signature that begins with '~' is not shown to scripts, and its errors are in the words of the older functions:
 * "find() takes at least 1 argument (0 given)".
 *
 * Errors of binding are CPython's, chosen by the shape of the signature: "x.clear() takes no arguments (1 given)",
 * "x.append() takes exactly one argument (2 given)", "pop expected at most 1 argument, got 2", ...
 */
#ifndef TYPES_NATIVE_H
#define TYPES_NATIVE_H

#include "runtime/mem/type.h"

typedef Value (*NativeFn)(const Value *args, size_t count);

typedef enum NativeKind { NATIVE_METHOD, NATIVE_CLASS, NATIVE_STATIC, NATIVE_FUNCTION } NativeKind;

struct NativeDef {
    const char *name;
    const char *signature; /* without parentheses; "" takes nothing */
    NativeFn fn;
    NativeKind kind; /* in a type's table; module tables use NATIVE_FUNCTION or leave METHOD, where it means the same */
    const char *doc;
};
#define METHOD(name, signature, fn, doc)       {name, signature, fn, NATIVE_METHOD, doc}
#define CLASS_METHOD(name, signature, fn, doc) {name, signature, fn, NATIVE_CLASS, doc}
#define STATIC_METHOD(name, signature, fn, doc) {name, signature, fn, NATIVE_STATIC, doc}
#define FUNCTION(name, signature, fn, doc)     {name, signature, fn, NATIVE_FUNCTION, doc}
#define NATIVE_END                             {0}

/* An attribute computed by C: get is required; set NULL: read-only. delete: value is UNSET. */
struct MemberDef {
    const char *name;
    Value (*get)(Value self);
    bool (*set)(Value self, Value value);
    const char *doc;
    bool plain; /* read-only, and to scripts a member of a C struct: "readonly attribute", <member ...> */
};
#define MEMBER(name, get, doc) {name, get, NULL, doc, true}

/* A parsed signature, shared by all functions made from one row. */
typedef struct Signature Signature;

typedef struct Native {
    Object head;
    const NativeDef *def;
    Signature *signature;
    Value self;     /* bound receiver or module function's UNSET */
    Value module;   /* name of the module, str, or UNSET */
    Type *owner;    /* the type whose table it stands in, or NULL; borrowed (static) */
    /* Fast binding: when no keyword is given and fast_min <= count <= fast_max and has no *args, missing ones are
     * UNSET. */
    uint16_t fast_min, fast_max;
    uint16_t direct; /* this many positional arguments are the bound array as they stand; NATIVE_BINDS: no number is */
    bool variadic;
} Native;

#define NATIVE_BINDS UINT16_MAX

extern Type native_function_type; /* builtin_function_or_method */
extern Type native_class_method_type; /* classmethod_descriptor: class method of a static type, as its dict holds it */
extern Type native_method_type;   /* method_descriptor: unbound method of a static type; TYPE_METHOD_DESCRIPTOR */

/* Any of the three kinds above; owner: the type whose table has the row.  NULL: failed. */
Native *native_allocate(Type *kind, const NativeDef *def, Value self, Value module, Type *owner);
/* New function object for a row; self may be UNSET (module functions) or a bound receiver (retained). */
Value native_new(const NativeDef *def, Value self, Value module);
/* Calls through a row's binding: args are positional values followed by the values of kwnames (tuple or UNSET). */
Value native_call(Native *native, const Value *args, size_t count, Value kwnames);

/* Binds arguments to a signature (a literal: it is parsed once, by its address), for `make` and `init` slots which get
 * raw arguments: out[] gets borrowed values in the layout above (without *args). name is what errors say ("int",
 * "Thread"). False: TypeError pending. */
bool native_bind(const char *name, const char *signature, const Value *args, size_t count, Value kwnames, Value *out);

/* Common refusal for `make`/`init`: TypeError "x() takes no keyword arguments" if kwnames is not empty. */
bool native_no_keywords(const char *name, Value kwnames);

#endif
