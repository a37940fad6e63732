/* set and frozenset: their operations, and the iterator over both. */
#include "runtime/types/set.h"

#include "runtime/mem/heap.h"
#include "runtime/types/class.h"
#include "runtime/types/dict_keys.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/items.h"
#include "runtime/types/list.h"
#include "runtime/types/native.h"
#include "runtime/types/object_reduce.h"
#include "runtime/types/traverse.h"
#include "runtime/types/tuple.h"

bool set_is_frozen(Value v) {
    return is_exactly(v, &frozenset_type) || (set_is(v) && type_is_subtype(as_object(v)->type, &frozenset_type));
}

static Type *base_type(Value v) { return set_is_frozen(v) ? &frozenset_type : &set_type; }

static Value make_empty(Type *type) {
    Set *s;
    if (type == &set_type || type == &frozenset_type) {
        s = object_allocate(type, sizeof *s);
        if (!s) return UNSET;
    } else {
        Value v = instance_new(type);
        if (is_unset(v)) return UNSET;
        s = as_set(v);
    }
    set_init_zeroed(s);
    return from_object(s);
}

static Value make_filled(Type *type, Value iterable) {
    Value set = make_empty(type);
    if (is_unset(set) || is_unset(iterable) || set_update(set, iterable)) return set;
    release(set);
    return UNSET;
}

Value set_new(void) { return make_empty(&set_type); }
Value set_from_iterable(Value iterable) { return make_filled(&set_type, iterable); }
Value frozenset_from_iterable(Value iterable) {
    if (is_set(iterable) && is_exactly(iterable, &frozenset_type)) return retain(iterable);
    return make_filled(&frozenset_type, iterable);
}
static Value copy(Value set) { return make_filled(base_type(set), set); }

bool set_add(Value set, Value item) {
    int64_t hash;
    return key_hash(item, &hash) && set_add_hashed(as_set(set), item, hash);
}

/* The hash of an item to be found: a set stands for the frozenset of its items. *stand_in is owned or UNSET. */
static bool item_hash(Value item, int64_t *hash, Value *stand_in) {
    *stand_in = UNSET;
    if (key_hash(item, hash)) return true;
    if (!set_is(item) || set_is_frozen(item) || !error_absorb(&TypeError_type)) return false;
    *stand_in = make_filled(&frozenset_type, item);
    return is_set(*stand_in) && key_hash(*stand_in, hash);
}

static int with_item(Value set, Value item, int (*act)(Set *s, Value key, int64_t hash)) {
    int64_t hash;
    Value stand_in;
    int result = -1;
    if (item_hash(item, &hash, &stand_in)) result = act(as_set(set), is_set(stand_in) ? stand_in : item, hash);
    release(stand_in);
    return result;
}

int set_contains(Value set, Value item) { return with_item(set, item, set_contains_hashed); }
int set_discard(Value set, Value item) { return with_item(set, item, set_discard_hashed); }

bool set_next(Value set, size_t *position, Value *item) {
    SetEntry *e = set_next_entry(as_set(set), position);
    if (e) *item = e->key;
    return e != NULL;
}

/* ---- walking other things: each item with its hash, which sets and dicts know already ---- */

typedef bool (*Step)(Set *s, Value key, int64_t hash, void *context);

typedef struct Each {
    Set *s;
    Step step;
    void *context;
} Each;

static bool each_item(Value item, void *context) {
    Each *each = context;
    int64_t hash;
    return key_hash(item, &hash) && each->step(each->s, item, hash, each->context);
}

static inline bool step_retained(Set *s, Value key, int64_t hash, Step step, void *context) {
    retain(key);
    bool more = step(s, key, hash, context);
    release(key);
    return more;
}

/* Calls step until it returns false.  False only when something failed. */
static bool each_of_set(Set *s, const Set *other, Step step, void *context) {
    size_t position = 0;
    for (SetEntry *e; (e = set_next_entry(other, &position));)
        if (!step_retained(s, e->key, e->hash, step, context)) return !error_pending();
    return true;
}

