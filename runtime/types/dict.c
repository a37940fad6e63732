/* dict: what C code and scripts do with a dictionary; the table itself is in dict_table.c. */
#include "runtime/types/dict.h"

#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/dict_keys.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/list.h"
#include "runtime/types/native.h"
#include "runtime/types/traverse.h"
#include "runtime/types/tuple.h"

Value dict_new(void) {
    Dict *d = object_allocate(&dict_type, sizeof *d);
    return d ? from_object(d) : UNSET;
}

Value dict_new_sized(size_t expected) {
    Value d = dict_new();
    if (is_unset(d) || expected <= 5 || dict_reserve(as_dict(d), expected, DICT_STRIDE_STR)) return d;
    release(d);
    return UNSET;
}

/* ---- access ---- */

int dict_find(Value dict, Value key, Value *out) {
    Dict *d = as_dict(dict);
    int64_t hash;
    *out = UNSET;
    if (!key_hash(key, &hash)) return -1;
    int64_t index = dict_lookup(d, key, hash);
    if (index == DICT_FAILED) return -1;
    if (index < 0) return 0;
    *out = keys_entry(d->keys, (size_t)index)->value;
    return 1;
}

Value dict_get_str(Value dict, Value key) {
    Dict *d = as_dict(dict);
    int64_t index = dict_lookup(d, key, (int64_t)str_hash(as_str(key)));
    if (index >= 0) return keys_entry(d->keys, (size_t)index)->value;
    if (index == DICT_FAILED) error_clear();
    return UNSET;
}

Value dict_get_utf8(Value dict, const char *key) {
    Value name = str_from(key);
    if (is_unset(name)) return error_clear(), UNSET;
    Value found = dict_get_str(dict, name);
    release(name);
    return found;
}

bool dict_set_steal(Value dict, Value key, Value value) {
    int64_t hash;
    if (!key_hash(key, &hash)) return release(value), false;
    return dict_set_hashed(as_dict(dict), key, hash, value);
}

bool dict_set(Value dict, Value key, Value value) { return dict_set_steal(dict, key, retain(value)); }

bool dict_set_utf8(Value dict, const char *key, Value value) {
    Value name = str_intern_cstr(key);
    if (is_unset(name)) return false;
    bool fine = dict_set(dict, name, value);
    release(name);
    return fine;
}

int dict_remove(Value dict, Value key, Value *old) {
    Dict *d = as_dict(dict);
    int64_t hash;
    if (!key_hash(key, &hash)) return -1;
    int64_t index = dict_lookup(d, key, hash);
    if (index < 0) return index == DICT_FAILED ? -1 : 0;
    Value old_key, value;
    dict_take_entry(d, (size_t)index, &old_key, &value);
    release(old_key);
    if (old) *old = value;
    else release(value);
    return 1;
}

bool dict_delete(Value dict, Value key) {
    int removed = dict_remove(dict, key, NULL);
    if (removed == 0) raise_key_error(key);
    return removed > 0;
}

Value dict_set_default(Value dict, Value key, Value value) {
    Dict *d = as_dict(dict);
    int64_t hash;
    if (!key_hash(key, &hash)) return UNSET;
    int64_t index = dict_lookup(d, key, hash);
    if (index >= 0) return keys_entry(d->keys, (size_t)index)->value;
    if (index == DICT_FAILED || !dict_add_hashed(d, key, hash, retain(value))) return UNSET;
    return value;
}

/* ---- update ---- */

static Value iterate(Value self) { return dict_iterator_new(&dict_key_iterator_type, self); }

/* A dict whose class leaves iteration alone is read directly. */
static bool reads_as_dict(Value v) { return dict_is(v) && as_object(v)->type->iterate == iterate; }

static bool update_from_dict(Value dict, Value other) {
    Dict *d = as_dict(dict), *from = as_dict(other);
    if (d == from || from->count == 0) return true;
    if (d->count == 0) return dict_fill(d, from);
    if (!dict_reserve(d, d->count ? d->count : from->count, from->keys->stride)) return false;
    size_t position = 0, count = from->count;
    Value key, value;
    while (dict_next(other, &position, &key, &value)) {
        int64_t hash = keys_hash(from->keys, keys_entry(from->keys, position - 1));
        retain(key);
        bool fine = dict_set_hashed(d, key, hash, retain(value));
        release(key);
        if (!fine) return false;
        if (from->count != count) return raise_runtime_error("dict mutated during update"), false;
    }
    return true;
}

