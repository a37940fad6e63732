/* Changing what a class derives from, and what an object is an instance of. */
#ifndef TYPES_CLASS_CHANGE_H
#define TYPES_CLASS_CHANGE_H

#include "runtime/mem/type.h"

bool class_set_bases(Type *type, Value bases);             /* type.__bases__ = bases */
bool class_set_class(Value object, Value class);           /* object.__class__ = class */
Value type_compute_mro(Type *type);                        /* through the metaclass's mro() when it has one */

#endif
