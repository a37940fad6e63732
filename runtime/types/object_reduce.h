/* object.__reduce_ex__ and its like: how copy and pickle take any object apart. */
#ifndef TYPES_OBJECT_REDUCE_H
#define TYPES_OBJECT_REDUCE_H

#include "runtime/mem/value.h"

Value object_reduce_method(const Value *args, size_t count);
Value object_reduce_ex_method(const Value *args, size_t count);
Value object_getstate_method(const Value *args, size_t count);

#endif
