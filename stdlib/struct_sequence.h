/* Tuples whose items have names (time.struct_time, os.stat_result): a type made from a list of names.
 *
 * The first `visible` fields are the items of the tuple; the others are attributes only.  Declare one statically with
 * STRUCT_SEQUENCE, make it ready in the module's ready(), and make instances with struct_sequence_new().
 */
#ifndef STDLIB_STRUCT_SEQUENCE_H
#define STDLIB_STRUCT_SEQUENCE_H

#include "stdlib/stdlib.h"

enum { STRUCT_SEQUENCE_MAX = 32 };

typedef struct StructSequence {
    Type type; /* first: a pointer to the one is a pointer to the other */
    const char *const *fields;
    size_t visible, total;
    MemberDef members[STRUCT_SEQUENCE_MAX + 1];
} StructSequence;

#define STRUCT_SEQUENCE(type_name, documentation, field_names, visible_fields, all_fields)                             \
    {                                                                                                                  \
        .type = {TYPE_HEAD(type_name), .doc = (documentation)}, .fields = (field_names), .visible = (visible_fields),  \
        .total = (all_fields)                                                                                          \
    }

bool struct_sequence_ready(StructSequence *sequence);
/* Takes over `total` owned items; UNSET ones (of which the visible may have none) become None.  On failure releases
 * them. */
Value struct_sequence_new(StructSequence *sequence, const Value *items);

#endif
