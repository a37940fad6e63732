/* collections.deque: a ring of values that grows at both ends. */
#include "stdlib/collections.h"

#include "runtime/types/traverse.h"

/* Item i stands in ring[(first + i) & (capacity - 1)]; the capacity is 0 or a power of two. */
typedef struct Deque {
    Object head;
    Value *ring;
    size_t first, length, capacity;
    int64_t limit;  /* maxlen, -1: none */
    uint64_t state; /* changes with every change of the length or order: iterators notice */
} Deque;

typedef struct DequeIterator {
    Object head;
    Value deque;      /* UNSET when exhausted */
    uint64_t state;
    size_t remaining;
    bool reverse;
} DequeIterator;

static Deque *as_deque(Value v) { return (Deque *)as_object(v); }
static bool deque_is(Value v) { return object_is_instance_exact_or_sub(v, &deque_type); }
static Value *slot(Deque *d, size_t i) { return &d->ring[(d->first + i) & (d->capacity - 1)]; }

/* ---- growing ---- */

static bool grow(Deque *d) {
    size_t capacity = d->capacity ? d->capacity * 2 : 8;
    Value *ring = capacity <= SIZE_MAX / 16 ? raw_allocate(capacity * sizeof *ring) : NULL;
    if (!ring) return raise_memory_error(), false;
    for (size_t i = 0; i < d->length; i++) ring[i] = *slot(d, i);
    raw_free(d->ring);
    d->ring = ring;
    d->capacity = capacity;
    d->first = 0;
    return true;
}

static Value take_first(Deque *d) {
    Value item = *slot(d, 0);
    d->first = (d->first + 1) & (d->capacity - 1);
    d->length--;
    d->state++;
    return item;
}
static Value take_last(Deque *d) {
    d->state++;
    return *slot(d, --d->length);
}

/* Both steal the item. */
static bool push_last(Deque *d, Value item) {
    if (d->length == d->capacity && !grow(d)) return release(item), false;
    *slot(d, d->length++) = item;
    d->state++;
    if (d->limit >= 0 && d->length > (size_t)d->limit) release(take_first(d));
    return true;
}

size_t deque_length(Value v) { return as_deque(v)->length; }
bool deque_append(Value v, Value item) { return push_last(as_deque(v), retain(item)); }
Value deque_take_first(Value v) { return take_first(as_deque(v)); }

static bool push_first(Deque *d, Value item) {
    if (d->length == d->capacity && !grow(d)) return release(item), false;
    d->first = (d->first - 1) & (d->capacity - 1);
    d->length++;
    *slot(d, 0) = item;
    d->state++;
    if (d->limit >= 0 && d->length > (size_t)d->limit) release(take_last(d));
    return true;
}

static void empty(Deque *d) {
    Deque old = *d;
    d->ring = NULL;
    d->first = d->length = d->capacity = 0;
    d->state++;
    for (size_t i = 0; i < old.length; i++) release(*slot(&old, i));
    raw_free(old.ring);
}

static bool extend(Value self, Value iterable, bool (*push)(Deque *d, Value item)) {
    Value source = same(self, iterable) ? list_from_iterable(iterable) : retain(iterable);
    Value iterator = is_set(source) ? object_iterate(source) : UNSET, item;
    bool fine = is_set(iterator);
    while (fine && is_set(item = iterator_next(iterator))) fine = push(as_deque(self), item);
    release(iterator);
    release(source);
    return fine && !error_pending();
}

/* Rotates right by n: the last n items come first.  Moves the shorter way; a full ring turns without moving. */
static void rotate(Deque *d, int64_t n) {
    int64_t length = (int64_t)d->length;
    if (length < 2) return;
    n %= length;
    if (n > length / 2) n -= length;
    if (n < -(length / 2)) n += length;
    size_t mask = d->capacity - 1;
    for (; n > 0; n--) {
        Value item = *slot(d, d->length - 1);
        d->first = (d->first - 1) & mask;
        d->ring[d->first] = item;
    }
    for (; n < 0; n++) {
        Value item = d->ring[d->first];
        d->first = (d->first + 1) & mask;
        *slot(d, d->length - 1) = item;
    }
    d->state++;
}

