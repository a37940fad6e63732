/* _abc: ABCMeta, the metaclass of abstract base classes.
 *
 * Each abstract class keeps, in its dict under `_abc_impl`, three sets of weak references: classes registered with it,
 * and classes known to be and known not to be subclasses.  A registration anywhere makes all negative answers stale:
 * they are valid for one value of a counter.
 */
#include "stdlib/stdlib.h"

#include "runtime/mem/heap.h"
#include "runtime/types/slots.h"
#include "runtime/types/traverse.h"
#include "runtime/types/weakref.h"

typedef struct AbcData {
    Object head;
    Value registry, cache, negative; /* sets of weak references, UNSET while empty */
    int64_t negative_version;
} AbcData;

extern Type abc_data_type, abc_meta_type;

static _Atomic int64_t registrations;
static Value impl_name, hook_name; /* interned */

static int data_traverse(Object *o, Visit visit, void *context) {
    TRAVERSE(((AbcData *)o)->registry);
    TRAVERSE(((AbcData *)o)->cache);
    TRAVERSE(((AbcData *)o)->negative);
    return 0;
}

static void data_clear(Object *o) {
    clear(&((AbcData *)o)->registry);
    clear(&((AbcData *)o)->cache);
    clear(&((AbcData *)o)->negative);
}

static void data_destroy(Object *o) {
    data_clear(o);
    object_free(o);
}

Type abc_data_type = {
    TYPE_HEAD("_abc._abc_data"),
    .flags = TYPE_GC | TYPE_DISALLOW_NEW,
    .basic_size = sizeof(AbcData),
    .destroy = data_destroy,
    .traverse = data_traverse,
    .clear = data_clear,
};

static AbcData *data_of(Value class) {
    Value found = dict_get_str(as_type(class)->dict, impl_name);
    if (is_exactly(found, &abc_data_type)) return (AbcData *)as_object(found);
    raise_type_error("_abc_impl is set to a wrong type");
    return NULL;
}

static int set_has(Value set, Value class) {
    if (is_unset(set) || !set_length(set)) return 0;
    Value reference = weakref_new(class, UNSET);
    if (is_unset(reference)) return error_absorb(&TypeError_type) ? 0 : -1;
    int found = set_contains(set, reference);
    release(reference);
    return found;
}

static bool set_put(Value *set, Value class) {
    if (is_unset(*set) && is_unset(*set = set_new())) return false;
    Value reference = weakref_new(class, UNSET);
    bool ok = is_set(reference) && set_add(*set, reference);
    release(reference);
    return ok;
}

/* Making classes
 * ------------------------------------------------------------------------------------------------------- */

static bool note_if_abstract(Value set, Value name, Value value) {
    int abstract = object_is_abstract(value);
    return abstract < 0 ? false : !abstract || set_add(set, name);
}

static bool add_inherited(Value class, Value base, Value set) {
    Value inherited, position, name;
    int found = object_find_attribute(base, names.__abstractmethods__, &inherited);
    if (found <= 0) return found == 0;
    position = object_iterate(inherited);
    release(inherited);
    if (is_unset(position)) return false;
    bool ok = true;
    while (ok && is_set(name = iterator_next(position))) {
        Value value;
        found = object_find_attribute(class, name, &value);
        ok = found >= 0 && (!found || note_if_abstract(set, name, value));
        if (found > 0) release(value);
        release(name);
    }
    release(position);
    return ok && !error_pending();
}

static bool compute_abstract(Value class) {
    Value set = set_new(), copy = dict_copy(as_type(class)->dict), name, value;
    bool ok = is_set(set) && is_set(copy);
    for (size_t position = 0; ok && dict_next(copy, &position, &name, &value);) ok = note_if_abstract(set, name, value);
    Value bases = as_type(class)->bases;
    for (size_t i = 0; ok && i < tuple_length(bases); i++) ok = add_inherited(class, tuple_at(bases, i), set);
    Value frozen = ok ? frozenset_from_iterable(set) : UNSET;
    ok = is_set(frozen) && object_set_attribute(class, names.__abstractmethods__, frozen);
    release(frozen);
    release(copy);
    release(set);
    return ok;
}

/* `__abc_tpflags__` in the body: instances match sequence or mapping patterns. */
static bool take_flags(Type *type) {
    Value flags;
    Value key = str_intern_cstr("__abc_tpflags__");
    int found = is_set(key) ? dict_remove(type->dict, key, &flags) : -1;
    release(key);
    if (found <= 0) return found == 0;
    int64_t bits = 0;
    if (int_is(flags)) int_fits_int64(flags, &bits);
    release(flags);
    if (bits & (1 << 5)) type->flags |= TYPE_SEQUENCE;
    if (bits & (1 << 6)) type->flags |= TYPE_MAPPING;
    return true;
}