static bool each_of_dict(Set *s, Value dict, Step step, void *context) {
    size_t position = 0;
    Value key, value;
    while (dict_next(dict, &position, &key, &value)) {
        DictKeys *k = as_dict(dict)->keys;
        int64_t hash = keys_hash(k, keys_entry(k, position - 1));
        if (!step_retained(s, key, hash, step, context)) return !error_pending();
    }
    return true;
}

static bool each_of(Set *s, Value other, Step step, void *context) {
    if (set_is(other)) return each_of_set(s, as_set(other), step, context);
    if (dict_is_exact(other)) return each_of_dict(s, other, step, context);
    Each each = {s, step, context};
    return object_each(other, each_item, &each) || !error_pending();
}

static bool step_add(Set *s, Value key, int64_t hash, void *context) {
    return (void)context, set_add_hashed(s, key, hash);
}

/* A list may change under an __eq__. */
static bool add_items(Set *s, Value source) {
    for (size_t i = 0; i < items_length(source); i++) {
        Value item = retain(items_of(source)[i]);
        int64_t hash;
        bool fine = key_hash(item, &hash) && set_add_hashed(s, item, hash);
        release(item);
        if (!fine) return false;
    }
    return true;
}

bool set_update(Value set, Value iterable) {
    Set *s = as_set(set);
    if (list_is_exact(iterable) || tuple_is_exact(iterable)) return add_items(s, iterable);
    if (set_is(iterable)) return set_merge(s, as_set(iterable));
    if (dict_is_exact(iterable)) {
        size_t n = dict_length(iterable);
        if ((s->fill + n) * 5 >= s->mask * 3 && !set_resize(s, (s->used + n) * 2)) return false;
    }
    return each_of(s, iterable, step_add, NULL) && !error_pending();
}

/* ---- intersection ---- */

static bool step_add_common(Set *s, Value key, int64_t hash, void *result) {
    int found = set_contains_hashed(s, key, hash);
    return found > 0 ? set_add_hashed(result, key, hash) : found == 0;
}

Value set_intersection(Value set, Value other) {
    if (same(set, other)) return copy(set);
    Value result = make_empty(base_type(set));
    if (is_unset(result)) return UNSET;
    if (set_is(other) && set_length(other) > set_length(set)) {
        Value larger = other;
        other = set;
        set = larger;
    }
    if (dict_is_exact(other)) { /* CPython walks a dict as any iterable: a change of size is an error */
        Value iterator = object_iterate(other);
        bool fine = is_set(iterator) && each_of(as_set(set), iterator, step_add_common, as_set(result));
        release(iterator);
        if (fine && !error_pending()) return result;
    } else if (each_of(as_set(set), other, step_add_common, as_set(result)) && !error_pending()) {
        return result;
    }
    release(result);
    return UNSET;
}

static void swap_bodies(Set *a, Set *b) {
    Set t = *a;
    bool a_small = a->table == a->small, b_small = b->table == b->small;
    size_t body = offsetof(Set, used);
    memcpy((char *)a + body, (char *)b + body, sizeof *a - body);
    memcpy((char *)b + body, (char *)&t + body, sizeof *b - body);
    if (b_small) a->table = a->small;
    if (a_small) b->table = b->small;
    a->hash = b->hash = -1;
    b->finger = a->finger; /* the finger belongs to the set, not to the table */
    a->finger = t.finger;
}

/* ---- difference ---- */

static bool step_discard(Set *s, Value key, int64_t hash, void *context) {
    return (void)context, set_discard_hashed(s, key, hash) >= 0;
}

bool set_difference_update(Value set, Value other) {
    Set *s = as_set(set);
    if (same(set, other)) return set_empty(s), true;
    bool narrowed = set_is(other) && set_length(other) >> 3 > s->used;
    if (narrowed) other = set_intersection(set, other);
    else retain(other);
    bool fine = is_set(other) && each_of(s, other, step_discard, NULL) && !error_pending();
    release(other);
    if (!fine) return false;
    if (s->fill - s->used <= s->mask / 4) return true;
    return set_resize(s, s->used > 50000 ? s->used * 2 : s->used * 4);
}

static bool step_add_unless_in_dict(Set *s, Value key, int64_t hash, void *dict) {
    int64_t index = dict_lookup(dict, key, hash);
    return index == DICT_FREE ? set_add_hashed(s, key, hash) : index >= 0;
}

