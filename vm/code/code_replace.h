/* code.replace(), and what it needs to know of the code type. */
#ifndef CODE_CODE_REPLACE_H
#define CODE_CODE_REPLACE_H

#include "vm/code/code.h"

#define CODE_REPLACE_SIGNATURE                                                                              \
    "*, co_argcount=-1, co_posonlyargcount=-1, co_kwonlyargcount=-1, co_nlocals=-1, co_stacksize=-1, "       \
    "co_flags=-1, co_firstlineno=-1, co_code=None, co_consts=None, co_names=None, co_varnames=None, "        \
    "co_freevars=None, co_cellvars=None, co_filename=None, co_name=None, co_qualname=None, "                 \
    "co_linetable=None, co_exceptiontable=None"
Value code_replace(const Value *args, size_t count);

/* Makes a copy of instructions general again and empties their caches, which belong to another code object.  Set by
 * vm/exec. */
extern void (*code_forget_caches)(Instr *instrs, uint32_t count);

#endif
