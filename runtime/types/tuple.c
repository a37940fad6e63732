/* tuple: a fixed array of values. */
#include "runtime/types/tuple.h"

#include "runtime/mem/heap_inline.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/int.h"
#include "runtime/types/items.h"
#include "runtime/types/key.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/range.h"
#include "runtime/types/shape.h"
#include "runtime/types/traverse.h"

#include <stdarg.h>

Tuple tuple_empty = {OBJECT_STATIC(&tuple_type), 0};

/* ---- making ---- */

/* Its items must be filled at once. */
static Value new_unfilled(size_t n) {
    if (n == 0) return empty_tuple;
    if (n > SIZE_MAX / 16) return raise_memory_error();
    Tuple *t = object_allocate_collected_inline(&tuple_type, sizeof *t + n * sizeof(Value));
    if (!t) return UNSET;
    t->length = n;
    return from_object(t);
}

Value tuple_new(size_t n) {
    Value t = new_unfilled(n);
    if (is_set(t)) heap_zero(as_tuple(t)->items, n * sizeof(Value));
    return t;
}

Value tuple_steal(const Value *items, size_t n) {
    Value t = new_unfilled(n);
    if (is_unset(t)) items_release(items, n);
    else if (n) memcpy(as_tuple(t)->items, items, n * sizeof *items);
    return t;
}

Value tuple_from_values(const Value *items, size_t n) {
    Value t = new_unfilled(n);
    if (is_set(t)) items_retain(as_tuple(t)->items, items, n);
    return t;
}

Value tuple_from_iterable(Value iterable) {
    if (tuple_is_exact(iterable)) return retain(iterable);
    if (list_is_exact(iterable)) return list_to_tuple(iterable);
    Value list = list_from_iterable(iterable);
    if (is_unset(list)) return UNSET;
    Value t = tuple_new(as_list(list)->length);
    if (is_set(t) && as_list(list)->length) {
        memcpy(as_tuple(t)->items, as_list(list)->items, as_list(list)->length * sizeof(Value));
        as_list(list)->length = 0;
    }
    release(list);
    return t;
}

Value tuple_pack(size_t n, ...) {
    Value t = new_unfilled(n);
    if (is_unset(t)) return UNSET;
    va_list values;
    va_start(values, n);
    for (size_t i = 0; i < n; i++) as_tuple(t)->items[i] = retain(va_arg(values, Value));
    va_end(values);
    return t;
}

Value tuple_slice(Value t, size_t start, size_t stop) {
    size_t length = tuple_length(t);
    if (stop > length) stop = length;
    if (start == 0 && stop == length && tuple_is_exact(t)) return retain(t);
    return start < stop ? tuple_from_values(as_tuple(t)->items + start, stop - start) : empty_tuple;
}

Value tuple_concat(Value a, Value b) {
    size_t m = tuple_length(a), n = tuple_length(b);
    if (m == 0 && tuple_is_exact(b)) return retain(b);
    if (n == 0 && tuple_is_exact(a)) return retain(a);
    Value t = new_unfilled(m + n);
    if (is_unset(t)) return UNSET;
    items_retain(as_tuple(t)->items, as_tuple(a)->items, m);
    items_retain(as_tuple(t)->items + m, as_tuple(b)->items, n);
    return t;
}

/* ---- slots ---- */

static void destroy(Object *self) {
    Tuple *t = (Tuple *)self;
    for (size_t i = t->length; i-- > 0;) release(t->items[i]);
    object_free_inline(self);
}

static int traverse(Object *self, Visit visit, void *context) {
    Tuple *t = (Tuple *)self;
    for (size_t i = 0; i < t->length; i++) TRAVERSE(t->items[i]);
    return 0;
}

static Value make(Type *type, const Value *args, size_t count, Value kwnames) {
    if (type->init == tuple_type.init && !native_no_keywords("tuple", kwnames)) return UNSET;
    if (count > 1) return raise_type_error("tuple expected at most 1 argument, got %zu", count);
    Value items = count ? tuple_from_iterable(args[0]) : empty_tuple;
    if (type == &tuple_type || is_unset(items)) return items;
    size_t n = tuple_length(items);
    Tuple *t = object_allocate(type, sizeof *t + n * sizeof(Value) + attrs_size(type));
    if (t) {
        t->length = n;
        items_retain(t->items, as_tuple(items)->items, n);
    }
    release(items);
    return t ? from_object(t) : UNSET;
}

