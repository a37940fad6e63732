/* list: a growable array of values.  Sorting is in list_sort.c. */
#include "runtime/types/list.h"

#include "runtime/mem/heap_inline.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/items.h"
#include "runtime/types/iterate.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/range.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"

/* ---- making ---- */

Value list_new(size_t capacity) {
    List *l = object_allocate_collected_inline(&list_type, sizeof *l);
    if (!l) return UNSET;
    l->length = l->capacity = 0;
    l->items = NULL;
    if (capacity == 0) return from_object(l);
    if (capacity <= SIZE_MAX / 16) l->items = raw_allocate_inline(capacity * sizeof(Value));
    if (!l->items) return object_release(l), raise_memory_error();
    l->capacity = capacity;
    return from_object(l);
}

Value list_steal(const Value *items, size_t n) {
    Value list = list_new(n);
    if (is_unset(list)) return items_release(items, n), UNSET;
    if (n) memcpy(as_list(list)->items, items, n * sizeof *items);
    as_list(list)->length = n;
    return list;
}

Value list_from_values(const Value *items, size_t n) {
    Value list = list_new(n);
    if (is_unset(list)) return UNSET;
    items_retain(as_list(list)->items, items, n);
    as_list(list)->length = n;
    return list;
}

Value list_from_iterable(Value iterable) {
    if (dict_is_exact(iterable)) return dict_key_list(iterable);
    if (is_exactly(iterable, &dict_items_type)) return dict_item_list(((DictView *)as_object(iterable))->dict);
    if (is_exactly(iterable, &dict_values_type)) return dict_value_list(((DictView *)as_object(iterable))->dict);
    Value list = list_new(0);
    if (is_set(list) && !list_extend(list, iterable)) return release(list), UNSET;
    return list;
}

/* ---- growing and shrinking ---- */

static bool reallocate(List *l, size_t capacity) {
    Value *items = capacity <= SIZE_MAX / 16 ? raw_reallocate(l->items, capacity * sizeof *items) : NULL;
    if (!items) return raise_memory_error(), false;
    l->items = items;
    l->capacity = capacity;
    return true;
}

static size_t roomy(size_t n) { return (n + (n >> 3) + 6) & ~(size_t)3; }

/* Room for n items, with some to spare when growing one by one. */
static bool reserve(List *l, size_t n) {
    if (n <= l->capacity) return true;
    size_t capacity = roomy(n);
    if (n - l->length > capacity - n) capacity = (n + 3) & ~(size_t)3;
    return reallocate(l, capacity);
}

/* Gives memory back when more than half of it is unused; cannot fail. */
static void trim(List *l) {
    if (l->length >= l->capacity >> 1) return;
    size_t capacity = l->length ? roomy(l->length) : 0;
    if (capacity == 0) {
        raw_free(l->items);
        l->items = NULL;
        l->capacity = 0;
        return;
    }
    Value *items = raw_reallocate(l->items, capacity * sizeof *items);
    if (!items) return;
    l->items = items;
    l->capacity = capacity;
}

bool list_append_slow(List *l, Value item) {
    if (!reserve(l, l->length + 1)) return false;
    l->items[l->length++] = retain(item);
    return true;
}

bool list_append_steal(Value list, Value item) {
    List *l = as_list(list);
    if (l->length == l->capacity && !reserve(l, l->length + 1)) return release(item), false;
    l->items[l->length++] = item;
    return true;
}

/* The first room of an empty list is as much as it needs, rounded to even. */
static bool reserve_first(List *l, size_t n) {
    if (l->items || n == 0 || n > SIZE_MAX / 16) return reserve(l, l->length + n);
    return reallocate(l, (n + 1) & ~(size_t)1);
}

static bool extend_values(List *l, Value source) {
    size_t n = items_length(source);
    if (n == 0) return true;
    if (!reserve_first(l, n)) return false;
    items_retain(l->items + l->length, items_of(source), n);
    l->length += n;
    return true;
}

static bool extend_range(List *l, RangeIterator *it) {
    if (!reserve_first(l, it->remaining)) return false;
    for (; it->remaining; it->remaining--, it->next += it->step) l->items[l->length++] = from_small_int(it->next);
    return true;
}

static bool extend_iterator(Value list, Value iterator) {
    Value item;
    while (is_set(item = iterator_take(iterator)))
        if (!list_append_steal(list, item)) return false;
    return !error_pending();
}

