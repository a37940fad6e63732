/* Weak references: kept in a table beside the objects, so that objects pay one flag bit. */
#ifndef TYPES_WEAKREF_H
#define TYPES_WEAKREF_H

#include "runtime/mem/type.h"

extern Type weakref_type, weakproxy_type, weakcallableproxy_type;

Value weakref_new(Value object, Value callback);  /* callback NONE or UNSET: none; shared when it has none */
Value weakref_get(Value reference);               /* owned referent, or NONE when dead */
/* The object is dying: clears its references, then runs their callbacks. */
void weakref_clear(Object *o);
Value weakproxy_new(Value object, Value callback);  /* weakref.proxy */
size_t weakref_count(Value object);
Value weakref_list(Value object);

#endif
