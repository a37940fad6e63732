/* bytearray: mutable bytes. */
#include "runtime/types/bytes.h"

#include "runtime/mem/heap.h"
#include "runtime/types/bytes_methods.h"
#include "runtime/types/call.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/object.h"
#include "runtime/types/object_reduce.h"
#include "runtime/types/range.h"
#include "runtime/types/shape.h"
#include "runtime/types/str_methods.h"
#include "runtime/types/tuple.h"

bool bytearray_is(Value v) { return is_object(v) && type_is_subtype(as_object(v)->type, &bytearray_type); }

/* Empty bytearrays point here, so that data is never NULL. */
static unsigned char nothing[1];

static Value new_of_type(Type *type) {
    ByteArray *b =
        object_allocate(type, type == &bytearray_type ? sizeof(ByteArray) : type->basic_size + attrs_size(type));
    if (!b) return UNSET;
    b->data = nothing;
    return from_object(b);
}

static bool may_resize(ByteArray *b) {
    return !b->exports ||
           (raise_error(&BufferError_type, "Existing exports of data: object cannot be re-sized"), false);
}

bool bytearray_resize(Value v, size_t n) {
    ByteArray *b = as_bytearray(v);
    if (n == b->length) return true;
    if (!may_resize(b)) return false;
    if (n + 1 > b->capacity || n < b->capacity / 4) {
        if (n > SIZE_MAX / 4) return raise_memory_error(), false;
        size_t capacity = n > b->length && b->length ? n + n / 8 + 8 : n + 1;
        unsigned char *data = raw_reallocate(b->data == nothing ? NULL : b->data, capacity);
        if (!data) return raise_memory_error(), false;
        b->data = data;
        b->capacity = capacity;
    }
    b->length = n;
    b->data[n] = 0;
    return true;
}

Value bytearray_from(const void *data, size_t n) {
    Value v = new_of_type(&bytearray_type);
    if (is_unset(v)) return UNSET;
    if (!bytearray_resize(v, n)) return release(v), UNSET;
    if (data && n) memcpy(as_bytearray(v)->data, data, n);
    return v;
}

static void destroy(Object *self) {
    ByteArray *b = (ByteArray *)self;
    if (b->data != nothing) raw_free(b->data);
    object_free(self);
}

/* Replaces [start, start + old) by data; data may not lie inside the array. */
static bool splice(ByteArray *b, size_t start, size_t old, const void *data, size_t n) {
    size_t tail = b->length - start - old, total = b->length - old + n;
    if (n != old && !may_resize(b)) return false;
    if (n < old) memmove(b->data + start + n, b->data + start + old, tail);
    if (!bytearray_resize(from_object(b), total)) return false;
    if (n > old) memmove(b->data + start + n, b->data + start + old, tail);
    if (n) memcpy(b->data + start, data, n);
    return true;
}

static Value make(Type *type, const Value *args, size_t count, Value kwnames) { return new_of_type(type); }

static bool init(Value self, const Value *args, size_t count, Value kwnames) {
    Value bound[3];
    if (!native_bind("bytearray", "source=b'', encoding='utf-8', errors='strict'", args, count, kwnames, bound))
        return false;
    Value collected = bytes_collect("bytearray", bound[0], bound[1], bound[2]);
    if (is_unset(collected)) return false;
    Span s = bytes_span(collected);
    bool fine = bytearray_resize(self, s.length);
    if (fine) memcpy(as_bytearray(self)->data, s.data, s.length);
    release(collected);
    return fine;
}

static Value repr(Value self) {
    Value inner = bytes_repr_escaping(as_bytearray(self)->data, as_bytearray(self)->length, true);
    Value made = is_set(inner) ? str_format("%T(%U)", self, inner) : UNSET;
    release(inner);
    return made;
}

static Value add(Value a, Value b) {
    if (!bytearray_is(a)) return NOT_IMPLEMENTED;
    if (buffer_supported(b)) return bytes_concat(a, b);
    return raise_type_error("can't concat %T to %T", b, a);
}

/* Makes the array `times` times as long; its bytes come again and again. */
static bool repeat(ByteArray *b, int64_t times) {
    size_t n = b->length;
    if (times < 0) times = 0;
    if (n && (uint64_t)times > SIZE_MAX / 4 / n) return raise_memory_error(), false;
    if (!bytearray_resize(from_object(b), n * (size_t)times)) return false;
    if (n == 1) return memset(b->data, b->data[0], b->length), true;
    for (size_t done = n; done && done < b->length; done *= 2)
        memcpy(b->data + done, b->data, done < b->length - done ? done : b->length - done);
    return true;
}

