/* _collections: deque, defaultdict, OrderedDict, and the hot halves of Counter and namedtuple. */
#include "stdlib/collections.h"

#include "runtime/types/dict_keys.h"
#include "runtime/types/traverse.h"

/* ---- defaultdict: a dict with a factory for what is missing ---- */

typedef struct DefaultDict {
    Dict dict;
    Value factory; /* UNSET: None */
} DefaultDict;

static DefaultDict *as_defaultdict(Value v) { return (DefaultDict *)as_object(v); }
static Value factory_of(Value v) {
    Value factory = as_defaultdict(v)->factory;
    return is_set(factory) ? factory : NONE;
}

static bool defaultdict_init(Value self, const Value *args, size_t count, Value kwnames) {
    if (count && !is_none(args[0]) && !is_callable(args[0]))
        return raise_type_error("first argument must be callable or None"), false;
    replace(&as_defaultdict(self)->factory, count ? retain(args[0]) : UNSET);
    return dict_type.init(self, count ? args + 1 : args, count ? count - 1 : 0, kwnames);
}

static void defaultdict_destroy(Object *self) {
    clear(&((DefaultDict *)self)->factory);
    dict_type.destroy(self);
}
static int defaultdict_traverse(Object *self, Visit visit, void *context) {
    TRAVERSE(((DefaultDict *)self)->factory);
    return dict_type.traverse(self, visit, context);
}
static void defaultdict_clear(Object *self) {
    clear(&((DefaultDict *)self)->factory);
    dict_type.clear(self);
}

static Value defaultdict_missing(const Value *args, size_t count) {
    Value factory = factory_of(args[0]);
    if (is_none(factory)) return raise_key_error(args[1]);
    Value value = call0(factory);
    if (is_set(value) && !object_set_item(args[0], args[1], value)) return release(value), UNSET;
    return value;
}

/* dict[key] of exactly this class, without looking for __missing__. */
static Value defaultdict_get_item(Value self, Value key) {
    if (!is_exactly(self, &defaultdict_type)) return dict_type.get_item(self, key);
    Value value;
    int found = dict_find(self, key, &value);
    if (found) return found > 0 ? retain(value) : UNSET;
    Value factory = factory_of(self);
    if (is_none(factory)) return raise_key_error(key);
    value = call0(factory);
    if (is_set(value) && !dict_set(self, key, value)) return release(value), UNSET;
    return value;
}

static Value factory_repr(Value factory) {
    int inside = repr_enter(factory);
    if (inside) return inside > 0 ? str_from("...") : UNSET;
    Value text = object_repr(factory);
    repr_leave(factory);
    return text;
}

static Value defaultdict_repr(Value self) {
    Value base = dict_type.repr(self), factory = is_set(base) ? factory_repr(factory_of(self)) : UNSET;
    Value name = is_set(factory) ? type_name_value(type_of(self)) : UNSET;
    Value text = is_set(name) ? str_format("%U(%U, %U)", name, factory, base) : UNSET;
    release(base);
    release(factory);
    release(name);
    return text;
}

static Value defaultdict_copy(const Value *args, size_t count) {
    return call2(type_value(type_of(args[0])), factory_of(args[0]), args[0]);
}

static Value defaultdict_reduce(const Value *args, size_t count) {
    Value inner = is_none(factory_of(args[0])) ? empty_tuple : tuple_pack(1, factory_of(args[0]));
    Value view = is_set(inner) ? dict_view_new(&dict_items_type, args[0]) : UNSET;
    Value items = is_set(view) ? object_iterate(view) : UNSET;
    Value result = is_set(items) ? tuple_pack(5, type_value(type_of(args[0])), inner, NONE, NONE, items) : UNSET;
    release(inner);
    release(view);
    release(items);
    return result;
}

static Value defaultdict_or(Value a, Value b) {
    if (!dict_is(a) || !dict_is(b)) return NOT_IMPLEMENTED;
    Value self = object_is_instance_exact_or_sub(a, &defaultdict_type) ? a : b;
    Value result = call2(type_value(type_of(self)), factory_of(self), a);
    if (is_set(result) && !dict_update(result, b)) return release(result), UNSET;
    return result;
}