typedef struct MappingWalk {
    Value dict, mapping;
    bool (*store)(struct MappingWalk *walk, Value key, Value value); /* NULL: plain */
    Value callee;
} MappingWalk;

static bool walk_key(Value key, void *context) {
    MappingWalk *walk = context;
    Value value = object_get_item(walk->mapping, key);
    if (is_unset(value)) return false;
    bool fine = walk->store ? walk->store(walk, key, value) : dict_set(walk->dict, key, value);
    release(value);
    return fine;
}

static bool walk_mapping(MappingWalk *walk, Value keys_method) {
    Value keys = call0(keys_method);
    if (is_unset(keys)) return false;
    bool fine = object_each(keys, walk_key, walk);
    release(keys);
    return fine && !error_pending();
}

typedef struct PairWalk {
    Value dict;
    size_t number;
} PairWalk;

static Value pair_as_tuple(Value item, size_t number) {
    Value pair = tuple_is_exact(item) ? retain(item) : tuple_from_iterable(item);
    if (is_unset(pair)) {
        if (error_absorb(&TypeError_type))
            raise_type_error("cannot convert dictionary update sequence element #%zu to a sequence", number);
        return UNSET;
    }
    if (tuple_length(pair) == 2) return pair;
    raise_value_error("dictionary update sequence element #%zu has length %zu; 2 is required", number,
                      tuple_length(pair));
    release(pair);
    return UNSET;
}

static bool walk_pair(Value item, void *context) {
    PairWalk *walk = context;
    Value pair = pair_as_tuple(item, walk->number++);
    if (is_unset(pair)) return false;
    bool fine = dict_set(walk->dict, tuple_at(pair, 0), tuple_at(pair, 1));
    release(pair);
    return fine;
}

bool dict_update(Value dict, Value other) {
    if (reads_as_dict(other)) return update_from_dict(dict, other);
    Value keys_method;
    int found = object_find_attribute(other, names.keys, &keys_method);
    if (found < 0) return false;
    if (found) {
        bool fine = walk_mapping(&(MappingWalk){dict, other, NULL, UNSET}, keys_method);
        release(keys_method);
        return fine;
    }
    PairWalk walk = {dict, 0};
    return object_each(other, walk_pair, &walk) && !error_pending();
}

bool dict_update_mapping(Value dict, Value mapping) {
    if (reads_as_dict(mapping)) return update_from_dict(dict, mapping);
    Value keys_method;
    int found = object_find_attribute(mapping, names.keys, &keys_method);
    if (found == 0) raise_type_error("'%T' object is not a mapping", mapping);
    if (found <= 0) return false;
    bool fine = walk_mapping(&(MappingWalk){dict, mapping, NULL, UNSET}, keys_method);
    release(keys_method);
    return fine;
}

Value callee_text(Value callee) {
    Value qualname, module;
    if (object_find_attribute(callee, names.__qualname__, &qualname) <= 0) return error_clear(), object_str(callee);
    int found = object_find_attribute(callee, names.__module__, &module);
    if (found < 0) error_clear();
    bool bare = found <= 0 || !str_is(module) || str_equal_ascii(module, "builtins");
    Value text = bare ? str_format("%S()", qualname) : str_format("%S.%S()", module, qualname);
    if (found > 0) release(module);
    release(qualname);
    return text;
}

static bool store_unique(MappingWalk *walk, Value key, Value value) {
    Value present;
    int found = dict_find(walk->dict, key, &present);
    if (found == 0) return dict_set(walk->dict, key, value);
    if (found < 0) return false;
    Value text = is_set(walk->callee) ? callee_text(walk->callee) : str_from("function");
    if (is_unset(text)) return false;
    if (str_is(key)) raise_type_error("%U got multiple values for keyword argument '%S'", text, key);
    else raise_type_error("keywords must be strings");
    release(text);
    return false;
}

