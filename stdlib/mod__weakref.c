/* _weakref: references that do not keep their object alive. */
#include "stdlib/stdlib.h"

static Value weak_proxy(const Value *args, size_t count) { return weakproxy_new(args[0], args[1]); }
static Value weak_count(const Value *args, size_t count) { return int_from_size(weakref_count(args[0])); }
static Value weak_list(const Value *args, size_t count) { return weakref_list(args[0]); }

static const NativeDef functions[] = {
    FUNCTION("proxy", "object, callback=None, /", weak_proxy, "Create a proxy object that weakly references 'object'."),
    FUNCTION("getweakrefcount", "object, /", weak_count, "Return the number of weak references to 'object'."),
    FUNCTION("getweakrefs", "object, /", weak_list,
             "Return a list of all weak reference objects pointing to 'object'."),
    NATIVE_END,
};

static bool fill(Value dict) {
    return dict_set_utf8(dict, "ref", type_value(&weakref_type)) &&
           dict_set_utf8(dict, "ReferenceType", type_value(&weakref_type)) &&
           dict_set_utf8(dict, "ProxyType", type_value(&weakproxy_type)) &&
           dict_set_utf8(dict, "CallableProxyType", type_value(&weakcallableproxy_type));
}

const ModuleDef mod__weakref = {"_weakref", "Weak-reference support module.", functions, fill, NULL};
