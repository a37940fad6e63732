/* What the iterators of itertools are made of: one layout for all, so that they share life and traversal. */
#ifndef STDLIB_ITERTOOLS_H
#define STDLIB_ITERTOOLS_H

#include "stdlib/stdlib.h"

/* Each type says what it keeps in which field. */
typedef struct Stage {
    Object head;
    Value a, b, c, d;
    int64_t i, j, k;
    size_t *indices; /* raw memory, owned */
} Stage;

static inline Stage *as_stage(Value v) { return (Stage *)as_object(v); }

/* A new instance that has taken over a and b; UNSET if either is, or on failure. */
Value stage_steal(Type *type, Value a, Value b);
void stage_destroy(Object *self);
int stage_traverse(Object *self, Visit visit, void *context);
Value stage_self(Value self);
/* Room for n indices, all 0; at most once. */
bool stage_make_indices(Stage *s, size_t n);

#define STAGE_TYPE(c_name, script_name, its_make, its_next, its_doc, ...)                                      \
    Type c_name = {                                                                                            \
        TYPE_HEAD("itertools." script_name), .flags = TYPE_GC | TYPE_BASE, .basic_size = sizeof(Stage),        \
        .base = &object_type, .doc = its_doc, .destroy = stage_destroy, .traverse = stage_traverse,            \
        .make = its_make, .iterate = stage_self, .next = its_next, __VA_ARGS__                                 \
    }

/* itertools_copy.c: rows of __reduce__ and __setstate__. */
extern const NativeDef cycle_copying[], pair_copying[], flagged_copying[], accumulate_copying[], islice_copying[],
    zip_longest_copying[], groupby_copying[], product_copying[], combinations_copying[], permutations_copying[];
Value chain_reduce(const Value *args, size_t count);
Value chain_setstate(const Value *args, size_t count);

extern Type product_type, permutations_type, combinations_type, combinations_with_replacement_type;

#endif