bool dict_merge_unique(Value dict, Value mapping, Value callee) {
    MappingWalk walk = {dict, mapping, store_unique, callee};
    if (reads_as_dict(mapping)) {
        if (dict_length(dict) == 0) return update_from_dict(dict, mapping);
        size_t position = 0;
        Value key, value;
        while (dict_next(mapping, &position, &key, &value))
            if (!store_unique(&walk, key, value)) return false;
        return true;
    }
    Value keys_method;
    int found = object_find_attribute(mapping, names.keys, &keys_method);
    if (found < 0) return false;
    if (!found) {
        Value text = is_set(callee) ? callee_text(callee) : str_from("function");
        if (is_set(text)) raise_type_error("%U argument after ** must be a mapping, not %T", text, mapping);
        release(text);
        return false;
    }
    bool fine = walk_mapping(&walk, keys_method);
    release(keys_method);
    return fine;
}

/* ---- lists of contents ---- */

/* A collection may make room for the list and change the dict: then again. */
static Value list_for(Value dict) {
    for (;;) {
        size_t count = dict_length(dict);
        Value list = list_new(count);
        if (is_unset(list) || dict_length(dict) == count) return list;
        release(list);
    }
}

static void list_fill(Value dict, List *list, bool keys) {
    size_t position = 0;
    Value key, value;
    while (dict_next(dict, &position, &key, &value)) list->items[list->length++] = retain(keys ? key : value);
}

Value dict_key_list(Value dict) {
    Value list = list_for(dict);
    if (is_set(list)) list_fill(dict, as_list(list), true);
    return list;
}

Value dict_value_list(Value dict) {
    Value list = list_for(dict);
    if (is_set(list)) list_fill(dict, as_list(list), false);
    return list;
}

/* The pairs are made first: making one may collect. */
Value dict_item_list(Value dict) {
    Value list = list_for(dict), key, value;
    size_t count = is_set(list) ? as_list(list)->capacity : 0, position = 0;
    for (; is_set(list) && as_list(list)->length < count; as_list(list)->length++) {
        Value pair = tuple_new(2);
        if (is_unset(pair)) return release(list), UNSET;
        as_list(list)->items[as_list(list)->length] = pair;
    }
    if (is_unset(list)) return UNSET;
    if (dict_length(dict) != count) return release(list), dict_item_list(dict);
    for (size_t i = 0; dict_next(dict, &position, &key, &value); i++) {
        Value *pair = as_tuple(as_list(list)->items[i])->items;
        pair[0] = retain(key);
        pair[1] = retain(value);
    }
    return list;
}

/* ---- comparison ---- */

static int entry_equal(Dict *b, Value key, int64_t hash, Value value) {
    int64_t index = dict_lookup(b, key, hash);
    if (index < 0) return index == DICT_FAILED ? -1 : 0;
    Value other = retain(keys_entry(b->keys, (size_t)index)->value);
    int equal = object_equal(value, other);
    release(other);
    return equal;
}

int dict_equal(Value a, Value b) {
    if (dict_length(a) != dict_length(b)) return 0;
    size_t position = 0;
    Value key, value;
    while (dict_next(a, &position, &key, &value)) {
        DictKeys *k = as_dict(a)->keys;
        int64_t hash = keys_hash(k, keys_entry(k, position - 1));
        retain(key);
        retain(value);
        int equal = entry_equal(as_dict(b), key, hash, value);
        release(key);
        release(value);
        if (equal <= 0) return equal;
    }
    return 1;
}

static Value compare(Value a, Value b, CompareOp op) {
    if (!dict_is(a) || !dict_is(b) || (op != COMPARE_EQ && op != COMPARE_NE)) return NOT_IMPLEMENTED;
    if (!recursion_check(" in comparison")) return UNSET;
    int equal = dict_equal(a, b);
    return equal < 0 ? UNSET : from_bool((op == COMPARE_EQ) == equal);
}

/* ---- slots ---- */

static void destroy(Object *self) {
    dict_clear(from_object(self));
    object_free(self);
}

static int traverse(Object *self, Visit visit, void *context) {
    DictKeys *k = ((Dict *)self)->keys;
    for (size_t i = 0; k && i < k->used; i++) {
        DictEntry *e = keys_entry(k, i);
        if (!keys_are_str(k)) TRAVERSE(e->key);
        TRAVERSE(e->value);
        if (keys_are_str(k)) TRAVERSE(e->key);
    }
    return 0;
}

static void clear_cycles(Object *self) { dict_clear(from_object(self)); }

static Value make(Type *type, const Value *args, size_t count, Value kwnames) {
    (void)args, (void)count, (void)kwnames;
    return instance_new(type);
}

