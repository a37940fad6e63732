/* Generic aliases: list[int]. */
#include "runtime/types/generic_alias.h"

#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/list.h"
#include "runtime/types/names.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/shape.h"
#include "runtime/types/slots.h"
#include "runtime/types/traverse.h"
#include "runtime/types/tuple.h"

typedef struct Alias {
    Object head;
    Value origin, args, parameters; /* parameters UNSET until asked for */
    bool starred;
} Alias;

static Alias *as_alias(Value v) { return (Alias *)as_object(v); }

static Value new_of_type(Type *type, Value origin, Value args) {
    Value tuple = tuple_is(args) ? retain(args) : tuple_pack(1, args);
    Alias *a = is_set(tuple) ? instance_allocate(type, sizeof *a) : NULL;
    if (!a) return release(tuple), UNSET;
    a->origin = retain(origin);
    a->args = tuple;
    return from_object(a);
}

Value generic_alias_new(Value origin, Value args) { return new_of_type(&generic_alias_type, origin, args); }

static Value alias_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value bound[2];
    if (!native_bind("GenericAlias", "origin, args, /", args, count, kwnames, bound)) return UNSET;
    return new_of_type(type, bound[0], bound[1]);
}

bool generic_alias_is(Value v) { return object_is_instance_exact_or_sub(v, &generic_alias_type); }

/* Text
 * ------------------------------------------------------------------------------------------------------------------ */

static Value attribute_or_unset(Value v, const char *name) {
    Value key = str_intern_cstr(name), out = UNSET;
    if (is_unset(key) || object_find_attribute(v, key, &out) <= 0) out = UNSET;
    release(key);
    error_clear();
    return out;
}

static bool class_repr(StrBuilder *b, Value v, bool *done) {
    Value origin = attribute_or_unset(v, "__origin__"), args = attribute_or_unset(v, "__args__");
    *done = false;
    bool alias = is_set(origin) && is_set(args);
    release(origin);
    release(args);
    if (alias) return true;
    Value name = attribute_or_unset(v, "__qualname__"), module = attribute_or_unset(v, "__module__");
    if (is_set(name) && str_is(name) && is_set(module) && !is_none(module)) {
        *done = true;
        if (!str_is(module) || !str_equal_ascii(module, "builtins")) {
            Value text = object_str(module);
            if (is_set(text)) builder_str(b, text);
            builder_ascii(b, ".");
            release(text);
        }
        builder_str(b, name);
    }
    release(name);
    release(module);
    return true;
}

bool alias_argument_repr(StrBuilder *b, Value argument) {
    bool done;
    if (same(argument, ELLIPSIS)) return builder_ascii(b, "..."), true;
    if (generic_alias_is(argument)) return builder_repr(b, argument);
    return class_repr(b, argument, &done) && (done || builder_repr(b, argument));
}

static bool arguments_repr(StrBuilder *b, Value args) {
    if (!tuple_length(args)) builder_ascii(b, "()");
    for (size_t i = 0; i < tuple_length(args); i++) {
        Value argument = tuple_at(args, i);
        if (i) builder_ascii(b, ", ");
        if (!list_is(argument)) {
            if (!alias_argument_repr(b, argument)) return false;
            continue;
        }
        builder_ascii(b, "[");
        for (size_t k = 0; k < as_list(argument)->length; k++) {
            if (k) builder_ascii(b, ", ");
            if (!alias_argument_repr(b, as_list(argument)->items[k])) return false;
        }
        builder_ascii(b, "]");
    }
    return true;
}

static Value alias_repr(Value v) {
    StrBuilder b = STR_BUILDER;
    Alias *a = as_alias(v);
    if (!recursion_check(" while getting the repr of an object")) return UNSET;
    if (a->starred) builder_ascii(&b, "*");
    bool ok = alias_argument_repr(&b, a->origin);
    builder_ascii(&b, "[");
    ok = ok && arguments_repr(&b, a->args);
    builder_ascii(&b, "]");
    if (ok) return builder_finish(&b);
    builder_discard(&b);
    return UNSET;
}

/* Type variables
 * ---------------------------------------------------------------------------------------------------------- */

static bool add_once(Value list, Value item) {
    int found = list_contains(list, item);
    return found ? found > 0 : list_append(list, item);
}

static bool collect(Value list, Value argument) {
    if (type_is(argument)) return true;
    Value subst = attribute_or_unset(argument, "__typing_subst__");
    if (is_set(subst)) {
        release(subst);
        return add_once(list, argument);
    }
    Value inner = attribute_or_unset(argument, "__parameters__");
    bool ok = true;
    for (size_t i = 0; is_set(inner) && tuple_is(inner) && ok && i < tuple_length(inner); i++)
        ok = add_once(list, tuple_at(inner, i));
    release(inner);
    return ok;
}