/* ---- life ---- */

static Value make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value v = instance_new(type);
    if (is_set(v)) as_deque(v)->limit = -1;
    return v;
}

static bool init(Value self, const Value *args, size_t count, Value kwnames) {
    Value out[2];
    int64_t limit = -1;
    if (!native_bind("deque", "iterable=(), maxlen=None", args, count, kwnames, out)) return false;
    if (is_set(out[1]) && !is_none(out[1])) {
        if (!int_is(out[1])) return raise_type_error("an integer is required"), false;
        if (!object_as_int64(out[1], &limit)) return false;
        if (limit < 0) return raise_value_error("maxlen must be non-negative"), false;
    }
    as_deque(self)->limit = limit;
    if (as_deque(self)->length) empty(as_deque(self));
    return is_unset(out[0]) || extend(self, out[0], push_last);
}

static void destroy(Object *self) {
    empty((Deque *)self);
    object_free(self);
}
static int traverse(Object *self, Visit visit, void *context) {
    Deque *d = (Deque *)self;
    for (size_t i = 0; i < d->length; i++) TRAVERSE(*slot(d, i));
    return 0;
}
static void clear_cycles(Object *self) { empty((Deque *)self); }

static Value copy_of(Value self) {
    Deque *d = as_deque(self);
    Value limit = d->limit < 0 ? NONE : int_from_int64(d->limit);
    if (is_exactly(self, &deque_type)) {
        Value copy = make(&deque_type, NULL, 0, UNSET);
        if (is_set(copy)) as_deque(copy)->limit = d->limit;
        if (is_set(copy) && !extend(copy, self, push_last)) return release(copy), UNSET;
        return copy;
    }
    Value copy = d->limit < 0 ? call1(type_value(type_of(self)), self) : call2(type_value(type_of(self)), self, limit);
    release(limit);
    return copy;
}

/* ---- slots ---- */

static Value repr(Value self) {
    Value name = type_name_value(type_of(self));
    if (is_unset(name)) return UNSET;
    int inside = repr_enter(self);
    Value text = UNSET;
    if (inside > 0) text = str_from("[...]");
    if (inside == 0) {
        Value list = list_from_iterable(self);
        int64_t limit = as_deque(self)->limit;
        if (is_set(list))
            text = limit < 0 ? str_format("%U(%R)", name, list)
                             : str_format("%U(%R, maxlen=%lld)", name, list, (long long)limit);
        release(list);
        repr_leave(self);
    }
    release(name);
    return text;
}

static Value compare(Value a, Value b, CompareOp op) {
    if (!deque_is(a) || !deque_is(b)) return NOT_IMPLEMENTED;
    if (as_deque(a)->length != as_deque(b)->length && (op == COMPARE_EQ || op == COMPARE_NE))
        return from_bool(op == COMPARE_NE);
    Value x = list_from_iterable(a), y = is_set(x) ? list_from_iterable(b) : UNSET;
    Value result = is_set(y) ? object_compare(x, y, op) : UNSET;
    release(x);
    release(y);
    return result;
}

static int64_t length(Value self) { return (int64_t)as_deque(self)->length; }

/* Position of an index; deques know no slices. */
static bool position_of(Value self, Value key, size_t *at) {
    int64_t i;
    if (!type_of(key)->index) return raise_type_error("sequence index must be integer, not '%T'", key), false;
    if (!object_as_index(key, &i, &IndexError_type)) return false;
    if (i < 0) i += (int64_t)as_deque(self)->length;
    if (i < 0 || (size_t)i >= as_deque(self)->length) return raise_index_error("deque index out of range"), false;
    *at = (size_t)i;
    return true;
}

static Value get_item(Value self, Value key) {
    size_t at;
    return position_of(self, key, &at) ? retain(*slot(as_deque(self), at)) : UNSET;
}