static Value repr(Value self) {
    if (tuple_length(self) == 0) return str_from("()");
    int inside = repr_enter(self);
    if (inside) return inside > 0 ? str_from("(...)") : UNSET;
    Value text = items_repr(self, "(", tuple_length(self) == 1 ? ",)" : ")");
    repr_leave(self);
    return text;
}

/* The lanes of xxHash as CPython uses them: the order of sets of tuples depends on it. */
static bool hash(Value self, int64_t *out) {
    const uint64_t prime1 = 11400714785074694791u, prime2 = 14029467366897019727u, prime5 = 2870177450012600261u;
    Tuple *t = as_tuple(self);
    uint64_t sum = prime5;
    if (!recursion_check(" while calling a Python object")) return false;
    for (size_t i = 0; i < t->length; i++) {
        int64_t lane;
        if (!key_hash(t->items[i], &lane)) return false;
        sum += (uint64_t)lane * prime2;
        sum = (sum << 31) | (sum >> 33);
        sum *= prime1;
    }
    sum += t->length ^ (prime5 ^ 3527539u);
    *out = sum == UINT64_MAX ? 1546275796 : (int64_t)sum;
    return true;
}

static Value compare(Value a, Value b, CompareOp op) {
    return tuple_is(a) && tuple_is(b) ? items_compare(a, b, op) : NOT_IMPLEMENTED;
}

static Value iterate(Value self) {
    TupleIterator *it = object_allocate(&tuple_iterator_type, sizeof *it);
    if (!it) return UNSET;
    it->tuple = retain(self);
    return from_object(it);
}

static int64_t length(Value self) { return (int64_t)tuple_length(self); }

static Value get_slice(Value self, Value slice) {
    Tuple *t = as_tuple(self);
    int64_t start, stop, step;
    size_t count;
    if (!slice_bounds(slice, t->length, &start, &stop, &step, &count)) return UNSET;
    if (step == 1) return tuple_slice(self, (size_t)start, (size_t)start + count);
    Value result = tuple_new(count);
    if (is_unset(result)) return UNSET;
    for (size_t i = 0; i < count; i++, start += step) as_tuple(result)->items[i] = retain(t->items[start]);
    return result;
}

static Value get_item(Value self, Value key) {
    Tuple *t = as_tuple(self);
    size_t at;
    if (is_exactly(key, &slice_type)) return get_slice(self, key);
    return index_resolve(key, t->length, "tuple", &at) ? retain(t->items[at]) : UNSET;
}

static int contains(Value self, Value item) {
    int64_t found = items_find(self, item, 0, SIZE_MAX);
    return found == -2 ? -1 : found >= 0;
}

static Value add(Value a, Value b) { return tuple_is(a) && tuple_is(b) ? tuple_concat(a, b) : NOT_IMPLEMENTED; }

static Value repeat(Value t, int64_t n) {
    size_t length_before = tuple_length(t);
    if (tuple_is_exact(t) && (n == 1 || length_before == 0)) return retain(t);
    if (n <= 0 || length_before == 0) return empty_tuple;
    if ((uint64_t)n > SIZE_MAX / 16 / length_before) return raise_memory_error();
    Value result = tuple_new(length_before * (size_t)n);
    if (is_set(result)) items_repeat(as_tuple(result)->items, as_tuple(t)->items, length_before, (size_t)n);
    return result;
}

static Value multiply(Value a, Value b) {
    int64_t n;
    if (!tuple_is(a)) {
        Value t = a;
        a = b;
        b = t;
    }
    int counted = items_times(b, &n);
    return counted > 0 ? repeat(a, n) : counted < 0 ? UNSET : NOT_IMPLEMENTED;
}

/* ---- methods ---- */

static Value method_count(const Value *args, size_t count) { return (void)count, items_count(args[0], args[1]); }

static Value method_index(const Value *args, size_t count) {
    (void)count;
    size_t start, stop;
    if (!items_bounds(args, tuple_length(args[0]), &start, &stop)) return UNSET;
    int64_t found = items_find(args[0], args[1], start, stop);
    if (found == -1) return raise_value_error("tuple.index(x): x not in tuple");
    return found < 0 ? UNSET : from_small_int(found);
}

static Value method_getnewargs(const Value *args, size_t count) {
    (void)count;
    Value items = tuple_from_values(as_tuple(args[0])->items, tuple_length(args[0]));
    Value result = is_set(items) ? tuple_pack(1, items) : UNSET;
    release(items);
    return result;
}

static Value method_sizeof(const Value *args, size_t count) {
    (void)count;
    return int_from_size(sizeof(Tuple) + tuple_length(args[0]) * sizeof(Value));
}
static Value method_class_getitem(const Value *args, size_t count) {
    return (void)count, generic_alias_new(args[0], args[1]);
}

