/* Operators on text: + * [] and iteration. */
#include "runtime/types/str_units.h"

#include "runtime/mem/heap.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/object.h"
#include "runtime/types/range.h"
#include "runtime/types/str_methods.h"
#include "runtime/types/tuple.h"

static uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }

Value str_concat(Value a, Value b) {
    Str *x = as_str(a), *y = as_str(b);
    if (x->length == 0) return str_exact(b);
    if (y->length == 0) return str_exact(a);
    Value made = str_new(x->length + y->length, larger(str_max(x), str_max(y)));
    if (is_unset(made)) return UNSET;
    str_copy(as_str(made), 0, x, 0, x->length);
    str_copy(as_str(made), x->length, y, 0, y->length);
    return made;
}

/* Nobody else can see a: it may change. */
static bool is_private(Value a) {
    return str_is_exact(a) && rc_load(&as_object(a)->count) == 1 && !str_is_interned(as_str(a));
}

/* Appends in the room behind the text, if there is enough; b's units fit a's width and ASCII stays ASCII. */
static bool append_in_place(Str *a, const Str *b) {
    size_t old = a->length, total = old + b->length;
    unsigned width = str_width(a);
    size_t need = sizeof(Str) + (total + 1) * width + 2 * sizeof(void *);
    if (str_max(b) > str_max(a) || need > raw_usable_size(a)) return false;
    bool ascii = str_is_ascii(a);
    if (!ascii) raw_free(atomic_load_explicit(str_utf8_slot(a), memory_order_relaxed));
    str_copy(a, old, b, 0, b->length);
    a->length = total;
    unit_put(a->data, width, total, 0);
    atomic_store_explicit(&a->hash, 0, memory_order_relaxed);
    if (!ascii) atomic_store_explicit(str_utf8_slot(a), NULL, memory_order_relaxed);
    return true;
}

/* a + b with room behind it, for more to come. */
static Value concat_roomy(Str *x, Str *y) {
    size_t total = x->length + y->length;
    uint32_t max = larger(str_max(x), str_max(y));
    Value made = str_new(total + total / 4 + 16, max);
    if (is_unset(made)) return UNSET;
    Str *s = as_str(made);
    s->length = total; /* fresh memory: the UTF-8 slot of the shorter text is set below */
    str_copy(s, 0, x, 0, x->length);
    str_copy(s, x->length, y, 0, y->length);
    unit_put(s->data, str_width(s), total, 0);
    if (max > MAX_ASCII) atomic_store_explicit(str_utf8_slot(s), NULL, memory_order_relaxed);
    return made;
}

Value str_append(Value a, Value b) {
    if (str_length(b) == 0 && str_is_exact(a)) return a;
    Value made;
    if (!same(a, b) && is_private(a)) {
        if (append_in_place(as_str(a), as_str(b))) return a;
        made = str_length(a) > 64 ? concat_roomy(as_str(a), as_str(b)) : str_concat(a, b);
    } else made = str_concat(a, b);
    release(a);
    return made;
}

Value str_concat_many(const Value *parts, size_t count) {
    size_t total = 0;
    uint32_t max = 0;
    for (size_t i = 0; i < count; i++) {
        total += str_length(parts[i]);
        max = larger(max, str_length(parts[i]) ? str_max(as_str(parts[i])) : 0);
    }
    Value made = str_new(total, max);
    if (is_unset(made) || !total) return made;
    Str *s = as_str(made);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        Str *part = as_str(parts[i]);
        str_copy(s, at, part, 0, part->length);
        at += part->length;
    }
    return made;
}

Value str_repeat(Value v, int64_t n) {
    Str *s = as_str(v);
    if (n == 1) return str_exact(v);
    if (n <= 0 || s->length == 0) return str_empty();
    if ((uint64_t)n > INT64_MAX / s->length) return raise_overflow_error("repeated string is too long");
    if ((uint64_t)n > SIZE_MAX / 16 / s->length) return raise_memory_error();
    Value made = str_new(s->length * (size_t)n, str_max(s));
    if (is_unset(made)) return UNSET;
    unsigned width = str_width(s);
    size_t total = s->length * (size_t)n, done = s->length;
    unsigned char *data = as_str(made)->data;
    if (s->length == 1) return units_fill(data, width, 0, str_at(s, 0), total), made;
    memcpy(data, s->data, done * width);
    while (done < total) {
        size_t more = done < total - done ? done : total - done;
        memcpy(data + done * width, data, more * width);
        done += more;
    }
    return made;
}

Value str_add(Value a, Value b) {
    if (str_is(a) && str_is(b)) return str_concat(a, b);
    if (!str_is(a)) return NOT_IMPLEMENTED;
    return raise_type_error("can only concatenate str (not \"%T\") to str", b);
}

Value str_multiply(Value a, Value b) {
    Value text = str_is(a) ? a : b, times = str_is(a) ? b : a;
    if (!type_of(times)->index) return raise_type_error("can't multiply sequence by non-int of type '%T'", times);
    int64_t n;
    if (!object_as_index(times, &n, &OverflowError_type)) return UNSET;
    return str_repeat(text, n);
}

