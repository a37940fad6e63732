/* Entries that inline caches point to.  An entry is never changed once its address is in a cache word. */
#ifndef EXEC_CACHES_H
#define EXEC_CACHES_H

#include "vm/exec/specialised.h"

typedef struct BuiltinEntry {
    uint32_t globals_version, builtins_version, index;
} BuiltinEntry;

#endif
