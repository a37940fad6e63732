/* array: the type array.array and its iterator. */
#include "runtime/types/traverse.h"
#include "stdlib/array.h"

#include <stdlib.h>

/* Memory. */

static unsigned char *item_at(const Array *a, size_t i) { return a->data + i * a->kind->size; }

static bool check_resizable(const Array *a) {
    return a->exports == 0 ||
           (raise_error(&BufferError_type, "cannot resize an array that is exporting buffers"), false);
}

static bool resize(Array *a, size_t length) {
    if (length == a->length) return true;
    if (!check_resizable(a)) return false;
    if (length > a->capacity || length < a->capacity / 2) {
        size_t capacity = length + (length > a->length ? (length >> 4) + (length < 8 ? 3 : 7) : 0);
        if (length > INT64_MAX / 16) return raise_memory_error(), false;
        unsigned char *data = raw_reallocate(a->data, capacity * a->kind->size);
        if (!data && capacity) return raise_memory_error(), false;
        a->data = data;
        a->capacity = capacity;
    }
    a->length = length;
    return true;
}

static Value array_new(Type *type, const ArrayKind *kind, size_t length) {
    Value v = instance_new(type);
    if (is_unset(v)) return UNSET;
    as_array(v)->kind = kind;
    if (resize(as_array(v), length)) return v;
    release(v);
    return UNSET;
}

static Value array_from(const Array *a, size_t start, size_t length) {
    Value v = array_new(&array_type, a->kind, length);
    if (is_set(v) && length) memcpy(as_array(v)->data, item_at(a, start), length * a->kind->size);
    return v;
}

static bool append(Array *a, Value item) {
    unsigned char room[8];
    if (!array_write(a->kind, room, item)) return false; /* may run a script that changes the array */
    if (!resize(a, a->length + 1)) return false;
    memcpy(item_at(a, a->length - 1), room, a->kind->size);
    return true;
}

static bool append_visit(Value item, void *context) { return append(context, item); }

static bool insert(Array *a, size_t at, Value item) {
    unsigned char room[8];
    if (!array_write(a->kind, room, item) || !resize(a, a->length + 1)) return false;
    if (at >= a->length) at = a->length - 1;
    memmove(item_at(a, at + 1), item_at(a, at), (a->length - 1 - at) * a->kind->size);
    memcpy(item_at(a, at), room, a->kind->size);
    return true;
}

static bool delete_range(Array *a, size_t start, size_t n) {
    if (n == 0) return true;
    if (!check_resizable(a)) return false;
    memmove(item_at(a, start), item_at(a, start + n), (a->length - start - n) * a->kind->size);
    return resize(a, a->length - n);
}

static bool append_bytes(Array *a, const void *data, size_t n) {
    if (n % a->kind->size) return raise_value_error("bytes length not a multiple of item size"), false;
    size_t before = a->length;
    if (!resize(a, before + n / a->kind->size)) return false;
    if (n) memcpy(item_at(a, before), data, n);
    return true;
}

static bool append_buffer(Array *a, Value source) {
    Buffer buffer;
    if (!buffer_get(source, &buffer, false)) return false;
    bool done = append_bytes(a, buffer.data, buffer.length);
    buffer_release(&buffer);
    return done;
}

static bool append_text(Array *a, Value text) {
    size_t before = a->length, n = str_length(text);
    if (!resize(a, before + n)) return false;
    for (size_t i = 0; i < n; i++) {
        wchar_t c = (wchar_t)str_at(as_str(text), i);
        memcpy(item_at(a, before + i), &c, sizeof c);
    }
    return true;
}

static bool append_array(Array *a, const Array *other) {
    if (a->kind != other->kind) return raise_type_error("can only extend with array of same kind"), false;
    size_t before = a->length, n = other->length;
    if (!resize(a, before + n)) return false;
    if (n) memcpy(item_at(a, before), other->data, n * a->kind->size);
    return true;
}

static bool extend(Array *a, Value source) {
    if (array_is(source)) return append_array(a, as_array(source));
    return object_each(source, append_visit, a);
}

/* Construction. */

