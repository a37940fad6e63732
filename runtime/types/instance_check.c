/* isinstance() and issubclass(): by type, by tuple and union, by the hooks of metaclasses. */
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/object.h"
#include "runtime/types/tuple.h"

bool type_is_subtype(const Type *a, const Type *b) {
    if (a == b) return true;
    if (!is_set(a->mro)) { /* not ready: along the bases */
        for (; a; a = a->base)
            if (a == b) return true;
        return b == &object_type;
    }
    const Tuple *mro = as_tuple(a->mro);
    for (size_t i = 1; i < mro->length; i++)
        if (as_object(mro->items[i]) == &b->head) return true;
    return false;
}

bool object_is_instance_exact_or_sub(Value v, const Type *type) {
    Type *own = type_of(v);
    return own == type || type_is_subtype(own, type);
}

/* The __bases__ of something that acts like a class: owned tuple, or UNSET (nothing pending: it has none). */
static Value abstract_bases(Value v) {
    Value bases;
    if (object_find_attribute(v, names.__bases__, &bases) <= 0) return UNSET;
    if (tuple_is(bases)) return bases;
    release(bases);
    return UNSET;
}

static int abstract_is_subclass(Value derived, Value class) {
    if (same(derived, class)) return 1;
    if (!recursion_check(" in __subclasscheck__")) return -1;
    Value bases = abstract_bases(derived);
    if (is_unset(bases)) return error_pending() ? -1 : 0;
    int result = 0;
    for (size_t i = 0; i < tuple_length(bases) && result == 0; i++)
        result = abstract_is_subclass(tuple_at(bases, i), class);
    release(bases);
    return result;
}

static bool check_class(Value v, const char *message) {
    Value bases = abstract_bases(v);
    if (is_set(bases)) return release(bases), true;
    if (!error_pending()) raise_type_error("%s", message);
    return false;
}

/* isinstance without hooks: the type, then what __class__ says. */
int object_is_instance_plain(Value v, Value class) {
    if (type_is(class)) {
        if (object_is_instance_exact_or_sub(v, as_type(class))) return 1;
        if (!is_object(v) || type_of(v)->get_attribute == generic_get_attribute) {
            if (!(type_of(v)->flags & TYPE_HEAP)) return 0;
        }
        Value own;
        int found = object_find_attribute(v, names.__class__, &own);
        if (found <= 0) return found;
        int result = type_is(own) && as_type(own) != type_of(v) && type_is_subtype(as_type(own), as_type(class));
        release(own);
        return result;
    }
    if (!check_class(class, "isinstance() arg 2 must be a type, a tuple of types, or a union")) return -1;
    Value own;
    int found = object_find_attribute(v, names.__class__, &own);
    if (found <= 0) return found;
    int result = abstract_is_subclass(own, class);
    release(own);
    return result;
}

int object_is_subclass_plain(Value v, Value class) {
    if (type_is(v) && type_is(class)) return type_is_subtype(as_type(v), as_type(class));
    if (!check_class(v, "issubclass() arg 1 must be a class") ||
        !check_class(class, "issubclass() arg 2 must be a class, a tuple of classes, or a union"))
        return -1;
    return abstract_is_subclass(v, class);
}

typedef int (*Test)(Value v, Value class);

static int test_each(Value v, Value tuple, Test test) {
    if (!recursion_enter(test == object_is_instance ? " in __instancecheck__" : " in __subclasscheck__")) return -1;
    int result = 0;
    for (size_t i = 0; i < tuple_length(tuple) && result == 0; i++) result = test(v, tuple_at(tuple, i));
    recursion_leave();
    return result;
}

/* The hook of the metaclass, if a script or a type other than `type` has one. */
static int test_by_hook(Value v, Value class, Value name, Test plain) {
    Value hook;
    bool self_needed;
    int found = special_lookup(class, name, &hook, &self_needed);
    if (found < 0) return -1;
    if (!found) return plain(v, class);
    if (!recursion_check(" in __instancecheck__")) return release(hook), -1;
    Value answer = self_needed ? call2(hook, class, v) : call1(hook, v);
    release(hook);
    if (is_unset(answer)) return -1;
    int result = object_truth(answer);
    release(answer);
    return result;
}

int object_is_instance(Value v, Value class) {
    if (as_object(class) == &type_of(v)->head) return 1;
    if (is_exactly(class, &type_type)) return object_is_instance_plain(v, class);
    if (tuple_is(class)) return test_each(v, class, object_is_instance);
    return test_by_hook(v, class, names.__instancecheck__, object_is_instance_plain);
}

int object_is_subclass(Value v, Value class) {
    if (is_exactly(class, &type_type)) return same(v, class) ? 1 : object_is_subclass_plain(v, class);
    if (tuple_is(class)) return test_each(v, class, object_is_subclass);
    return test_by_hook(v, class, names.__subclasscheck__, object_is_subclass_plain);
}