static Value get_factory(Value self) { return retain(factory_of(self)); }
static bool set_factory(Value self, Value value) {
    replace(&as_defaultdict(self)->factory, is_set(value) ? retain(value) : UNSET);
    return true;
}
static Value class_getitem(const Value *args, size_t count) { return generic_alias_new(args[0], args[1]); }

static const MemberDef defaultdict_members[] = {
    {"default_factory", get_factory, set_factory, "Factory for default value called by __missing__()."}, {0},
};
static const NativeDef defaultdict_methods[] = {
    METHOD("__missing__", "key, /", defaultdict_missing,
           "Called by __getitem__ for a missing key: makes, stores and returns a default."),
    METHOD("copy", "", defaultdict_copy, "A shallow copy."),
    METHOD("__copy__", "", defaultdict_copy, "A shallow copy."),
    METHOD("__reduce__", "", defaultdict_reduce, "Return state information for pickling."),
    CLASS_METHOD("__class_getitem__", "item, /", class_getitem, "See PEP 585"),
    NATIVE_END,
};

Type defaultdict_type = {
    TYPE_HEAD("collections.defaultdict"),
    .flags = TYPE_BASE | TYPE_GC | TYPE_MAPPING | TYPE_DICT_SUB,
    .basic_size = sizeof(DefaultDict),
    .base = &dict_type,
    .doc = "defaultdict(default_factory=None, /, [...]) --> dict with default factory\n\nThe default factory is called "
           "without arguments to produce\na new value when a key is not present, in __getitem__ only.",
    .methods = defaultdict_methods,
    .members = defaultdict_members,
    .destroy = defaultdict_destroy,
    .traverse = defaultdict_traverse,
    .clear = defaultdict_clear,
    .init = defaultdict_init,
    .repr = defaultdict_repr,
    .get_item = defaultdict_get_item,
    .binary[BINARY_OR] = defaultdict_or,
};

/* ---- OrderedDict: a dict whose order can be changed and counts in comparisons ---- */

static bool ordered_is(Value v) { return object_is_instance_exact_or_sub(v, &ordered_dict_type); }

static Value ordered_repr(Value self) {
    Value name = type_name_value(type_of(self));
    if (is_unset(name)) return UNSET;
    int inside = repr_enter(self);
    Value text = UNSET;
    if (inside > 0) text = str_from("...");
    if (inside == 0) {
        Value view = call_method0(self, names.items), items = is_set(view) ? list_from_iterable(view) : UNSET;
        if (is_set(items)) text = dict_length(self) ? str_format("%U(%R)", name, items) : str_format("%U()", name);
        release(view);
        release(items);
        repr_leave(self);
    }
    release(name);
    return text;
}

static int same_order(Value a, Value b) {
    size_t i = 0, j = 0;
    Value x, y;
    while (dict_next(a, &i, &x, NULL) && dict_next(b, &j, &y, NULL)) {
        retain(x);
        retain(y);
        int equal = object_equal(x, y);
        release(x);
        release(y);
        if (equal <= 0) return equal;
    }
    return 1;
}

static Value ordered_compare(Value a, Value b, CompareOp op) {
    if (!dict_is(a) || !dict_is(b) || (op != COMPARE_EQ && op != COMPARE_NE)) return NOT_IMPLEMENTED;
    int equal = dict_equal(a, b);
    if (equal > 0 && ordered_is(a) && ordered_is(b)) equal = same_order(a, b);
    return equal < 0 ? UNSET : from_bool((op == COMPARE_EQ) == equal);
}

static Value ordered_popitem(const Value *args, size_t count) {
    int last = is_set(args[1]) ? object_truth(args[1]) : 1;
    if (last < 0) return UNSET;
    Dict *d = as_dict(args[0]);
    if (d->count == 0) {
        Value text = str_from("dictionary is empty");
        if (is_set(text)) raise_key_error(text);
        release(text);
        return UNSET;
    }
    Value pair = tuple_new(2);
    if (is_unset(pair)) return UNSET;
    Value *key = &as_tuple(pair)->items[0], *value = &as_tuple(pair)->items[1];
    if (last) dict_take_last(d, key, value);
    else dict_take_entry(d, keys_first(d->keys), key, value);
    return pair;
}