static bool init(Value self, const Value *args, size_t count, Value kwnames) {
    if (count > 1) return raise_type_error("dict expected at most 1 argument, got %zu", count), false;
    if (count && !dict_update(self, args[0])) return false;
    size_t named = is_set(kwnames) ? tuple_length(kwnames) : 0;
    for (size_t i = 0; i < named; i++)
        if (!dict_set(self, tuple_at(kwnames, i), args[count + i])) return false;
    return true;
}

static bool write_entry(StrBuilder *b, Value key, Value value) {
    retain(key);
    retain(value);
    bool fine = builder_repr(b, key);
    builder_ascii(b, ": ");
    fine = fine && builder_repr(b, value);
    release(key);
    release(value);
    return fine;
}

static Value repr(Value self) {
    int inside = repr_enter(self);
    if (inside) return inside > 0 ? str_from("{...}") : UNSET;
    StrBuilder b = STR_BUILDER;
    size_t position = 0;
    Value key, value;
    bool fine = true;
    builder_char(&b, '{');
    for (bool first = true; fine && dict_next(self, &position, &key, &value); first = false) {
        if (!first) builder_ascii(&b, ", ");
        fine = write_entry(&b, key, value);
    }
    builder_char(&b, '}');
    repr_leave(self);
    if (fine) return builder_finish(&b);
    builder_discard(&b);
    return UNSET;
}

static int64_t length(Value self) { return (int64_t)dict_length(self); }

static Value missing(Value self, Value key) {
    if (!dict_is_exact(self) && is_set(type_lookup(as_object(self)->type, names.__missing__)))
        return call_method1(self, names.__missing__, key);
    return raise_key_error(key);
}

static Value get_item(Value self, Value key) {
    Value value;
    int found = dict_find(self, key, &value);
    if (found > 0) return retain(value);
    return found < 0 ? UNSET : missing(self, key);
}

static bool set_item(Value self, Value key, Value value) {
    return is_unset(value) ? dict_delete(self, key) : dict_set(self, key, value);
}

static int contains(Value self, Value key) {
    Value value;
    return dict_find(self, key, &value);
}

static Value merge(Value a, Value b) {
    if (!dict_is(a) || !dict_is(b)) return NOT_IMPLEMENTED;
    Value result = dict_copy(a);
    if (is_set(result) && !dict_update(result, b)) return release(result), UNSET;
    return result;
}

static Value merge_inplace(Value a, Value b) { return dict_update(a, b) ? retain(a) : UNSET; }

/* ---- methods ---- */

static Value method_get(const Value *args, size_t count) {
    (void)count;
    Value value;
    int found = dict_find(args[0], args[1], &value);
    if (found > 0) return retain(value);
    return found < 0 ? UNSET : is_set(args[2]) ? retain(args[2]) : NONE;
}

static Value method_setdefault(const Value *args, size_t count) {
    (void)count;
    return retain(dict_set_default(args[0], args[1], is_set(args[2]) ? args[2] : NONE));
}

static Value method_pop(const Value *args, size_t count) {
    (void)count;
    Value value;
    int removed = dict_remove(args[0], args[1], &value);
    if (removed) return removed > 0 ? value : UNSET;
    return is_set(args[2]) ? retain(args[2]) : raise_key_error(args[1]);
}

static Value method_popitem(const Value *args, size_t count) {
    (void)count;
    Dict *d = as_dict(args[0]);
    if (d->count == 0) {
        Value text = str_from("popitem(): dictionary is empty");
        if (is_set(text)) raise_key_error(text);
        release(text);
        return UNSET;
    }
    Value pair = tuple_new(2);
    if (is_unset(pair) || d->count == 0) return release(pair), UNSET;
    dict_take_last(d, &as_tuple(pair)->items[0], &as_tuple(pair)->items[1]);
    return pair;
}

static Value method_update(const Value *args, size_t count) {
    if (count > 3) return raise_type_error("update expected at most 1 argument, got %zu", count - 2);
    if (count == 3 && !dict_update(args[0], args[2])) return UNSET;
    if (is_set(args[1]) && !dict_update(args[0], args[1])) return UNSET;
    return NONE;
}

static Value method_clear(const Value *args, size_t count) {
    (void)count;
    dict_clear(args[0]);
    return NONE;
}