static bool step_add_unless_in_set(Set *s, Value key, int64_t hash, void *other) {
    int found = set_contains_hashed(other, key, hash);
    return found == 0 ? set_add_hashed(s, key, hash) : found > 0;
}

static Value copy_and_difference(Value set, Value other) {
    Value result = copy(set);
    if (is_set(result) && !set_difference_update(result, other)) return release(result), UNSET;
    return result;
}

static Value difference(Value set, Value other) {
    if (!set_is(other) && !dict_is_exact(other)) return copy_and_difference(set, other);
    size_t size = set_is(other) ? set_length(other) : dict_length(other);
    if (set_length(set) >> 2 > size) return copy_and_difference(set, other);
    Value result = make_empty(base_type(set));
    if (is_unset(result)) return UNSET;
    Step step = set_is(other) ? step_add_unless_in_set : step_add_unless_in_dict;
    if (each_of_set(as_set(result), as_set(set), step, as_object(other))) return result;
    release(result);
    return UNSET;
}

/* ---- symmetric difference ---- */

static bool step_toggle(Set *s, Value key, int64_t hash, void *context) {
    return (void)context, set_toggle_hashed(s, key, hash);
}

bool set_symmetric_difference_update(Value set, Value other) {
    Set *s = as_set(set);
    if (same(set, other)) return set_empty(s), true;
    Value items = set_is(other) || dict_is_exact(other) ? retain(other) : make_filled(base_type(set), other);
    bool fine = is_set(items) && each_of(s, items, step_toggle, NULL) && !error_pending();
    release(items);
    return fine;
}

static Value symmetric_difference(Value set, Value other) {
    Value result = make_filled(base_type(set), other);
    if (is_set(result) && !set_symmetric_difference_update(result, set)) return release(result), UNSET;
    return result;
}

/* ---- comparison ---- */

static bool step_while_contained(Set *s, Value key, int64_t hash, void *result) {
    *(int *)result = set_contains_hashed(s, key, hash);
    return *(int *)result > 0;
}
static bool step_while_apart(Set *s, Value key, int64_t hash, void *result) {
    *(int *)result = set_contains_hashed(s, key, hash);
    return *(int *)result == 0;
}

static int is_superset(Value set, Value other) {
    int result = 1;
    if (set_is(other) && set_length(other) > set_length(set)) return 0;
    return each_of(as_set(set), other, step_while_contained, &result) && !error_pending() ? result : -1;
}

static int is_subset(Value set, Value other) {
    if (set_is(other)) return is_superset(other, set);
    Value common = set_intersection(set, other);
    if (is_unset(common)) return -1;
    int result = set_length(common) == set_length(set);
    release(common);
    return result;
}

static int set_equal(Value a, Value b) {
    Set *s = as_set(a), *t = as_set(b);
    if (s->used != t->used) return 0;
    if (s->hash != -1 && t->hash != -1 && s->hash != t->hash) return 0;
    return is_subset(a, b);
}

static Value compare(Value a, Value b, CompareOp op) {
    if (!set_is(a) || !set_is(b)) return NOT_IMPLEMENTED;
    size_t m = set_length(a), n = set_length(b);
    int result = 0;
    switch (op) {
    case COMPARE_EQ: result = set_equal(a, b); break;
    case COMPARE_NE:
        result = set_equal(a, b);
        if (result >= 0) result = !result;
        break;
    case COMPARE_LE: result = is_subset(a, b); break;
    case COMPARE_GE: result = is_superset(a, b); break;
    case COMPARE_LT: result = m < n ? is_subset(a, b) : 0; break;
    case COMPARE_GT: result = m > n ? is_superset(a, b) : 0; break;
    }
    return result < 0 ? UNSET : from_bool(result);
}

static uint64_t shuffle_bits(uint64_t h) { return ((h ^ 89869747u) ^ (h << 16)) * 3644798167u; }