/* The key becomes the first one: every other entry is taken out and put in again behind it. */
static bool move_to_front(Value self, Value key, Value value) {
    Value rest = dict_copy(self);
    if (is_unset(rest)) return false;
    retain(key);
    dict_clear(self);
    bool fine = dict_set(self, key, value) && dict_update(self, rest);
    release(key);
    release(rest);
    return fine;
}

static Value ordered_move_to_end(const Value *args, size_t count) {
    int last = is_set(args[2]) ? object_truth(args[2]) : 1;
    Dict *d = as_dict(args[0]);
    int64_t hash;
    if (last < 0 || !key_hash(args[1], &hash)) return UNSET;
    int64_t index = dict_lookup(d, args[1], hash);
    if (index < 0) return index == DICT_FREE ? raise_key_error(args[1]) : UNSET;
    if ((size_t)index == (last ? keys_last(d->keys) : keys_first(d->keys))) return NONE;
    Value key, value;
    bool fine;
    if (last) {
        dict_take_entry(d, (size_t)index, &key, &value);
        fine = dict_add_hashed(d, key, hash, value);
        release(key);
    } else {
        value = retain(keys_entry(d->keys, (size_t)index)->value);
        fine = move_to_front(args[0], keys_entry(d->keys, (size_t)index)->key, value);
        release(value);
    }
    return fine ? NONE : UNSET;
}

static Value ordered_copy(const Value *args, size_t count) {
    Type *type = type_of(args[0]);
    Value copy = type == &ordered_dict_type ? instance_new(type) : call0(type_value(type));
    if (is_unset(copy)) return UNSET;
    if (type == &ordered_dict_type ? dict_update(copy, args[0]) : !is_unset(call_method1(copy, names.update, args[0])))
        return copy;
    release(copy);
    return UNSET;
}

/* A method of dict under keywords. */
static Value dict_method(const char *method, const Value *args, size_t count) {
    Value function = dict_get_utf8(dict_type.dict, method);
    return is_set(function) ? call(function, args, count, UNSET) : UNSET;
}
static Value ordered_pop(const Value *args, size_t count) { return dict_method("pop", args, is_set(args[2]) ? 3 : 2); }
static Value ordered_setdefault(const Value *args, size_t count) {
    return dict_method("setdefault", args, is_set(args[2]) ? 3 : 2);
}
static Value ordered_fromkeys(const Value *args, size_t count) {
    Value made = call0(args[0]), keys = is_set(made) ? object_iterate(args[1]) : UNSET, key = UNSET;
    bool fine = is_set(keys);
    while (fine && is_set(key = iterator_next(keys))) {
        fine = object_set_item(made, key, is_set(args[2]) ? args[2] : NONE);
        release(key);
    }
    release(keys);
    if (fine && !error_pending()) return made;
    release(made);
    return UNSET;
}

static Value ordered_reduce(const Value *args, size_t count) {
    Value state = NONE;
    if (object_find_attribute(args[0], names.__dict__, &state) <= 0) state = NONE;
    if (dict_is(state) && dict_length(state) == 0) replace(&state, NONE);
    Value view = error_pending() ? UNSET : call_method0(args[0], names.items);
    Value items = is_set(view) ? object_iterate(view) : UNSET;
    Value result = is_set(items) ? tuple_pack(5, type_value(type_of(args[0])), empty_tuple, state, NONE, items) : UNSET;
    release(state);
    release(view);
    release(items);
    return result;
}

static Value ordered_view(Type *type, Value self) { return dict_view_new(type, self); }
static Value ordered_keys(const Value *args, size_t count) { return ordered_view(&ordered_keys_type, args[0]); }
static Value ordered_values(const Value *args, size_t count) { return ordered_view(&ordered_values_type, args[0]); }
static Value ordered_items(const Value *args, size_t count) { return ordered_view(&ordered_items_type, args[0]); }

static Value ordered_or(Value a, Value b) {
    if (!dict_is(a) || !dict_is(b)) return NOT_IMPLEMENTED;
    Value self = ordered_is(a) ? a : b, result = call1(type_value(type_of(self)), a);
    if (is_set(result) && !dict_update(result, b)) return release(result), UNSET;
    return result;
}