Value alias_collect_parameters(Value args) {
    Value list = list_new(0);
    for (size_t i = 0; is_set(list) && i < tuple_length(args); i++)
        if (!collect(list, tuple_at(args, i))) return release(list), UNSET;
    Value tuple = is_set(list) ? list_to_tuple(list) : UNSET;
    release(list);
    return tuple;
}

static int64_t position_of(Value parameters, Value variable) {
    for (size_t i = 0; i < tuple_length(parameters); i++)
        if (same(tuple_at(parameters, i), variable)) return (int64_t)i;
    return -1;
}

/* argument[values of its own parameters] */
static Value substitute_inner(Value argument, Value parameters, Value items) {
    Value inner = type_is(argument) ? UNSET : attribute_or_unset(argument, "__parameters__");
    if (is_unset(inner) || !tuple_is(inner) || !tuple_length(inner)) return release(inner), retain(argument);
    Value chosen = tuple_new(tuple_length(inner));
    for (size_t i = 0; is_set(chosen) && i < tuple_length(inner); i++) {
        int64_t at = position_of(parameters, tuple_at(inner, i));
        as_tuple(chosen)->items[i] = retain(at < 0 ? tuple_at(inner, i) : tuple_at(items, (size_t)at));
    }
    Value result = is_set(chosen) ? object_get_item(argument, chosen) : UNSET;
    release(chosen);
    release(inner);
    return result;
}

static Value substitute_one(Value argument, Value parameters, Value items) {
    int64_t at = position_of(parameters, argument);
    if (at < 0) return substitute_inner(argument, parameters, items);
    Value subst = attribute_or_unset(argument, "__typing_subst__");
    if (is_unset(subst)) return retain(tuple_at(items, (size_t)at));
    Value result = call1(subst, tuple_at(items, (size_t)at));
    release(subst);
    return result;
}

Value alias_substitute(Value self, Value args, Value parameters, Value item) {
    size_t n = tuple_length(parameters);
    if (!n) return raise_type_error("%R is not a generic class", self);
    Value items = tuple_is(item) ? retain(item) : tuple_pack(1, item), result = UNSET;
    if (is_unset(items)) return UNSET;
    if (tuple_length(items) != n)
        raise_type_error("Too %s arguments for %R; actual %zu, expected %zu", tuple_length(items) > n ? "many" : "few",
                         self, tuple_length(items), n);
    else result = tuple_new(tuple_length(args));
    for (size_t i = 0; is_set(result) && i < tuple_length(args); i++) {
        Value value = substitute_one(tuple_at(args, i), parameters, items);
        if (is_unset(value)) {
            clear(&result);
            break;
        }
        as_tuple(result)->items[i] = value;
    }
    release(items);
    return result;
}

static Value parameters_of(Value v) { /* borrowed */
    Alias *a = as_alias(v);
    if (is_unset(a->parameters)) a->parameters = alias_collect_parameters(a->args);
    return a->parameters;
}

static Value alias_get_item(Value v, Value item) {
    Value parameters = parameters_of(v);
    if (is_unset(parameters)) return UNSET;
    Value args = alias_substitute(v, as_alias(v)->args, parameters, item);
    if (is_unset(args)) return UNSET;
    Value result = new_of_type(type_of(v), as_alias(v)->origin, args);
    release(args);
    return result;
}

/* Standing for the origin
 * --------------------------------------------------------------------------------------------------- */

static Value alias_call(Value callee, const Value *args, size_t count, Value kwnames) {
    Value made = call(as_alias(callee)->origin, args, count, kwnames);
    if (is_unset(made)) return UNSET;
    Value key = str_intern_cstr("__orig_class__");
    if (is_set(key) && !object_set_attribute(made, key, callee) && !error_absorb(&AttributeError_type) &&
        !error_absorb(&TypeError_type))
        clear(&made);
    release(key);
    return made;
}