static Value multiply(Value a, Value b) {
    Value self = bytearray_is(a) ? a : b, times = bytearray_is(a) ? b : a;
    int64_t n;
    if (!type_of(times)->index) return raise_type_error("can't multiply sequence by non-int of type '%T'", times);
    if (!object_as_index(times, &n, &OverflowError_type)) return UNSET;
    Value made = bytearray_from(as_bytearray(self)->data, as_bytearray(self)->length);
    if (is_unset(made) || repeat(as_bytearray(made), n)) return made;
    release(made);
    return UNSET;
}

static Value modulo(Value a, Value b) {
    if (!bytearray_is(a)) return NOT_IMPLEMENTED;
    Value format = bytes_from(as_bytearray(a)->data, as_bytearray(a)->length), made = UNSET;
    Value text = is_set(format) ? bytes_percent(format, b) : UNSET;
    if (is_set(text)) made = bytearray_from(as_bytes(text)->data, as_bytes(text)->length);
    release(format);
    release(text);
    return made;
}

static bool extend(Value self, Value other) {
    if (same(self, other)) {
        size_t n = as_bytearray(self)->length;
        if (!bytearray_resize(self, n * 2)) return false;
        memcpy(as_bytearray(self)->data + n, as_bytearray(self)->data, n);
        return true;
    }
    Buffer buffer;
    if (!buffer_get(other, &buffer, false)) return false;
    bool fine = splice(as_bytearray(self), as_bytearray(self)->length, 0, buffer.data, buffer.length);
    buffer_release(&buffer);
    return fine;
}

static Value inplace_add(Value self, Value other) {
    if (!buffer_supported(other)) return raise_type_error("can't concat %T to %T", other, self);
    return extend(self, other) ? retain(self) : UNSET;
}

static Value inplace_multiply(Value self, Value times) {
    int64_t n;
    if (!type_of(times)->index) return raise_type_error("can't multiply sequence by non-int of type '%T'", times);
    if (!object_as_index(times, &n, &OverflowError_type)) return UNSET;
    return repeat(as_bytearray(self), n) ? retain(self) : UNSET;
}

static Value get_item(Value self, Value key) {
    ByteArray *b = as_bytearray(self);
    int64_t start, stop, step;
    size_t count, index;
    if (is_exactly(key, &slice_type)) {
        if (!slice_bounds(key, b->length, &start, &stop, &step, &count)) return UNSET;
        Value made = bytearray_from(step == 1 ? b->data + start : NULL, count);
        for (size_t i = 0; step != 1 && is_set(made) && i < count; i++)
            as_bytearray(made)->data[i] = b->data[start + (int64_t)i * step];
        return made;
    }
    return index_resolve(key, b->length, "bytearray", &index) ? from_small_int(b->data[index]) : UNSET;
}

static bool delete_slice(ByteArray *b, int64_t start, int64_t step, size_t count) {
    if (!count) return true;
    if (!may_resize(b)) return false;
    if (step < 0) start += (int64_t)(count - 1) * step, step = -step;
    size_t to = (size_t)start, next = (size_t)start, left = count;
    for (size_t i = (size_t)start; i < b->length; i++) {
        if (left && i == next) next += (size_t)step, left--;
        else b->data[to++] = b->data[i];
    }
    return bytearray_resize(from_object(b), to);
}

/* The bytes that are assigned to a slice: a bytearray or bytes, owned. */
static Value slice_source(Value self, Value value) {
    if (bytes_is(value)) return retain(value);
    if (bytearray_is(value) && !same(self, value)) return retain(value);
    if (type_of(value)->index && !buffer_supported(value))
        return raise_type_error("can assign only bytes, buffers, or iterables of ints in range(0, 256)");
    if (str_is(value)) return raise_type_error("can assign only bytes, buffers, or iterables of ints in range(0, 256)");
    return bytes_collect("bytearray", value, UNSET, UNSET);
}

static void scatter(unsigned char *to, int64_t step, const unsigned char *from, size_t n) {
    for (const unsigned char *end = from + n; from < end; to += step) *to = *from++;
}