static const NativeDef ordered_methods[] = {
    METHOD("popitem", "last=True", ordered_popitem,
           "Remove and return a (key, value) pair from the dictionary.\n\nPairs are returned in LIFO order if last is "
           "true or FIFO order if false."),
    METHOD("move_to_end", "key, last=True", ordered_move_to_end,
           "Move an existing element to the end (or beginning if last is false).\n\nRaise KeyError if the element does "
           "not exist."),
    METHOD("pop", "key, default=<unrepresentable>", ordered_pop,
           "od.pop(key[,default]) -> v, remove specified key and return the corresponding value.\n\nIf the key is not "
           "found, return the default if given; otherwise,\nraise a KeyError."),
    METHOD("setdefault", "key, default=None", ordered_setdefault,
           "Insert key with a value of default if key is not in the dictionary.\n\nReturn the value for key if key is "
           "in the dictionary, else default."),
    CLASS_METHOD("fromkeys", "iterable, value=None", ordered_fromkeys,
                 "Create a new ordered dictionary with keys from iterable and values set to value."),
    METHOD("copy", "", ordered_copy, "A shallow copy of ordered dict."),
    METHOD("__copy__", "", ordered_copy, "A shallow copy of ordered dict."),
    METHOD("keys", "", ordered_keys, NULL),
    METHOD("values", "", ordered_values, NULL),
    METHOD("items", "", ordered_items, NULL),
    METHOD("__reduce__", "", ordered_reduce, "Return state information for pickling"),
    NATIVE_END,
};

Type ordered_dict_type = {
    TYPE_HEAD("collections.OrderedDict"),
    .flags = TYPE_BASE | TYPE_GC | TYPE_MAPPING | TYPE_DICT_SUB | TYPE_WEAK,
    .basic_size = sizeof(Dict),
    .base = &dict_type,
    .doc = "Dictionary that remembers insertion order",
    .methods = ordered_methods,
    .repr = ordered_repr,
    .compare = ordered_compare,
    .hash = type_unhashable,
    .binary[BINARY_OR] = ordered_or,
};

/* Views that only show another name. */
#define ORDERED_VIEW(c_name, script_name, base_type)                                                                   \
    Type c_name = {TYPE_HEAD(script_name), .flags = TYPE_GC | TYPE_DISALLOW_NEW, .basic_size = sizeof(DictView),       \
                   .base = &base_type}
ORDERED_VIEW(ordered_keys_type, "odict_keys", dict_keys_type);
ORDERED_VIEW(ordered_values_type, "odict_values", dict_values_type);
ORDERED_VIEW(ordered_items_type, "odict_items", dict_items_type);

/* ---- namedtuple: a getter for one place of a tuple ---- */

typedef struct TupleGetter {
    Object head;
    int64_t index;
    Value doc;
} TupleGetter;

static TupleGetter *as_getter(Value v) { return (TupleGetter *)as_object(v); }

static Value getter_make(Type *type, const Value *args, size_t count, Value kwnames) {
    int64_t index;
    if (count != 2) return raise_type_error("_tuplegetter expected 2 arguments, got %zu", count);
    if (!object_as_int64(args[0], &index)) return UNSET;
    TupleGetter *g = object_allocate(&tuple_getter_type, sizeof *g);
    if (!g) return UNSET;
    g->index = index;
    g->doc = retain(args[1]);
    return from_object(g);
}

static Value getter_get(Value self, Value instance, Value owner) {
    if (is_unset(instance) || is_none(instance)) return retain(self);
    TupleGetter *g = as_getter(self);
    if (!tuple_is(instance)) {
        return raise_type_error("descriptor for index '%lld' for tuple subclasses doesn't apply to '%T' object",
                                (long long)g->index, instance);
    }
    if ((size_t)g->index >= tuple_length(instance)) return raise_index_error("tuple index out of range");
    return retain(tuple_at(instance, (size_t)g->index));
}
static bool getter_set(Value self, Value instance, Value value) {
    raise_error(&AttributeError_type, is_set(value) ? "can't set attribute" : "can't delete attribute");
    return false;
}
static Value getter_repr(Value self) {
    return str_format("_tuplegetter(%lld, %R)", (long long)as_getter(self)->index, as_getter(self)->doc);
}
static void getter_destroy(Object *self) {
    release(((TupleGetter *)self)->doc);
    object_free(self);
}
static int getter_traverse(Object *self, Visit visit, void *context) {
    TRAVERSE(((TupleGetter *)self)->doc);
    return 0;
}
static Value getter_doc(Value self) { return retain(as_getter(self)->doc); }
static bool getter_set_doc(Value self, Value doc) {
    replace(&as_getter(self)->doc, is_set(doc) ? retain(doc) : NONE);
    return true;
}
static const MemberDef getter_members[] = {{"__doc__", getter_doc, getter_set_doc, NULL}, {0}};