static bool prepare(Value class) {
    AbcData *data = object_allocate(&abc_data_type, sizeof *data);
    if (!data) return false;
    data->negative_version = atomic_load(&registrations);
    bool ok = compute_abstract(class) && dict_set(as_type(class)->dict, impl_name, from_object(data)) &&
              take_flags(as_type(class));
    object_release(data);
    type_modified(as_type(class));
    return ok;
}

static Value meta_make(Type *metatype, const Value *args, size_t count, Value kwnames) {
    Value class = type_type.make(metatype, args, count, kwnames);
    if (is_unset(class) || !type_is_subtype(type_of(class), &abc_meta_type)) return class;
    if (is_set(dict_get_str(as_type(class)->dict, impl_name)) || prepare(class)) return class;
    release(class);
    return UNSET;
}

/* Checking
 * ---------------------------------------------------------------------------------------------------------------- */

static int ask_subclass(Value class, Value subclass) {
    Value answer = call_method1(class, names.__subclasscheck__, subclass);
    if (is_unset(answer)) return -1;
    int truth = object_truth(answer);
    release(answer);
    return truth;
}

static int known(AbcData *data, Value subclass, bool *decided) {
    *decided = true;
    int found = set_has(data->cache, subclass);
    if (found) return found;
    if (data->negative_version < atomic_load(&registrations)) {
        clear(&data->negative);
        data->negative_version = atomic_load(&registrations);
    } else if ((found = set_has(data->negative, subclass))) {
        return found < 0 ? -1 : 0;
    }
    *decided = false;
    return 0;
}

static int instance_check(Value class, Value instance) {
    AbcData *data = data_of(class);
    Value own, kind = type_value(type_of(instance));
    if (!data) return -1;
    if (object_find_attribute(instance, names.__class__, &own) <= 0) return -1;
    int result = set_has(data->cache, own);
    if (result == 0) {
        bool decided = false;
        if (same(own, kind) && data->negative_version == atomic_load(&registrations)) {
            int refused = set_has(data->negative, own);
            decided = refused != 0;
            result = refused < 0 ? -1 : 0;
        }
        if (!decided) result = ask_subclass(class, own);
        if (!decided && result == 0 && !same(own, kind)) result = ask_subclass(class, kind);
    }
    release(own);
    return result;
}

static int ask_hook(Value class, Value subclass) { /* -2: not implemented */
    Value answer = call_method1(class, hook_name, subclass);
    if (is_unset(answer)) return -1;
    int result = -1;
    if (same(answer, NOT_IMPLEMENTED)) result = -2;
    else if (is_bool(answer)) result = same(answer, TRUE_VALUE);
    else raise_error(&AssertionError_type, "__subclasshook__ must return either False, True, or NotImplemented");
    release(answer);
    return result;
}

static int in_registry(AbcData *data, Value subclass) {
    if (is_unset(data->registry)) return 0;
    int result = set_has(data->registry, subclass);
    Value copy = result == 0 ? list_from_iterable(data->registry) : UNSET;
    for (size_t i = 0; result == 0 && is_set(copy) && i < as_list(copy)->length; i++) {
        Value registered = weakref_get(as_list(copy)->items[i]);
        if (type_is(registered)) result = object_is_subclass(subclass, registered);
        release(registered);
    }
    release(copy);
    return result;
}

static int in_subclasses(Value class, Value subclass) {
    Value key = str_intern_cstr("__subclasses__"), list = is_set(key) ? call_method0(class, key) : UNSET;
    release(key);
    if (is_unset(list)) return -1;
    int result = 0;
    for (size_t i = 0; list_is(list) && result == 0 && i < as_list(list)->length; i++) {
        Value below = retain(as_list(list)->items[i]);
        result = object_is_subclass(subclass, below);
        release(below);
    }
    release(list);
    return result;
}

static int subclass_check(Value class, Value subclass) {
    if (!type_is(subclass)) return raise_type_error("issubclass() arg 1 must be a class"), -1;
    AbcData *data = data_of(class);
    bool decided;
    int result = data ? known(data, subclass, &decided) : -1;
    if (!data || decided || result < 0) return result;
    result = ask_hook(class, subclass);
    if (result == -2) {
        result = type_is_subtype(as_type(subclass), as_type(class));
        if (result == 0) result = in_registry(data, subclass);
        if (result == 0) result = in_subclasses(class, subclass);
    }
    if (result < 0) return -1;
    return set_put(result ? &data->cache : &data->negative, subclass) ? result : -1;
}

