/* The layout of instances: which base decides it, where the fields of __slots__ and the attributes are. */
#ifndef TYPES_CLASS_LAYOUT_H
#define TYPES_CLASS_LAYOUT_H

#include "runtime/mem/type.h"

/* The base (borrowed) whose instances those of a class with these bases extend.  NULL: TypeError pending. */
Type *layout_best_base(Value bases);
/* The nearest type, itself included, that added something to the layout. */
Type *layout_solid(Type *type);
/* Decides sizes and offsets of a class whose base, bases and dict are there; adds member descriptors. */
bool layout_decide(Type *type);
/* Can instances of a be taken for instances of b as far as memory goes? */
bool layout_same(Type *a, Type *b);

#endif