Type tuple_getter_type = {
    TYPE_HEAD("collections._tuplegetter"),
    .flags = TYPE_GC,
    .basic_size = sizeof(TupleGetter),
    .base = &object_type,
    .members = getter_members,
    .make = getter_make,
    .destroy = getter_destroy,
    .traverse = getter_traverse,
    .repr = getter_repr,
    .descriptor_get = getter_get,
    .descriptor_set = getter_set,
};

/* ---- Counter ---- */

static bool count_one(Value item, void *mapping_pointer) {
    Value mapping = *(Value *)mapping_pointer, one = from_small_int(1);
    int64_t hash;
    if (!key_hash(item, &hash)) return false;
    Dict *d = as_dict(mapping);
    int64_t index = dict_lookup(d, item, hash);
    if (index == DICT_FAILED) return false;
    if (index < 0) return dict_add_hashed(d, item, hash, one);
    Value *slot = &keys_entry(d->keys, (size_t)index)->value;
    if (is_small_int(*slot) && as_small_int(*slot) < SMALL_INT_MAX) {
        *slot = from_small_int(as_small_int(*slot) + 1);
        return true;
    }
    Value sum = object_binary(BINARY_ADD, *slot, one);
    return is_set(sum) && dict_set_hashed(d, item, hash, sum);
}

static bool count_one_by_methods(Value item, void *mapping_pointer) {
    Value mapping = *(Value *)mapping_pointer;
    Value old = call_method2(mapping, names.get, item, from_small_int(0));
    Value sum = is_set(old) ? object_binary(BINARY_ADD, old, from_small_int(1)) : UNSET;
    bool fine = is_set(sum) && object_set_item(mapping, item, sum);
    release(old);
    release(sum);
    return fine;
}

/* Does the class leave dict.get and dict.__setitem__ alone? */
static bool counts_directly(Value mapping) {
    if (!dict_is(mapping)) return false;
    Type *t = type_of(mapping);
    return same(type_lookup(t, names.__setitem__), type_lookup(&dict_type, names.__setitem__)) &&
           same(type_lookup(t, names.get), type_lookup(&dict_type, names.get));
}

static Value count_elements(const Value *args, size_t count) {
    Value mapping = args[0];
    bool fine = object_each(args[1], counts_directly(mapping) ? count_one : count_one_by_methods, &mapping);
    return fine && !error_pending() ? NONE : UNSET;
}

/* ---- the module ---- */

static const NativeDef functions[] = {
    FUNCTION("_count_elements", "mapping, iterable, /", count_elements,
             "Count elements in the iterable, updating the mapping"),
    NATIVE_END,
};

static Type *const types[] = {&deque_type,          &deque_iterator_type, &deque_reverse_iterator_type,
                              &defaultdict_type,    &ordered_dict_type,   &ordered_keys_type,
                              &ordered_values_type, &ordered_items_type,  &tuple_getter_type};

static bool ready(void) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!type_ready(types[i])) return false;
    return true;
}

static bool fill(Value dict) {
    return dict_set_utf8(dict, "deque", type_value(&deque_type)) &&
           dict_set_utf8(dict, "defaultdict", type_value(&defaultdict_type)) &&
           dict_set_utf8(dict, "OrderedDict", type_value(&ordered_dict_type)) &&
           dict_set_utf8(dict, "_tuplegetter", type_value(&tuple_getter_type)) &&
           dict_set_utf8(dict, "_deque_iterator", type_value(&deque_iterator_type)) &&
           dict_set_utf8(dict, "_deque_reverse_iterator", type_value(&deque_reverse_iterator_type));
}

const ModuleDef mod__collections = {"_collections", "High performance data structures.", functions, fill, ready};