static void remove_at(Deque *d, size_t at) {
    Value item = *slot(d, at);
    if (at < d->length / 2) {
        for (size_t i = at; i > 0; i--) *slot(d, i) = *slot(d, i - 1);
        d->first = (d->first + 1) & (d->capacity - 1);
    } else {
        for (size_t i = at; i + 1 < d->length; i++) *slot(d, i) = *slot(d, i + 1);
    }
    d->length--;
    d->state++;
    release(item);
}

static bool set_item(Value self, Value key, Value value) {
    size_t at;
    if (!position_of(self, key, &at)) return false;
    if (is_unset(value)) remove_at(as_deque(self), at);
    else replace(slot(as_deque(self), at), retain(value));
    return true;
}

/* First equal item in [start, stop): its position, -1 none, -2 failed. */
static int64_t find(Value self, Value wanted, size_t start, size_t stop) {
    Deque *d = as_deque(self);
    uint64_t state = d->state;
    for (size_t i = start; i < stop && i < d->length; i++) {
        Value item = retain(*slot(d, i));
        int equal = object_equal(item, wanted);
        release(item);
        if (equal > 0) return (int64_t)i;
        if (equal < 0) return -2;
        if (d->state != state) return raise_runtime_error("deque mutated during iteration"), -2;
    }
    return -1;
}

static int contains(Value self, Value item) {
    int64_t at = find(self, item, 0, SIZE_MAX);
    return at == -2 ? -1 : at >= 0;
}

static Value add(Value a, Value b) {
    if (!deque_is(a)) return NOT_IMPLEMENTED;
    if (!deque_is(b)) return raise_type_error("can only concatenate deque (not \"%T\") to deque", b);
    Value result = copy_of(a);
    if (is_set(result) && !extend(result, b, push_last)) return release(result), UNSET;
    return result;
}
static Value add_inplace(Value a, Value b) { return extend(a, b, push_last) ? retain(a) : UNSET; }

static Value multiply_inplace(Value a, Value b) {
    if (!type_of(b)->index) return NOT_IMPLEMENTED;
    int64_t n;
    if (!object_as_index(b, &n, &OverflowError_type)) return UNSET;
    Deque *d = as_deque(a);
    if (n <= 0) empty(d);
    size_t size = d->length;
    if (n > 1 && size && (uint64_t)n > SIZE_MAX / 64 / size) return raise_memory_error();
    Value items = size ? list_from_iterable(a) : UNSET;
    if (size && is_unset(items)) return UNSET;
    bool fine = true;
    for (int64_t i = 1; fine && size && i < n; i++) {
        if (d->limit >= 0 && i > d->limit) break;
        fine = extend(a, items, push_last);
    }
    release(items);
    return fine ? retain(a) : UNSET;
}
static Value multiply(Value a, Value b) {
    if (!deque_is(a)) {
        Value t = a;
        a = b;
        b = t;
    }
    if (!type_of(b)->index) return NOT_IMPLEMENTED;
    Value copy = copy_of(a), result = is_set(copy) ? multiply_inplace(copy, b) : UNSET;
    release(copy);
    return result;
}

/* ---- methods ---- */

#define NONE_IF(condition) ((condition) ? NONE : UNSET)
static Value method_append(const Value *args, size_t count) {
    return NONE_IF(push_last(as_deque(args[0]), retain(args[1])));
}
static Value method_appendleft(const Value *args, size_t count) {
    return NONE_IF(push_first(as_deque(args[0]), retain(args[1])));
}
static Value method_extend(const Value *args, size_t count) { return NONE_IF(extend(args[0], args[1], push_last)); }
static Value method_extendleft(const Value *args, size_t count) {
    return NONE_IF(extend(args[0], args[1], push_first));
}
static Value method_clear(const Value *args, size_t count) { return empty(as_deque(args[0])), NONE; }
static Value method_copy(const Value *args, size_t count) { return copy_of(args[0]); }

