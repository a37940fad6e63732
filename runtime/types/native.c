/* Functions written in C as objects: module functions and bound methods, methods and class methods of static types. */
#include "runtime/types/native.h"

#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/names.h"
#include "runtime/types/object.h"
#include "runtime/types/signature.h"
#include "runtime/types/slots.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"
#include "runtime/types/tuple.h"

#include <string.h>

enum { SMALL_BINDING = 16 };

static Native *as_native(Value v) { return (Native *)as_object(v); }

/* Until the signature is parsed no count is fast: fast_min > fast_max. */
Native *native_allocate(Type *kind, const NativeDef *def, Value self, Value module, Type *owner) {
    Native *n = object_allocate(kind, sizeof *n);
    if (!n) return NULL;
    n->def = def;
    n->self = retain(self);
    n->module = retain(module);
    n->owner = owner;
    n->fast_min = 1;
    n->direct = NATIVE_BINDS;
    return n;
}

Value native_new(const NativeDef *def, Value self, Value module) {
    return from_object(native_allocate(&native_function_type, def, self, module, NULL));
}

/* Safe to race: all write the same, and the count that opens the fast path is written last. */
static bool prepare(Native *n) {
    Signature *s = signature_of(n->def->signature ? n->def->signature : "");
    if (!s) return false;
    n->variadic = s->variadic;
    bool required_keyword = false;
    for (size_t i = s->positional; i < s->count; i++) required_keyword |= s->parameters[i].required;
    __atomic_store_n(&n->signature, s, __ATOMIC_RELEASE);
    if (required_keyword) return true;
    n->fast_max = s->positional;
    if (!s->variadic && signature_slots(s) == s->positional) n->direct = s->positional;
    __atomic_store_n(&n->fast_min, s->required, __ATOMIC_RELEASE);
    return true;
}

static Label label_of(Native *n) {
    const Type *owner = is_set(n->self) && type_is(n->self) ? as_type(n->self) : n->owner;
    return (Label){n->def->name, owner ? owner->name : NULL, n->module};
}

static Value bind_and_call(Native *n, Value self, const Value *args, size_t count, Value kwnames) {
    if (!n->signature && !prepare(n)) return UNSET;
    const Signature *s = n->signature;
    size_t slots = signature_slots(s), first = is_set(self), extra = count > s->positional ? count - s->positional : 0;
    size_t total = first + slots + extra;
    Value small[SMALL_BINDING], *out = small, result = UNSET;
    if (total > SMALL_BINDING && !(out = raw_allocate(total * sizeof(Value)))) return raise_memory_error();
    out[0] = self;
    if (is_unset(kwnames) && !n->variadic && count >= n->fast_min && count <= n->fast_max) { /* the rest is not given */
        for (size_t i = 0; i < slots; i++) out[first + i] = i < count ? args[i] : UNSET;
        result = n->def->fn(out, total);
    } else if (signature_bind(s, label_of(n), args, count, kwnames, out + first)) {
        if (extra) memcpy(out + first + slots, args + s->positional, extra * sizeof(Value));
        result = n->def->fn(out, total);
        if (s->keywords) release(out[first + s->count]);
    }
    if (out != small) raw_free(out);
    return result;
}

static bool has_keywords(Value kwnames) { return is_set(kwnames) && tuple_length(kwnames); }

/* count positional values that are all the slots there are: the vector is the binding. */
static inline bool is_direct(const Native *n, size_t count) { return count == n->direct; }

Value native_call(Native *n, const Value *args, size_t count, Value kwnames) {
    if (is_unset(n->self) && !has_keywords(kwnames) && is_direct(n, count)) return n->def->fn(args, count);
    return bind_and_call(n, n->self, args, count, kwnames);
}

static Value function_call(Value callee, const Value *args, size_t count, Value kwnames) {
    Native *n = as_native(callee);
    if (n->def == &type_make_def) return type_call_make(n->owner, args, count, kwnames);
    return native_call(n, args, count, kwnames);
}

