/* Attribute access: the generic protocol of objects, and the operations on any value. */
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/list.h"
#include "runtime/types/call.h"
#include "runtime/types/object.h"
#include "runtime/types/shape.h"
#include "runtime/types/slots.h"
#include "runtime/types/str.h"

Value attribute_name(Value name, Value *keep) {
    *keep = UNSET;
    if (str_is_exact(name) && str_is_interned(as_str(name))) return name;
    if (!str_is(name)) return raise_type_error("attribute name must be string, not '%T'", name);
    if (str_is_exact(name)) retain(name);
    else name = str_from_units(as_str(name)->data, str_length(name), str_width(as_str(name)));
    return is_unset(name) ? UNSET : (*keep = str_intern(name));
}

Value descriptor_bind(Value descriptor, Value object, Type *type) {
    Type *kind = type_of(descriptor);
    if (!kind->descriptor_get) return retain(descriptor);
    retain(descriptor);
    Value result = kind->descriptor_get(descriptor, object, type_value(type));
    release(descriptor);
    return result;
}

/* Generic -------------------------------------------------------------------------------------------------------- */

/* As object.__getattribute__ finds it; name interned. */
static int generic_find(Value v, Value name, Value *out) {
    Type *type = type_of(v);
    Value on_type = type_lookup(type, name);
    bool data = is_object(on_type) && as_object(on_type)->type->descriptor_set;
    if (data && as_object(on_type)->type->descriptor_get) {
        *out = descriptor_bind(on_type, v, type);
        return is_set(*out) ? 1 : -1;
    }
    if (!type->attrs_offset || !is_object(v)) {
        if (is_unset(on_type)) return 0;
        *out = descriptor_bind(on_type, v, type);
        return is_set(*out) ? 1 : -1;
    }
    retain(on_type); /* a key's __eq__ may take it off the type meanwhile */
    Value own = attrs_get(as_object(v), name);
    *out = is_set(own) ? retain(own) : is_set(on_type) ? descriptor_bind(on_type, v, type) : UNSET;
    release(on_type);
    return is_set(*out) ? 1 : is_set(on_type) ? -1 : 0;
}

int generic_find_attribute(Value v, Value name, Value *out) {
    Value keep, key = attribute_name(name, &keep);
    if (is_unset(key)) return -1;
    int found = generic_find(v, key, out);
    release(keep);
    return found;
}

Value generic_get_attribute(Value v, Value name) {
    Value out;
    int found = generic_find_attribute(v, name, &out);
    if (found > 0) return out;
    return found < 0 ? UNSET : raise_attribute_error(v, name);
}

static bool refuse_set(Value v, Value name, bool on_type) {
    if (!on_type) raise_attribute_error(v, name);
    else raise_attribute_error_text(str_format("'%T' object attribute '%U' is read-only", v, name), v, name);
    return false;
}

static bool generic_set(Value v, Value name, Value value) {
    Type *type = type_of(v);
    Value on_type = type_lookup(type, name);
    if (is_object(on_type) && as_object(on_type)->type->descriptor_set) {
        retain(on_type);
        bool ok = as_object(on_type)->type->descriptor_set(on_type, v, value);
        release(on_type);
        return ok;
    }
    if (!is_object(v) || !type->attrs_offset) return refuse_set(v, name, is_set(on_type));
    if (is_set(value)) return attrs_set(as_object(v), name, value);
    int deleted = attrs_delete(as_object(v), name);
    if (deleted == 0) raise_attribute_error_text(str_format("'%T' object has no attribute '%U'", v, name), v, name);
    return deleted > 0;
}

bool generic_set_attribute(Value v, Value name, Value value) {
    Value keep, key = attribute_name(name, &keep);
    if (is_unset(key)) return false;
    bool ok = generic_set(v, key, value);
    release(keep);
    return ok;
}

/* Any value -------------------------------------------------------------------------------------------------------- */

Value object_get_attribute(Value v, Value name) {
    Type *type = type_of(v);
    if (type->get_attribute == generic_get_attribute) return generic_get_attribute(v, name);
    if (!str_is(name)) return raise_type_error("attribute name must be string, not '%T'", name);
    return type->get_attribute(v, name);
}

int object_find_attribute(Value v, Value name, Value *out) {
    Type *type = type_of(v);
    int found;
    if (type->get_attribute == generic_get_attribute) {
        found = generic_find_attribute(v, name, out);
    } else if (type->get_attribute == type_get_attribute) {
        found = type_find_attribute(v, name, out);
    } else {
        *out = type->get_attribute(v, name);
        found = is_set(*out) ? 1 : -1;
    }
    return found < 0 && error_absorb(&AttributeError_type) ? 0 : found;
}

bool object_set_attribute(Value v, Value name, Value value) {
    Type *type = type_of(v);
    if (!str_is(name)) return raise_type_error("attribute name must be string, not '%T'", name), false;
    return type->set_attribute(v, name, value);
}

Value object_get_attribute_utf8(Value v, const char *name) {
    Value key = str_intern_cstr(name);
    if (is_unset(key)) return UNSET;
    Value result = object_get_attribute(v, key);
    release(key);
    return result;
}

/* Only plain functions that nothing in the instance hides go unbound. */
static int find_method(Value object, Value name, Value *callee) {
    Type *type = type_of(object);
    Value found = type_lookup(type, name);
    if (is_unset(found) || !(type_of(found)->flags & TYPE_METHOD_DESCRIPTOR)) return 0;
    if (type->attrs_offset && is_object(object) && is_set(attrs_get(as_object(object), name))) return 0;
    *callee = retain(found);
    return 1;
}

int object_get_method(Value object, Value name, Value *callee) {
    if (type_of(object)->get_attribute == generic_get_attribute && str_is_interned(as_str(name)) &&
        find_method(object, name, callee))
        return 1;
    *callee = object_get_attribute(object, name);
    return is_unset(*callee) ? -1 : 0;
}

Value object_dir(Value v) {
    Value found = call_special(v, names.__dir__, NULL, 0, "object of type '%s' does not provide __dir__");
    if (is_unset(found)) return UNSET;
    Value list = list_from_iterable(found);
    release(found);
    if (is_unset(list) || list_sort(list, UNSET, false)) return list;
    release(list);
    return UNSET;
}