static const NativeDef methods[] = {
    METHOD("count", "value, /", method_count, "Return number of occurrences of value."),
    METHOD("index", "value, start=0, stop=9223372036854775807, /", method_index,
           "Return first index of value.\n\nRaises ValueError if the value is not present."),
    METHOD("__getnewargs__", "", method_getnewargs, NULL),
    METHOD("__sizeof__", "", method_sizeof, "Size of object in memory, in bytes."),
    CLASS_METHOD("__class_getitem__", "item, /", method_class_getitem, "See PEP 585"),
    NATIVE_END,
};

Type tuple_type = {
    TYPE_HEAD("tuple"),
    .flags = TYPE_BASE | TYPE_GC | TYPE_SEQUENCE | TYPE_TUPLE_SUB,
    .basic_size = sizeof(Tuple),
    .item_size = sizeof(Value),
    .base = &object_type,
    .doc = "Built-in immutable sequence.\n\nIf no argument is given, the constructor returns an empty tuple.\n"
           "If iterable is specified the tuple is initialized from iterable's items.\n\n"
           "If the argument is a tuple, the return value is the same object.",
    .methods = methods,
    .destroy = destroy,
    .traverse = traverse,
    .make = make,
    .repr = repr,
    .hash = hash,
    .compare = compare,
    .iterate = iterate,
    .length = length,
    .get_item = get_item,
    .contains = contains,
    .binary[BINARY_ADD] = add,
    .binary[BINARY_MULTIPLY] = multiply,
};

/* ---- iterator ---- */

static TupleIterator *as_iterator(Value v) { return (TupleIterator *)as_object(v); }

static Value iterator_step(Value self) {
    TupleIterator *it = as_iterator(self);
    if (is_unset(it->tuple)) return UNSET;
    if (it->index < tuple_length(it->tuple)) return retain(tuple_at(it->tuple, it->index++));
    clear(&it->tuple);
    return UNSET;
}

static Value iterator_length_hint(const Value *args, size_t count) {
    (void)count;
    TupleIterator *it = as_iterator(args[0]);
    return from_small_int(is_set(it->tuple) ? (int64_t)(tuple_length(it->tuple) - it->index) : 0);
}

static Value iterator_reduce(const Value *args, size_t count) {
    (void)count;
    TupleIterator *it = as_iterator(args[0]);
    Value function = object_builtin("iter"), inner = tuple_pack(1, is_set(it->tuple) ? it->tuple : empty_tuple);
    Value index = int_from_size(it->index), result = UNSET;
    if (is_set(function) && is_set(inner))
        result = is_set(it->tuple) ? tuple_pack(3, function, inner, index) : tuple_pack(2, function, inner);
    release(function);
    release(inner);
    release(index);
    return result;
}

static Value iterator_setstate(const Value *args, size_t count) {
    (void)count;
    TupleIterator *it = as_iterator(args[0]);
    int64_t index;
    if (!object_as_index(args[1], &index, NULL)) return UNSET;
    size_t n = is_set(it->tuple) ? tuple_length(it->tuple) : 0;
    it->index = index < 0 ? 0 : (size_t)index > n ? n : (size_t)index;
    return NONE;
}

static void iterator_destroy(Object *self) {
    release(((TupleIterator *)self)->tuple);
    object_free(self);
}
static int iterator_traverse(Object *self, Visit visit, void *context) {
    TRAVERSE(((TupleIterator *)self)->tuple);
    return 0;
}
static void iterator_clear(Object *self) { clear(&((TupleIterator *)self)->tuple); }
static Value iterator_self(Value self) { return retain(self); }

static const NativeDef iterator_methods[] = {
    METHOD("__length_hint__", "", iterator_length_hint, "Private method returning an estimate of len(list(it))."),
    METHOD("__reduce__", "", iterator_reduce, "Return state information for pickling."),
    METHOD("__setstate__", "state, /", iterator_setstate, "Set state information for unpickling."),
    NATIVE_END,
};

Type tuple_iterator_type = {
    TYPE_HEAD("tuple_iterator"),
    .flags = TYPE_GC | TYPE_DISALLOW_NEW,
    .basic_size = sizeof(TupleIterator),
    .base = &object_type,
    .methods = iterator_methods,
    .destroy = iterator_destroy,
    .traverse = iterator_traverse,
    .clear = iterator_clear,
    .iterate = iterator_self,
    .next = iterator_step,
};
