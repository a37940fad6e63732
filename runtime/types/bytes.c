/* bytes: making them, their operators and the type. */
#include "runtime/types/bytes.h"

#include "runtime/mem/heap_inline.h"
#include "runtime/types/bytes_methods.h"
#include "runtime/types/call.h"
#include "runtime/types/error.h"
#include "runtime/types/items.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/list.h"
#include "runtime/types/object.h"
#include "runtime/types/range.h"
#include "runtime/types/shape.h"
#include "runtime/types/str_methods.h"
#include "runtime/types/str_units.h"
#include "runtime/types/tuple.h"

/* Shared: the empty one and one for each byte; never freed.  Made ready on first use, harmlessly twice. */
typedef struct SharedBytes {
    Object head;
    _Atomic uint64_t hash;
    size_t length;
    unsigned char data[8];
} SharedBytes;
static SharedBytes shared[257]; /* the last one is empty */

static Value share(unsigned index) {
    SharedBytes *b = &shared[index];
    if (!b->head.type) {
        b->data[0] = index < 256 ? (unsigned char)index : 0;
        b->length = index < 256;
        object_set_flag(&b->head, OBJECT_LIVE);
        rc_store(&b->head.count, RC_IMMORTAL);
        b->head.type = &bytes_type;
    }
    return from_object(b);
}

static Value new_of_type(Type *type, const void *data, size_t n) {
    if (n > SIZE_MAX / 4) return raise_memory_error();
    size_t size = sizeof(Bytes) + n + 1;
    if (type != &bytes_type) size = ((size + 7) & ~(size_t)7) + attrs_size(type);
    bool leaf = type == &bytes_type && data;
    Bytes *b = leaf ? object_allocate_leaf_inline(type, size) : object_allocate(type, size);
    if (!b) return UNSET;
    if (leaf) memset((char *)b + sizeof(Object), 0, sizeof *b - sizeof(Object));
    b->length = n;
    if (data) memcpy(b->data, data, n);
    b->data[n] = 0;
    return from_object(b);
}

Value bytes_from(const void *data, size_t n) {
    if (n == 0) return share(256);
    if (n == 1 && data) return share(*(const unsigned char *)data);
    return new_of_type(&bytes_type, data, n);
}

Value bytes_like_self(Value self, const void *data, size_t n) {
    if (!bytes_is(self)) return bytearray_from(data, n);
    if (data == as_bytes(self)->data && n == as_bytes(self)->length && is_exactly(self, &bytes_type))
        return retain(self);
    return data || !n ? bytes_from(data, n) : new_of_type(&bytes_type, NULL, n);
}

Value bytes_repr(const unsigned char *data, size_t n) { return bytes_repr_escaping(data, n, false); }

Value bytes_repr_escaping(const unsigned char *data, size_t n, bool always) {
    StrBuilder b = STR_BUILDER;
    bool single = n && memchr(data, '\'', n), twice = n && memchr(data, '"', n);
    char quote = single && !twice ? '"' : '\'';
    builder_char(&b, 'b');
    builder_char(&b, (uint32_t)quote);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = data[i];
        if (c == quote || c == '\\' || (always && c == '\'')) builder_char(&b, '\\'), builder_char(&b, c);
        else if (c == '\t') builder_ascii(&b, "\\t");
        else if (c == '\n') builder_ascii(&b, "\\n");
        else if (c == '\r') builder_ascii(&b, "\\r");
        else if (c < 32 || c > 126) builder_escaped(&b, c);
        else builder_char(&b, c);
    }
    builder_char(&b, (uint32_t)quote);
    return builder_finish(&b);
}

static Value repr(Value self) { return bytes_repr(as_bytes(self)->data, as_bytes(self)->length); }

static bool hash(Value self, int64_t *out) {
    Bytes *b = as_bytes(self);
    uint64_t h = atomic_load_explicit(&b->hash, memory_order_relaxed);
    if (!h) atomic_store_explicit(&b->hash, h = hash_bytes(b->data, b->length), memory_order_relaxed);
    return *out = (int64_t)h, true;
}

