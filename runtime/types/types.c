/* The start and the end of all built-in types. */
#include "runtime/mem/gc.h"
#include "runtime/mem/heap.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/names.h"
#include "runtime/types/set.h"
#include "runtime/types/slots.h"
#include "runtime/types/weakref.h"

#define TYPE(c_name, builtin) extern Type c_name;
#include "runtime/types/types.def"
#undef TYPE

/* Containers whose files do not know about weak references. */
static void allow_weak_references(void) {
    set_type.flags |= TYPE_WEAK;
    frozenset_type.flags |= TYPE_WEAK;
}

static void out_of_memory(void) { raise_memory_error(); }

bool types_start(void) {
    heap_out_of_memory = out_of_memory;
    object_weakrefs_clear = weakref_clear;
    gc_weakref_type = &weakref_type;
    names_start();
    slots_start();
    allow_weak_references();
#define TYPE(c_name, builtin) \
    if (!type_ready(&c_name)) return false;
#include "runtime/types/types.def"
#undef TYPE
    return exceptions_start();
}

void types_end(void) { types_release(); }
