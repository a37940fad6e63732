/* Views of a dict (keys, values, items), their set operations, and the iterators over a dict in both directions. */
#include "runtime/types/dict.h"

#include "runtime/mem/heap.h"
#include "runtime/types/class.h"
#include "runtime/types/call.h"
#include "runtime/types/dict_keys.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/list.h"
#include "runtime/types/native.h"
#include "runtime/types/set.h"
#include "runtime/types/traverse.h"
#include "runtime/types/tuple.h"

/* ---- iterators ---- */

static DictIterator *as_dict_iterator(Value v) { return (DictIterator *)as_object(v); }
static DictView *as_view(Value v) { return (DictView *)as_object(v); }

static bool is_reverse(const Type *t) {
    return t == &dict_reverse_key_iterator_type || t == &dict_reverse_value_iterator_type ||
           t == &dict_reverse_item_iterator_type;
}

Value dict_iterator_new(Type *type, Value dict) {
    DictIterator *it = object_allocate(type, sizeof *it);
    if (!it) return UNSET;
    Dict *d = as_dict(dict);
    it->dict = retain(dict);
    it->count = it->remaining = d->count;
    it->position = is_reverse(type) && d->keys ? d->keys->used : 0;
    return from_object(it);
}

static void iterator_destroy(Object *self) {
    DictIterator *it = (DictIterator *)self;
    release(it->dict);
    release(it->pair);
    object_free(self);
}

static int iterator_traverse(Object *self, Visit visit, void *context) {
    DictIterator *it = (DictIterator *)self;
    TRAVERSE(it->dict);
    TRAVERSE(it->pair);
    return 0;
}

static void iterator_clear(Object *self) {
    DictIterator *it = (DictIterator *)self;
    clear(&it->dict);
    clear(&it->pair);
}

/* The entry that the iterator stands on, moving it on; NULL: exhausted, or failed with the exception pending. */
static DictEntry *iterator_advance(DictIterator *it, bool reverse) {
    if (is_unset(it->dict)) return NULL;
    Dict *d = as_dict(it->dict);
    if (it->count != d->count) {
        it->count = SIZE_MAX;
        raise_runtime_error("dictionary changed size during iteration");
        return NULL;
    }
    DictKeys *k = d->keys;
    size_t used = k ? k->used : 0, i = it->position;
    if (reverse) {
        if (i > used) i = used;
        while (i > 0 && is_unset(keys_entry(k, i - 1)->key)) i--;
    } else {
        if (i == 0 && used) i = keys_first(k);
        while (i < used && is_unset(keys_entry(k, i)->key)) i++;
    }
    if (reverse ? i == 0 : i >= used) {
        clear(&it->dict);
        return NULL;
    }
    if (it->remaining == 0) {
        raise_runtime_error("dictionary keys changed during iteration");
        clear(&it->dict);
        return NULL;
    }
    it->remaining--;
    it->position = reverse ? i - 1 : i + 1;
    return keys_entry(k, reverse ? i - 1 : i);
}

/* The same forwards, where the next entry is live and nothing has changed. */
static inline DictEntry *iterator_forward(DictIterator *it) {
    if (is_set(it->dict)) {
        Dict *d = as_dict(it->dict);
        size_t i = it->position;
        if (i && it->count == d->count && it->remaining && i < d->keys->used) {
            DictEntry *e = keys_entry(d->keys, i);
            if (is_set(e->key)) return it->remaining--, it->position++, e;
        }
    }
    return iterator_advance(it, false);
}

static Value entry_key(DictIterator *it, DictEntry *e) { return (void)it, retain(e->key); }
static Value entry_value(DictIterator *it, DictEntry *e) { return (void)it, retain(e->value); }
static Value entry_pair(DictIterator *it, DictEntry *e) {
    Value pair = it->pair, key = retain(e->key), value = retain(e->value);
    if (is_set(pair) && rc_load(&as_object(pair)->count) == 1) {
        Value *items = as_tuple(pair)->items, old_key = items[0], old_value = items[1];
        items[0] = key;
        items[1] = value;
        retain(pair);
        release(old_key);
        release(old_value);
        return pair;
    }
    Value fresh = tuple_new(2);
    if (is_unset(fresh)) {
        release(key);
        release(value);
        return UNSET;
    }
    as_tuple(fresh)->items[0] = key;
    as_tuple(fresh)->items[1] = value;
    replace(&it->pair, retain(fresh));
    return fresh;
}