/* Characters that are shared: nothing can happen meanwhile. */
static bool extend_latin1(List *l, const Str *s) {
    if (!reserve_first(l, s->length)) return false;
    for (size_t i = 0; i < s->length; i++) l->items[l->length++] = str_from_code_point(s->data[i]);
    return true;
}

bool list_extend(Value list, Value iterable) {
    List *l = as_list(list);
    if (list_is_exact(iterable) || tuple_is_exact(iterable)) return extend_values(l, iterable);
    if (str_is_exact(iterable) && str_width(as_str(iterable)) == 1) return extend_latin1(l, as_str(iterable));
    Value iterator = object_iterate(iterable);
    if (is_unset(iterator)) return false;
    bool fine;
    if (is_exactly(iterator, &range_iterator_type)) {
        fine = extend_range(l, (RangeIterator *)as_object(iterator));
    } else {
        int64_t hint = object_length_hint(iterable, 8);
        fine = hint >= 0 && ((uint64_t)hint > SIZE_MAX / 16 || reserve_first(l, (size_t)hint)) &&
               extend_iterator(list, iterator);
        trim(l);
    }
    release(iterator);
    return fine;
}

/* ---- items ---- */

static size_t clip_insert(int64_t index, size_t length) {
    if (index < 0) index += (int64_t)length;
    return index < 0 ? 0 : (size_t)index > length ? length : (size_t)index;
}

bool list_insert(Value list, int64_t index, Value item) {
    List *l = as_list(list);
    if (!reserve(l, l->length + 1)) return false;
    size_t at = clip_insert(index, l->length);
    memmove(l->items + at + 1, l->items + at, (l->length - at) * sizeof *l->items);
    l->items[at] = retain(item);
    l->length++;
    return true;
}

Value list_pop(Value list, int64_t index) {
    List *l = as_list(list);
    size_t at = (size_t)(index < 0 ? index + (int64_t)l->length : index);
    Value item = l->items[at];
    l->length--;
    memmove(l->items + at, l->items + at + 1, (l->length - at) * sizeof *l->items);
    trim(l);
    return item;
}

bool list_delete(Value list, int64_t index) {
    List *l = as_list(list);
    if (index < 0) index += (int64_t)l->length;
    if (index < 0 || (size_t)index >= l->length) return raise_index_error("list assignment index out of range"), false;
    release(list_pop(list, index));
    return true;
}

Value list_slice(Value list, size_t start, size_t stop) {
    List *l = as_list(list);
    if (stop > l->length) stop = l->length;
    return start < stop ? list_from_values(l->items + start, stop - start) : list_new(0);
}

Value list_concat(Value a, Value b) {
    size_t m = as_list(a)->length, n = as_list(b)->length;
    Value list = list_new(m + n);
    if (is_unset(list)) return UNSET;
    items_retain(as_list(list)->items, as_list(a)->items, m);
    items_retain(as_list(list)->items + m, as_list(b)->items, n);
    as_list(list)->length = m + n;
    return list;
}

Value list_repeat(Value list, int64_t n) {
    size_t length = as_list(list)->length;
    if (n <= 0 || length == 0) return list_new(0);
    if ((uint64_t)n > SIZE_MAX / 16 / length) return raise_memory_error();
    Value result = list_new(length * (size_t)n);
    if (is_unset(result)) return UNSET;
    items_repeat(as_list(result)->items, as_list(list)->items, length, (size_t)n);
    as_list(result)->length = length * (size_t)n;
    return result;
}

bool list_reverse(Value list) {
    List *l = as_list(list);
    for (size_t i = 0, j = l->length; i + 1 < j; i++) {
        Value item = l->items[i];
        l->items[i] = l->items[--j];
        l->items[j] = item;
    }
    return true;
}

Value list_to_tuple(Value list) { return tuple_from_values(as_list(list)->items, as_list(list)->length); }

int list_contains(Value list, Value item) {
    int64_t at = items_find(list, item, 0, SIZE_MAX);
    return at == -2 ? -1 : at >= 0;
}

static void empty(List *l) {
    Value *items = l->items;
    size_t n = l->length;
    l->items = NULL;
    l->length = l->capacity = 0;
    while (n-- > 0) release(items[n]);
    raw_free_inline(items);
}