static Value compare_spans(Span a, Span b, CompareOp op) {
    size_t n = a.length < b.length ? a.length : b.length;
    int order = n ? memcmp(a.data, b.data, n) : 0;
    if (!order) order = a.length < b.length ? -1 : a.length > b.length;
    switch (op) {
    case COMPARE_LT: return from_bool(order < 0);
    case COMPARE_LE: return from_bool(order <= 0);
    case COMPARE_EQ: return from_bool(order == 0);
    case COMPARE_NE: return from_bool(order != 0);
    case COMPARE_GT: return from_bool(order > 0);
    default: return from_bool(order >= 0);
    }
}

Value bytes_compare(Value a, Value b, CompareOp op) {
    bool plain_a = bytes_is(a) || bytearray_is(a), plain_b = bytes_is(b) || bytearray_is(b);
    if (plain_a && plain_b) {
        Span x = bytes_span(a), y = bytes_span(b);
        if (op == COMPARE_EQ && x.length != y.length) return FALSE_VALUE;
        return compare_spans(x, y, op);
    }
    Value other = plain_a ? b : a;
    if (bytes_is(plain_a ? a : b) || !buffer_supported(other))
        return NOT_IMPLEMENTED; /* only bytearray compares with any buffer */
    Buffer buffer;
    if (!buffer_get(other, &buffer, false)) return error_clear(), NOT_IMPLEMENTED;
    Span far = {buffer.data, buffer.length};
    Value r = plain_a ? compare_spans(bytes_span(a), far, op) : compare_spans(far, bytes_span(b), op);
    buffer_release(&buffer);
    return r;
}

static Value compare(Value a, Value b, CompareOp op) {
    return bytes_is(a) && bytes_is(b) ? bytes_compare(a, b, op) : NOT_IMPLEMENTED;
}

static Value concat_exact(const Bytes *x, const Bytes *y) {
    if (x->length == 0 || y->length == 0) return retain(from_object(x->length ? x : y));
    Value made = bytes_from(NULL, x->length + y->length);
    if (is_unset(made)) return UNSET;
    memcpy(as_bytes(made)->data, x->data, x->length);
    memcpy(as_bytes(made)->data + x->length, y->data, y->length);
    return made;
}

Value bytes_concat(Value a, Value b) {
    if (is_exactly(a, &bytes_type) && is_exactly(b, &bytes_type)) return concat_exact(as_bytes(a), as_bytes(b));
    Buffer x, y;
    if (!buffer_get(a, &x, false)) return UNSET;
    if (!buffer_get(b, &y, false)) return buffer_release(&x), UNSET;
    Value made = UNSET;
    if (bytes_is(a) && y.length == 0 && is_exactly(a, &bytes_type)) made = retain(a);
    else if (bytes_is(a) && x.length == 0 && is_exactly(b, &bytes_type)) made = retain(b);
    else made = bytes_is(a) ? bytes_from(NULL, x.length + y.length) : bytearray_from(NULL, x.length + y.length);
    if (is_set(made) && !same(made, a) && !same(made, b)) {
        memcpy(bytes_data(made), x.data, x.length);
        memcpy(bytes_data(made) + x.length, y.data, y.length);
    }
    buffer_release(&x);
    buffer_release(&y);
    return made;
}

static Value add(Value a, Value b) {
    if (!bytes_is(a)) return NOT_IMPLEMENTED;
    if (buffer_supported(b)) return bytes_concat(a, b);
    return raise_type_error("can't concat %T to bytes", b);
}

static Value multiply(Value a, Value b) {
    Value self = bytes_is(a) ? a : b, times = bytes_is(a) ? b : a;
    int64_t n;
    if (!type_of(times)->index) return raise_type_error("can't multiply sequence by non-int of type '%T'", times);
    if (!object_as_index(times, &n, &OverflowError_type)) return UNSET;
    Span s = bytes_span(self);
    if (n == 1 && is_exactly(self, &bytes_type)) return retain(self);
    if (n <= 0 || !s.length) return bytes_from(NULL, 0);
    if ((uint64_t)n > SIZE_MAX / 4 / s.length) return raise_memory_error();
    Value made = new_of_type(&bytes_type, NULL, s.length * (size_t)n);
    for (int64_t i = 0; is_set(made) && i < n; i++) memcpy(bytes_data(made) + (size_t)i * s.length, s.data, s.length);
    return made;
}

