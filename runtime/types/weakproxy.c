/* Weak proxies: every operation goes to the referent, or raises ReferenceError when it is gone. */
#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/names.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/slots.h"
#include "runtime/types/weakref_struct.h"

static bool is_proxy(Value v) { return is_exactly(v, &weakproxy_type) || is_exactly(v, &weakcallableproxy_type); }

/* The referent of a proxy (owned), any other value as it is (retained); UNSET: gone. */
static Value target(Value v) {
    if (!is_proxy(v)) return retain(v);
    Value referent = weakref_get(v);
    return is_none(referent) ? raise_error(&ReferenceError_type, "weakly-referenced object no longer exists")
                             : referent;
}

#define WITH_TARGET(failure, type, expression) \
    Value x = target(self);                    \
    if (is_unset(x)) return failure;           \
    type result = expression;                  \
    release(x);                                \
    return result

static Value proxy_repr(Value self) { return weakproxy_describe(self); }
static Value proxy_str(Value self) { WITH_TARGET(UNSET, Value, object_str(x)); }
static int proxy_truth(Value self) { WITH_TARGET(-1, int, object_truth(x)); }
static int64_t proxy_length(Value self) { WITH_TARGET(-1, int64_t, object_length(x)); }
static Value proxy_get_attribute(Value self, Value name) { WITH_TARGET(UNSET, Value, object_get_attribute(x, name)); }
static bool proxy_set_attribute(Value self, Value name, Value value) {
    WITH_TARGET(false, bool, object_set_attribute(x, name, value));
}
static Value proxy_get_item(Value self, Value key) { WITH_TARGET(UNSET, Value, object_get_item(x, key)); }
static bool proxy_set_item(Value self, Value key, Value value) {
    WITH_TARGET(false, bool, object_set_item(x, key, value));
}
static int proxy_contains(Value self, Value item) { WITH_TARGET(-1, int, object_contains(x, item)); }
static Value proxy_iterate(Value self) { WITH_TARGET(UNSET, Value, object_iterate(x)); }

static Value next_of(Value x) {
    if (is_iterator(x)) return type_of(x)->next(x);
    return raise_type_error("Weakref proxy referenced a non-iterator '%T' object", x);
}
static Value proxy_next(Value self) { WITH_TARGET(UNSET, Value, next_of(x)); }
static Value proxy_call(Value self, const Value *args, size_t count, Value kwnames) {
    WITH_TARGET(UNSET, Value, call(x, args, count, kwnames));
}
static Value proxy_index(Value self) { WITH_TARGET(UNSET, Value, object_index(x)); }

static Value convert(Value x, Value name) { return call_special(x, name, NULL, 0, "'%s' object cannot be converted"); }
static Value proxy_to_int(Value self) { WITH_TARGET(UNSET, Value, convert(x, names.__int__)); }
static Value proxy_to_float(Value self) { WITH_TARGET(UNSET, Value, convert(x, names.__float__)); }

static Value proxy_negative(Value self) { WITH_TARGET(UNSET, Value, object_unary(UNARY_NEGATIVE, x)); }
static Value proxy_positive(Value self) { WITH_TARGET(UNSET, Value, object_unary(UNARY_POSITIVE, x)); }
static Value proxy_invert(Value self) { WITH_TARGET(UNSET, Value, object_unary(UNARY_INVERT, x)); }
static Value proxy_absolute(Value self) { WITH_TARGET(UNSET, Value, object_unary(UNARY_ABSOLUTE, x)); }

static Value proxy_compare(Value a, Value b, CompareOp op) {
    Value x = target(a), y = is_set(x) ? target(b) : UNSET;
    Value result = is_set(y) ? object_compare(x, y, op) : UNSET;
    release(x);
    release(y);
    return result;
}

static Value operate(BinaryOp op, Value a, Value b, Value (*f)(BinaryOp, Value, Value)) {
    Value x = target(a), y = is_set(x) ? target(b) : UNSET;
    Value result = is_set(y) ? f(op, x, y) : UNSET;
    release(x);
    release(y);
    return result;
}

#define DEFINE_BINARY(op)                                                                         \
    static Value proxy_##op(Value a, Value b) { return operate(op, a, b, object_binary); }         \
    static Value proxy_inplace_##op(Value a, Value b) { return operate(op, a, b, object_inplace); }
BINARY_OPS(DEFINE_BINARY)

static Value method_bytes(const Value *args, size_t count) {
    Value self = args[0];
    WITH_TARGET(UNSET, Value, call_special(x, names.__bytes__, NULL, 0, NULL));
}
static Value method_reversed(const Value *args, size_t count) {
    Value self = args[0];
    WITH_TARGET(UNSET, Value, call_special(x, names.__reversed__, NULL, 0, NULL));
}
static const NativeDef proxy_methods[] = {
    METHOD("__bytes__", "", method_bytes, NULL),
    METHOD("__reversed__", "", method_reversed, NULL),
    NATIVE_END,
};

static void proxy_destroy(Object *o) {
    weakproxy_clear(o);
    object_free(o);
}

#define ROW(op)         [op] = proxy_##op,
#define ROW_INPLACE(op) [op] = proxy_inplace_##op,
#define PROXY(name_, call_)                                                                                            \
    {                                                                                                                  \
        TYPE_HEAD(name_),                                                                                              \
            .flags = TYPE_GC | TYPE_DISALLOW_NEW, .basic_size = sizeof(Weakref), .methods = proxy_methods,             \
            .destroy = proxy_destroy, .traverse = weakproxy_traverse, .clear = weakproxy_clear, .call = call_,         \
            .repr = proxy_repr, .str = proxy_str, .hash = type_unhashable, .compare = proxy_compare,                   \
            .truth = proxy_truth, .get_attribute = proxy_get_attribute, .set_attribute = proxy_set_attribute,          \
            .iterate = proxy_iterate, .next = proxy_next, .length = proxy_length, .get_item = proxy_get_item,          \
            .set_item = proxy_set_item, .contains = proxy_contains, .binary = {BINARY_OPS(ROW)},                       \
            .inplace = {BINARY_OPS(ROW_INPLACE)},                                                                      \
            .unary = {proxy_negative, proxy_positive, proxy_invert, proxy_absolute}, .to_int = proxy_to_int,           \
            .to_float = proxy_to_float, .index = proxy_index                                                           \
    }

Type weakproxy_type = PROXY("weakref.ProxyType", NULL);
Type weakcallableproxy_type = PROXY("weakref.CallableProxyType", proxy_call);
