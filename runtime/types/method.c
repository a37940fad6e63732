/* Bound methods. */
#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/names.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/slots.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"
#include "runtime/types/tuple.h"

static Method *as_method(Value v) { return (Method *)as_object(v); }

Value method_new(Value function, Value self) {
    Method *m = object_allocate(&method_type, sizeof *m);
    if (!m) return UNSET;
    m->function = retain(function);
    m->self = retain(self);
    return from_object(m);
}

static Value method_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value bound[2];
    if (!native_bind("method", "function, instance, /", args, count, kwnames, bound)) return UNSET;
    if (!is_callable(bound[0])) return raise_type_error("first argument must be callable");
    if (is_none(bound[1])) return raise_type_error("instance must not be None");
    return method_new(bound[0], bound[1]);
}

static Value method_call(Value callee, const Value *args, size_t count, Value kwnames) {
    return call_with_self(as_method(callee)->function, as_method(callee)->self, args, count, kwnames);
}

static Value method_repr(Value v) {
    Value name, unknown = str_from("?");
    if (object_find_attribute(as_method(v)->function, names.__qualname__, &name) <= 0 &&
        object_find_attribute(as_method(v)->function, names.__name__, &name) <= 0)
        name = retain(unknown);
    Value self = object_repr(as_method(v)->self);
    Value result = is_set(self) ? str_format("<bound method %U of %U>", str_is(name) ? name : unknown, self) : UNSET;
    release(self);
    release(name);
    release(unknown);
    return result;
}

/* Everything that the method itself does not have is the function's. */
static Value method_get_attribute(Value self, Value name) {
    Value keep, key = attribute_name(name, &keep), result;
    if (is_unset(key)) return UNSET;
    Value own = type_lookup(&method_type, key);
    result =
        is_set(own) ? descriptor_bind(own, self, &method_type) : object_get_attribute(as_method(self)->function, key);
    release(keep);
    return result;
}

static Value method_compare(Value a, Value b, CompareOp op) {
    if ((op != COMPARE_EQ && op != COMPARE_NE) || !is_exactly(a, &method_type) || !is_exactly(b, &method_type))
        return NOT_IMPLEMENTED;
    int equal = same(as_method(a)->self, as_method(b)->self);
    if (equal) equal = object_equal(as_method(a)->function, as_method(b)->function);
    return equal < 0 ? UNSET : from_bool(equal == (op == COMPARE_EQ));
}

static bool method_hash(Value v, int64_t *out) {
    int64_t hash;
    if (!object_hash(as_method(v)->function, &hash)) return false;
    *out = hash ^ (int64_t)(as_method(v)->self.bits >> 4);
    return true;
}

static Value method_get(Value self, Value instance, Value owner) { return retain(self); }

static Value get_function(Value v) { return retain(as_method(v)->function); }
static Value get_self(Value v) { return retain(as_method(v)->self); }

static Value method_doc(Value v) { return object_get_attribute(as_method(v)->function, names.__doc__); }

static const MemberDef method_members[] = {
    MEMBER("__func__", get_function, "the function (or other callable) implementing a method"),
    MEMBER("__self__", get_self, "the instance to which a method is bound"),
    {"__doc__", method_doc, NULL, NULL},
    {0},
};

static Value reduce(const Value *args, size_t count) {
    Method *m = as_method(args[0]);
    Value getattr = object_builtin("getattr"), name = object_get_attribute(m->function, names.__name__), result = UNSET;
    if (is_set(getattr) && is_set(name)) {
        Value pair = tuple_pack(2, m->self, name);
        if (is_set(pair)) result = tuple_pack(2, getattr, pair);
        release(pair);
    }
    release(name);
    release(getattr);
    return result;
}

static const NativeDef method_methods[] = {
    METHOD("__reduce__", "", reduce, NULL),
    NATIVE_END,
};

static int method_traverse(Object *o, Visit visit, void *context) {
    TRAVERSE(((Method *)o)->function);
    TRAVERSE(((Method *)o)->self);
    return 0;
}

static void method_destroy(Object *o) {
    release(((Method *)o)->function);
    release(((Method *)o)->self);
    object_free(o);
}

Type method_type = {
    TYPE_HEAD("method"),
    .flags = TYPE_GC | TYPE_WEAK | TYPE_IMMUTABLE,
    .basic_size = sizeof(Method),
    .doc = "Create a bound instance method object.",
    .methods = method_methods,
    .members = method_members,
    .destroy = method_destroy,
    .traverse = method_traverse,
    .make = method_make,
    .call = method_call,
    .repr = method_repr,
    .compare = method_compare,
    .hash = method_hash,
    .get_attribute = method_get_attribute,
    .descriptor_get = method_get,
};
