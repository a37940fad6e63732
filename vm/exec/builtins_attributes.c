/* Built-in functions on attributes and classes: getattr, hasattr, isinstance, callable, dir and their kin. */
#include "vm/exec/builtins.h"

#include "runtime/types/call.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/list.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "vm/exec/exec.h"

/* Interned exact str for an attribute name, owned. */
static Value attribute_name(Value name, const char *function) {
    if (!str_is(name)) return raise_type_error("%s(): attribute name must be string", function);
    return str_is_exact(name) ? str_intern(retain(name)) : str_intern(object_str(name));
}

static Value builtin_getattr(const Value *args, size_t count) {
    if (!str_is(args[1])) return raise_type_error("attribute name must be string, not '%T'", args[1]);
    Value name = attribute_name(args[1], "getattr");
    if (is_unset(name)) return UNSET;
    Value result = UNSET;
    if (is_unset(args[2])) {
        result = object_get_attribute(args[0], name);
    } else if (object_find_attribute(args[0], name, &result) == 0) {
        result = retain(args[2]);
    }
    release(name);
    return result;
}

static Value builtin_hasattr(const Value *args, size_t count) {
    if (!str_is(args[1])) return raise_type_error("attribute name must be string, not '%T'", args[1]);
    Value name = attribute_name(args[1], "hasattr"), found = UNSET;
    if (is_unset(name)) return UNSET;
    int has = object_find_attribute(args[0], name, &found);
    release(found);
    release(name);
    return has < 0 ? UNSET : from_bool(has);
}

static Value set_or_delete(Value object, Value name_value, Value value) {
    if (!str_is(name_value)) return raise_type_error("attribute name must be string, not '%T'", name_value);
    Value name = attribute_name(name_value, "setattr");
    if (is_unset(name)) return UNSET;
    bool done = object_set_attribute(object, name, value);
    release(name);
    return done ? NONE : UNSET;
}
static Value builtin_setattr(const Value *args, size_t count) { return set_or_delete(args[0], args[1], args[2]); }
static Value builtin_delattr(const Value *args, size_t count) { return set_or_delete(args[0], args[1], UNSET); }

static Value builtin_isinstance(const Value *args, size_t count) {
    int is = object_is_instance(args[0], args[1]);
    return is < 0 ? UNSET : from_bool(is);
}
static Value builtin_issubclass(const Value *args, size_t count) {
    int is = object_is_subclass(args[0], args[1]);
    return is < 0 ? UNSET : from_bool(is);
}
static Value builtin_callable(const Value *args, size_t count) { return from_bool(is_callable(args[0])); }

static Value builtin_dir(const Value *args, size_t count) {
    if (is_set(args[0])) return object_dir(args[0]);
    Value locals = exec_locals();
    if (is_unset(locals)) return UNSET;
    Value keys = call_method0(locals, names.keys), sorted = UNSET;
    release(locals);
    if (is_unset(keys)) return UNSET;
    Value list = list_from_iterable(keys);
    release(keys);
    if (is_set(list) && list_sort(list, NONE, false)) sorted = retain(list);
    release(list);
    return sorted;
}

static Value builtin_vars(const Value *args, size_t count) {
    if (is_unset(args[0])) return exec_locals();
    Value dict = UNSET;
    int found = object_find_attribute(args[0], names.__dict__, &dict);
    if (found == 0) return raise_type_error("vars() argument must have __dict__ attribute");
    return dict;
}

const NativeDef builtin_attribute_functions[] = {
    FUNCTION("getattr", "object, name, default=None, /", builtin_getattr, "Get a named attribute from an object."),
    FUNCTION("hasattr", "obj, name, /", builtin_hasattr, "Return whether the object has an attribute with this name."),
    FUNCTION("setattr", "obj, name, value, /", builtin_setattr, "Set the named attribute of an object."),
    FUNCTION("delattr", "obj, name, /", builtin_delattr, "Delete the named attribute of an object."),
    FUNCTION("isinstance", "obj, class_or_tuple, /", builtin_isinstance,
             "Return whether an object is an instance of a class or of a subclass thereof."),
    FUNCTION("issubclass", "cls, class_or_tuple, /", builtin_issubclass,
             "Return whether cls is derived from another class or is the same class."),
    FUNCTION("callable", "obj, /", builtin_callable, "Return whether the object is callable."),
    FUNCTION("dir", "object=None, /", builtin_dir,
             "Return the names of the attributes of an object, or of the current scope."),
    FUNCTION("vars", "object=None, /", builtin_vars, "Return the __dict__ of an object, or the locals."),
    NATIVE_END,
};