bool dict_iterator_take_item(Value iterator, Value out[2]) {
    DictEntry *e = iterator_advance(as_dict_iterator(iterator), false);
    if (!e) return false;
    out[0] = retain(e->key);
    out[1] = retain(e->value);
    return true;
}

#define ITERATOR_NEXT(name, pick, reverse)                                   \
    static Value name(Value self) {                                          \
        DictIterator *it = as_dict_iterator(self);                           \
        DictEntry *e = reverse ? iterator_advance(it, true) : iterator_forward(it); \
        return e ? pick(it, e) : UNSET;                                      \
    }
ITERATOR_NEXT(next_key, entry_key, false)
ITERATOR_NEXT(next_value, entry_value, false)
ITERATOR_NEXT(next_item, entry_pair, false)
ITERATOR_NEXT(next_key_reverse, entry_key, true)
ITERATOR_NEXT(next_value_reverse, entry_value, true)
ITERATOR_NEXT(next_item_reverse, entry_pair, true)

static Value iterator_self(Value self) { return retain(self); }

static Value iterator_length_hint(const Value *args, size_t count) {
    (void)count;
    DictIterator *it = as_dict_iterator(args[0]);
    bool live = is_set(it->dict) && it->count == dict_length(it->dict);
    return from_small_int(live ? (int64_t)it->remaining : 0);
}

/* (iter, ([what is left],)): a copy goes on from here, and this iterator stays where it is. */
static Value iterator_reduce(const Value *args, size_t count) {
    (void)count;
    DictIterator *it = as_dict_iterator(args[0]), saved = *it;
    retain(saved.dict);
    Value list = list_from_iterable(args[0]);
    replace(&it->dict, saved.dict);
    it->position = saved.position;
    it->count = saved.count;
    it->remaining = saved.remaining;
    Value function = object_builtin("iter"), inner = is_set(list) ? tuple_pack(1, list) : UNSET;
    Value result = is_set(inner) && is_set(function) ? tuple_pack(2, function, inner) : UNSET;
    release(list);
    release(function);
    release(inner);
    return result;
}

static const NativeDef iterator_methods[] = {
    METHOD("__length_hint__", "", iterator_length_hint, "Private method returning an estimate of len(list(it))."),
    METHOD("__reduce__", "", iterator_reduce, "Return state information for pickling."),
    NATIVE_END,
};

#define ITERATOR_TYPE(c_name, script_name, next_function) \
    Type c_name = {                                       \
        TYPE_HEAD(script_name),                           \
        .flags = TYPE_GC | TYPE_DISALLOW_NEW,             \
        .basic_size = sizeof(DictIterator),               \
        .base = &object_type,                             \
        .methods = iterator_methods,                      \
        .destroy = iterator_destroy,                      \
        .traverse = iterator_traverse,                    \
        .clear = iterator_clear,                          \
        .iterate = iterator_self,                         \
        .next = next_function,                            \
    }
ITERATOR_TYPE(dict_key_iterator_type, "dict_keyiterator", next_key);
ITERATOR_TYPE(dict_value_iterator_type, "dict_valueiterator", next_value);
ITERATOR_TYPE(dict_item_iterator_type, "dict_itemiterator", next_item);
ITERATOR_TYPE(dict_reverse_key_iterator_type, "dict_reversekeyiterator", next_key_reverse);
ITERATOR_TYPE(dict_reverse_value_iterator_type, "dict_reversevalueiterator", next_value_reverse);
ITERATOR_TYPE(dict_reverse_item_iterator_type, "dict_reverseitemiterator", next_item_reverse);

/* ---- views ---- */

Value dict_view_new(Type *type, Value dict) {
    DictView *view = object_allocate(type, sizeof *view);
    if (!view) return UNSET;
    view->dict = retain(dict);
    return from_object(view);
}