static Value modulo(Value a, Value b) { return bytes_is(a) ? bytes_percent(a, b) : NOT_IMPLEMENTED; }

static Value get_item(Value self, Value key) {
    Span s = bytes_span(self);
    int64_t start, stop, step;
    size_t count;
    if (is_exactly(key, &slice_type)) {
        if (!slice_bounds(key, s.length, &start, &stop, &step, &count)) return UNSET;
        if (step == 1) return bytes_like_self(self, s.data + start, count);
        Value made = bytes_from(NULL, count);
        for (size_t i = 0; is_set(made) && i < count; i++) bytes_data(made)[i] = s.data[start + (int64_t)i * step];
        return made;
    }
    int64_t i;
    if (is_small_int(key)) i = as_small_int(key);
    else if (!type_of(key)->index) return raise_type_error("byte indices must be integers or slices, not %T", key);
    else if (!object_as_index(key, &i, &IndexError_type)) return UNSET;
    if (i < 0) i += (int64_t)s.length;
    return (uint64_t)i < s.length ? from_small_int(s.data[i]) : raise_index_error("index out of range");
}

static bool get_buffer(Value self, Buffer *out, bool writable) {
    if (writable) return raise_error(&BufferError_type, "Object is not writable."), false;
    *out = (Buffer){.data = as_bytes(self)->data,
                    .length = as_bytes(self)->length,
                    .readonly = true,
                    .format = "B",
                    .item_size = 1};
    return true;
}

static Value iterate(Value self) {
    StrIterator *it = object_allocate(&bytes_iterator_type, sizeof *it);
    if (!it) return UNSET;
    it->str = retain(self);
    return from_object(it);
}
static Value iterator_step(Value self) {
    StrIterator *it = (StrIterator *)as_object(self);
    if (is_unset(it->str)) return UNSET;
    Span s = bytes_span(it->str);
    if (__builtin_expect(it->index < s.length, 1)) return from_small_int(s.data[it->index++]);
    clear(&it->str);
    return UNSET;
}
static void iterator_destroy(Object *self) {
    release(((StrIterator *)self)->str);
    object_free(self);
}
static Value iterator_self(Value self) { return retain(self); }
static Value iterator_hint(const Value *args, size_t count) {
    StrIterator *it = (StrIterator *)as_object(args[0]);
    return int_from_size(is_unset(it->str) ? 0 : bytes_span(it->str).length - it->index);
}
static const NativeDef iterator_methods[] = {
    METHOD("__length_hint__", "", iterator_hint, "How many are left."),
    TEXT_ITERATOR_COPYING,
    NATIVE_END,
};
#define ITERATOR(type_name)                                                                                            \
    {                                                                                                                  \
        TYPE_HEAD(type_name), .flags = TYPE_IMMUTABLE | TYPE_DISALLOW_NEW, .basic_size = sizeof(StrIterator),          \
                              .methods = iterator_methods, .destroy = iterator_destroy, .iterate = iterator_self,      \
                              .next = iterator_step                                                                    \
    }
Type bytes_iterator_type = ITERATOR("bytes_iterator");
Type bytearray_iterator_type = ITERATOR("bytearray_iterator");

/* Appends an integer to the bytearray context[0]; context[1], when set, asks for the message of bytearray. */
static bool collect_item(Value item, void *context) {
    Value out = *(Value *)context;
    unsigned char byte;
    size_t at = as_bytearray(out)->length;
    const char *message =
        is_set(((Value *)context)[1]) ? "byte must be in range(0, 256)" : "bytes must be in range(0, 256)";
    if (!byte_argument(item, message, &byte) || !bytearray_resize(out, at + 1)) return false;
    as_bytearray(out)->data[at] = byte;
    return true;
}