static bool initialise(Array *a, Value source) {
    bool is_text = a->kind->code == 'u';
    if (str_is(source)) {
        if (is_text) return append_text(a, source);
        return raise_type_error("cannot use a str to initialize an array with typecode '%c'", (unsigned)a->kind->code),
               false;
    }
    if (array_is(source) && as_array(source)->kind->code == 'u' && !is_text) {
        return raise_type_error("cannot use a unicode array to initialize an array with typecode '%c'",
                                (unsigned)a->kind->code),
               false;
    }
    if (bytes_is(source) || bytearray_is(source)) return append_buffer(a, source);
    if (array_is(source) && as_array(source)->kind == a->kind) return append_array(a, as_array(source));
    return object_each(source, append_visit, a);
}

static Value make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value bound[2];
    if (type == &array_type && !native_no_keywords("array.array", kwnames)) return UNSET;
    if (count < 1) return raise_type_error("array() takes at least 1 argument (0 given)");
    if (type == &array_type && count > 2)
        return raise_type_error("array() takes at most 2 arguments (%zu given)", count);
    bound[0] = args[0];
    bound[1] = count > 1 ? args[1] : UNSET;
    if (!str_is(bound[0]) || str_length(bound[0]) != 1) {
        return raise_type_error("array() argument 1 must be a unicode character, not %T", bound[0]);
    }
    const ArrayKind *kind = array_kind(str_at(as_str(bound[0]), 0));
    if (!kind) return raise_value_error("bad typecode (must be b, B, u, h, H, i, I, l, L, q, Q, f or d)");
    Value v = array_new(type, kind, 0);
    if (is_unset(v) || is_unset(bound[1]) || initialise(as_array(v), bound[1])) return v;
    release(v);
    return UNSET;
}

/* Arguments are for __new__ alone. */
static bool init(Value self, const Value *args, size_t count, Value kwnames) { return true; }

static void destroy(Object *self) {
    raw_free(((Array *)self)->data);
    object_free(self);
}

/* Items and slices. */

static int64_t length(Value self) { return (int64_t)as_array(self)->length; }

static bool resolve(Value self, Value key, const char *out_of_range, size_t *out) {
    int64_t i, n = length(self);
    if (!int_is(key) && !type_of(key)->index) return raise_type_error("array indices must be integers"), false;
    if (!object_as_index(key, &i, &IndexError_type)) return false;
    n = length(self);
    if (i < 0) i += n;
    *out = (size_t)i;
    return (i >= 0 && i < n) || (raise_index_error("%s", out_of_range), false);
}

static Value get_slice(const Array *a, Value slice) {
    int64_t start, stop, step;
    size_t n, size = a->kind->size;
    if (!slice_bounds(slice, a->length, &start, &stop, &step, &n)) return UNSET;
    if (step == 1) return array_from(a, (size_t)start, n);
    Value v = array_new(&array_type, a->kind, n);
    if (is_unset(v)) return UNSET;
    for (size_t i = 0; i < n; i++, start += step) memcpy(item_at(as_array(v), i), item_at(a, (size_t)start), size);
    return v;
}

static Value get_item(Value self, Value key) {
    size_t i;
    if (is_exactly(key, &slice_type)) return get_slice(as_array(self), key);
    if (!resolve(self, key, "array index out of range", &i)) return UNSET;
    return array_read(as_array(self)->kind, item_at(as_array(self), i));
}

static bool delete_stepped(Array *a, int64_t start, int64_t step, size_t n) {
    if (n == 0) return true;
    if (step < 0) start += step * (int64_t)(n - 1), step = -step;
    if (!check_resizable(a)) return false;
    size_t to = (size_t)start, next = (size_t)start, deleted = 0;
    for (size_t from = (size_t)start; from < a->length; from++) {
        if (deleted < n && from == next) {
            deleted++, next += (size_t)step;
        } else {
            memcpy(item_at(a, to++), item_at(a, from), a->kind->size);
        }
    }
    return resize(a, to);
}

/* Replaces n items at start by the items of source, which is not this array. */
static bool replace_range(Array *a, size_t start, size_t n, const Array *source) {
    size_t tail = a->length - start - n, grown = a->length - n + source->length, size = a->kind->size;
    if (source->length < n) memmove(item_at(a, start + source->length), item_at(a, start + n), tail * size);
    if (!resize(a, grown)) return false;
    if (source->length > n) memmove(item_at(a, start + source->length), item_at(a, start + n), tail * size);
    if (source->length) memcpy(item_at(a, start), source->data, source->length * size);
    return true;
}