static bool frozenset_hash(Value self, int64_t *out) {
    Set *s = as_set(self);
    if (s->hash == -1) {
        uint64_t hash = 0;
        for (size_t i = 0; i <= s->mask; i++) hash ^= shuffle_bits((uint64_t)s->table[i].hash);
        if ((s->mask + 1 - s->fill) & 1) hash ^= shuffle_bits(0);
        if ((s->fill - s->used) & 1) hash ^= shuffle_bits((uint64_t)-1);
        hash ^= ((uint64_t)s->used + 1) * 1927868237u;
        hash ^= (hash >> 11) ^ (hash >> 25);
        hash = hash * 69069u + 907133923u;
        s->hash = hash == UINT64_MAX ? 590923713 : (int64_t)hash;
    }
    *out = s->hash;
    return true;
}

/* ---- slots ---- */

static void destroy(Object *self) {
    set_destroy_table((Set *)self);
    object_free(self);
}

static int traverse(Object *self, Visit visit, void *context) {
    Set *s = (Set *)self;
    size_t position = 0;
    for (SetEntry *e; (e = set_next_entry(s, &position));) TRAVERSE(e->key);
    return 0;
}

static void clear_cycles(Object *self) { set_empty((Set *)self); }

static Value set_make(Type *type, const Value *args, size_t count, Value kwnames) {
    (void)args, (void)count, (void)kwnames;
    return make_empty(type);
}

static bool set_init(Value self, const Value *args, size_t count, Value kwnames) {
    if (type_of(self)->make == set_make && !native_no_keywords("set", kwnames)) return false;
    if (count > 1) return raise_type_error("set expected at most 1 argument, got %zu", count), false;
    if (as_set(self)->fill) set_empty(as_set(self));
    as_set(self)->hash = -1;
    return count == 0 || set_update(self, args[0]);
}

static Value frozenset_make(Type *type, const Value *args, size_t count, Value kwnames) {
    if (type->init == frozenset_type.init && !native_no_keywords("frozenset", kwnames)) return UNSET;
    if (count > 1) return raise_type_error("frozenset expected at most 1 argument, got %zu", count);
    Value iterable = count ? args[0] : UNSET;
    return type == &frozenset_type ? frozenset_from_iterable(iterable) : make_filled(type, iterable);
}

static Value repr_items(Value self) {
    Value list = list_from_iterable(self);
    if (is_unset(list)) return UNSET;
    StrBuilder b = STR_BUILDER;
    Value prefix = is_exactly(self, &set_type) ? UNSET : str_format("%T(", self);
    if (is_set(prefix)) builder_str(&b, prefix);
    builder_char(&b, '{');
    bool fine = true;
    for (size_t i = 0; fine && i < as_list(list)->length; i++) {
        if (i) builder_ascii(&b, ", ");
        fine = builder_repr(&b, as_list(list)->items[i]);
    }
    builder_ascii(&b, is_set(prefix) ? "})" : "}");
    release(prefix);
    release(list);
    if (fine) return builder_finish(&b);
    builder_discard(&b);
    return UNSET;
}

static Value repr(Value self) {
    if (set_length(self) == 0) return str_format("%T()", self);
    int inside = repr_enter(self);
    if (inside) return inside > 0 ? str_format("%T(...)", self) : UNSET;
    Value text = repr_items(self);
    repr_leave(self);
    return text;
}

static int64_t length(Value self) { return (int64_t)set_length(self); }

static Value iterate(Value self) {
    SetIterator *it = object_allocate(&set_iterator_type, sizeof *it);
    if (!it) return UNSET;
    it->set = retain(self);
    it->used = it->remaining = set_length(self);
    return from_object(it);
}

static bool are_sets(Value a, Value b) { return set_is(a) && set_is(b); }

static Value op_or(Value a, Value b) {
    if (!are_sets(a, b)) return NOT_IMPLEMENTED;
    Value result = copy(a);
    if (is_set(result) && !set_update(result, b)) return release(result), UNSET;
    return result;
}
static Value op_and(Value a, Value b) { return are_sets(a, b) ? set_intersection(a, b) : NOT_IMPLEMENTED; }
static Value op_subtract(Value a, Value b) { return are_sets(a, b) ? difference(a, b) : NOT_IMPLEMENTED; }
static Value op_xor(Value a, Value b) { return are_sets(a, b) ? symmetric_difference(a, b) : NOT_IMPLEMENTED; }

