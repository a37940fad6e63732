/* "Did you mean": the nearest of the names that exist. */
#ifndef TYPES_SUGGEST_H
#define TYPES_SUGGEST_H

#include "runtime/mem/value.h"

/* The nearest name in a list of str, by CPython's measure of distance; owned, or UNSET (nothing pending). */
Value suggest_name(Value names_list, Value wanted);
/* ". Did you mean: 'x'?" for NameError, AttributeError and ImportError; owned str, or UNSET with nothing pending. */
Value suggest_for(Value exception);

#endif
