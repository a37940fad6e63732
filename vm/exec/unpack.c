/* Unpacking of iterables into targets. */
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/list.h"
#include "runtime/types/object.h"
#include "runtime/types/tuple.h"
#include "vm/exec/ops.h"

static void drop(Value *items, size_t n) {
    for (size_t i = 0; i < n; i++) clear(&items[i]);
}

static Value iterator_of(Value iterable) {
    Value iterator = object_iterate(iterable);
    Type *type = type_of(iterable);
    if (is_unset(iterator) && !type->iterate && !type->get_item && error_absorb(&TypeError_type))
        raise_type_error("cannot unpack non-iterable %T object", iterable);
    return iterator;
}

/* The first n items; how many there were, or -1. */
static int64_t take_items(Value *dest, size_t n, Value iterator) {
    for (size_t i = 0; i < n; i++) {
        dest[i] = iterator_next(iterator);
        if (is_set(dest[i])) continue;
        if (!error_pending()) return (int64_t)i;
        drop(dest, i);
        return -1;
    }
    return (int64_t)n;
}

static bool from_array(Value *dest, size_t n, const Value *items, size_t length) {
    if (length > n) return raise_value_error("too many values to unpack (expected %zu)", n), false;
    if (length < n) return raise_value_error("not enough values to unpack (expected %zu, got %zu)", n, length), false;
    for (size_t i = 0; i < n; i++) dest[i] = retain(items[i]);
    return true;
}

static bool from_iterator(Value *dest, size_t n, Value iterator) {
    int64_t got = take_items(dest, n, iterator);
    if (got < 0) return false;
    if ((size_t)got < n) {
        drop(dest, (size_t)got);
        return raise_value_error("not enough values to unpack (expected %zu, got %zu)", n, (size_t)got), false;
    }
    Value extra = iterator_next(iterator);
    if (is_unset(extra) && !error_pending()) return true;
    drop(dest, n);
    if (is_set(extra)) raise_value_error("too many values to unpack (expected %zu)", n);
    release(extra);
    return false;
}

bool unpack_exact(Value *dest, size_t n, Value iterable) {
    if (tuple_is_exact(iterable)) return from_array(dest, n, as_tuple(iterable)->items, tuple_length(iterable));
    if (list_is_exact(iterable)) return from_array(dest, n, as_list(iterable)->items, as_list(iterable)->length);
    Value iterator = iterator_of(iterable);
    if (is_unset(iterator)) return false;
    bool done = from_iterator(dest, n, iterator);
    release(iterator);
    return done;
}

bool unpack_starred(Value *dest, size_t before, size_t after, Value iterable) {
    Value iterator = iterator_of(iterable);
    if (is_unset(iterator)) return false;
    int64_t got = take_items(dest, before, iterator);
    Value rest = got == (int64_t)before ? list_from_iterable(iterator) : UNSET;
    release(iterator);
    if (got >= 0 && (size_t)got < before)
        raise_value_error("not enough values to unpack (expected at least %zu, got %zu)", before + after, (size_t)got);
    if (is_unset(rest)) {
        if (got > 0) drop(dest, (size_t)got);
        return false;
    }
    List *list = as_list(rest);
    if (list->length < after) {
        raise_value_error("not enough values to unpack (expected at least %zu, got %zu)", before + after,
                          before + list->length);
        drop(dest, before);
        release(rest);
        return false;
    }
    for (size_t i = 0; i < after; i++) dest[before + 1 + i] = list->items[list->length - after + i];
    list->length -= after;
    dest[before] = rest;
    return true;
}