static bool is_own_attribute(Value name) {
    static const char *const own[] = {
        "__origin__",      "__args__",      "__parameters__", "__unpacked__", "__typing_unpacked_tuple_args__",
        "__mro_entries__", "__reduce_ex__", "__reduce__",     "__copy__",     "__deepcopy__",
        "__class__"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (str_equal_ascii(name, own[i])) return true;
    return false;
}

static bool is_dunder(Value name) {
    size_t n = str_length(name);
    const Str *s = as_str(name);
    return n > 4 && str_at(s, 0) == '_' && str_at(s, 1) == '_' && str_at(s, n - 1) == '_' && str_at(s, n - 2) == '_';
}

static Value alias_get_attribute(Value self, Value name) {
    if (!is_own_attribute(name) || str_equal_ascii(name, "__class__")) {
        bool forward = !is_dunder(name) || str_equal_ascii(name, "__doc__") || str_equal_ascii(name, "__name__") ||
                       str_equal_ascii(name, "__qualname__") || str_equal_ascii(name, "__module__") ||
                       str_equal_ascii(name, "__class__") || is_unset(type_lookup(type_of(self), name));
        if (forward && !str_equal_ascii(name, "__class__")) return object_get_attribute(as_alias(self)->origin, name);
    }
    return generic_get_attribute(self, name);
}

static bool alias_hash(Value v, int64_t *out) {
    int64_t a, b;
    if (!object_hash(as_alias(v)->origin, &a) || !object_hash(as_alias(v)->args, &b)) return false;
    *out = a ^ b;
    return true;
}

static Value alias_compare(Value a, Value b, CompareOp op) {
    if ((op != COMPARE_EQ && op != COMPARE_NE) || !generic_alias_is(a) || !generic_alias_is(b))
        return NOT_IMPLEMENTED;
    int equal = as_alias(a)->starred == as_alias(b)->starred;
    if (equal) equal = object_equal(as_alias(a)->origin, as_alias(b)->origin);
    if (equal > 0) equal = object_equal(as_alias(a)->args, as_alias(b)->args);
    return equal < 0 ? UNSET : from_bool(equal == (op == COMPARE_EQ));
}

static Value get_origin(Value v) { return retain(as_alias(v)->origin); }
static Value get_args(Value v) { return retain(as_alias(v)->args); }
static Value get_parameters(Value v) { return retain(parameters_of(v)); }
static Value get_unpacked(Value v) { return from_bool(as_alias(v)->starred); }

static const MemberDef alias_members[] = {
    MEMBER("__origin__", get_origin, NULL),         MEMBER("__args__", get_args, NULL),
    {"__parameters__", get_parameters, NULL, NULL}, MEMBER("__unpacked__", get_unpacked, NULL), {0},
};

static Value method_mro_entries(const Value *args, size_t count) { return tuple_pack(1, as_alias(args[0])->origin); }
static Value method_check(const Value *args, size_t count) {
    return raise_type_error("isinstance() argument 2 cannot be a parameterized generic");
}
static Value method_subclass_check(const Value *args, size_t count) {
    return raise_type_error("issubclass() argument 2 cannot be a parameterized generic");
}
static Value method_reduce(const Value *args, size_t count) {
    Value pair = tuple_pack(2, as_alias(args[0])->origin, as_alias(args[0])->args), result = UNSET;
    if (is_set(pair)) result = tuple_pack(2, type_value(&generic_alias_type), pair);
    release(pair);
    return result;
}
static Value method_copy(const Value *args, size_t count) { return retain(args[0]); }

static const NativeDef alias_methods[] = {
    METHOD("__mro_entries__", "bases, /", method_mro_entries, NULL),
    METHOD("__instancecheck__", "instance, /", method_check, NULL),
    METHOD("__subclasscheck__", "subclass, /", method_subclass_check, NULL),
    METHOD("__reduce__", "", method_reduce, NULL),
    METHOD("__copy__", "", method_copy, NULL),
    METHOD("__deepcopy__", "memo, /", method_copy, NULL),
    NATIVE_END,
};

static int alias_traverse(Object *o, Visit visit, void *context) {
    TRAVERSE(((Alias *)o)->origin);
    TRAVERSE(((Alias *)o)->args);
    TRAVERSE(((Alias *)o)->parameters);
    return 0;
}

static void alias_destroy(Object *o) {
    release(((Alias *)o)->origin);
    release(((Alias *)o)->args);
    release(((Alias *)o)->parameters);
    object_free(o);
}

Type generic_alias_type = {
    TYPE_HEAD("types.GenericAlias"),
    .flags = TYPE_GC | TYPE_BASE | TYPE_WEAK,
    .basic_size = sizeof(Alias),
    .doc = "Represent a PEP 585 generic type\n\nE.g. for t = list[int], t.__origin__ is list and t.__args__ is (int,).",
    .methods = alias_methods,
    .members = alias_members,
    .destroy = alias_destroy,
    .traverse = alias_traverse,
    .make = alias_make,
    .call = alias_call,
    .repr = alias_repr,
    .hash = alias_hash,
    .compare = alias_compare,
    .get_attribute = alias_get_attribute,
    .get_item = alias_get_item,
    .binary = {[BINARY_OR] = union_new},
};