/* ---- slices ---- */

static Value get_slice(List *l, Value slice) {
    int64_t start, stop, step;
    size_t count;
    if (!slice_bounds(slice, l->length, &start, &stop, &step, &count)) return UNSET;
    if (step == 1) return list_from_values(l->items + start, count);
    Value list = list_new(count);
    if (is_unset(list)) return UNSET;
    for (size_t i = 0; i < count; i++, start += step) as_list(list)->items[i] = retain(l->items[start]);
    as_list(list)->length = count;
    return list;
}

/* Replaces items [start, stop) by those of `source` (a list or tuple, or UNSET: none). */
static bool splice(List *l, size_t start, size_t stop, Value source) {
    size_t n = is_set(source) ? items_length(source) : 0, old = stop - start, length = l->length;
    Value small[16], *dying = old <= 16 ? small : raw_allocate(old * sizeof *dying);
    if (!dying || (n > old && !reserve(l, length - old + n))) {
        if (!dying) raise_memory_error();
        if (dying != small) raw_free(dying);
        return false;
    }
    if (old) memcpy(dying, l->items + start, old * sizeof *dying);
    if (length > stop) memmove(l->items + start + n, l->items + stop, (length - stop) * sizeof *l->items);
    if (n) items_retain(l->items + start, items_of(source), n);
    l->length = length - old + n;
    trim(l);
    while (old-- > 0) release(dying[old]);
    if (dying != small) raw_free(dying);
    return true;
}

static bool set_steps(List *l, int64_t start, int64_t step, size_t count, Value source) {
    if (items_length(source) != count) {
        raise_value_error("attempt to assign sequence of size %zu to extended slice of size %zu", items_length(source),
                          count);
        return false;
    }
    Value old = list_new(count);
    if (is_unset(old)) return false;
    for (size_t i = 0; i < count; i++, start += step) {
        as_list(old)->items[i] = l->items[start];
        l->items[start] = retain(items_of(source)[i]);
    }
    as_list(old)->length = count;
    release(old);
    return true;
}

static bool delete_steps(List *l, int64_t start, int64_t step, size_t count) {
    if (count == 0) return true;
    if (step < 0) {
        start += step * (int64_t)(count - 1);
        step = -step;
    }
    Value old = list_new(count);
    if (is_unset(old)) return false;
    size_t to = (size_t)start, taken = 0;
    for (size_t from = to; from < l->length; from++) {
        bool dies = taken < count && (from - (size_t)start) % (size_t)step == 0;
        if (dies) as_list(old)->items[taken++] = l->items[from];
        else l->items[to++] = l->items[from];
    }
    l->length = to;
    as_list(old)->length = taken;
    trim(l);
    release(old);
    return true;
}

/* A list or tuple with the items of the iterable: itself when it is one that assignment does not disturb. */
static Value as_source(List *l, Value iterable, const char *refusal) {
    if ((list_is_exact(iterable) && as_list(iterable) != l) || tuple_is_exact(iterable)) return retain(iterable);
    if (!type_of(iterable)->iterate && !type_of(iterable)->get_item) return raise_type_error(refusal);
    return list_from_iterable(iterable);
}

static bool set_slice(List *l, Value slice, Value value) {
    int64_t start, stop, step;
    size_t count;
    if (!slice_bounds(slice, l->length, &start, &stop, &step, &count)) return false;
    if (is_unset(value)) {
        if (step != 1) return delete_steps(l, start, step, count);
        return count == 0 || splice(l, (size_t)start, (size_t)start + count, UNSET);
    }
    Value source =
        as_source(l, value, step == 1 ? "can only assign an iterable" : "must assign iterable to extended slice");
    if (is_unset(source)) return false;
    /* Iterating may have changed the list. */
    bool fine = slice_bounds(slice, l->length, &start, &stop, &step, &count) &&
                (step == 1 ? splice(l, (size_t)start, (size_t)start + count, source)
                           : set_steps(l, start, step, count, source));
    release(source);
    return fine;
}

/* ---- slots ---- */

static void destroy(Object *self) {
    empty((List *)self);
    object_free_inline(self);
}

static int traverse(Object *self, Visit visit, void *context) {
    List *l = (List *)self;
    for (size_t i = 0; i < l->length; i++) TRAVERSE(l->items[i]);
    return 0;
}