static bool set_slice(Value self, Value key, Value value) {
    ByteArray *b = as_bytearray(self);
    int64_t start, stop, step;
    size_t count;
    Value source = is_set(value) ? slice_source(self, value) : UNSET;
    if (is_set(value) && is_unset(source)) return false;
    bool fine = slice_bounds(key, b->length, &start, &stop, &step, &count);
    if (fine && is_unset(value)) return delete_slice(b, start, step, count);
    Span s = fine ? bytes_span(source) : (Span){0};
    if (fine && step == 1) fine = splice(b, (size_t)start, count, s.data, s.length);
    else if (fine && s.length == 0) fine = delete_slice(b, start, step, count);
    else if (fine && s.length != count) {
        raise_value_error("attempt to assign bytes of size %zd to extended slice of size %zd", s.length, count);
        fine = false;
    } else if (fine)
        scatter(b->data + start, step, s.data, count);
    release(source);
    return fine;
}

static bool set_item(Value self, Value key, Value value) {
    size_t index;
    unsigned char byte;
    if (is_exactly(key, &slice_type)) return set_slice(self, key, value);
    if (!index_resolve(key, as_bytearray(self)->length, "bytearray", &index)) return false;
    if (is_unset(value)) return splice(as_bytearray(self), index, 1, NULL, 0);
    if (!byte_argument(value, "byte must be in range(0, 256)", &byte)) return false;
    if (index >= as_bytearray(self)->length) return raise_index_error("bytearray index out of range"), false;
    as_bytearray(self)->data[index] = byte;
    return true;
}

static bool get_buffer(Value self, Buffer *out, bool writable) {
    ByteArray *b = as_bytearray(self);
    b->exports++;
    *out = (Buffer){.data = b->data, .length = b->length, .format = "B", .item_size = 1};
    return true;
}
static void release_buffer(Value self, Buffer *buffer) { as_bytearray(self)->exports--; }

static int truth(Value self) { return as_bytearray(self)->length != 0; }
static int64_t length(Value self) { return (int64_t)as_bytearray(self)->length; }

static Value iterate(Value self) {
    Value it = bytes_type.iterate(self);
    if (is_set(it)) as_object(it)->type = &bytearray_iterator_type;
    return it;
}

static Value done(bool fine) { return fine ? NONE : UNSET; }

static Value append(const Value *args, size_t count) {
    unsigned char byte;
    if (!byte_argument(args[1], "byte must be in range(0, 256)", &byte)) return UNSET;
    return done(splice(as_bytearray(args[0]), as_bytearray(args[0])->length, 0, &byte, 1));
}
static Value clear_method(const Value *args, size_t count) { return done(bytearray_resize(args[0], 0)); }
static Value copy(const Value *args, size_t count) {
    return bytearray_from(as_bytearray(args[0])->data, as_bytearray(args[0])->length);
}

static Value extend_method(const Value *args, size_t count) {
    if (buffer_supported(args[1])) return done(extend(args[0], args[1]));
    if (str_is(args[1]))
        return str_length(args[1]) ? raise_type_error("'str' object cannot be interpreted as an integer") : NONE;
    if (!type_of(args[1])->iterate && !type_of(args[1])->get_item)
        return raise_type_error("can't extend bytearray with %T", args[1]);
    Value more = type_of(args[1])->index ? UNSET : bytes_collect("bytearray", args[1], UNSET, UNSET);
    if (is_unset(more)) return UNSET;
    bool fine = extend(args[0], more);
    release(more);
    return done(fine);
}

static Value insert(const Value *args, size_t count) {
    int64_t at, n = (int64_t)as_bytearray(args[0])->length;
    unsigned char byte;
    if (!object_as_index(args[1], &at, &OverflowError_type) ||
        !byte_argument(args[2], "byte must be in range(0, 256)", &byte))
        return UNSET;
    if (at < 0 && (at += n) < 0) at = 0;
    if (at > n) at = n;
    return done(splice(as_bytearray(args[0]), (size_t)at, 0, &byte, 1));
}

static Value pop(const Value *args, size_t count) {
    ByteArray *b = as_bytearray(args[0]);
    int64_t at = -1, n = (int64_t)b->length;
    if (is_set(args[1]) && !object_as_index(args[1], &at, &OverflowError_type)) return UNSET;
    if (n == 0) return raise_index_error("pop from empty bytearray");
    if (at < 0) at += n;
    if (at < 0 || at >= n) return raise_index_error("pop index out of range");
    unsigned char byte = b->data[at];
    return splice(b, (size_t)at, 1, NULL, 0) ? from_small_int(byte) : UNSET;
}