static Value method_pop(const Value *args, size_t count) {
    Deque *d = as_deque(args[0]);
    return d->length ? take_last(d) : raise_index_error("pop from an empty deque");
}
static Value method_popleft(const Value *args, size_t count) {
    Deque *d = as_deque(args[0]);
    return d->length ? take_first(d) : raise_index_error("pop from an empty deque");
}

static Value method_rotate(const Value *args, size_t count) {
    int64_t n = 1;
    if (is_set(args[1]) && !object_as_index(args[1], &n, NULL)) return UNSET;
    rotate(as_deque(args[0]), n);
    return NONE;
}

static Value method_reverse(const Value *args, size_t count) {
    Deque *d = as_deque(args[0]);
    for (size_t i = 0, j = d->length; i + 1 < j; i++) {
        Value item = *slot(d, i);
        *slot(d, i) = *slot(d, --j);
        *slot(d, j) = item;
    }
    return NONE;
}

static Value method_count(const Value *args, size_t count) {
    Deque *d = as_deque(args[0]);
    uint64_t state = d->state;
    int64_t n = 0;
    for (size_t i = 0; i < d->length; i++) {
        Value item = retain(*slot(d, i));
        int equal = object_equal(item, args[1]);
        release(item);
        if (equal < 0) return UNSET;
        if (d->state != state) return raise_runtime_error("deque mutated during iteration");
        n += equal;
    }
    return int_from_int64(n);
}

static Value method_remove(const Value *args, size_t count) {
    Deque *d = as_deque(args[0]);
    uint64_t state = d->state;
    for (size_t i = 0; i < d->length; i++) {
        Value item = retain(*slot(d, i));
        int equal = object_equal(item, args[1]);
        release(item);
        if (equal < 0) return UNSET;
        if (d->state != state) return raise_index_error("deque mutated during remove().");
        if (equal) return remove_at(d, i), NONE;
    }
    return raise_value_error("%R is not in deque", args[1]);
}

static bool bound(Value v, size_t length_now, size_t *out) {
    int64_t i;
    if (!object_as_index(v, &i, NULL)) return false;
    if (i < 0) i = i + (int64_t)length_now < 0 ? 0 : i + (int64_t)length_now;
    *out = (size_t)i;
    return true;
}
static Value method_index(const Value *args, size_t count) {
    size_t start = 0, stop = SIZE_MAX, n = as_deque(args[0])->length;
    if (is_set(args[2]) && !bound(args[2], n, &start)) return UNSET;
    if (is_set(args[3]) && !bound(args[3], n, &stop)) return UNSET;
    int64_t at = find(args[0], args[1], start, stop);
    if (at == -1) return raise_value_error("%R is not in deque", args[1]);
    return at < 0 ? UNSET : int_from_int64(at);
}

static Value method_insert(const Value *args, size_t count) {
    Deque *d = as_deque(args[0]);
    int64_t index, n = (int64_t)d->length;
    if (!object_as_index(args[1], &index, NULL)) return UNSET;
    if (d->limit >= 0 && n >= d->limit) return raise_index_error("deque already at its maximum size");
    if (index < 0) index = index + n < 0 ? 0 : index + n;
    if (index >= n) return NONE_IF(push_last(d, retain(args[2])));
    rotate(d, -index);
    bool fine = push_first(d, retain(args[2]));
    rotate(d, index);
    return NONE_IF(fine);
}

static Value method_reduce(const Value *args, size_t count) {
    Deque *d = as_deque(args[0]);
    Value state = NONE;
    if (object_find_attribute(args[0], names.__dict__, &state) <= 0) state = NONE;
    if (dict_is(state) && dict_length(state) == 0) replace(&state, NONE);
    Value limit = int_from_int64(d->limit), inner = d->limit < 0 ? empty_tuple : tuple_pack(2, empty_tuple, limit);
    Value items = object_iterate(args[0]);
    Value result =
        is_set(items) && is_set(inner) ? tuple_pack(4, type_value(type_of(args[0])), inner, state, items) : UNSET;
    release(limit);
    release(inner);
    release(items);
    release(state);
    return result;
}