static void view_destroy(Object *self) {
    release(((DictView *)self)->dict);
    object_free(self);
}

static int view_traverse(Object *self, Visit visit, void *context) {
    TRAVERSE(((DictView *)self)->dict);
    return 0;
}

static int64_t view_length(Value self) { return (int64_t)dict_length(as_view(self)->dict); }
static Value keys_iterate(Value self) { return dict_iterator_new(&dict_key_iterator_type, as_view(self)->dict); }
static Value values_iterate(Value self) { return dict_iterator_new(&dict_value_iterator_type, as_view(self)->dict); }
static Value items_iterate(Value self) { return dict_iterator_new(&dict_item_iterator_type, as_view(self)->dict); }

static Value view_repr(Value self) {
    int inside = repr_enter(self);
    if (inside) return inside > 0 ? str_from("...") : UNSET;
    Value list = list_from_iterable(self);
    Value text = is_set(list) ? str_format("%T(%R)", self, list) : UNSET;
    release(list);
    repr_leave(self);
    return text;
}

static int keys_contains(Value self, Value key) {
    Value value;
    return dict_find(as_view(self)->dict, key, &value);
}

static int items_contains(Value self, Value item) {
    if (!tuple_is(item) || tuple_length(item) != 2) return 0;
    Value value;
    int found = dict_find(as_view(self)->dict, tuple_at(item, 0), &value);
    if (found <= 0) return found;
    retain(value);
    int equal = object_equal(value, tuple_at(item, 1));
    release(value);
    return equal;
}

static bool is_view_set(Value v) { return is_exactly(v, &dict_keys_type) || is_exactly(v, &dict_items_type); }

/* ---- comparison ---- */

typedef struct Containment {
    Value container;
    int result;
} Containment;

static bool check_contained(Value item, void *context) {
    Containment *c = context;
    c->result = object_contains(c->container, item);
    return c->result > 0;
}

static int all_contained(Value items, Value container) {
    Containment c = {container, 1};
    object_each(items, check_contained, &c);
    return error_pending() ? -1 : c.result;
}

static Value compare(Value a, Value b, CompareOp op) {
    if (!is_view_set(b) && !set_is(b)) return NOT_IMPLEMENTED;
    int64_t m = object_length(a), n = object_length(b);
    if (m < 0 || n < 0) return UNSET;
    int result = 0;
    switch (op) {
    case COMPARE_NE:
    case COMPARE_EQ: result = m == n ? all_contained(a, b) : 0; break;
    case COMPARE_LT: result = m < n ? all_contained(a, b) : 0; break;
    case COMPARE_LE: result = m <= n ? all_contained(a, b) : 0; break;
    case COMPARE_GT: result = m > n ? all_contained(b, a) : 0; break;
    case COMPARE_GE: result = m >= n ? all_contained(b, a) : 0; break;
    }
    if (result < 0) return UNSET;
    return from_bool(op == COMPARE_NE ? !result : result);
}

/* ---- set operations: always a new set ---- */

static Value finish_set(Value set, bool fine) {
    if (fine) return set;
    release(set);
    return UNSET;
}

/* Keys of a plain dict are read from the dict itself: that makes room at once, which the order of the set shows. */
static Value as_new_set(Value v) {
    bool plain = is_exactly(v, &dict_keys_type) && dict_is_exact(as_view(v)->dict);
    return set_from_iterable(plain ? as_view(v)->dict : v);
}

static Value view_or(Value a, Value b) {
    Value result = as_new_set(a);
    return is_unset(result) ? UNSET : finish_set(result, set_update(result, b));
}

static Value view_subtract(Value a, Value b) {
    Value result = as_new_set(a);
    return is_unset(result) ? UNSET : finish_set(result, set_difference_update(result, b));
}

typedef struct Intersection {
    Value result, container;
} Intersection;

static bool add_common(Value item, void *context) {
    Intersection *in = context;
    int found = object_contains(in->container, item);
    return found > 0 ? set_add(in->result, item) : found == 0;
}

