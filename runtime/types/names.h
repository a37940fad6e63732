/* The interned strings of names.def, as values that live as long as the runtime: names.__init__ and so on. */
#ifndef TYPES_NAMES_H
#define TYPES_NAMES_H

#include "runtime/mem/value.h"

struct Names {
#define NAME(identifier)          Value identifier;
#define NAME_AS(identifier, text) Value identifier;
#include "runtime/types/names.def"
#undef NAME
#undef NAME_AS
    Value empty;   /* '' */
    Value lambda;  /* '<lambda>' */
    Value module_; /* '<module>' */
};
extern struct Names names;
void names_start(void);

#endif