static Value method_sizeof(const Value *args, size_t count) {
    return int_from_size(sizeof(Deque) + as_deque(args[0])->capacity * sizeof(Value));
}
static Value class_getitem(const Value *args, size_t count) { return generic_alias_new(args[0], args[1]); }

/* ---- iterators ---- */

static Value iterator_new(Value self, bool reverse) {
    DequeIterator *it = object_allocate(reverse ? &deque_reverse_iterator_type : &deque_iterator_type, sizeof *it);
    if (!it) return UNSET;
    it->deque = retain(self);
    it->state = as_deque(self)->state;
    it->remaining = as_deque(self)->length;
    it->reverse = reverse;
    return from_object(it);
}
static Value iterate(Value self) { return iterator_new(self, false); }
static Value method_reversed(const Value *args, size_t count) { return iterator_new(args[0], true); }
static Value iterator_self(Value self) { return retain(self); }

static Value iterator_step(Value self) {
    DequeIterator *it = (DequeIterator *)as_object(self);
    if (is_unset(it->deque)) return UNSET;
    Deque *d = as_deque(it->deque);
    if (it->state != d->state) {
        it->remaining = 0;
        return raise_runtime_error("deque mutated during iteration");
    }
    if (it->remaining == 0) {
        clear(&it->deque);
        return UNSET;
    }
    it->remaining--;
    return retain(*slot(d, it->reverse ? it->remaining : d->length - it->remaining - 1));
}

static Value iterator_length_hint(const Value *args, size_t count) {
    return int_from_size(((DequeIterator *)as_object(args[0]))->remaining);
}
static void iterator_destroy(Object *self) {
    release(((DequeIterator *)self)->deque);
    object_free(self);
}
static int iterator_traverse(Object *self, Visit visit, void *context) {
    TRAVERSE(((DequeIterator *)self)->deque);
    return 0;
}

static Value iterator_make(const char *name, const Value *args, size_t count, Value kwnames, bool reverse) {
    int64_t skip = 0;
    if (!native_no_keywords(name, kwnames)) return UNSET;
    if (count < 1 || count > 2 || !deque_is(args[0]))
        return raise_type_error("%s() argument 1 must be collections.deque", name);
    if (count == 2 && !object_as_index(args[1], &skip, NULL)) return UNSET;
    Value it = iterator_new(args[0], reverse);
    DequeIterator *made = is_set(it) ? (DequeIterator *)as_object(it) : NULL;
    if (made && skip > 0) made->remaining -= (size_t)skip < made->remaining ? (size_t)skip : made->remaining;
    return it;
}
static Value make_forward(Type *type, const Value *args, size_t count, Value kwnames) {
    return iterator_make("_deque_iterator", args, count, kwnames, false);
}
static Value make_reverse(Type *type, const Value *args, size_t count, Value kwnames) {
    return iterator_make("_deque_reverse_iterator", args, count, kwnames, true);
}
static Value iterator_reduce(const Value *args, size_t count) {
    DequeIterator *it = (DequeIterator *)as_object(args[0]);
    Value deque = is_set(it->deque) ? retain(it->deque) : make(&deque_type, NULL, 0, UNSET);
    Value skip = is_set(deque) ? int_from_size(as_deque(deque)->length - it->remaining) : UNSET;
    Value inner = is_set(skip) ? tuple_pack(2, deque, skip) : UNSET;
    Value result = is_set(inner) ? tuple_pack(2, type_value(type_of(args[0])), inner) : UNSET;
    release(deque);
    release(skip);
    release(inner);
    return result;
}