static Value view_and(Value a, Value b) {
    if (is_view_set(b) && (!is_view_set(a) || view_length(b) > view_length(a))) {
        Value other = a;
        a = b;
        b = other;
    }
    if (is_exactly(b, &set_type) && (int64_t)set_length(b) >= object_length(a)) return set_intersection(b, a);
    Intersection in = {set_new(), a};
    if (is_unset(in.result)) return UNSET;
    return finish_set(in.result, object_each(b, add_common, &in) && !error_pending());
}

static Value view_xor(Value a, Value b) {
    Value result = as_new_set(a);
    return is_unset(result) ? UNSET : finish_set(result, set_symmetric_difference_update(result, b));
}

static Value method_isdisjoint(const Value *args, size_t count) {
    (void)count;
    Value a = args[0], b = args[1];
    if (same(a, b)) return from_bool(view_length(a) == 0);
    if (is_view_set(b) || set_is(b)) {
        int64_t n = object_length(b);
        if (n > view_length(a)) {
            Value other = a;
            a = b;
            b = other;
        }
    }
    Value iterator = object_iterate(b), item;
    if (is_unset(iterator)) return UNSET;
    int found = 0;
    while (!found && is_set(item = iterator_next(iterator))) {
        found = object_contains(a, item);
        release(item);
    }
    release(iterator);
    return found < 0 || error_pending() ? UNSET : from_bool(!found);
}

static Value keys_reversed(const Value *args, size_t count) {
    return (void)count, dict_iterator_new(&dict_reverse_key_iterator_type, as_view(args[0])->dict);
}
static Value values_reversed(const Value *args, size_t count) {
    return (void)count, dict_iterator_new(&dict_reverse_value_iterator_type, as_view(args[0])->dict);
}
static Value items_reversed(const Value *args, size_t count) {
    return (void)count, dict_iterator_new(&dict_reverse_item_iterator_type, as_view(args[0])->dict);
}

static Value get_mapping(Value self) { return call1(type_value(&mappingproxy_type), as_view(self)->dict); }

static const MemberDef view_members[] = {
    {"mapping", get_mapping, NULL, "dictionary that this view refers to"},
    {0},
};

#define DISJOINT_ROW                                                                                                   \
    METHOD("isdisjoint", "other, /", method_isdisjoint,                                                                \
           "Return True if the view and the given iterable have a null intersection.")
static const NativeDef keys_methods[] = {
    DISJOINT_ROW,
    METHOD("__reversed__", "", keys_reversed, "Return a reverse iterator over the dict keys."),
    NATIVE_END,
};
static const NativeDef values_methods[] = {
    METHOD("__reversed__", "", values_reversed, "Return a reverse iterator over the dict values."),
    NATIVE_END,
};
static const NativeDef items_methods[] = {
    DISJOINT_ROW,
    METHOD("__reversed__", "", items_reversed, "Return a reverse iterator over the dict items."),
    NATIVE_END,
};

#define VIEW_SLOTS(script_name, its_methods, its_iterate)     \
    TYPE_HEAD(script_name),                                   \
    .flags = TYPE_GC | TYPE_DISALLOW_NEW,                     \
    .basic_size = sizeof(DictView),                           \
    .base = &object_type,                                     \
    .methods = its_methods,                                   \
    .members = view_members,                                  \
    .destroy = view_destroy,                                  \
    .traverse = view_traverse,                                \
    .repr = view_repr,                                        \
    .iterate = its_iterate,                                   \
    .length = view_length
#define SET_SLOTS                                             \
    .hash = type_unhashable,                                  \
    .compare = compare,                                       \
    .binary[BINARY_OR] = view_or,                             \
    .binary[BINARY_AND] = view_and,                           \
    .binary[BINARY_XOR] = view_xor,                           \
    .binary[BINARY_SUBTRACT] = view_subtract

Type dict_keys_type = {VIEW_SLOTS("dict_keys", keys_methods, keys_iterate), SET_SLOTS, .contains = keys_contains};
Type dict_values_type = {VIEW_SLOTS("dict_values", values_methods, values_iterate)};
Type dict_items_type = {VIEW_SLOTS("dict_items", items_methods, items_iterate), SET_SLOTS, .contains = items_contains};
