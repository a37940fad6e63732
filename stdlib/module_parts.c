/* Constants, functions and exception classes of modules written in C. */
#include "stdlib/module_parts.h"

bool module_add_constants(Value dict, const Constant *rows) {
    for (; rows->name; rows++)
        if (!dict_set_utf8(dict, rows->name, int_from_int64(rows->value))) return false;
    return true;
}

bool module_add_functions(Value dict, const char *module, const NativeDef *rows) {
    Value name = str_intern_cstr(module);
    bool done = is_set(name);
    for (; done && rows->name; rows++) {
        Value function = native_new(rows, UNSET, name);
        done = is_set(function) && dict_set_utf8(dict, rows->name, function);
        release(function);
    }
    release(name);
    return done;
}

static bool set_text(Value namespace, Value key, const char *text) {
    Value v = str_from(text);
    bool done = is_set(v) && dict_set(namespace, key, v);
    release(v);
    return done;
}

static bool make_class(Value *slot, const char *module, const char *name, Value base, const char *doc) {
    Value title = str_from(name), bases = tuple_pack(1, base), namespace = dict_new();
    if (is_set(title) && is_set(bases) && is_set(namespace) && set_text(namespace, names.__module__, module) &&
        (!doc || set_text(namespace, names.__doc__, doc)))
        *slot = type_create(&type_type, title, bases, namespace, UNSET);
    release(title), release(bases), release(namespace);
    if (is_set(*slot)) root_add(slot);
    return is_set(*slot);
}

bool module_add_exception(Value dict, Value *slot, const char *module, const char *name, Value base, const char *doc) {
    if (is_unset(*slot) && !make_class(slot, module, name, base, doc)) return false;
    return dict_set_utf8(dict, name, *slot);
}
