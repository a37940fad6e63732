/* Parsed signatures of native functions and the binding of arguments to them. */
#ifndef TYPES_SIGNATURE_H
#define TYPES_SIGNATURE_H

#include "runtime/types/native.h"

typedef struct Parameter {
    Value key; /* interned str */
    bool required;
} Parameter;

/* Slots of a bound call: count named ones, then the dict of **kwargs if there is one, then the extra positional values.
 */
struct Signature {
    const NativeDef *def;      /* NULL: made for native_bind */
    const char *text;
    uint16_t count;            /* named parameters */
    uint16_t positional;       /* of these, how many can be given by position */
    uint16_t positional_only;
    uint16_t required;         /* positional ones without default */
    bool variadic, keywords;   /* *args, **kwargs */
    bool older_words;          /* the text begins with '~' */
    Parameter parameters[];
};

/* How errors call the function: "append", "list.append". */
typedef struct Label {
    const char *name;
    const char *owner;  /* type, or NULL */
    Value module;       /* UNSET or str */
} Label;

/* The signature of a text, parsed once and kept.  NULL: MemoryError pending. */
Signature *signature_of(const char *text);
static inline size_t signature_slots(const Signature *s) { return (size_t)s->count + s->keywords; }

/* Binds to out[0 .. slots); extras are not copied.  out[count] of **kwargs is owned, everything else borrowed. */
bool signature_bind(const Signature *s, Label label, const Value *args, size_t count, Value kwnames, Value *out);

#endif