static Value method_instance_check(const Value *args, size_t count) {
    int result = instance_check(args[0], args[1]);
    return result < 0 ? UNSET : from_bool(result);
}

static Value method_subclass_check(const Value *args, size_t count) {
    int result = subclass_check(args[0], args[1]);
    return result < 0 ? UNSET : from_bool(result);
}

/* Registering
 * --------------------------------------------------------------------------------------------------------------- */

static void spread_flags(Type *type, uint32_t flags) {
    if (type->flags & TYPE_IMMUTABLE) return;
    type->flags |= flags;
    for (size_t i = 0; is_set(type->subclasses) && i < as_list(type->subclasses)->length; i++) {
        Value below = type_subclass_at(type, i);
        if (type_is(below)) spread_flags(as_type(below), flags);
        release(below);
    }
}

static Value method_register(const Value *args, size_t count) {
    Value class = args[0], subclass = args[1];
    if (!type_is(subclass)) return raise_type_error("Can only register classes");
    int already = object_is_subclass(subclass, class);
    if (already) return already < 0 ? UNSET : retain(subclass);
    int cycle = object_is_subclass(class, subclass);
    if (cycle) return cycle < 0 ? UNSET : raise_runtime_error("Refusing to create an inheritance cycle");
    AbcData *data = data_of(class);
    if (!data || !set_put(&data->registry, subclass)) return UNSET;
    atomic_fetch_add(&registrations, 1);
    uint32_t flags = as_type(class)->flags & (TYPE_SEQUENCE | TYPE_MAPPING);
    if (flags) spread_flags(as_type(subclass), flags);
    return retain(subclass);
}

static Value list_classes(Value set) {
    Value list = list_new(0), item;
    for (size_t position = 0; is_set(list) && is_set(set) && set_next(set, &position, &item);) {
        Value class = weakref_get(item);
        if (!is_none(class)) list_append(list, class);
        release(class);
    }
    return list;
}

static Value method_registry(const Value *args, size_t count) {
    AbcData *data = data_of(args[0]);
    return data ? list_classes(data->registry) : UNSET;
}

static Value method_clear_caches(const Value *args, size_t count) {
    AbcData *data = data_of(args[0]);
    if (!data) return UNSET;
    clear(&data->cache);
    clear(&data->negative);
    return NONE;
}

static Value get_cache_token(const Value *args, size_t count) { return int_from_int64(atomic_load(&registrations)); }

static Value update_abstract(const Value *args, size_t count) {
    if (!type_is(args[0]) || is_unset(dict_get_str(as_type(args[0])->dict, impl_name))) return retain(args[0]);
    return compute_abstract(args[0]) ? retain(args[0]) : UNSET;
}

static const NativeDef meta_methods[] = {
    METHOD("__instancecheck__", "instance, /", method_instance_check, "Override for isinstance(instance, cls)."),
    METHOD("__subclasscheck__", "subclass, /", method_subclass_check, "Override for issubclass(subclass, cls)."),
    METHOD("register", "subclass", method_register,
           "Register a virtual subclass of an ABC.\n\nReturns the subclass, to allow usage as a class decorator."),
    METHOD("_registered", "", method_registry, "The classes registered directly."),
    METHOD("_abc_caches_clear", "", method_clear_caches, "Clear the caches (for debugging or testing)."),
    NATIVE_END,
};

Type abc_meta_type = {
    TYPE_HEAD("abc.ABCMeta"),
    .flags = TYPE_BASE | TYPE_GC,
    .base = &type_type,
    .basic_size = sizeof(Type),
    .doc = "Metaclass for defining Abstract Base Classes (ABCs).",
    .methods = meta_methods,
    .make = meta_make,
};

static const NativeDef functions[] = {
    FUNCTION("get_cache_token", "", get_cache_token, "Returns the current ABC cache token."),
    FUNCTION("update_abstractmethods", "cls", update_abstract,
             "Recalculate the set of abstract methods of an abstract class."),
    NATIVE_END,
};

static bool ready(void) {
    impl_name = str_intern_cstr("_abc_impl");
    hook_name = str_intern_cstr("__subclasshook__");
    return is_set(impl_name) && is_set(hook_name) && type_ready(&abc_data_type) && type_ready(&abc_meta_type);
}

static bool fill(Value dict) { return dict_set_utf8(dict, "ABCMeta", type_value(&abc_meta_type)); }

const ModuleDef mod__abc = {"_abc", "Abstract base classes: the metaclass.", functions, fill, ready};
