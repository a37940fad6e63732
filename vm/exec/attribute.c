/* Attributes: super() without an object for it. */
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/object.h"
#include "vm/exec/ops.h"

/* The type whose order of bases is searched: that of self, or self when it is a class. NULL: TypeError pending. */
static Type *super_start(Type *class, Value self) {
    if (type_is(self) && type_is_subtype(as_type(self), class)) return as_type(self);
    if (type_is_subtype(type_of(self), class)) return type_of(self);
    raise_type_error("super(type, obj): obj must be an instance or subtype of type");
    return NULL;
}

static Value bind_found(Value found, Value self, bool is_class, Type *start, Value *receiver) {
    Type *kind = type_of(found);
    if (receiver && kind->flags & TYPE_METHOD_DESCRIPTOR && !is_class) {
        *receiver = retain(self);
        return retain(found);
    }
    if (!kind->descriptor_get) return retain(found);
    return kind->descriptor_get(found, is_class ? UNSET : self, type_value(start));
}

static Value through_object(Value super, Value class, Value self, Value name) {
    Value object = same(super, type_value(&super_type)) ? super_new(as_type(class), self) : call0(super);
    Value value = is_set(object) ? object_get_attribute(object, name) : UNSET;
    release(object);
    return value;
}

Value attribute_super(Value super, Value class, Value self, Value name, Value *receiver) {
    if (receiver) *receiver = UNSET;
    if (!same(super, type_value(&super_type)) || !type_is(class) || same(name, names.__class__))
        return through_object(super, class, self, name);
    Type *start = super_start(as_type(class), self);
    if (!start) return UNSET;
    Value found = type_lookup_after(as_type(class), start, name);
    if (is_unset(found)) return through_object(super, class, self, name);
    return bind_found(found, self, start != type_of(self) || (type_is(self) && start == as_type(self)), start,
                      receiver);
}
