/* Unions of types: int | str. */
#include "runtime/mem/heap.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/generic_alias.h"
#include "runtime/types/list.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/set.h"
#include "runtime/types/traverse.h"
#include "runtime/types/tuple.h"

typedef struct Union {
    Object head;
    Value args;       /* tuple, flat, each once */
    Value parameters; /* UNSET until asked for */
} Union;

static Union *as_union(Value v) { return (Union *)as_object(v); }
static bool is_union(Value v) { return is_exactly(v, &union_type); }
static bool may_stand(Value v) { return is_none(v) || type_is(v) || generic_alias_is(v) || is_union(v); }

static bool add(Value list, Value member) {
    if (is_none(member)) member = type_value(&none_type);
    if (is_union(member)) {
        for (size_t i = 0; i < tuple_length(as_union(member)->args); i++)
            if (!add(list, tuple_at(as_union(member)->args, i))) return false;
        return true;
    }
    for (size_t i = 0; i < as_list(list)->length; i++) {
        Value other = as_list(list)->items[i];
        if (type_is(other) && type_is(member) && !same(other, member)) continue;
        int equal = object_equal(other, member);
        if (equal) return equal > 0;
    }
    return list_append(list, member);
}

static Value from_list(Value list) {
    if (as_list(list)->length == 1) return retain(as_list(list)->items[0]);
    Value args = list_to_tuple(list);
    Union *u = is_set(args) ? object_allocate(&union_type, sizeof *u) : NULL;
    if (!u) return release(args), UNSET;
    u->args = args;
    return from_object(u);
}

Value union_new(Value a, Value b) {
    if (!may_stand(a) || !may_stand(b)) return NOT_IMPLEMENTED;
    Value list = list_new(2), result = UNSET;
    if (is_set(list) && add(list, a) && add(list, b)) result = from_list(list);
    release(list);
    return result;
}

static Value union_repr(Value v) {
    StrBuilder b = STR_BUILDER;
    Value args = as_union(v)->args;
    for (size_t i = 0; i < tuple_length(args); i++) {
        Value argument = tuple_at(args, i);
        if (i) builder_ascii(&b, " | ");
        if (same(argument, type_value(&none_type))) builder_ascii(&b, "None");
        else if (!alias_argument_repr(&b, argument)) return builder_discard(&b), UNSET;
    }
    return builder_finish(&b);
}

static Value as_set_of_args(Value v) { return frozenset_from_iterable(as_union(v)->args); }

static bool union_hash(Value v, int64_t *out) {
    Value set = as_set_of_args(v);
    bool ok = is_set(set) && object_hash(set, out);
    release(set);
    return ok;
}

static Value union_compare(Value a, Value b, CompareOp op) {
    if ((op != COMPARE_EQ && op != COMPARE_NE) || !is_union(a) || !is_union(b)) return NOT_IMPLEMENTED;
    Value x = as_set_of_args(a), y = is_set(x) ? as_set_of_args(b) : UNSET;
    Value result = is_set(y) ? object_compare(x, y, op) : UNSET;
    release(x);
    release(y);
    return result;
}

static Value parameters_of(Value v) { /* borrowed */
    Union *u = as_union(v);
    if (is_unset(u->parameters)) u->parameters = alias_collect_parameters(u->args);
    return u->parameters;
}

static Value union_get_item(Value v, Value item) {
    Value parameters = parameters_of(v);
    Value args = is_set(parameters) ? alias_substitute(v, as_union(v)->args, parameters, item) : UNSET;
    if (is_unset(args)) return UNSET;
    Value result = retain(tuple_at(args, 0));
    for (size_t i = 1; is_set(result) && i < tuple_length(args); i++)
        replace(&result, object_binary(BINARY_OR, result, tuple_at(args, i)));
    release(args);
    return result;
}

static Value get_args(Value v) { return retain(as_union(v)->args); }
static Value get_parameters(Value v) { return retain(parameters_of(v)); }
static const MemberDef union_members[] = {
    MEMBER("__args__", get_args, NULL),
    {"__parameters__", get_parameters, NULL, NULL},
    {0},
};

static Value method_instance_check(const Value *args, size_t count) {
    Value members = as_union(args[0])->args;
    int result = object_is_instance(args[1], members);
    return result < 0 ? UNSET : from_bool(result);
}

static Value method_subclass_check(const Value *args, size_t count) {
    Value members = as_union(args[0])->args;
    if (!type_is(args[1])) return raise_type_error("issubclass() arg 1 must be a class");
    int result = object_is_subclass(args[1], members);
    return result < 0 ? UNSET : from_bool(result);
}

static const NativeDef union_methods[] = {
    METHOD("__instancecheck__", "instance, /", method_instance_check, NULL),
    METHOD("__subclasscheck__", "subclass, /", method_subclass_check, NULL),
    NATIVE_END,
};

static int union_traverse(Object *o, Visit visit, void *context) {
    TRAVERSE(((Union *)o)->args);
    TRAVERSE(((Union *)o)->parameters);
    return 0;
}

static void union_destroy(Object *o) {
    release(((Union *)o)->args);
    release(((Union *)o)->parameters);
    object_free(o);
}

Type union_type = {
    TYPE_HEAD("types.UnionType"),
    .flags = TYPE_GC | TYPE_DISALLOW_NEW,
    .basic_size = sizeof(Union),
    .doc = "Represent a PEP 604 union type\n\nE.g. for int | str",
    .methods = union_methods,
    .members = union_members,
    .destroy = union_destroy,
    .traverse = union_traverse,
    .repr = union_repr,
    .hash = union_hash,
    .compare = union_compare,
    .get_item = union_get_item,
    .binary = {[BINARY_OR] = union_new},
};