static Value collect_text(Value source, Value encoding_value, Value errors_value, const char *type_name) {
    const char *encoding = NULL, *errors = NULL;
    if (is_unset(encoding_value)) return raise_type_error("string argument without an encoding");
    if (!text_argument(encoding_value, type_name, "encoding", &encoding) ||
        !text_argument(errors_value, type_name, "errors", &errors))
        return UNSET;
    return str_encode(source, encoding, errors);
}

static Value collect_sized(Value source) {
    int64_t n;
    if (!object_as_index(source, &n, &OverflowError_type)) return UNSET;
    if (n < 0) return raise_value_error("negative count");
    Value made = bytearray_from(NULL, (size_t)n);
    if (is_set(made) && n) memset(as_bytearray(made)->data, 0, (size_t)n);
    return made;
}

/* The bytes of a list or tuple of small ints in range; UNSET, with nothing pending: it has other items too. */
static Value collect_items(const Value *items, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!is_small_int(items[i]) || (uint64_t)as_small_int(items[i]) > 255) return UNSET;
    Value made = bytearray_from(NULL, n);
    for (size_t i = 0; is_set(made) && i < n; i++)
        as_bytearray(made)->data[i] = (unsigned char)as_small_int(items[i]);
    return made;
}

Value bytes_collect(const char *type_name, Value source, Value encoding, Value errors) {
    const char *unused;
    if (!text_argument(encoding, type_name, "encoding", &unused) ||
        !text_argument(errors, type_name, "errors", &unused))
        return UNSET;
    if (is_unset(source) || !str_is(source)) {
        if (is_set(encoding)) return raise_type_error("encoding without a string argument");
        if (is_set(errors)) return raise_type_error("errors without a string argument");
    }
    if (is_unset(source)) return bytearray_from(NULL, 0);
    if (str_is(source)) return collect_text(source, encoding, errors, type_name);
    if (is_exactly(source, &memoryview_type)) {
        Value flat = memoryview_bytes(source),
              made = is_set(flat) ? bytearray_from(as_bytes(flat)->data, as_bytes(flat)->length) : UNSET;
        release(flat);
        return made;
    }
    if (buffer_supported(source)) {
        Buffer buffer;
        if (!buffer_get(source, &buffer, false)) return UNSET;
        Value made = bytearray_from(buffer.data, buffer.length);
        buffer_release(&buffer);
        return made;
    }
    if (type_of(source)->index) {
        Value made = collect_sized(source);
        if (is_set(made) || !error_matches(&TypeError_type)) return made;
        error_clear();
    }
    if (!type_of(source)->iterate && !type_of(source)->get_item)
        return raise_type_error("cannot convert '%T' object to %s", source, type_name);
    if (list_is_exact(source) || tuple_is_exact(source)) {
        Value made = collect_items(items_of(source), items_length(source));
        if (is_set(made) || error_pending()) return made;
    }
    Value context[2] = {bytearray_from(NULL, 0), from_small_int(0)};
    if (is_unset(context[0])) return UNSET;
    if (strcmp(type_name, "bytes") == 0) context[1] = UNSET;
    if (object_each(source, collect_item, context) && !error_pending()) return context[0];
    release(context[0]);
    return UNSET;
}

/* __bytes__ of the source: owned; NOT_IMPLEMENTED when it has none. */
static Value by_special(Value source) {
    Value method;
    bool self_needed;
    int found = special_lookup(source, names.__bytes__, &method, &self_needed);
    if (found <= 0) return found ? UNSET : NOT_IMPLEMENTED;
    Value made = call(method, &source, self_needed, UNSET);
    release(method);
    if (is_set(made) && !bytes_is(made)) {
        Value wrong = raise_type_error("__bytes__ returned non-bytes (type %T)", made);
        release(made);
        return wrong;
    }
    return made;
}