static Value refuse_receiver(Native *n, const Value *args, size_t count) {
    if (!count) return raise_type_error("unbound method %s.%s() needs an argument", n->owner->name, n->def->name);
    return raise_type_error("descriptor '%s' for '%s' objects doesn't apply to a '%T' object", n->def->name,
                            n->owner->name, args[0]);
}

static Value method_call(Value callee, const Value *args, size_t count, Value kwnames) {
    Native *n = as_native(callee);
    if (!count || !object_is_instance_exact_or_sub(args[0], n->owner)) return refuse_receiver(n, args, count);
    if (!has_keywords(kwnames) && is_direct(n, count - 1)) return n->def->fn(args, count);
    return bind_and_call(n, args[0], args + 1, count - 1, kwnames);
}

static Value bind_to(Native *n, Value receiver) {
    Native *bound = native_allocate(&native_function_type, n->def, receiver, UNSET, n->owner);
    if (!bound) return UNSET;
    bound->signature = n->signature;
    bound->variadic = n->variadic;
    bound->fast_max = n->fast_max;
    bound->fast_min = n->fast_min;
    bound->direct = n->direct;
    return from_object(bound);
}

static Value method_get(Value self, Value instance, Value owner) {
    if (is_unset(instance)) return retain(self);
    if (!object_is_instance_exact_or_sub(instance, as_native(self)->owner))
        return refuse_receiver(as_native(self), &instance, 1);
    return bind_to(as_native(self), instance);
}

static Value class_method_get(Value self, Value instance, Value owner) {
    Native *n = as_native(self);
    Type *type = is_set(owner) && type_is(owner) ? as_type(owner) : type_of(instance);
    if (!type_is_subtype(type, n->owner))
        return raise_type_error("descriptor '%s' requires a subtype of '%s' but received '%N'", n->def->name,
                                n->owner->name, type);
    return bind_to(n, type_value(type));
}

static Value class_method_call(Value callee, const Value *args, size_t count, Value kwnames) {
    if (!count)
        return raise_type_error("descriptor '%s' of '%s' object needs an argument", as_native(callee)->def->name,
                                as_native(callee)->owner->name);
    if (!type_is(args[0])) return raise_type_error("descriptor '%s' requires a type but received a '%T' instance",
                                                   as_native(callee)->def->name, args[0]);
    Value bound = class_method_get(callee, UNSET, args[0]);
    if (is_unset(bound)) return UNSET;
    Value result = call(bound, args + 1, count - 1, kwnames);
    release(bound);
    return result;
}

/* Texts and attributes --------------------------------------------------------------------------------------------- */

static Value function_repr(Value v) {
    Native *n = as_native(v);
    if (is_unset(n->self)) return str_format("<built-in function %s>", n->def->name);
    return str_format("<built-in method %s of %T object at %s>", n->def->name, n->self, object_address(n->self));
}

static Value method_repr(Value v) {
    return str_format("<method '%s' of '%s' objects>", as_native(v)->def->name, as_native(v)->owner->name);
}

static Value get_name(Value v) { return str_intern_cstr(as_native(v)->def->name); }

static Value get_qualname(Value v) {
    Native *n = as_native(v);
    Type *owner = n->owner;
    if (is_set(n->self) && type_is(n->self)) owner = as_type(n->self);
    if (!owner) return get_name(v);
    Value type_name = type_name_value(owner);
    Value result = str_format("%U.%s", type_name, n->def->name);
    release(type_name);
    return result;
}

static Value get_doc(Value v) {
    const char *doc = as_native(v)->def->doc;
    return doc && *doc ? str_from(doc) : NONE;
}

static Value get_module(Value v) { return is_set(as_native(v)->module) ? retain(as_native(v)->module) : NONE; }

static Value get_self(Value v) { return is_set(as_native(v)->self) ? retain(as_native(v)->self) : NONE; }

static Value get_owner(Value v) { return retain(type_value(as_native(v)->owner)); }

