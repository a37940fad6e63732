/* object.__reduce_ex__ and its like: how copy and pickle take any object apart. */
#ifndef TYPES_OBJECT_REDUCE_H
#define TYPES_OBJECT_REDUCE_H

#include "runtime/mem/value.h"

/* What __reduce__ of a built-in type gives as state: the attributes of an instance of a subclass, else None.  Owned. */
Value object_own_state(Value v);

Value object_reduce_method(const Value *args, size_t count);
Value object_reduce_ex_method(const Value *args, size_t count);
Value object_getstate_method(const Value *args, size_t count);

#endif
