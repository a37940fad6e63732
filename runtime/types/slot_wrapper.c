/* Slots as attributes: `int.__add__` is a slot wrapper, `(1).__add__` a method wrapper. */
#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/slot_calls.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"
#include "runtime/types/tuple.h"

#define CALLER(name) \
    Value name(const SlotDef *def, const void *slot, Value self, const Value *args, size_t count, Value kwnames)
#define SLOT_AS(result, ...) ((result(*)(__VA_ARGS__))slot)

static bool check_count(const SlotDef *def, size_t count, size_t low, size_t high, Value kwnames) {
    if (is_set(kwnames) && tuple_length(kwnames))
        return raise_type_error("wrapper %s() takes no keyword arguments", def->text), false;
    if (count >= low && count <= high) return true;
    if (low != high) raise_type_error("expected at %s %zu argument%s, got %zu", count < low ? "least" : "most",
                                      count < low ? low : high, (count < low ? low : high) == 1 ? "" : "s", count);
    else raise_type_error("expected %zu argument%s, got %zu", low, low == 1 ? "" : "s", count);
    return false;
}
#define COUNT(n) \
    if (!check_count(def, count, n, n, kwnames)) return UNSET

static Value none_if(bool ok) { return ok ? NONE : UNSET; }

CALLER(call_unary) {
    COUNT(0);
    return SLOT_AS(Value, Value)(self);
}

CALLER(call_hash) {
    COUNT(0);
    int64_t hash;
    return SLOT_AS(bool, Value, int64_t *)(self, &hash) ? int_from_int64(hash) : UNSET;
}

CALLER(call_compare) {
    COUNT(1);
    return SLOT_AS(Value, Value, Value, CompareOp)(self, args[0], (CompareOp)def->op);
}

CALLER(call_truth) {
    COUNT(0);
    int truth = SLOT_AS(int, Value)(self);
    return truth < 0 ? UNSET : from_bool(truth);
}

CALLER(call_init) { return none_if(SLOT_AS(bool, Value, const Value *, size_t, Value)(self, args, count, kwnames)); }

CALLER(call_call) { return SLOT_AS(Value, Value, const Value *, size_t, Value)(self, args, count, kwnames); }

/* Which operator a row of type->binary is; BINARY_COUNT for other slots. */
static BinaryOp operator_of(const SlotDef *def) {
    size_t first = offsetof(Type, binary), last = offsetof(Type, binary[BINARY_COUNT]);
    return def->offset >= first && def->offset < last ? (BinaryOp)((def->offset - first) / sizeof(void *))
                                                      : BINARY_COUNT;
}

CALLER(call_binary) {
    COUNT(1);
    Value a = def->op ? args[0] : self, b = def->op ? self : args[0];
    Value r = SLOT_AS(Value, Value, Value)(a, b);
    if (!same(r, NOT_IMPLEMENTED)) return r;
    BinaryOp op = operator_of(def);
    return op != BINARY_COUNT && type_concatenates(type_of(self), op) ? sequence_refusal(op, self, args[0]) : r;
}

static const Type *built_in_base(const Type *type) {
    while (type->flags & TYPE_HEAP) type = type->base;
    return type;
}

CALLER(call_power) {
    if (!check_count(def, count, 1, 2, kwnames)) return UNSET;
    const Type *type = built_in_base(type_of(self));
    Value a = def->op ? args[0] : self, b = def->op ? self : args[0];
    if (count == 2 && !is_none(args[1])) return type->power ? type->power(a, b, args[1]) : NOT_IMPLEMENTED;
    return SLOT_AS(Value, Value, Value)(a, b);
}

/* object.__setattr__ and its like must not reach around the built-in type's own protection. */
static bool check_set_attribute(const SlotDef *def, const void *slot, Value self) {
    const Type *type = built_in_base(type_of(self));
    if ((const void *)type->set_attribute == slot) return true;
    return raise_type_error("can't apply this %s to %T object", def->text, self), false;
}

CALLER(call_set_attribute) {
    COUNT(2);
    if (!check_set_attribute(def, slot, self)) return UNSET;
    return none_if(SLOT_AS(bool, Value, Value, Value)(self, args[0], args[1]));
}