static Value method_copy(const Value *args, size_t count) { return (void)count, dict_copy(args[0]); }
static Value method_keys(const Value *args, size_t count) {
    return (void)count, dict_view_new(&dict_keys_type, args[0]);
}
static Value method_values(const Value *args, size_t count) {
    return (void)count, dict_view_new(&dict_values_type, args[0]);
}
static Value method_items(const Value *args, size_t count) {
    return (void)count, dict_view_new(&dict_items_type, args[0]);
}
static Value method_reversed(const Value *args, size_t count) {
    return (void)count, dict_iterator_new(&dict_reverse_key_iterator_type, args[0]);
}

static Value method_sizeof(const Value *args, size_t count) {
    (void)count;
    DictKeys *k = as_dict(args[0])->keys;
    size_t bytes = as_object(args[0])->type->basic_size + 16;
    if (k) bytes += 32 + (keys_size(k) << k->log2_index) + ((keys_size(k) << 1) / 3) * k->stride;
    return int_from_size(bytes);
}

typedef struct FromKeys {
    Value target, value;
} FromKeys;

static bool store_key(Value key, void *context) {
    FromKeys *f = context;
    return dict_is_exact(f->target) ? dict_set(f->target, key, f->value)
                                    : object_set_item(f->target, key, f->value);
}

static Value method_fromkeys(const Value *args, size_t count) {
    (void)count;
    FromKeys f = {UNSET, is_set(args[2]) ? args[2] : NONE};
    f.target = same(args[0], type_value(&dict_type)) ? dict_new() : call0(args[0]);
    if (is_unset(f.target)) return UNSET;
    if (object_each(args[1], store_key, &f) && !error_pending()) return f.target;
    release(f.target);
    return UNSET;
}

static Value method_class_getitem(const Value *args, size_t count) {
    return (void)count, generic_alias_new(args[0], args[1]);
}

static const NativeDef methods[] = {
    METHOD("get", "key, default=None, /", method_get,
           "Return the value for key if key is in the dictionary, else default."),
    METHOD("setdefault", "key, default=None, /", method_setdefault,
           "Insert key with a value of default if key is not in the dictionary.\n\nReturn the value for key if key is "
           "in the dictionary, else default."),
    METHOD("pop", "key, default=<unrepresentable>, /", method_pop,
           "Remove specified key and return the corresponding value."),
    METHOD("popitem", "", method_popitem, "Remove and return a (key, value) pair as a 2-tuple."),
    METHOD("keys", "", method_keys, "a set-like object providing a view on the keys"),
    METHOD("items", "", method_items, "a set-like object providing a view on the items"),
    METHOD("values", "", method_values, "an object providing a view on the values"),
    METHOD("update", "*args, **kwargs", method_update,
           "Update from a mapping or an iterable of pairs, and from keyword arguments."),
    CLASS_METHOD("fromkeys", "iterable, value=None, /", method_fromkeys,
                 "Create a new dictionary with keys from iterable and values set to value."),
    METHOD("clear", "", method_clear, "Remove all items."),
    METHOD("copy", "", method_copy, "A shallow copy."),
    METHOD("__reversed__", "", method_reversed, "Return a reverse iterator over the dict keys."),
    METHOD("__sizeof__", "", method_sizeof, "Size in memory, in bytes."),
    CLASS_METHOD("__class_getitem__", "item, /", method_class_getitem, "See PEP 585"),
    NATIVE_END,
};

Type dict_type = {
    TYPE_HEAD("dict"),
    .flags = TYPE_BASE | TYPE_GC | TYPE_MAPPING | TYPE_DICT_SUB,
    .basic_size = sizeof(Dict),
    .base = &object_type,
    .doc = "dict() -> new empty dictionary\n"
           "dict(mapping) -> new dictionary initialized from a mapping object's\n"
           "    (key, value) pairs\n"
           "dict(iterable) -> new dictionary initialized as if via:\n"
           "    d = {}\n"
           "    for k, v in iterable:\n"
           "        d[k] = v\n"
           "dict(**kwargs) -> new dictionary initialized with the name=value pairs\n"
           "    in the keyword argument list.  For example:  dict(one=1, two=2)",
    .methods = methods,
    .destroy = destroy,
    .traverse = traverse,
    .clear = clear_cycles,
    .make = make,
    .init = init,
    .repr = repr,
    .hash = type_unhashable,
    .compare = compare,
    .iterate = iterate,
    .length = length,
    .get_item = get_item,
    .set_item = set_item,
    .contains = contains,
    .binary[BINARY_OR] = merge,
    .inplace[BINARY_OR] = merge_inplace,
};