static bool intersection_update(Value set, Value other) {
    Value common = set_intersection(set, other);
    if (is_unset(common)) return false;
    swap_bodies(as_set(set), as_set(common));
    release(common);
    return true;
}

static Value inplace(Value a, Value b, bool (*update)(Value set, Value other)) {
    if (!set_is(b)) return NOT_IMPLEMENTED;
    return update(a, b) ? retain(a) : UNSET;
}
static Value inplace_or(Value a, Value b) { return inplace(a, b, set_update); }
static Value inplace_and(Value a, Value b) { return inplace(a, b, intersection_update); }
static Value inplace_subtract(Value a, Value b) { return inplace(a, b, set_difference_update); }
static Value inplace_xor(Value a, Value b) { return inplace(a, b, set_symmetric_difference_update); }

/* ---- methods ---- */

static Value method_add(const Value *args, size_t count) {
    return (void)count, set_add(args[0], args[1]) ? NONE : UNSET;
}
static Value method_discard(const Value *args, size_t count) {
    return (void)count, set_discard(args[0], args[1]) >= 0 ? NONE : UNSET;
}
static Value method_remove(const Value *args, size_t count) {
    (void)count;
    int removed = set_discard(args[0], args[1]);
    if (removed == 0) return raise_key_error(args[1]);
    return removed > 0 ? NONE : UNSET;
}

static Value method_pop(const Value *args, size_t count) {
    (void)count;
    Set *s = as_set(args[0]);
    if (s->used == 0) {
        Value text = str_from("pop from an empty set");
        if (is_set(text)) raise_key_error(text);
        release(text);
        return UNSET;
    }
    size_t i = s->finger & s->mask;
    while (is_unset(s->table[i].key)) i = (i + 1) & s->mask;
    Value key = s->table[i].key;
    s->table[i] = (SetEntry){UNSET, SET_REMOVED};
    s->used--;
    s->finger = i + 1;
    return key;
}

static Value method_clear(const Value *args, size_t count) { return (void)count, set_empty(as_set(args[0])), NONE; }
static Value method_copy(const Value *args, size_t count) {
    return (void)count, is_exactly(args[0], &frozenset_type) ? retain(args[0]) : copy(args[0]);
}

static Value method_union(const Value *args, size_t count) {
    Value result = copy(args[0]);
    for (size_t i = 1; is_set(result) && i < count; i++)
        if (!same(args[0], args[i]) && !set_update(result, args[i])) return release(result), UNSET;
    return result;
}
static Value method_intersection(const Value *args, size_t count) {
    if (count == 1) return copy(args[0]);
    Value result = retain(args[0]);
    for (size_t i = 1; is_set(result) && i < count; i++) {
        Value common = set_intersection(result, args[i]);
        release(result);
        result = common;
    }
    return result;
}
static Value method_difference(const Value *args, size_t count) {
    if (count == 1) return copy(args[0]);
    Value result = difference(args[0], args[1]);
    for (size_t i = 2; is_set(result) && i < count; i++)
        if (!set_difference_update(result, args[i])) return release(result), UNSET;
    return result;
}
static Value method_symmetric_difference(const Value *args, size_t count) {
    return (void)count, symmetric_difference(args[0], args[1]);
}

static Value method_update(const Value *args, size_t count) {
    for (size_t i = 1; i < count; i++)
        if (!set_update(args[0], args[i])) return UNSET;
    return NONE;
}
static Value method_intersection_update(const Value *args, size_t count) {
    Value result = method_intersection(args, count);
    if (is_unset(result)) return UNSET;
    if (!same(result, args[0])) swap_bodies(as_set(args[0]), as_set(result));
    release(result);
    return NONE;
}
static Value method_difference_update(const Value *args, size_t count) {
    for (size_t i = 1; i < count; i++)
        if (!set_difference_update(args[0], args[i])) return UNSET;
    return NONE;
}
static Value method_symmetric_difference_update(const Value *args, size_t count) {
    return (void)count, set_symmetric_difference_update(args[0], args[1]) ? NONE : UNSET;
}

