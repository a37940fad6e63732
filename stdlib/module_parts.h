/* What modules written in C put into their dict beside their first table of functions. */
#ifndef STDLIB_MODULE_PARTS_H
#define STDLIB_MODULE_PARTS_H

#include "stdlib/stdlib.h"

typedef struct Constant {
    const char *name; /* NULL ends a table */
    int64_t value;
} Constant;
#define CONSTANT_ROW(name) {#name, name}
#define CONSTANT_END {0}

bool module_add_constants(Value dict, const Constant *rows);
/* More functions of the module with this name. */
bool module_add_functions(Value dict, const char *module, const NativeDef *rows);
/* An exception class module.name with one base, under its name in the dict.  *slot becomes a root that holds it; a
 * second call leaves it.  doc may be NULL. */
bool module_add_exception(Value dict, Value *slot, const char *module, const char *name, Value base, const char *doc);

#endif
