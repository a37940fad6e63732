/* property: an attribute computed by functions. */
#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/names.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/shape.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"

static Property *as_property(Value v) { return (Property *)as_object(v); }

static Value property_make(Type *type, const Value *args, size_t count, Value kwnames) {
    return from_object(instance_allocate(type, sizeof(Property)));
}

static Value given(Value v) { return is_unset(v) || is_none(v) ? UNSET : retain(v); }

/* Subclasses keep the text in their __dict__, where it hides that of the class. */
static bool set_doc(Value self, Value doc) {
    if (is_exactly(self, &property_type)) return replace(&as_property(self)->doc, retain(doc)), true;
    return object_set_attribute(self, names.__doc__, is_unset(doc) ? NONE : doc);
}

static bool doc_from_getter(Value self, Value getter) {
    Value doc;
    int found = object_find_attribute(getter, names.__doc__, &doc);
    if (found <= 0) return found == 0;
    as_property(self)->getter_doc = true;
    bool ok = is_none(doc) || set_doc(self, doc);
    release(doc);
    return ok;
}

static bool property_init(Value self, const Value *args, size_t count, Value kwnames) {
    Value bound[4];
    if (!native_bind("property", "fget=None, fset=None, fdel=None, doc=None", args, count, kwnames, bound))
        return false;
    Property *p = as_property(self);
    replace(&p->getter, given(bound[0]));
    replace(&p->setter, given(bound[1]));
    replace(&p->deleter, given(bound[2]));
    replace(&p->doc, UNSET);
    p->getter_doc = false;
    if (is_set(bound[3]) && !is_none(bound[3])) return set_doc(self, bound[3]);
    return is_unset(p->getter) || doc_from_getter(self, p->getter);
}

static Value refuse(Value self, Value instance, const char *what) {
    Value name = as_property(self)->name;
    Value type = object_get_attribute(type_value(type_of(instance)), names.__qualname__);
    if (is_unset(type)) return UNSET;
    if (is_unset(name)) raise_error(&AttributeError_type, "property of %R object has no %s", type, what);
    else raise_error(&AttributeError_type, "property %R of %R object has no %s", name, type, what);
    release(type);
    return UNSET;
}

static Value property_get(Value self, Value instance, Value owner) {
    if (is_unset(instance) || is_none(instance)) return retain(self);
    Value getter = as_property(self)->getter;
    if (is_unset(getter)) return refuse(self, instance, "getter");
    return recursion_check(" while calling a Python object") ? call1(getter, instance) : UNSET;
}

static bool property_set(Value self, Value instance, Value value) {
    Property *p = as_property(self);
    Value function = is_set(value) ? p->setter : p->deleter;
    if (is_unset(function)) return refuse(self, instance, is_set(value) ? "setter" : "deleter"), false;
    if (!recursion_check(" while calling a Python object")) return false;
    Value r = is_set(value) ? call2(function, instance, value) : call1(function, instance);
    release(r);
    return is_set(r);
}

static Value or_none(Value v) { return is_unset(v) ? NONE : retain(v); }

/* A property like this one with one function replaced. */
static Value with(Value self, Value getter, Value setter, Value deleter) {
    Property *p = as_property(self);
    Value class = type_value(type_of(self));
    Value args[] = {or_none(is_set(getter) ? getter : p->getter), or_none(is_set(setter) ? setter : p->setter),
                    or_none(is_set(deleter) ? deleter : p->deleter), UNSET};
    args[3] = p->getter_doc && !is_none(args[0]) ? NONE : or_none(p->doc);
    Value copy = call(class, args, 4, UNSET);
    for (int i = 0; i < 4; i++) release(args[i]);
    if (is_set(copy) && type_is_subtype(type_of(copy), &property_type)) as_property(copy)->name = retain(p->name);
    return copy;
}

static Value method_getter(const Value *args, size_t count) { return with(args[0], args[1], UNSET, UNSET); }
static Value method_setter(const Value *args, size_t count) { return with(args[0], UNSET, args[1], UNSET); }
static Value method_deleter(const Value *args, size_t count) { return with(args[0], UNSET, UNSET, args[1]); }

static Value method_set_name(const Value *args, size_t count) {
    if (count != 3)
        return raise_type_error("__set_name__() takes 2 positional arguments but %zu were given", count - 1);
    replace(&as_property(args[0])->name, retain(args[2]));
    return NONE;
}

static const NativeDef property_methods[] = {
    METHOD("getter", "fget, /", method_getter, "Descriptor to obtain a copy of the property with a different getter."),
    METHOD("setter", "fset, /", method_setter, "Descriptor to obtain a copy of the property with a different setter."),
    METHOD("deleter", "fdel, /", method_deleter,
           "Descriptor to obtain a copy of the property with a different deleter."),
    METHOD("__set_name__", "*args", method_set_name, "Method to set name of a property."),
    NATIVE_END,
};

static Value get_getter(Value v) { return or_none(as_property(v)->getter); }
static Value get_setter(Value v) { return or_none(as_property(v)->setter); }
static Value get_deleter(Value v) { return or_none(as_property(v)->deleter); }
static Value get_doc(Value v) { return or_none(as_property(v)->doc); }

static bool put_doc(Value v, Value value) {
    replace(&as_property(v)->doc, retain(value));
    return true;
}

static Value get_abstract(Value v) {
    Property *p = as_property(v);
    Value functions[] = {p->getter, p->setter, p->deleter};
    for (int i = 0; i < 3; i++) {
        int abstract = is_unset(functions[i]) ? 0 : object_is_abstract(functions[i]);
        if (abstract) return abstract < 0 ? UNSET : TRUE_VALUE;
    }
    return FALSE_VALUE;
}

static const MemberDef property_members[] = {
    MEMBER("fget", get_getter, NULL), MEMBER("fset", get_setter, NULL), MEMBER("fdel", get_deleter, NULL),
    {"__doc__", get_doc, put_doc, NULL}, {"__isabstractmethod__", get_abstract, NULL, NULL}, {0},
};

static int property_traverse(Object *o, Visit visit, void *context) {
    Property *p = (Property *)o;
    TRAVERSE(p->getter);
    TRAVERSE(p->setter);
    TRAVERSE(p->deleter);
    TRAVERSE(p->doc);
    return 0;
}

static void property_clear(Object *o) {
    Property *p = (Property *)o;
    clear(&p->getter);
    clear(&p->setter);
    clear(&p->deleter);
    clear(&p->doc);
}

static void property_destroy(Object *o) {
    property_clear(o);
    release(((Property *)o)->name);
    object_free(o);
}

Type property_type = {
    TYPE_HEAD("property"),
    .flags = TYPE_GC | TYPE_BASE,
    .basic_size = sizeof(Property),
    .doc = "Property attribute.",
    .methods = property_methods,
    .members = property_members,
    .destroy = property_destroy,
    .traverse = property_traverse,
    .clear = property_clear,
    .make = property_make,
    .init = property_init,
    .descriptor_get = property_get,
    .descriptor_set = property_set,
};
