/* What a type knows about itself beside its slots: kept apart from Type, made on demand. */
#ifndef TYPES_TYPE_EXTRA_H
#define TYPES_TYPE_EXTRA_H

#include "runtime/mem/type.h"

typedef struct TypeExtra {
    Value name;            /* interned str: __name__ */
    Shape *shapes;         /* all of the type, linked by next_of_type */
    Type *solid;           /* heap types: the static type that decides the layout; borrowed (immortal) */
    uint32_t fields_start; /* heap types: the Values of __slots__ lie between these offsets, those of bases included */
    uint32_t fields_end;
    bool grows;            /* inline_slots follows use */
    Value slot_names;      /* tuple of the names in __slots__, or UNSET */
} TypeExtra;

/* NULL: MemoryError pending. */
TypeExtra *type_extra(Type *type);

#endif