static Value truth_of(int result) { return result < 0 ? UNSET : from_bool(result); }
static Value method_issubset(const Value *args, size_t count) {
    return (void)count, truth_of(is_subset(args[0], args[1]));
}
static Value method_issuperset(const Value *args, size_t count) {
    return (void)count, truth_of(is_superset(args[0], args[1]));
}
static Value method_isdisjoint(const Value *args, size_t count) {
    (void)count;
    Value a = args[0], b = args[1];
    if (same(a, b)) return from_bool(set_length(a) == 0);
    if (set_is(b) && set_length(b) > set_length(a)) {
        Value larger = b;
        b = a;
        a = larger;
    }
    int found = 0;
    bool fine = each_of(as_set(a), b, step_while_apart, &found) && !error_pending();
    return fine ? from_bool(!found) : UNSET;
}

static Value method_reduce(const Value *args, size_t count) {
    (void)count;
    Value list = list_from_iterable(args[0]), state = object_own_state(args[0]);
    if (is_unset(list)) return release(state), UNSET;
    Value inner = error_pending() ? UNSET : tuple_pack(1, list);
    release(list);
    Value result = is_set(inner) ? tuple_pack(3, type_value(as_object(args[0])->type), inner, state) : UNSET;
    release(inner);
    release(state);
    return result;
}

static Value method_sizeof(const Value *args, size_t count) {
    (void)count;
    Set *s = as_set(args[0]);
    return int_from_size(200 + (s->table == s->small ? 0 : (s->mask + 1) * sizeof(SetEntry)));
}

static Value method_class_getitem(const Value *args, size_t count) {
    return (void)count, generic_alias_new(args[0], args[1]);
}

#define COMMON_METHODS                                                                                                 \
    METHOD("copy", "", method_copy, "Return a shallow copy of a set."),                                                \
        METHOD("union", "*others", method_union, "Return the union of sets as a new set."),                            \
        METHOD("intersection", "*others", method_intersection, "Return the intersection of two sets as a new set."),   \
        METHOD("difference", "*others", method_difference, "Return the difference of two or more sets as a new set."), \
        METHOD("symmetric_difference", "other, /", method_symmetric_difference,                                        \
               "Return the symmetric difference of two sets as a new set."),                                           \
        METHOD("issubset", "other, /", method_issubset, "Test whether every element in the set is in other."),         \
        METHOD("issuperset", "other, /", method_issuperset, "Test whether every element in other is in the set."),     \
        METHOD("isdisjoint", "other, /", method_isdisjoint, "Return True if two sets have a null intersection."),      \
        METHOD("__reduce__", "", method_reduce, "Return state information for pickling."),                             \
        METHOD("__sizeof__", "", method_sizeof, "S.__sizeof__() -> size of S in memory, in bytes"),                    \
        CLASS_METHOD("__class_getitem__", "item, /", method_class_getitem, "See PEP 585")

static const NativeDef set_methods[] = {
    COMMON_METHODS,
    METHOD("add", "element, /", method_add, "Add an element to a set."),
    METHOD("discard", "element, /", method_discard, "Remove an element from a set if it is a member."),
    METHOD("remove", "element, /", method_remove, "Remove an element from a set; it must be a member."),
    METHOD("pop", "", method_pop, "Remove and return an arbitrary set element."),
    METHOD("clear", "", method_clear, "Remove all elements from this set."),
    METHOD("update", "*others", method_update, "Update a set with the union of itself and others."),
    METHOD("intersection_update", "*others", method_intersection_update,
           "Update a set with the intersection of itself and another."),
    METHOD("difference_update", "*others", method_difference_update,
           "Remove all elements of another set from this set."),
    METHOD("symmetric_difference_update", "other, /", method_symmetric_difference_update,
           "Update a set with the symmetric difference of itself and another."),
    NATIVE_END,
};
static const NativeDef frozenset_methods[] = {COMMON_METHODS, NATIVE_END};

/* ---- iterator ---- */