CALLER(call_delete_attribute) {
    COUNT(1);
    if (!check_set_attribute(def, slot, self)) return UNSET;
    return none_if(SLOT_AS(bool, Value, Value, Value)(self, args[0], UNSET));
}

CALLER(call_get) {
    if (!check_count(def, count, 1, 2, kwnames)) return UNSET;
    Value instance = is_none(args[0]) ? UNSET : args[0], owner = count < 2 || is_none(args[1]) ? UNSET : args[1];
    if (is_unset(instance) && is_unset(owner)) return raise_type_error("__get__(None, None) is invalid");
    return SLOT_AS(Value, Value, Value, Value)(self, instance, owner);
}

CALLER(call_set) {
    COUNT(2);
    return none_if(SLOT_AS(bool, Value, Value, Value)(self, args[0], args[1]));
}

CALLER(call_delete) {
    COUNT(1);
    return none_if(SLOT_AS(bool, Value, Value, Value)(self, args[0], UNSET));
}

CALLER(call_next) {
    COUNT(0);
    Value r = SLOT_AS(Value, Value)(self);
    return is_unset(r) && !error_pending() ? raise_stop_iteration(UNSET) : r;
}

CALLER(call_length) {
    COUNT(0);
    int64_t n = SLOT_AS(int64_t, Value)(self);
    return n < 0 ? UNSET : int_from_int64(n);
}

CALLER(call_set_item) {
    COUNT(2);
    return none_if(SLOT_AS(bool, Value, Value, Value)(self, args[0], args[1]));
}

CALLER(call_delete_item) {
    COUNT(1);
    return none_if(SLOT_AS(bool, Value, Value, Value)(self, args[0], UNSET));
}

CALLER(call_contains) {
    COUNT(1);
    int found = SLOT_AS(int, Value, Value)(self, args[0]);
    return found < 0 ? UNSET : from_bool(found);
}

/* Slot wrapper -------------------------------------------------------------------------------------------------------
 */

static SlotWrapper *as_wrapper(Value v) { return (SlotWrapper *)as_object(v); }

static Value wrapper_call(Value callee, const Value *args, size_t count, Value kwnames) {
    SlotWrapper *w = as_wrapper(callee);
    if (!count)
        return raise_type_error("descriptor '%s' of '%s' object needs an argument", w->def->text, w->owner->name);
    if (!object_is_instance_exact_or_sub(args[0], w->owner))
        return raise_type_error("descriptor '%s' requires a '%s' object but received a '%T'", w->def->text,
                                w->owner->name, args[0]);
    return w->def->call(w->def, w->slot, args[0], args + 1, count - 1, kwnames);
}

static Value wrapper_get(Value self, Value instance, Value owner) {
    if (is_unset(instance)) return retain(self);
    SlotWrapper *w = as_wrapper(self);
    if (!object_is_instance_exact_or_sub(instance, w->owner))
        return raise_type_error("descriptor '%s' for '%s' objects doesn't apply to a '%T' object", w->def->text,
                                w->owner->name, instance);
    MethodWrapper *m = object_allocate(&method_wrapper_type, sizeof *m);
    if (!m) return UNSET;
    m->wrapper = retain(self);
    m->self = retain(instance);
    return from_object(m);
}

static Value wrapper_repr(Value v) {
    return str_format("<slot wrapper '%s' of '%s' objects>", as_wrapper(v)->def->text, as_wrapper(v)->owner->name);
}

static Value wrapper_name(Value v) { return retain(*as_wrapper(v)->def->name); }

static Value wrapper_qualname(Value v) {
    Value type_name = type_name_value(as_wrapper(v)->owner), result = UNSET;
    if (is_set(type_name)) result = str_format("%U.%s", type_name, as_wrapper(v)->def->text);
    release(type_name);
    return result;
}

static Value wrapper_doc(Value v) { return str_from(as_wrapper(v)->def->doc); }

static Value wrapper_owner(Value v) { return retain(type_value(as_wrapper(v)->owner)); }

static Value wrapper_signature(Value v) {
    const char *signature = as_wrapper(v)->def->signature;
    return str_format(*signature ? "($self, %s)" : "($self, /)", signature);
}

static const MemberDef wrapper_members[] = {
    {"__name__", wrapper_name, NULL, NULL},     {"__qualname__", wrapper_qualname, NULL, NULL},
    {"__doc__", wrapper_doc, NULL, NULL},       MEMBER("__objclass__", wrapper_owner, NULL),
    {"__text_signature__", wrapper_signature, NULL, NULL}, {0},
};

