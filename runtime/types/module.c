/* Modules: a dict of names, with __getattr__ for what is missing. */
#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/names.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/shape.h"
#include "runtime/types/slots.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"

static ModuleObject *as_module(Value v) { return (ModuleObject *)as_object(v); }

static bool name_module(Value module, Value name, Value doc) {
    Value dict = module_dict(module);
    return dict_set(dict, names.__name__, name) && dict_set(dict, names.__doc__, is_unset(doc) ? NONE : doc) &&
           dict_set(dict, names.__package__, NONE) && dict_set(dict, names.__loader__, NONE) &&
           dict_set(dict, names.__spec__, NONE);
}

static Value module_make(Type *type, const Value *args, size_t count, Value kwnames) {
    ModuleObject *m = instance_allocate(type, type->basic_size);
    if (!m) return UNSET;
    m->dict = dict_new();
    if (is_set(m->dict)) return from_object(m);
    object_release(m);
    return UNSET;
}

Value module_new(Value name, Value doc) {
    Value module = module_make(&module_type, NULL, 0, UNSET);
    if (is_set(module) && !name_module(module, name, doc)) return release(module), UNSET;
    return module;
}

static bool module_init(Value self, const Value *args, size_t count, Value kwnames) {
    Value bound[2];
    if (!native_bind("module", "name, doc=None", args, count, kwnames, bound)) return false;
    if (!str_is(bound[0])) return raise_type_error("module() argument 'name' must be str, not %T", bound[0]), false;
    return name_module(self, bound[0], bound[1]);
}

static bool is_initializing(Value self) {
    Value spec = dict_get_str(module_dict(self), names.__spec__), mark;
    if (is_unset(spec) || is_none(spec)) return false;
    Value key = str_intern_cstr("_initializing");
    bool result = is_set(key) && object_find_attribute(spec, key, &mark) > 0;
    release(key);
    if (!result) return error_clear(), false;
    result = object_truth(mark) == 1;
    release(mark);
    return result;
}

static Value missing(Value self, Value name) {
    Value hook = dict_get_str(module_dict(self), names.__getattr__);
    if (is_set(hook)) return call1(hook, name);
    Value own = dict_get_str(module_dict(self), names.__name__), text;
    if (is_unset(own) || !str_is(own)) text = str_format("module has no attribute '%U'", name);
    else if (is_initializing(self))
        text =
            str_format("partially initialized module '%U' has no attribute '%U' (most likely due to a circular import)",
                       own, name);
    else text = str_format("module '%U' has no attribute '%U'", own, name);
    return raise_attribute_error_text(text, self, name);
}

static Value find(Value self, Value name) {
    Type *type = type_of(self);
    Value on_type = type_lookup(type, name);
    bool data = is_object(on_type) && as_object(on_type)->type->descriptor_set;
    if (!data) {
        Value own = dict_get_str(module_dict(self), name);
        if (is_set(own)) return retain(own);
    }
    return is_set(on_type) ? descriptor_bind(on_type, self, type) : missing(self, name);
}

static Value module_get_attribute(Value self, Value name) {
    Value keep, key = attribute_name(name, &keep);
    if (is_unset(key)) return UNSET;
    Value result = find(self, key);
    release(keep);
    return result;
}

static bool set_own(Value self, Value name, Value value) {
    Value on_type = type_lookup(type_of(self), name);
    if (is_object(on_type) && as_object(on_type)->type->descriptor_set)
        return as_object(on_type)->type->descriptor_set(on_type, self, value);
    if (is_set(value)) return dict_set(module_dict(self), name, value);
    int removed = dict_remove(module_dict(self), name, NULL);
    if (removed == 0)
        raise_attribute_error_text(str_format("'%T' object has no attribute '%U'", self, name), self, name);
    return removed > 0;
}

static bool module_set_attribute(Value self, Value name, Value value) {
    Value keep, key = attribute_name(name, &keep);
    if (is_unset(key)) return false;
    bool ok = set_own(self, key, value);
    release(keep);
    return ok;
}

static Value module_repr(Value self) {
    Value dict = module_dict(self), name = dict_get_str(dict, names.__name__),
          file = dict_get_str(dict, names.__file__);
    if (is_unset(name)) name = names.empty;
    if (is_set(file) && !is_none(file)) return str_format("<module %R from %R>", name, file);
    bool built_in = ((ModuleObject *)as_object(self))->built_in;
    return str_format(built_in ? "<module %R (built-in)>" : "<module %R>", name);
}

static Value get_dict(Value self) { return retain(module_dict(self)); }

static Value get_annotations(Value self) {
    Value dict = module_dict(self), found = dict_get_str(dict, names.__annotations__);
    if (is_set(found)) return retain(found);
    found = dict_new();
    if (is_set(found) && !dict_set(dict, names.__annotations__, found)) return release(found), UNSET;
    return found;
}

static bool set_annotations(Value self, Value value) {
    if (is_set(value)) return dict_set(module_dict(self), names.__annotations__, value);
    if (dict_remove(module_dict(self), names.__annotations__, NULL) > 0) return true;
    return raise_error(&AttributeError_type, "__annotations__"), false;
}

static const MemberDef module_members[] = {
    {"__dict__", get_dict, NULL, NULL},
    {"__annotations__", get_annotations, set_annotations, NULL},
    {0},
};

static Value method_dir(const Value *args, size_t count) {
    Value hook = dict_get_str(module_dict(args[0]), names.__dir__);
    return is_set(hook) ? call0(hook) : dict_key_list(module_dict(args[0]));
}

static const NativeDef module_methods[] = {
    METHOD("__dir__", "", method_dir, "__dir__() -> list\nspecialized dir() implementation"),
    NATIVE_END,
};

static int module_traverse(Object *o, Visit visit, void *context) {
    TRAVERSE(((ModuleObject *)o)->dict);
    return 0;
}

static void module_clear(Object *o) {
    if (is_set(((ModuleObject *)o)->dict)) dict_clear(((ModuleObject *)o)->dict);
}

static void module_destroy(Object *o) {
    release(as_module(from_object(o))->dict);
    object_free(o);
}

Type module_type = {
    TYPE_HEAD("module"),
    .flags = TYPE_GC | TYPE_BASE | TYPE_WEAK,
    .basic_size = sizeof(ModuleObject),
    .doc = "Create a module object.",
    .methods = module_methods,
    .members = module_members,
    .destroy = module_destroy,
    .traverse = module_traverse,
    .clear = module_clear,
    .make = module_make,
    .init = module_init,
    .repr = module_repr,
    .get_attribute = module_get_attribute,
    .set_attribute = module_set_attribute,
};