Value str_modulo(Value a, Value b) { return str_is(a) ? str_percent(a, b) : NOT_IMPLEMENTED; }

static Value step_slice_ascii(Str *s, int64_t start, int64_t step, size_t count) {
    Value made = str_new(count, MAX_ASCII);
    if (is_unset(made)) return made;
    unsigned char *out = as_str(made)->data;
    const unsigned char *from = s->data + start;
    for (size_t i = 0; i < count; i++, from += step) out[i] = *from;
    return made;
}

static Value step_slice(Str *s, int64_t start, int64_t step, size_t count) {
    if (count == 1) return str_from_code_point(str_at(s, (size_t)start));
    if (str_is_ascii(s)) return step_slice_ascii(s, start, step, count);
    unsigned width = str_width(s);
    uint32_t max = 0;
    for (size_t i = 0; i < count; i++) max |= unit_at(s->data, width, (size_t)(start + (int64_t)i * step));
    Value made = str_new(count, max);
    if (is_unset(made) || !count) return made;
    for (size_t i = 0; i < count; i++)
        str_put(as_str(made), i, unit_at(s->data, width, (size_t)(start + (int64_t)i * step)));
    return made;
}

static Value get_slice(Value self, Value key) {
    int64_t start, stop, step;
    size_t count;
    if (!slice_bounds(key, str_length(self), &start, &stop, &step, &count)) return UNSET;
    if (count == 0) return str_empty();
    if (step == 1) return str_slice(self, (size_t)start, (size_t)start + count);
    return step_slice(as_str(self), start, step, count);
}

Value str_get_item(Value self, Value key) {
    Str *s = as_str(self);
    if (is_small_int(key)) {
        int64_t i = as_small_int(key);
        if (i < 0) i += (int64_t)s->length;
        if ((uint64_t)i < s->length) return str_from_code_point(str_at(s, (size_t)i));
        return raise_index_error("string index out of range");
    }
    if (is_exactly(key, &slice_type)) return get_slice(self, key);
    if (!type_of(key)->index) return raise_type_error("string indices must be integers, not '%T'", key);
    int64_t i;
    if (!object_as_index(key, &i, &IndexError_type)) return UNSET;
    if (i < 0) i += (int64_t)s->length;
    if ((uint64_t)i >= s->length) return raise_index_error("string index out of range");
    return str_from_code_point(str_at(s, (size_t)i));
}

Value str_iterate(Value self) {
    StrIterator *it =
        object_allocate(str_is_ascii(as_str(self)) ? &str_ascii_iterator_type : &str_iterator_type, sizeof *it);
    if (!it) return UNSET;
    it->str = retain(self);
    return from_object(it);
}

static Value iterator_step(Value self) {
    StrIterator *it = (StrIterator *)as_object(self);
    if (is_unset(it->str)) return UNSET;
    Str *s = as_str(it->str);
    if (it->index < s->length) return str_from_code_point(str_at(s, it->index++));
    clear(&it->str);
    return UNSET;
}

static void iterator_destroy(Object *self) {
    release(((StrIterator *)self)->str);
    object_free(self);
}

static Value iterator_self(Value self) { return retain(self); }

static Value length_hint(const Value *args, size_t count) {
    (void)count;
    StrIterator *it = (StrIterator *)as_object(args[0]);
    return int_from_size(is_unset(it->str) ? 0 : str_length(it->str) - it->index);
}

Value text_iterator_reduce(const Value *args, size_t count) {
    StrIterator *it = (StrIterator *)as_object(args[0]);
    Value function = object_builtin("iter"), inner = tuple_pack(1, is_set(it->str) ? it->str : names.empty);
    Value index = int_from_size(it->index), result = UNSET;
    if (is_set(function) && is_set(inner))
        result = is_set(it->str) ? tuple_pack(3, function, inner, index) : tuple_pack(2, function, inner);
    release(function);
    release(inner);
    release(index);
    return result;
}

Value text_iterator_setstate(const Value *args, size_t count) {
    StrIterator *it = (StrIterator *)as_object(args[0]);
    int64_t index;
    if (!object_as_index(args[1], &index, NULL)) return UNSET;
    int64_t length = is_set(it->str) ? object_length(it->str) : 0;
    if (length < 0) return UNSET;
    it->index = (size_t)(index < 0 ? 0 : index > length ? length : index);
    return NONE;
}

static const NativeDef iterator_methods[] = {
    METHOD("__length_hint__", "", length_hint, "How many are left."),
    TEXT_ITERATOR_COPYING,
    NATIVE_END,
};

#define ITERATOR(type_name)                                                                                            \
    {                                                                                                                  \
        TYPE_HEAD(type_name), .flags = TYPE_IMMUTABLE | TYPE_DISALLOW_NEW, .basic_size = sizeof(StrIterator),          \
                              .methods = iterator_methods, .destroy = iterator_destroy, .iterate = iterator_self,      \
                              .next = iterator_step                                                                    \
    }
Type str_iterator_type = ITERATOR("str_iterator");
Type str_ascii_iterator_type = ITERATOR("str_ascii_iterator");