static void clear_cycles(Object *self) { empty((List *)self); }

static Value make(Type *type, const Value *args, size_t count, Value kwnames) {
    (void)args, (void)count, (void)kwnames;
    return type == &list_type ? list_new(0) : instance_new(type);
}

static bool init(Value self, const Value *args, size_t count, Value kwnames) {
    if (type_of(self)->make == make && !native_no_keywords("list", kwnames))
        return false; /* else its __new__ took them */
    if (count > 1) return raise_type_error("list expected at most 1 argument, got %zu", count), false;
    if (as_list(self)->items) empty(as_list(self));
    return count == 0 || list_extend(self, args[0]);
}

static Value repr(Value self) {
    if (as_list(self)->length == 0) return str_from("[]");
    int inside = repr_enter(self);
    if (inside) return inside > 0 ? str_from("[...]") : UNSET;
    Value text = items_repr(self, "[", "]");
    repr_leave(self);
    return text;
}

static Value compare(Value a, Value b, CompareOp op) {
    if (!list_is(a) || !list_is(b)) return NOT_IMPLEMENTED;
    if (as_list(a)->length != as_list(b)->length && (op == COMPARE_EQ || op == COMPARE_NE))
        return from_bool(op == COMPARE_NE);
    return items_compare(a, b, op);
}

static int64_t length(Value self) { return (int64_t)as_list(self)->length; }

static Value get_item(Value self, Value key) {
    List *l = as_list(self);
    size_t at;
    if (is_small_int(key)) {
        int64_t i = as_small_int(key);
        if (i < 0) i += (int64_t)l->length;
        if ((uint64_t)i >= l->length) return raise_index_error("list index out of range");
        return retain(l->items[i]);
    }
    if (is_exactly(key, &slice_type)) return get_slice(l, key);
    return index_resolve(key, l->length, "list", &at) && at < l->length ? retain(l->items[at]) : UNSET;
}

static bool set_item(Value self, Value key, Value value) {
    List *l = as_list(self);
    size_t at;
    if (is_exactly(key, &slice_type)) return set_slice(l, key, value);
    if (!index_resolve(key, l->length, "list assignment", &at)) return false;
    if (is_unset(value)) return list_delete(self, (int64_t)at);
    replace(&l->items[at], retain(value));
    return true;
}

static Value add(Value a, Value b) { return list_is(a) && list_is(b) ? list_concat(a, b) : NOT_IMPLEMENTED; }

static Value add_inplace(Value a, Value b) { return list_extend(a, b) ? retain(a) : UNSET; }

static Value multiply(Value a, Value b) {
    int64_t n;
    if (!list_is(a)) {
        Value t = a;
        a = b;
        b = t;
    }
    int counted = items_times(b, &n);
    return counted > 0 ? list_repeat(a, n) : counted < 0 ? UNSET : NOT_IMPLEMENTED;
}

static Value multiply_inplace(Value a, Value b) {
    int64_t n;
    int counted = items_times(b, &n);
    if (counted <= 0) return counted < 0 ? UNSET : NOT_IMPLEMENTED;
    List *l = as_list(a);
    size_t length_before = l->length;
    if (n == 0) empty(l);
    if (n <= 1 || length_before == 0) return retain(a);
    if ((uint64_t)n > SIZE_MAX / 16 / length_before) return raise_memory_error();
    if (!reserve(l, length_before * (size_t)n)) return UNSET;
    items_repeat(l->items + length_before, l->items, length_before, (size_t)n - 1);
    l->length = length_before * (size_t)n;
    return retain(a);
}

/* ---- methods ---- */

static Value method_append(const Value *args, size_t count) {
    return (void)count, list_append(args[0], args[1]) ? NONE : UNSET;
}
static Value method_extend(const Value *args, size_t count) {
    return (void)count, list_extend(args[0], args[1]) ? NONE : UNSET;
}
static Value method_insert(const Value *args, size_t count) {
    (void)count;
    int64_t index;
    if (!object_as_index(args[1], &index, &OverflowError_type)) return UNSET;
    return list_insert(args[0], index, args[2]) ? NONE : UNSET;
}