static const NativeDef iterator_methods[] = {
    METHOD("__reduce__", "", iterator_reduce, "Return state information for pickling."),
    METHOD("__length_hint__", "", iterator_length_hint, "Private method returning an estimate of len(list(it))."),
    NATIVE_END,
};
#define ITERATOR_TYPE(c_name, script_name, its_make)                                                                   \
    Type c_name = {TYPE_HEAD(script_name),                                                                             \
                   .flags = TYPE_GC,                                                                                   \
                   .make = its_make,                                                                                   \
                   .basic_size = sizeof(DequeIterator),                                                                \
                   .base = &object_type,                                                                               \
                   .methods = iterator_methods,                                                                        \
                   .destroy = iterator_destroy,                                                                        \
                   .traverse = iterator_traverse,                                                                      \
                   .iterate = iterator_self,                                                                           \
                   .next = iterator_step}
ITERATOR_TYPE(deque_iterator_type, "_collections._deque_iterator", make_forward);
ITERATOR_TYPE(deque_reverse_iterator_type, "_collections._deque_reverse_iterator", make_reverse);

/* ---- tables ---- */

static Value get_maxlen(Value self) { return as_deque(self)->limit < 0 ? NONE : int_from_int64(as_deque(self)->limit); }
static const MemberDef members[] = {{"maxlen", get_maxlen, NULL, "maximum size of a deque or None if unbounded"}, {0}};

static const NativeDef methods[] = {
    METHOD("append", "object, /", method_append, "Add an element to the right side of the deque."),
    METHOD("appendleft", "object, /", method_appendleft, "Add an element to the left side of the deque."),
    METHOD("clear", "", method_clear, "Remove all elements from the deque."),
    METHOD("copy", "", method_copy, "Return a shallow copy of a deque."),
    METHOD("__copy__", "", method_copy, "Return a shallow copy of a deque."),
    METHOD("count", "value, /", method_count, "D.count(value) -- return number of occurrences of value"),
    METHOD("extend", "iterable, /", method_extend,
           "Extend the right side of the deque with elements from the iterable"),
    METHOD("extendleft", "iterable, /", method_extendleft,
           "Extend the left side of the deque with elements from the iterable"),
    METHOD("index", "value, start=0, stop=9223372036854775807, /", method_index,
           "Return first index of value.\nRaises ValueError if the value is not present."),
    METHOD("insert", "index, object, /", method_insert, "D.insert(index, object) -- insert object before index"),
    METHOD("pop", "", method_pop, "Remove and return the rightmost element."),
    METHOD("popleft", "", method_popleft, "Remove and return the leftmost element."),
    METHOD("remove", "value, /", method_remove, "D.remove(value) -- remove first occurrence of value."),
    METHOD("reverse", "", method_reverse, "D.reverse() -- reverse *IN PLACE*"),
    METHOD("rotate", "n=1, /", method_rotate,
           "Rotate the deque n steps to the right (default n=1).  If n is negative, rotates left."),
    METHOD("__reversed__", "", method_reversed, "D.__reversed__() -- return a reverse iterator over the deque"),
    METHOD("__reduce__", "", method_reduce, "Return state information for pickling."),
    METHOD("__sizeof__", "", method_sizeof, "D.__sizeof__() -- size of D in memory, in bytes"),
    CLASS_METHOD("__class_getitem__", "item, /", class_getitem, "See PEP 585"),
    NATIVE_END,
};

Type deque_type = {
    TYPE_HEAD("collections.deque"),
    .flags = TYPE_BASE | TYPE_GC | TYPE_SEQUENCE | TYPE_WEAK,
    .basic_size = sizeof(Deque),
    .base = &object_type,
    .doc = "deque([iterable[, maxlen]]) --> deque object\n\nA list-like sequence optimized for data accesses near its "
           "endpoints.",
    .methods = methods,
    .members = members,
    .make = make,
    .init = init,
    .destroy = destroy,
    .traverse = traverse,
    .clear = clear_cycles,
    .repr = repr,
    .hash = type_unhashable,
    .compare = compare,
    .length = length,
    .get_item = get_item,
    .set_item = set_item,
    .contains = contains,
    .iterate = iterate,
    .binary[BINARY_ADD] = add,
    .binary[BINARY_MULTIPLY] = multiply,
    .inplace[BINARY_ADD] = add_inplace,
    .inplace[BINARY_MULTIPLY] = multiply_inplace,
};