static bool assign_array(Array *a, Value slice, const Array *source) {
    int64_t start, stop, step;
    size_t n;
    if (!slice_bounds(slice, a->length, &start, &stop, &step, &n)) return false;
    if (source->length != n && !check_resizable(a)) return false;
    if (step == 1) return replace_range(a, (size_t)start, n, source);
    if (source->length != n) {
        return raise_value_error("attempt to assign array of size %zu to extended slice of size %zu", source->length,
                                 n),
               false;
    }
    for (size_t i = 0; i < n; i++, start += step) memcpy(item_at(a, (size_t)start), item_at(source, i), a->kind->size);
    return true;
}

static bool set_slice(Array *a, Value slice, Value source) {
    int64_t start, stop, step;
    size_t n;
    if (is_unset(source)) {
        if (!slice_bounds(slice, a->length, &start, &stop, &step, &n)) return false;
        return step == 1 ? delete_range(a, (size_t)start, n) : delete_stepped(a, start, step, n);
    }
    if (!array_is(source)) return raise_type_error("can only assign array (not \"%T\") to array slice", source), false;
    if (as_array(source)->kind != a->kind) return raise_type_error("bad argument type for built-in operation"), false;
    if (as_array(source) != a) return assign_array(a, slice, as_array(source));
    Value copy = array_from(a, 0, a->length);
    bool done = is_set(copy) && assign_array(a, slice, as_array(copy));
    release(copy);
    return done;
}

static bool set_item(Value self, Value key, Value item) {
    Array *a = as_array(self);
    unsigned char room[8];
    size_t i;
    if (is_exactly(key, &slice_type)) return set_slice(a, key, item);
    if (!resolve(self, key, "array assignment index out of range", &i)) return false;
    if (is_unset(item)) return delete_range(a, i, 1);
    if (!array_write(a->kind, room, item)) return false;
    if (i >= a->length) return raise_index_error("array assignment index out of range"), false;
    memcpy(item_at(a, i), room, a->kind->size);
    return true;
}

/* Index of the first item in [start, stop) that equals v; -1 none, -2 failed. */
static int64_t find(Value self, Value v, size_t start, size_t stop) {
    for (size_t i = start; i < stop && i < as_array(self)->length; i++) {
        Value item = array_read(as_array(self)->kind, item_at(as_array(self), i));
        if (is_unset(item)) return -2;
        int equal = object_compare_truth(item, v, COMPARE_EQ);
        release(item);
        if (equal) return equal < 0 ? -2 : (int64_t)i;
    }
    return -1;
}

static int contains(Value self, Value item) {
    int64_t found = find(self, item, 0, SIZE_MAX);
    return found == -2 ? -1 : found >= 0;
}

/* Operators. */

static Value add(Value a, Value b) {
    if (!array_is(a)) return NOT_IMPLEMENTED;
    if (!array_is(b)) return raise_type_error("can only append array (not \"%T\") to array", b);
    if (as_array(a)->kind != as_array(b)->kind) return raise_type_error("bad argument type for built-in operation");
    Value v = array_from(as_array(a), 0, as_array(a)->length);
    if (is_set(v) && append_array(as_array(v), as_array(b))) return v;
    release(v);
    return UNSET;
}

static Value inplace_add(Value a, Value b) {
    if (!array_is(b)) return raise_type_error("can only extend array with array (not \"%T\")", b);
    return append_array(as_array(a), as_array(b)) ? retain(a) : UNSET;
}

static bool repeat(Array *a, int64_t times) {
    size_t n = a->length, total;
    if (times < 0) times = 0;
    if (__builtin_mul_overflow(n, (size_t)times, &total)) return raise_memory_error(), false;
    if (!resize(a, total)) return false;
    for (size_t done = n; done < total; done += n) memcpy(item_at(a, done), a->data, n * a->kind->size);
    return true;
}

static Value multiply(Value a, Value b) {
    int64_t times;
    Value array = array_is(a) ? a : b, number = array_is(a) ? b : a;
    if (!int_is(number) && !type_of(number)->index) {
        return raise_type_error("can't multiply sequence by non-int of type '%T'", number);
    }
    if (!object_as_index(number, &times, &OverflowError_type)) return UNSET;
    Value v = array_from(as_array(array), 0, as_array(array)->length);
    if (is_set(v) && repeat(as_array(v), times)) return v;
    release(v);
    return UNSET;
}