static void wrapper_destroy(Object *o) { object_free(o); }

Type slot_wrapper_type = {
    TYPE_HEAD("wrapper_descriptor"),
    .flags = TYPE_DISALLOW_NEW | TYPE_METHOD_DESCRIPTOR | TYPE_IMMUTABLE,
    .basic_size = sizeof(SlotWrapper),
    .members = wrapper_members,
    .destroy = wrapper_destroy,
    .call = wrapper_call,
    .repr = wrapper_repr,
    .descriptor_get = wrapper_get,
};

/* Method wrapper -----------------------------------------------------------------------------------------------------
 */

static MethodWrapper *as_method_wrapper(Value v) { return (MethodWrapper *)as_object(v); }

static Value method_wrapper_call(Value callee, const Value *args, size_t count, Value kwnames) {
    MethodWrapper *m = as_method_wrapper(callee);
    SlotWrapper *w = as_wrapper(m->wrapper);
    return w->def->call(w->def, w->slot, m->self, args, count, kwnames);
}

static Value method_wrapper_repr(Value v) {
    MethodWrapper *m = as_method_wrapper(v);
    return str_format("<method-wrapper '%s' of %T object at %s>", as_wrapper(m->wrapper)->def->text, m->self,
                      object_address(m->self));
}

static Value method_wrapper_compare(Value a, Value b, CompareOp op) {
    if ((op != COMPARE_EQ && op != COMPARE_NE) || !is_exactly(b, &method_wrapper_type)) return NOT_IMPLEMENTED;
    MethodWrapper *x = as_method_wrapper(a), *y = as_method_wrapper(b);
    bool equal = same(x->wrapper, y->wrapper) && same(x->self, y->self);
    return from_bool(equal == (op == COMPARE_EQ));
}

static bool method_wrapper_hash(Value v, int64_t *out) {
    MethodWrapper *m = as_method_wrapper(v);
    *out = (int64_t)((m->wrapper.bits >> 4) ^ (m->self.bits >> 4));
    return true;
}

static Value method_wrapper_self(Value v) { return retain(as_method_wrapper(v)->self); }
static Value method_wrapper_name(Value v) { return wrapper_name(as_method_wrapper(v)->wrapper); }
static Value method_wrapper_qualname(Value v) { return wrapper_qualname(as_method_wrapper(v)->wrapper); }
static Value method_wrapper_doc(Value v) { return wrapper_doc(as_method_wrapper(v)->wrapper); }
static Value method_wrapper_owner(Value v) { return wrapper_owner(as_method_wrapper(v)->wrapper); }
static Value method_wrapper_signature(Value v) { return wrapper_signature(as_method_wrapper(v)->wrapper); }

static const MemberDef method_wrapper_members[] = {
    {"__self__", method_wrapper_self, NULL, NULL},         {"__name__", method_wrapper_name, NULL, NULL},
    {"__qualname__", method_wrapper_qualname, NULL, NULL}, {"__doc__", method_wrapper_doc, NULL, NULL},
    MEMBER("__objclass__", method_wrapper_owner, NULL),    {"__text_signature__", method_wrapper_signature, NULL, NULL},
    {0},
};

static int method_wrapper_traverse(Object *o, Visit visit, void *context) {
    TRAVERSE(((MethodWrapper *)o)->wrapper);
    TRAVERSE(((MethodWrapper *)o)->self);
    return 0;
}

static void method_wrapper_destroy(Object *o) {
    release(((MethodWrapper *)o)->wrapper);
    release(((MethodWrapper *)o)->self);
    object_free(o);
}

Type method_wrapper_type = {
    TYPE_HEAD("method-wrapper"),
    .flags = TYPE_GC | TYPE_DISALLOW_NEW | TYPE_IMMUTABLE,
    .basic_size = sizeof(MethodWrapper),
    .members = method_wrapper_members,
    .destroy = method_wrapper_destroy,
    .traverse = method_wrapper_traverse,
    .call = method_wrapper_call,
    .repr = method_wrapper_repr,
    .compare = method_wrapper_compare,
    .hash = method_wrapper_hash,
};
