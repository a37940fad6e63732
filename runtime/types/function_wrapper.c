/* classmethod and staticmethod: functions that bind to the class, or not at all. */
#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/descriptors.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/names.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/shape.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"

static FunctionWrapper *as_wrapper(Value v) { return (FunctionWrapper *)as_object(v); }

int object_is_abstract(Value v) {
    Value mark;
    int found = object_find_attribute(v, names.__isabstractmethod__, &mark);
    if (found <= 0) return found;
    int truth = object_truth(mark);
    release(mark);
    return truth;
}

static Value wrapper_make(Type *type, const Value *args, size_t count, Value kwnames) {
    FunctionWrapper *w = instance_allocate(type, type->basic_size);
    if (w) w->function = NONE;
    return from_object(w);
}

/* What describes the function describes the wrapper. */
static bool copy_description(Value self, Value function) {
    const Value copied[] = {names.__module__, names.__name__, names.__qualname__, names.__doc__,
                            names.__annotations__};
    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++) {
        Value value;
        int found = object_find_attribute(function, copied[i], &value);
        if (found < 0) return false;
        bool ok = !found || attrs_set(as_object(self), copied[i], value);
        if (found) release(value);
        if (!ok) return false;
    }
    return true;
}

static bool wrapper_init(Value self, const Value *args, size_t count, Value kwnames) {
    Value bound[1];
    const char *name = type_is_subtype(type_of(self), &classmethod_type) ? "classmethod" : "staticmethod";
    if (!native_no_keywords(name, kwnames) || !native_bind(name, "function, /", args, count, UNSET, bound)) {
        if (count != 1 && error_absorb(&TypeError_type))
            raise_type_error("%s expected 1 argument, got %zu", name, count);
        return false;
    }
    replace(&as_wrapper(self)->function, retain(bound[0]));
    return copy_description(self, bound[0]);
}

static Value class_method_get(Value self, Value instance, Value owner) {
    Value function = as_wrapper(self)->function, class = is_set(owner) ? owner : type_value(type_of(instance));
    Type *type = type_of(function);
    if ((type->flags & TYPE_METHOD_DESCRIPTOR) || !type->descriptor_get || type == &method_type)
        return method_new(function, class);
    return type->descriptor_get(function, class, class);
}

static Value static_method_get(Value self, Value instance, Value owner) { return retain(as_wrapper(self)->function); }

static Value static_method_call(Value callee, const Value *args, size_t count, Value kwnames) {
    return call(as_wrapper(callee)->function, args, count, kwnames);
}

static Value class_method_repr(Value v) { return str_format("<classmethod(%R)>", as_wrapper(v)->function); }
static Value static_method_repr(Value v) { return str_format("<staticmethod(%R)>", as_wrapper(v)->function); }
static Value get_function(Value v) { return retain(as_wrapper(v)->function); }

static Value get_abstract(Value v) {
    int abstract = object_is_abstract(as_wrapper(v)->function);
    return abstract < 0 ? UNSET : from_bool(abstract);
}

static const MemberDef wrapper_members[] = {
    MEMBER("__func__", get_function, NULL),
    MEMBER("__wrapped__", get_function, NULL),
    {"__isabstractmethod__", get_abstract, NULL, NULL},
    {"__dict__", instance_get_dict, instance_set_dict, NULL},
    {0},
};

static int wrapper_traverse(Object *o, Visit visit, void *context) {
    TRAVERSE(((FunctionWrapper *)o)->function);
    return o->type->flags & TYPE_HEAP ? 0 : attrs_traverse(o, visit, context);
}

static void wrapper_clear(Object *o) {
    replace(&((FunctionWrapper *)o)->function, NONE);
    attrs_clear(o);
}

static void wrapper_destroy(Object *o) {
    wrapper_clear(o);
    object_free(o);
}

#define WRAPPER(name_, doc_, get_, repr_, call_)                                                                   \
    {TYPE_HEAD(name_), .flags = TYPE_GC | TYPE_BASE, .doc = doc_,                                      \
     .basic_size = sizeof(FunctionWrapper) + sizeof(Attrs), .attrs_offset = sizeof(FunctionWrapper),               \
     .members = wrapper_members, .destroy = wrapper_destroy, .traverse = wrapper_traverse, .clear = wrapper_clear, \
     .make = wrapper_make, .init = wrapper_init, .descriptor_get = get_, .repr = repr_, .call = call_}

Type classmethod_type =
    WRAPPER("classmethod", "classmethod(function) -> method\n\nConvert a function to be a class method.",
            class_method_get, class_method_repr, NULL);
Type staticmethod_type =
    WRAPPER("staticmethod", "staticmethod(function) -> method\n\nConvert a function to be a static method.",
            static_method_get, static_method_repr, static_method_call);