static Value inplace_multiply(Value a, Value b) {
    int64_t times;
    if (!int_is(b) && !type_of(b)->index) return raise_type_error("can't multiply sequence by non-int of type '%T'", b);
    if (!object_as_index(b, &times, &OverflowError_type)) return UNSET;
    return repeat(as_array(a), times) ? retain(a) : UNSET;
}

static Value compare_lengths(size_t a, size_t b, CompareOp op) {
    return object_compare(int_from_size(a), int_from_size(b), op);
}

static Value compare(Value a, Value b, CompareOp op) {
    if (!array_is(a) || !array_is(b)) return NOT_IMPLEMENTED;
    const Array *x = as_array(a), *y = as_array(b);
    if (x->length != y->length && (op == COMPARE_EQ || op == COMPARE_NE)) return from_bool(op == COMPARE_NE);
    for (size_t i = 0; i < x->length && i < y->length; i++) {
        Value p = array_read(x->kind, item_at(x, i)), q = array_read(y->kind, item_at(y, i)), result = UNSET;
        int equal = object_compare_truth(p, q, COMPARE_EQ);
        if (equal == 0)
            result = op == COMPARE_EQ || op == COMPARE_NE ? from_bool(op == COMPARE_NE) : object_compare(p, q, op);
        release(p), release(q);
        if (equal <= 0) return result;
    }
    return compare_lengths(x->length, y->length, op);
}

static Value to_text(const Array *a) {
    StrBuilder b = STR_BUILDER;
    for (size_t i = 0; i < a->length; i++) {
        wchar_t c;
        memcpy(&c, item_at(a, i), sizeof c);
        if ((uint32_t)c > 0x10FFFF) {
            builder_discard(&b);
            return raise_value_error("character U+%x is not in range [U+0000; U+10ffff]", (unsigned)c);
        }
        builder_char(&b, (uint32_t)c);
    }
    return builder_finish(&b);
}

static Value to_list(const Array *a) {
    Value list = list_new(a->length);
    for (size_t i = 0; is_set(list) && i < a->length; i++) {
        Value item = array_read(a->kind, item_at(a, i));
        if (is_unset(item) || !list_append_steal(list, item)) return release(list), UNSET;
    }
    return list;
}

static Value repr(Value self) {
    const Array *a = as_array(self);
    if (a->length == 0) return str_format("%s('%c')", "array", (unsigned)a->kind->code);
    Value items = a->kind->code == 'u' ? to_text(a) : to_list(a);
    Value text = is_set(items) ? str_format("%s('%c', %R)", "array", (unsigned)a->kind->code, items) : UNSET;
    release(items);
    return text;
}

/* Buffer. */

static bool get_buffer(Value self, Buffer *out, bool writable) {
    static const char formats[] = "b\0B\0w\0h\0H\0i\0I\0l\0L\0q\0Q\0f\0d";
    Array *a = as_array(self);
    const char *format = formats;
    while (*format != (a->kind->code == 'u' ? 'w' : a->kind->code)) format += 2;
    a->exports++;
    *out = (Buffer){.data = a->data, .length = a->length * a->kind->size, .format = format, .item_size = a->kind->size};
    return true;
}

static void release_buffer(Value self, Buffer *buffer) { as_array(self)->exports--; }

/* Iterator. */

typedef struct ArrayIterator {
    Object head;
    Value array; /* UNSET: exhausted */
    size_t at;
} ArrayIterator;

static Value iterator_step(Value self) {
    ArrayIterator *it = (ArrayIterator *)as_object(self);
    if (is_unset(it->array)) return UNSET;
    const Array *a = as_array(it->array);
    if (it->at < a->length) return array_read(a->kind, item_at(a, it->at++));
    clear(&it->array);
    return UNSET;
}

static Value iterator_self(Value self) { return retain(self); }
static void iterator_destroy(Object *self) {
    release(((ArrayIterator *)self)->array);
    object_free(self);
}
static int iterator_traverse(Object *self, Visit visit, void *context) {
    TRAVERSE(((ArrayIterator *)self)->array);
    return 0;
}
static void iterator_clear(Object *self) { clear(&((ArrayIterator *)self)->array); }

static Type array_iterator_type = {
    TYPE_HEAD("array.arrayiterator"),
    .flags = TYPE_DISALLOW_NEW | TYPE_GC,
    .basic_size = sizeof(ArrayIterator),
    .destroy = iterator_destroy,
    .traverse = iterator_traverse,
    .clear = iterator_clear,
    .iterate = iterator_self,
    .next = iterator_step,
};

