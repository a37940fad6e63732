/* mappingproxy: a mapping that can only be read. */
#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/list.h"
#include "runtime/types/names.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"
#include "runtime/types/tuple.h"

typedef struct Proxy {
    Object head;
    Value mapping;
} Proxy;

static Value mapping_of(Value v) { return ((Proxy *)as_object(v))->mapping; }

Value mappingproxy_new(Value mapping) {
    Proxy *p = object_allocate(&mappingproxy_type, sizeof *p);
    if (!p) return UNSET;
    p->mapping = retain(mapping);
    return from_object(p);
}

static Value proxy_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value bound[1];
    if (!native_bind("mappingproxy", "mapping", args, count, kwnames, bound)) return UNSET;
    if (!type_of(bound[0])->get_item || list_is(bound[0]) || tuple_is(bound[0]))
        return raise_type_error("mappingproxy() argument must be a mapping, not %T", bound[0]);
    return mappingproxy_new(bound[0]);
}

static Value proxy_repr(Value v) { return str_format("mappingproxy(%R)", mapping_of(v)); }
static Value proxy_str(Value v) { return object_str(mapping_of(v)); }
static int64_t proxy_length(Value v) { return object_length(mapping_of(v)); }
static Value proxy_get_item(Value v, Value key) { return object_get_item(mapping_of(v), key); }
static int proxy_contains(Value v, Value key) { return object_contains(mapping_of(v), key); }
static Value proxy_iterate(Value v) { return object_iterate(mapping_of(v)); }
static Value proxy_compare(Value a, Value b, CompareOp op) { return object_compare(mapping_of(a), b, op); }
static bool proxy_hash(Value v, int64_t *out) { return object_hash(mapping_of(v), out); }

static Value unwrap(Value v) { return is_exactly(v, &mappingproxy_type) ? mapping_of(v) : v; }
static Value proxy_or(Value a, Value b) { return object_binary(BINARY_OR, unwrap(a), unwrap(b)); }
static Value proxy_inplace_or(Value a, Value b) {
    return raise_type_error("'|=' is not supported by %T; use '|' instead", a);
}

static Value method_get(const Value *args, size_t count) {
    return call_method2(mapping_of(args[0]), names.get, args[1], is_unset(args[2]) ? NONE : args[2]);
}
static Value method_keys(const Value *args, size_t count) { return call_method0(mapping_of(args[0]), names.keys); }
static Value method_values(const Value *args, size_t count) { return call_method0(mapping_of(args[0]), names.values); }
static Value method_items(const Value *args, size_t count) { return call_method0(mapping_of(args[0]), names.items); }
static Value method_copy(const Value *args, size_t count) { return call_method0(mapping_of(args[0]), names.copy); }
static Value method_reversed(const Value *args, size_t count) {
    return call_special(mapping_of(args[0]), names.__reversed__, NULL, 0, "'%s' object is not reversible");
}
static Value method_class_getitem(const Value *args, size_t count) { return generic_alias_new(args[0], args[1]); }

static const NativeDef proxy_methods[] = {
    METHOD("get", "key, default=None, /", method_get,
           "Return the value for key if key is in the mapping, else default."),
    METHOD("keys", "", method_keys, "D.keys() -> a set-like object providing a view on D's keys"),
    METHOD("values", "", method_values, "D.values() -> an object providing a view on D's values"),
    METHOD("items", "", method_items, "D.items() -> a set-like object providing a view on D's items"),
    METHOD("copy", "", method_copy, "D.copy() -> a shallow copy of D"),
    METHOD("__reversed__", "", method_reversed, "D.__reversed__() -> reverse iterator"),
    CLASS_METHOD("__class_getitem__", "item, /", method_class_getitem, "See PEP 585"),
    NATIVE_END,
};

static int proxy_traverse(Object *o, Visit visit, void *context) {
    TRAVERSE(((Proxy *)o)->mapping);
    return 0;
}

static void proxy_destroy(Object *o) {
    release(((Proxy *)o)->mapping);
    object_free(o);
}

Type mappingproxy_type = {
    TYPE_HEAD("mappingproxy"),
    .flags = TYPE_GC | TYPE_MAPPING | TYPE_IMMUTABLE,
    .basic_size = sizeof(Proxy),
    .methods = proxy_methods,
    .destroy = proxy_destroy,
    .traverse = proxy_traverse,
    .make = proxy_make,
    .repr = proxy_repr,
    .str = proxy_str,
    .length = proxy_length,
    .get_item = proxy_get_item,
    .contains = proxy_contains,
    .iterate = proxy_iterate,
    .compare = proxy_compare,
    .hash = proxy_hash,
    .binary = {[BINARY_OR] = proxy_or},
    .inplace = {[BINARY_OR] = proxy_inplace_or},
};
