/* The module builtins: its functions, and how it is made. */
#ifndef EXEC_BUILTINS_H
#define EXEC_BUILTINS_H

#include "runtime/types/native.h"

/* Rows of the functions, by subject: builtins_values.c, builtins_attributes.c, builtins_code.c, builtins_text.c. */
extern const NativeDef builtin_value_functions[], builtin_attribute_functions[], builtin_code_functions[],
    builtin_text_functions[];

/* next(): the loop knows it, to run generators without recursion. */
Value builtin_next(const Value *args, size_t count);

/* Makes the module; once, after types_start(). */
bool builtins_start(void);
void builtins_end(void);
void builtins_code_end(void); /* part of it */
Value builtins_module(void); /* borrowed */
Value builtins_dict(void);   /* borrowed */

/* exit, quit, help and the like. */
bool builtins_add_site(Value dict);

#endif