static Value iterate(Value self) {
    ArrayIterator *it = object_allocate(&array_iterator_type, sizeof *it);
    if (!it) return UNSET;
    it->array = retain(self);
    return from_object(it);
}

/* Methods. */

static Value done(bool fine) { return fine ? NONE : UNSET; }
static Value method_append(const Value *args, size_t count) { return done(append(as_array(args[0]), args[1])); }
static Value method_extend(const Value *args, size_t count) { return done(extend(as_array(args[0]), args[1])); }
static Value method_tolist(const Value *args, size_t count) { return to_list(as_array(args[0])); }

static Value method_buffer_info(const Value *args, size_t count) {
    Value address = int_from_size((size_t)as_array(args[0])->data), n = int_from_size(as_array(args[0])->length);
    Value pair[2] = {address, n};
    return is_set(address) ? tuple_steal(pair, 2) : UNSET;
}

static Value method_byteswap(const Value *args, size_t count) {
    Array *a = as_array(args[0]);
    size_t size = a->kind->size;
    for (unsigned char *p = a->data, *end = item_at(a, a->length); p < end; p += size) {
        for (size_t i = 0; i < size / 2; i++) {
            unsigned char swap = p[i];
            p[i] = p[size - 1 - i];
            p[size - 1 - i] = swap;
        }
    }
    return NONE;
}

static Value method_count(const Value *args, size_t count) {
    int64_t n = 0;
    for (int64_t at = -1; (at = find(args[0], args[1], (size_t)(at + 1), SIZE_MAX)) != -1; n++) {
        if (at == -2) return UNSET;
    }
    return from_small_int(n);
}

static Value method_copy(const Value *args, size_t count) {
    return array_from(as_array(args[0]), 0, as_array(args[0])->length);
}

static Value method_frombytes(const Value *args, size_t count) {
    return done(append_buffer(as_array(args[0]), args[1]));
}

static Value method_fromfile(const Value *args, size_t count) {
    int64_t n, bytes;
    Array *a = as_array(args[0]);
    if (!object_as_index(args[2], &n, &OverflowError_type)) return UNSET;
    if (n < 0) return raise_value_error("negative count");
    if (__builtin_mul_overflow(n, (int64_t)a->kind->size, &bytes)) return raise_memory_error();
    Value wanted = int_from_int64(bytes), data = call_method1(args[1], names.read, wanted);
    release(wanted);
    if (is_unset(data)) return UNSET;
    Value result = UNSET;
    if (!bytes_is(data)) {
        raise_type_error("read() didn't return bytes");
    } else {
        bool complete = as_bytes(data)->length == (size_t)bytes;
        if (append_buffer(a, data))
            result = complete ? NONE : raise_error(&EOFError_type, "read() didn't return enough bytes");
    }
    release(data);
    return result;
}

static Value method_fromlist(const Value *args, size_t count) {
    Array *a = as_array(args[0]);
    size_t before = a->length;
    if (!list_is(args[1])) return raise_type_error("arg must be list");
    if (object_each(args[1], append_visit, a)) return NONE;
    if (a->length > before && a->exports == 0) resize(a, before);
    return UNSET;
}

static Value method_fromunicode(const Value *args, size_t count) {
    if (!str_is(args[1])) return raise_type_error("fromunicode() argument must be str, not %T", args[1]);
    if (as_array(args[0])->kind->code != 'u') {
        return raise_value_error("fromunicode() may only be called on unicode type arrays");
    }
    return done(append_text(as_array(args[0]), args[1]));
}

static bool bound(Value v, size_t length, size_t *out) {
    int64_t i;
    if (is_unset(v)) return true;
    if (!object_as_index(v, &i, NULL)) return false;
    if (i < 0 && (i += (int64_t)length) < 0) i = 0;
    *out = (size_t)i;
    return true;
}

static Value method_index(const Value *args, size_t count) {
    size_t start = 0, stop = SIZE_MAX, n = as_array(args[0])->length;
    if (!bound(args[2], n, &start) || !bound(args[3], n, &stop)) return UNSET;
    int64_t at = find(args[0], args[1], start, stop);
    if (at >= 0) return from_small_int(at);
    return at == -2 ? UNSET : raise_value_error("array.index(x): x not in array");
}

