/* What list[int] and int | str share: how type arguments are shown, collected and replaced. */
#ifndef TYPES_GENERIC_ALIAS_H
#define TYPES_GENERIC_ALIAS_H

#include "runtime/mem/value.h"
#include "runtime/types/str.h"

bool generic_alias_is(Value v); /* or a subclass */
/* Writes a type as an alias shows it: "int", "module.Class", "..."; anything else by repr. */
bool alias_argument_repr(StrBuilder *b, Value argument);
/* The type variables in args, each once, in order: owned tuple. */
Value alias_collect_parameters(Value args);
/* args with the variables `parameters` replaced by item (a tuple, or one value): owned tuple.  self: for messages. */
Value alias_substitute(Value self, Value args, Value parameters, Value item);

#endif