static Value iterator_next_item(Value self) {
    SetIterator *it = (SetIterator *)as_object(self);
    if (is_unset(it->set)) return UNSET;
    Set *s = as_set(it->set);
    if (it->used != s->used) {
        it->used = SIZE_MAX;
        return raise_runtime_error("Set changed size during iteration");
    }
    SetEntry *e = set_next_entry(s, &it->position);
    if (!e) {
        clear(&it->set);
        return UNSET;
    }
    it->remaining--;
    return retain(e->key);
}

static Value iterator_length_hint(const Value *args, size_t count) {
    (void)count;
    SetIterator *it = (SetIterator *)as_object(args[0]);
    bool live = is_set(it->set) && it->used == set_length(it->set);
    return from_small_int(live ? (int64_t)it->remaining : 0);
}

/* (iter, ([what is left],)) */
static Value iterator_reduce(const Value *args, size_t count) {
    (void)count;
    SetIterator *it = (SetIterator *)as_object(args[0]), saved = *it;
    retain(saved.set);
    Value list = list_from_iterable(args[0]);
    replace(&it->set, saved.set);
    it->position = saved.position;
    it->used = saved.used;
    it->remaining = saved.remaining;
    Value function = object_builtin("iter"), inner = is_set(list) ? tuple_pack(1, list) : UNSET;
    Value result = is_set(inner) && is_set(function) ? tuple_pack(2, function, inner) : UNSET;
    release(list);
    release(function);
    release(inner);
    return result;
}

static void iterator_destroy(Object *self) {
    release(((SetIterator *)self)->set);
    object_free(self);
}
static int iterator_traverse(Object *self, Visit visit, void *context) {
    TRAVERSE(((SetIterator *)self)->set);
    return 0;
}
static void iterator_clear(Object *self) { clear(&((SetIterator *)self)->set); }
static Value iterator_self(Value self) { return retain(self); }

static const NativeDef iterator_methods[] = {
    METHOD("__length_hint__", "", iterator_length_hint, "Private method returning an estimate of len(list(it))."),
    METHOD("__reduce__", "", iterator_reduce, "Return state information for pickling."),
    NATIVE_END,
};

Type set_iterator_type = {
    TYPE_HEAD("set_iterator"),
    .flags = TYPE_GC | TYPE_DISALLOW_NEW,
    .basic_size = sizeof(SetIterator),
    .base = &object_type,
    .methods = iterator_methods,
    .destroy = iterator_destroy,
    .traverse = iterator_traverse,
    .clear = iterator_clear,
    .iterate = iterator_self,
    .next = iterator_next_item,
};

#define COMMON_SLOTS                                                 \
    .flags = TYPE_BASE | TYPE_GC | TYPE_SET_SUB,                     \
    .basic_size = sizeof(Set),                                       \
    .base = &object_type,                                            \
    .destroy = destroy,                                              \
    .traverse = traverse,                                            \
    .repr = repr,                                                    \
    .compare = compare,                                              \
    .iterate = iterate,                                              \
    .length = length,                                                \
    .contains = set_contains,                                        \
    .binary[BINARY_OR] = op_or,                                      \
    .binary[BINARY_AND] = op_and,                                    \
    .binary[BINARY_SUBTRACT] = op_subtract,                          \
    .binary[BINARY_XOR] = op_xor

Type set_type = {
    TYPE_HEAD("set"),
    COMMON_SLOTS,
    .doc = "set() -> new empty set object\nset(iterable) -> new set object\n\n"
           "Build an unordered collection of unique elements.",
    .methods = set_methods,
    .clear = clear_cycles,
    .make = set_make,
    .init = set_init,
    .hash = type_unhashable,
    .inplace[BINARY_OR] = inplace_or,
    .inplace[BINARY_AND] = inplace_and,
    .inplace[BINARY_SUBTRACT] = inplace_subtract,
    .inplace[BINARY_XOR] = inplace_xor,
};

Type frozenset_type = {
    TYPE_HEAD("frozenset"),
    COMMON_SLOTS,
    .doc = "frozenset() -> empty frozenset object\nfrozenset(iterable) -> frozenset object\n\n"
           "Build an immutable unordered collection of unique elements.",
    .methods = frozenset_methods,
    .make = frozenset_make,
    .hash = frozenset_hash,
};