static Value method_insert(const Value *args, size_t count) {
    int64_t i, n = length(args[0]);
    if (!object_as_index(args[1], &i, &OverflowError_type)) return UNSET;
    if (i < 0 && (i += n) < 0) i = 0;
    return done(insert(as_array(args[0]), i > n ? (size_t)n : (size_t)i, args[2]));
}

static Value method_pop(const Value *args, size_t count) {
    Array *a = as_array(args[0]);
    int64_t i = -1;
    if (is_set(args[1]) && !object_as_index(args[1], &i, &IndexError_type)) return UNSET;
    if (a->length == 0) return raise_index_error("pop from empty array");
    if (i < 0) i += (int64_t)a->length;
    if (i < 0 || i >= (int64_t)a->length) return raise_index_error("pop index out of range");
    Value item = array_read(a->kind, item_at(a, (size_t)i));
    if (is_unset(item) || delete_range(a, (size_t)i, 1)) return item;
    release(item);
    return UNSET;
}

static Value method_remove(const Value *args, size_t count) {
    int64_t at = find(args[0], args[1], 0, SIZE_MAX);
    if (at >= 0) return done(delete_range(as_array(args[0]), (size_t)at, 1));
    return at == -2 ? UNSET : raise_value_error("array.remove(x): x not in array");
}

static Value method_reverse(const Value *args, size_t count) {
    Array *a = as_array(args[0]);
    unsigned char room[8];
    size_t size = a->kind->size;
    for (size_t i = 0; i < a->length / 2; i++) {
        unsigned char *p = item_at(a, i), *q = item_at(a, a->length - 1 - i);
        memcpy(room, p, size);
        memcpy(p, q, size);
        memcpy(q, room, size);
    }
    return NONE;
}

static Value method_tobytes(const Value *args, size_t count) {
    const Array *a = as_array(args[0]);
    return bytes_from(a->length ? (const void *)a->data : "", a->length * a->kind->size);
}

static Value method_tofile(const Value *args, size_t count) {
    Value bytes = method_tobytes(args, 1);
    Value written = is_set(bytes) ? call_method1(args[1], names.write, bytes) : UNSET;
    release(bytes);
    if (is_unset(written)) return UNSET;
    release(written);
    return NONE;
}

static Value method_tounicode(const Value *args, size_t count) {
    if (as_array(args[0])->kind->code != 'u')
        return raise_value_error("tounicode() may only be called on unicode type arrays");
    return to_text(as_array(args[0]));
}

static Value method_reduce_ex(const Value *args, size_t count) {
    const Array *a = as_array(args[0]);
    Value function = import_attribute("array", "_array_reconstructor"),
          code = str_from_code_point((unsigned char)a->kind->code);
    Value bytes = method_tobytes(args, 1), dict = UNSET, inner = UNSET, result = UNSET;
    int found = object_find_attribute(args[0], names.__dict__, &dict);
    if (is_set(bytes) && is_set(function) && found >= 0) {
        inner = tuple_pack(4, type_value(type_of(args[0])), code, from_small_int(a->kind->pickle_code), bytes);
    }
    if (is_set(inner)) result = tuple_pack(3, function, inner, found ? dict : NONE);
    release(function), release(code), release(bytes), release(dict), release(inner);
    return result;
}

static Value method_sizeof(const Value *args, size_t count) {
    const Array *a = as_array(args[0]);
    return int_from_size(64 + a->capacity * a->kind->size);
}