static Value construct(Value source, Value encoding, Value errors) {
    if (is_set(source) && is_unset(encoding) && is_unset(errors)) {
        if (is_exactly(source, &bytes_type)) return retain(source);
        if (is_small_int(source) && as_small_int(source) > 1) /* zeros, made once */
            return new_of_type(&bytes_type, NULL, (size_t)as_small_int(source));
        Value made = by_special(source);
        if (!same(made, NOT_IMPLEMENTED)) return made;
    }
    Value collected = bytes_collect("bytes", source, encoding, errors);
    if (is_unset(collected) || bytes_is(collected)) return collected;
    Value made = bytes_from(as_bytearray(collected)->data, as_bytearray(collected)->length);
    release(collected);
    return made;
}

static Value make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value bound[3];
    if (!native_bind("bytes", "source=b'', encoding='utf-8', errors='strict'", args, count, kwnames, bound))
        return UNSET;
    Value made = construct(bound[0], bound[1], bound[2]);
    if (is_unset(made) || type == &bytes_type) return made;
    Value instance = new_of_type(type, as_bytes(made)->data, as_bytes(made)->length);
    release(made);
    return instance;
}

static Value fromhex(const Value *args, size_t count) {
    if (!str_is(args[1])) return raise_type_error("fromhex() argument must be str, not %s", argument_type(args[1]));
    size_t n;
    unsigned char *data = raw_allocate(str_length(args[1]) / 2 + 1);
    if (!data) return raise_memory_error();
    Value made = bytes_parse_hex(args[1], data, &n) ? bytes_from(data, n) : UNSET;
    raw_free(data);
    if (is_unset(made) || same(args[0], from_object(&bytes_type))) return made;
    Value instance = call1(args[0], made);
    release(made);
    return instance;
}

static Value to_bytes(const Value *args, size_t count) {
    return is_exactly(args[0], &bytes_type) ? retain(args[0])
                                            : bytes_from(as_bytes(args[0])->data, as_bytes(args[0])->length);
}
static Value getnewargs(const Value *args, size_t count) {
    Value plain = to_bytes(args, count);
    return is_set(plain) ? tuple_steal(&plain, 1) : UNSET;
}
static Value size_of(const Value *args, size_t count) { return int_from_size(33 + as_bytes(args[0])->length); }
static int truth(Value self) { return as_bytes(self)->length != 0; }
static int64_t length(Value self) { return (int64_t)as_bytes(self)->length; }

static void destroy(Object *self) { object_free(self); }

#define BYTES_ROW(name, signature, doc) METHOD(#name, signature, bytes_method_##name, doc),
static const NativeDef methods[] = {
    BYTES_METHOD_ROWS
    CLASS_METHOD("fromhex", "string, /", fromhex, "Bytes from hexadecimal digits."),
    STATIC_METHOD("maketrans", "frm, to, /", bytes_method_maketrans, "A table for translate()."),
    METHOD("__bytes__", "", to_bytes, "The bytes themselves."),
    METHOD("__getnewargs__", "", getnewargs, NULL),
    METHOD("__sizeof__", "", size_of, "Size of the object in memory, in bytes."),
    NATIVE_END,
};

Type bytes_type = {
    TYPE_HEAD("bytes"),
    .flags = TYPE_BASE | TYPE_BYTES_SUB | TYPE_IMMUTABLE,
    .basic_size = sizeof(Bytes),
    .item_size = 1,
    .doc = "bytes(iterable_of_ints) -> bytes\nbytes(string, encoding[, errors]) -> bytes\nbytes(bytes_or_buffer) -> "
           "bytes\n"
           "bytes(int) -> zero bytes of that number\nbytes() -> empty bytes",
    .methods = methods,
    .make = make,
    .destroy = destroy,
    .repr = repr,
    .hash = hash,
    .compare = compare,
    .truth = truth,
    .length = length,
    .get_item = get_item,
    .contains = bytes_contains,
    .iterate = iterate,
    .binary = {[BINARY_ADD] = add, [BINARY_MULTIPLY] = multiply, [BINARY_MODULO] = modulo},
    .get_buffer = get_buffer,
};