static Value method_pop(const Value *args, size_t count) {
    (void)count;
    List *l = as_list(args[0]);
    int64_t index = -1;
    if (is_set(args[1]) && !object_as_index(args[1], &index, &IndexError_type)) return UNSET;
    if (l->length == 0) return raise_index_error("pop from empty list");
    if (index < 0) index += (int64_t)l->length;
    if (index < 0 || (size_t)index >= l->length) return raise_index_error("pop index out of range");
    return list_pop(args[0], index);
}

static Value method_remove(const Value *args, size_t count) {
    (void)count;
    int64_t at = items_find(args[0], args[1], 0, SIZE_MAX);
    if (at == -2) return UNSET;
    if (at < 0) return raise_value_error("list.remove(x): x not in list");
    if ((size_t)at < as_list(args[0])->length) release(list_pop(args[0], at));
    return NONE;
}

static Value method_clear(const Value *args, size_t count) { return (void)count, empty(as_list(args[0])), NONE; }
static Value method_copy(const Value *args, size_t count) {
    return (void)count, list_from_values(as_list(args[0])->items, as_list(args[0])->length);
}
static Value method_count(const Value *args, size_t count) { return (void)count, items_count(args[0], args[1]); }
static Value method_reverse(const Value *args, size_t count) { return (void)count, list_reverse(args[0]), NONE; }

static Value method_index(const Value *args, size_t count) {
    (void)count;
    size_t start, stop;
    if (!items_bounds(args, as_list(args[0])->length, &start, &stop)) return UNSET;
    int64_t at = items_find(args[0], args[1], start, stop);
    if (at == -1) return raise_value_error("%R is not in list", args[1]);
    return at < 0 ? UNSET : from_small_int(at);
}

static Value method_sort(const Value *args, size_t count) {
    (void)count;
    int reverse = 0;
    if (is_set(args[2])) {
        int64_t n;
        if (!object_as_int64(args[2], &n)) return UNSET;
        reverse = n != 0;
    }
    return list_sort(args[0], args[1], reverse) ? NONE : UNSET;
}

static Value iterator_make(Type *type, Value list, size_t index) {
    ListIterator *it = object_allocate(type, sizeof *it);
    if (!it) return UNSET;
    it->list = retain(list);
    it->index = index;
    return from_object(it);
}
static Value iterate(Value self) { return iterator_make(&list_iterator_type, self, 0); }
static Value method_reversed(const Value *args, size_t count) {
    return (void)count, iterator_make(&list_reverse_iterator_type, args[0], as_list(args[0])->length);
}

static Value method_sizeof(const Value *args, size_t count) {
    (void)count;
    return int_from_size(as_object(args[0])->type->basic_size + as_list(args[0])->capacity * sizeof(Value));
}
static Value method_class_getitem(const Value *args, size_t count) {
    return (void)count, generic_alias_new(args[0], args[1]);
}

static const NativeDef methods[] = {
    METHOD("append", "object, /", method_append, "Append object to the end of the list."),
    METHOD("clear", "", method_clear, "Remove all items from list."),
    METHOD("copy", "", method_copy, "Return a shallow copy of the list."),
    METHOD("count", "value, /", method_count, "Return number of occurrences of value."),
    METHOD("extend", "iterable, /", method_extend, "Extend list by appending elements from the iterable."),
    METHOD("index", "value, start=0, stop=9223372036854775807, /", method_index,
           "Return first index of value.\n\nRaises ValueError if the value is not present."),
    METHOD("insert", "index, object, /", method_insert, "Insert object before index."),
    METHOD("pop", "index=-1, /", method_pop,
           "Remove and return item at index (default last).\n\nRaises IndexError if list is empty or index is out of "
           "range."),
    METHOD("remove", "value, /", method_remove,
           "Remove first occurrence of value.\n\nRaises ValueError if the value is not present."),
    METHOD("reverse", "", method_reverse, "Reverse *IN PLACE*."),
    METHOD("sort", "*, key=None, reverse=False", method_sort, "Sort the list in ascending order and return None."),
    METHOD("__reversed__", "", method_reversed, "Return a reverse iterator over the list."),
    METHOD("__sizeof__", "", method_sizeof, "Return the size of the list in memory, in bytes."),
    CLASS_METHOD("__class_getitem__", "item, /", method_class_getitem, "See PEP 585"),
    NATIVE_END,
};