static Value get_text_signature(Value v) {
    Native *n = as_native(v);
    const char *self = n->owner ? *n->def->signature ? "$self, /, " : "$self, /" : "";
    return n->def->signature && *n->def->signature != '~' ? str_format("(%s%s)", self, n->def->signature) : NONE;
}

static const MemberDef function_members[] = {
    {"__name__", get_name, NULL, NULL},
    {"__qualname__", get_qualname, NULL, NULL},
    {"__doc__", get_doc, NULL, NULL},
    {"__module__", get_module, NULL, NULL},
    {"__self__", get_self, NULL, NULL},
    {"__text_signature__", get_text_signature, NULL, NULL},
    {0},
};

static const MemberDef method_members[] = {
    {"__name__", get_name, NULL, NULL},
    {"__qualname__", get_qualname, NULL, NULL},
    {"__doc__", get_doc, NULL, NULL},
    MEMBER("__objclass__", get_owner, NULL),
    {"__text_signature__", get_text_signature, NULL, NULL},
    {0},
};

static Value reduce_function(const Value *args, size_t count) {
    Native *n = as_native(args[0]);
    if (is_unset(n->self)) return get_name(args[0]);
    Value getattr = object_builtin("getattr"), name = get_name(args[0]), result = UNSET;
    if (is_set(getattr) && is_set(name)) {
        Value pair = tuple_pack(2, n->self, name);
        if (is_set(pair)) result = tuple_pack(2, getattr, pair);
        release(pair);
    }
    release(name);
    release(getattr);
    return result;
}

static const NativeDef function_methods[] = {
    METHOD("__reduce__", "", reduce_function, NULL),
    NATIVE_END,
};

static bool function_hash(Value v, int64_t *out) {
    int64_t receiver = is_object(as_native(v)->self) ? (int64_t)(as_native(v)->self.bits >> 4) : 0;
    *out = receiver ^ (int64_t)((uintptr_t)as_native(v)->def >> 3);
    return true;
}

static Value function_compare(Value a, Value b, CompareOp op) {
    if ((op != COMPARE_EQ && op != COMPARE_NE) || !is_exactly(b, &native_function_type) ||
        !is_exactly(a, &native_function_type))
        return NOT_IMPLEMENTED;
    Native *x = as_native(a), *y = as_native(b);
    bool equal = x->def == y->def && same(x->self, y->self) && x->owner == y->owner;
    return from_bool(equal == (op == COMPARE_EQ));
}

static int native_traverse(Object *self, Visit visit, void *context) {
    TRAVERSE(((Native *)self)->self);
    TRAVERSE(((Native *)self)->module);
    return 0;
}

static void native_destroy(Object *self) {
    release(((Native *)self)->self);
    release(((Native *)self)->module);
    object_free(self);
}

Type native_function_type = {
    TYPE_HEAD("builtin_function_or_method"),
    .flags = TYPE_GC | TYPE_DISALLOW_NEW | TYPE_WEAK | TYPE_IMMUTABLE,
    .basic_size = sizeof(Native),
    .members = function_members,
    .methods = function_methods,
    .destroy = native_destroy,
    .traverse = native_traverse,
    .call = function_call,
    .repr = function_repr,
    .hash = function_hash,
    .compare = function_compare,
};

Type native_method_type = {
    TYPE_HEAD("method_descriptor"),
    .flags = TYPE_GC | TYPE_DISALLOW_NEW | TYPE_METHOD_DESCRIPTOR | TYPE_IMMUTABLE,
    .basic_size = sizeof(Native),
    .members = method_members,
    .destroy = native_destroy,
    .traverse = native_traverse,
    .call = method_call,
    .repr = method_repr,
    .descriptor_get = method_get,
};

Type native_class_method_type = {
    TYPE_HEAD("classmethod_descriptor"),
    .flags = TYPE_GC | TYPE_DISALLOW_NEW | TYPE_IMMUTABLE,
    .basic_size = sizeof(Native),
    .members = method_members,
    .destroy = native_destroy,
    .traverse = native_traverse,
    .call = class_method_call,
    .repr = method_repr,
    .descriptor_get = class_method_get,
};
