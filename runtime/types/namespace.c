/* types.SimpleNamespace: attributes, shown and compared like a dict. */
#include "runtime/mem/heap.h"
#include "runtime/types/class.h"
#include "runtime/types/descriptors.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/names.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/shape.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

typedef struct Namespace {
    Object head;
    Attrs attrs;
} Namespace;

static Value namespace_make(Type *type, const Value *args, size_t count, Value kwnames) {
    return from_object(instance_allocate(type, sizeof(Object)));
}

Value namespace_new(Value dict) {
    Value made = namespace_make(&namespace_type, NULL, 0, UNSET);
    if (is_set(made) && is_set(dict) && !attrs_set_dict(as_object(made), dict)) return release(made), UNSET;
    return made;
}

static bool namespace_init(Value self, const Value *args, size_t count, Value kwnames) {
    if (count) return raise_type_error("no positional arguments expected"), false;
    for (size_t i = 0; is_set(kwnames) && i < tuple_length(kwnames); i++)
        if (!object_set_attribute(self, tuple_at(kwnames, i), args[i])) return false;
    return true;
}

static bool add_items(StrBuilder *b, Value dict) {
    Value key, value;
    bool first = true;
    for (size_t position = 0; dict_next(dict, &position, &key, &value); first = false) {
        if (!str_is(key)) continue;
        if (!first) builder_ascii(b, ", ");
        builder_str(b, key);
        builder_ascii(b, "=");
        if (!builder_repr(b, value)) return false;
    }
    return true;
}

static Value namespace_repr(Value self) {
    StrBuilder b = STR_BUILDER;
    int inside = repr_enter(self);
    if (inside < 0) return UNSET;
    Value name = type_of(self) == &namespace_type ? str_from("namespace") : type_name_value(type_of(self));
    if (is_set(name)) builder_str(&b, name);
    release(name);
    builder_ascii(&b, inside ? "(...)" : "(");
    if (inside) return builder_finish(&b);
    Value dict = attrs_dict(as_object(self));
    bool ok = is_set(dict) && add_items(&b, dict);
    release(dict);
    repr_leave(self);
    builder_ascii(&b, ")");
    if (ok) return builder_finish(&b);
    builder_discard(&b);
    return UNSET;
}

static Value namespace_compare(Value a, Value b, CompareOp op) {
    if (!object_is_instance_exact_or_sub(a, &namespace_type) || !object_is_instance_exact_or_sub(b, &namespace_type))
        return NOT_IMPLEMENTED;
    Value x = attrs_dict(as_object(a)), y = attrs_dict(as_object(b)), result = UNSET;
    if (is_set(x) && is_set(y)) result = object_compare(x, y, op);
    release(x);
    release(y);
    return result;
}

static Value method_reduce(const Value *args, size_t count) {
    Value dict = attrs_dict(as_object(args[0]));
    if (is_unset(dict)) return UNSET;
    Value result = tuple_pack(3, type_value(type_of(args[0])), empty_tuple, dict);
    release(dict);
    return result;
}

static const NativeDef namespace_methods[] = {
    METHOD("__reduce__", "", method_reduce, "Return state information for pickling"),
    NATIVE_END,
};

static const MemberDef namespace_members[] = {
    {"__dict__", instance_get_dict, instance_set_dict, NULL},
    {0},
};

static int namespace_traverse(Object *o, Visit visit, void *context) {
    return o->type->flags & TYPE_HEAP ? 0 : attrs_traverse(o, visit, context);
}

static void namespace_destroy(Object *o) {
    attrs_clear(o);
    object_free(o);
}

Type namespace_type = {
    TYPE_HEAD("types.SimpleNamespace"),
    .flags = TYPE_GC | TYPE_BASE,
    .doc = "A simple attribute-based namespace.\n\nSimpleNamespace(**kwargs)",
    .basic_size = sizeof(Namespace),
    .attrs_offset = offsetof(Namespace, attrs),
    .methods = namespace_methods,
    .members = namespace_members,
    .destroy = namespace_destroy,
    .traverse = namespace_traverse,
    .clear = attrs_clear,
    .make = namespace_make,
    .init = namespace_init,
    .repr = namespace_repr,
    .compare = namespace_compare,
};