static Value remove_method(const Value *args, size_t count) {
    ByteArray *b = as_bytearray(args[0]);
    unsigned char byte;
    if (!byte_argument(args[1], "byte must be in range(0, 256)", &byte)) return UNSET;
    unsigned char *at = b->length ? memchr(b->data, byte, b->length) : NULL;
    if (!at) return raise_value_error("value not found in bytearray");
    return done(splice(b, (size_t)(at - b->data), 1, NULL, 0));
}

static Value reverse(const Value *args, size_t count) {
    ByteArray *b = as_bytearray(args[0]);
    for (size_t i = 0, j = b->length; i + 1 < j; i++) {
        unsigned char c = b->data[i];
        b->data[i] = b->data[--j];
        b->data[j] = c;
    }
    return NONE;
}

static Value fromhex(const Value *args, size_t count) {
    if (!str_is(args[1])) return raise_type_error("fromhex() argument must be str, not %s", argument_type(args[1]));
    size_t n;
    Value made = bytearray_from(NULL, str_length(args[1]) / 2 + 1);
    if (is_unset(made)) return UNSET;
    if (!bytes_parse_hex(args[1], as_bytearray(made)->data, &n) || !bytearray_resize(made, n))
        return release(made), UNSET;
    if (same(args[0], from_object(&bytearray_type))) return made;
    Value instance = call1(args[0], made);
    release(made);
    return instance;
}

static Value alloc(const Value *args, size_t count) { return int_from_size(as_bytearray(args[0])->capacity); }
static Value size_of(const Value *args, size_t count) { return int_from_size(56 + as_bytearray(args[0])->capacity); }
static Value reduce(const Value *args, size_t count) {
    Value plain = bytes_from(as_bytearray(args[0])->data, as_bytearray(args[0])->length);
    Value inner = is_set(plain) ? tuple_steal(&plain, 1) : UNSET;
    Value state = object_own_state(args[0]);
    Value made = is_set(inner) && is_set(state) ? tuple_pack(3, from_object(type_of(args[0])), inner, state) : UNSET;
    release(state);
    release(inner);
    return made;
}

#define BYTES_ROW(name, signature, doc) METHOD(#name, signature, bytes_method_##name, doc),
static const NativeDef methods[] = {
    BYTES_METHOD_ROWS
    METHOD("append", "item, /", append, "Append one byte."),
    METHOD("clear", "", clear_method, "Remove all bytes."),
    METHOD("copy", "", copy, "A copy."),
    METHOD("extend", "iterable_of_ints, /", extend_method, "Append all bytes of the iterable."),
    CLASS_METHOD("fromhex", "string, /", fromhex, "A bytearray from hexadecimal digits."),
    METHOD("insert", "index, item, /", insert, "Insert one byte before the index."),
    STATIC_METHOD("maketrans", "frm, to, /", bytes_method_maketrans, "A table for translate()."),
    METHOD("pop", "index=-1, /", pop, "Remove a byte and return it."),
    METHOD("remove", "value, /", remove_method, "Remove the first such byte."),
    METHOD("reverse", "", reverse, "Reverse the order in place."),
    METHOD("__alloc__", "", alloc, "Number of bytes allocated."),
    METHOD("__reduce__", "", reduce, NULL),
    METHOD("__sizeof__", "", size_of, "Size of the object in memory, in bytes."),
    NATIVE_END,
};

Type bytearray_type = {
    TYPE_HEAD("bytearray"),
    .flags = TYPE_BASE | TYPE_IMMUTABLE,
    .basic_size = sizeof(ByteArray),
    .doc =
        "bytearray(iterable_of_ints) -> bytearray\nbytearray(string, encoding[, errors]) -> bytearray\n"
        "bytearray(bytes_or_buffer) -> mutable copy\nbytearray(int) -> zero bytes of that number\nbytearray() -> empty",
    .methods = methods,
    .make = make,
    .init = init,
    .destroy = destroy,
    .repr = repr,
    .hash = type_unhashable,
    .compare = bytes_compare,
    .truth = truth,
    .length = length,
    .get_item = get_item,
    .set_item = set_item,
    .contains = bytes_contains,
    .iterate = iterate,
    .binary = {[BINARY_ADD] = add, [BINARY_MULTIPLY] = multiply, [BINARY_MODULO] = modulo},
    .inplace = {[BINARY_ADD] = inplace_add, [BINARY_MULTIPLY] = inplace_multiply},
    .get_buffer = get_buffer,
    .release_buffer = release_buffer,
};