Type list_type = {
    TYPE_HEAD("list"),
    .flags = TYPE_BASE | TYPE_GC | TYPE_SEQUENCE | TYPE_LIST_SUB,
    .basic_size = sizeof(List),
    .base = &object_type,
    .doc = "Built-in mutable sequence.\n\nIf no argument is given, the constructor creates a new empty list.\n"
           "The argument must be an iterable if specified.",
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
    .contains = list_contains,
    .binary[BINARY_ADD] = add,
    .binary[BINARY_MULTIPLY] = multiply,
    .inplace[BINARY_ADD] = add_inplace,
    .inplace[BINARY_MULTIPLY] = multiply_inplace,
};

/* ---- iterators ---- */

static ListIterator *as_iterator(Value v) { return (ListIterator *)as_object(v); }

static Value iterator_step(Value self) {
    ListIterator *it = as_iterator(self);
    if (is_unset(it->list)) return UNSET;
    List *l = as_list(it->list);
    if (it->index < l->length) return retain(l->items[it->index++]);
    clear(&it->list);
    return UNSET;
}

static Value iterator_step_back(Value self) {
    ListIterator *it = as_iterator(self);
    if (is_unset(it->list)) return UNSET;
    List *l = as_list(it->list);
    if (it->index > 0 && it->index <= l->length) return retain(l->items[--it->index]);
    clear(&it->list);
    return UNSET;
}

static Value iterator_length_hint(const Value *args, size_t count) {
    (void)count;
    ListIterator *it = as_iterator(args[0]);
    size_t n = is_set(it->list) ? as_list(it->list)->length : 0;
    if (is_exactly(args[0], &list_reverse_iterator_type))
        return from_small_int(it->index <= n ? (int64_t)it->index : 0);
    return from_small_int(it->index < n ? (int64_t)(n - it->index) : 0);
}

static Value iterator_reduce(const Value *args, size_t count) {
    (void)count;
    ListIterator *it = as_iterator(args[0]);
    Value function = object_builtin(is_exactly(args[0], &list_reverse_iterator_type) ? "reversed" : "iter");
    Value list = is_set(it->list) ? retain(it->list) : list_new(0), inner = is_set(list) ? tuple_pack(1, list) : UNSET;
    Value index = int_from_int64((int64_t)it->index - is_exactly(args[0], &list_reverse_iterator_type));
    Value result = UNSET;
    if (is_set(function) && is_set(inner))
        result = is_set(it->list) ? tuple_pack(3, function, inner, index) : tuple_pack(2, function, inner);
    release(function);
    release(list);
    release(inner);
    release(index);
    return result;
}

static Value iterator_setstate(const Value *args, size_t count) {
    (void)count;
    ListIterator *it = as_iterator(args[0]);
    int64_t at;
    if (!object_as_index(args[1], &at, NULL)) return UNSET;
    if (is_exactly(args[0], &list_reverse_iterator_type)) at++;
    if (is_set(it->list)) it->index = at < 0 ? 0 : (size_t)at;
    return NONE;
}

static void iterator_destroy(Object *self) {
    release(((ListIterator *)self)->list);
    object_free(self);
}
static int iterator_traverse(Object *self, Visit visit, void *context) {
    TRAVERSE(((ListIterator *)self)->list);
    return 0;
}
static void iterator_clear(Object *self) { clear(&((ListIterator *)self)->list); }
static Value iterator_self(Value self) { return retain(self); }

static const NativeDef iterator_methods[] = {
    METHOD("__length_hint__", "", iterator_length_hint, "Private method returning an estimate of len(list(it))."),
    METHOD("__reduce__", "", iterator_reduce, "Return state information for pickling."),
    METHOD("__setstate__", "state, /", iterator_setstate, "Set state information for unpickling."),
    NATIVE_END,
};

#define ITERATOR_TYPE(script_name, step)                                                                  \
    {                                                                                                     \
        TYPE_HEAD(script_name), .flags = TYPE_GC | TYPE_DISALLOW_NEW, .basic_size = sizeof(ListIterator), \
        .base = &object_type, .methods = iterator_methods, .destroy = iterator_destroy,                   \
        .traverse = iterator_traverse, .clear = iterator_clear, .iterate = iterator_self, .next = step,   \
    }
Type list_iterator_type = ITERATOR_TYPE("list_iterator", iterator_step);
Type list_reverse_iterator_type = ITERATOR_TYPE("list_reverseiterator", iterator_step_back);