static const NativeDef methods[] = {
    METHOD("append", "v, /", method_append, "Append new value v to the end of the array."),
    METHOD("buffer_info", "", method_buffer_info,
           "Return a tuple (address, length): the current memory address and the length in items."),
    METHOD("byteswap", "", method_byteswap, "Byteswap all items of the array."),
    METHOD("count", "v, /", method_count, "Return number of occurrences of v in the array."),
    METHOD("extend", "bb, /", method_extend, "Append items to the end of the array."),
    METHOD("frombytes", "buffer, /", method_frombytes,
           "Appends items from the string, interpreting it as an array of machine values."),
    METHOD("fromfile", "f, n, /", method_fromfile,
           "Read n objects from the file object f and append them to the end of the array."),
    METHOD("fromlist", "list, /", method_fromlist, "Append items to array from list."),
    METHOD("fromunicode", "ustr, /", method_fromunicode, "Extends this array with data from the unicode string ustr."),
    METHOD("index", "v, start=0, stop=9223372036854775807, /", method_index,
           "Return index of first occurrence of v in the array."),
    METHOD("insert", "i, v, /", method_insert, "Insert a new item v into the array before position i."),
    METHOD("pop", "i=-1, /", method_pop, "Return the i-th element and delete it from the array."),
    METHOD("remove", "v, /", method_remove, "Remove the first occurrence of v in the array."),
    METHOD("reverse", "", method_reverse, "Reverse the order of the items in the array."),
    METHOD("tobytes", "", method_tobytes,
           "Convert the array to an array of machine values and return the bytes representation."),
    METHOD("tofile", "f, /", method_tofile, "Write all items (as machine values) to the file object f."),
    METHOD("tolist", "", method_tolist, "Convert array to an ordinary list with the same items."),
    METHOD("tounicode", "", method_tounicode, "Convert the array to a unicode string."),
    METHOD("__copy__", "", method_copy, "Return a copy of the array."),
    METHOD("__deepcopy__", "unused, /", method_copy, "Return a copy of the array."),
    METHOD("__reduce_ex__", "value, /", method_reduce_ex, "Return state information for pickling."),
    METHOD("__sizeof__", "", method_sizeof, "Size of the array in memory, in bytes."),
    NATIVE_END,
};

static Value get_itemsize(Value self) { return from_small_int(as_array(self)->kind->size); }
static Value get_typecode(Value self) { return str_from_code_point((unsigned char)as_array(self)->kind->code); }

static const MemberDef members[] = {
    {"itemsize", get_itemsize, NULL, "the size, in bytes, of one array item"},
    {"typecode", get_typecode, NULL, "the typecode character used to create the array"},
    {0},
};


Type array_type = {
    TYPE_HEAD("array.array"),
    .flags = TYPE_BASE | TYPE_SEQUENCE | TYPE_WEAK,
    .basic_size = sizeof(Array),
    .doc = "array(typecode [, initializer]) -> array\n\nA sequence of numbers of one machine type.",
    .methods = methods,
    .members = members,
    .destroy = destroy,
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
    .binary = {[BINARY_ADD] = add, [BINARY_MULTIPLY] = multiply},
    .inplace = {[BINARY_ADD] = inplace_add, [BINARY_MULTIPLY] = inplace_multiply},
    .get_buffer = get_buffer,
    .release_buffer = release_buffer,
};

static Value reconstruct(const Value *args, size_t count) {
    int64_t layout;
    if (!type_is(args[0])) return raise_type_error("first argument must be a type object, not %T", args[0]);
    if (!str_is(args[1]) || str_length(args[1]) != 1) {
        return raise_type_error("_array_reconstructor() argument 2 must be a unicode character, not %T", args[1]);
    }
    const ArrayKind *kind = array_kind(str_at(as_str(args[1]), 0));
    if (!kind) return raise_value_error("second argument must be a valid type code");
    if (!object_as_int64(args[2], &layout)) return UNSET;
    if (layout != kind->pickle_code) return raise_value_error("third argument must be a valid machine format code.");
    Value made[2] = {args[1], args[3]};
    return call(args[0], made, 2, UNSET);
}

static const NativeDef functions[] = {
    FUNCTION("_array_reconstructor", "arraytype, typecode, mformat_code, items, /", reconstruct,
             "Internal. Used for pickling support."),
    NATIVE_END,
};

static bool ready(void) { return type_ready(&array_type) && type_ready(&array_iterator_type); }

static bool register_sequence(void) {
    Value sequence = object_import("collections.abc", "MutableSequence"), method = str_intern_cstr("register");
    Value done = is_set(sequence) ? call_method1(sequence, method, type_value(&array_type)) : UNSET;
    release(sequence);
    release(method);
    release(done);
    return is_set(done);
}

static bool fill(Value dict) {
    Value codes = str_from("bBuhHiIlLqQfd");
    bool fine = is_set(codes) && dict_set_utf8(dict, "typecodes", codes) &&
                dict_set_utf8(dict, "array", type_value(&array_type)) &&
                dict_set_utf8(dict, "ArrayType", type_value(&array_type));
    release(codes);
    return fine && register_sequence();
}

const ModuleDef mod_array = {"array", "Arrays of basic values: characters, integers, floating point numbers.",
                             functions, fill, ready};
