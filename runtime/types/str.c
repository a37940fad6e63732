/* str: making strings, and their life. */
#include "runtime/types/str.h"

#include "runtime/mem/heap_inline.h"
#include "runtime/types/error.h"
#include "runtime/types/object.h"
#include "runtime/types/shape.h"
#include "runtime/types/str_methods.h"
#include "runtime/types/str_units.h"

/* One shared string for each Latin-1 code point, and the empty one: never freed. */
typedef struct SharedStr {
    Object head;
    _Atomic uint64_t hash;
    size_t length;
    unsigned char data[24]; /* text, zero, and room for the UTF-8 slot */
} SharedStr;
static SharedStr shared_chars[256], shared_empty;

static void share(SharedStr *s, size_t length, unsigned c) {
    s->head = (Object)OBJECT_STATIC(&str_type);
    object_set_flag(&s->head, 1 | STR_INTERNED | (c <= MAX_ASCII ? STR_ASCII : 0));
    s->length = length;
    s->data[0] = (unsigned char)c;
}

void str_start(void) {
    str_hash_start();
    share(&shared_empty, 0, 0);
    for (unsigned c = 0; c < 256; c++) share(&shared_chars[c], 1, c);
}

Value str_empty(void) { return from_object(&shared_empty); }

Value str_from_code_point(uint32_t c) {
    if (c <= MAX_LATIN1) return from_object(&shared_chars[c]);
    Value s = str_new(1, c);
    if (is_set(s)) str_put(as_str(s), 0, c);
    return s;
}

/* A string ends with a zero unit; behind it, aligned, non-ASCII ones have a pointer to their UTF-8 text. */
static size_t text_size(size_t n, unsigned width, bool ascii) {
    size_t size = (sizeof(Str) + (n + 1) * width + 7) & ~(size_t)7;
    return ascii ? size : size + sizeof(void *);
}

size_t str_body_size(const Str *s) { return text_size(s->length, str_width(s), str_is_ascii(s)); }

_Atomic(Utf8 *) *str_utf8_slot(Str *s) {
    return (_Atomic(Utf8 *) *)(void *)((char *)s + str_body_size(s) - sizeof(void *));
}

static Value new_of_type(Type *type, size_t n, uint32_t max) {
    unsigned width = width_for(max);
    if (n > (SIZE_MAX >> 4)) return raise_memory_error();
    size_t size = text_size(n, width, max <= MAX_ASCII);
    Str *s = type == &str_type ? object_allocate_leaf(type, size)
                               : object_allocate(type, ((size + 7) & ~(size_t)7) + attrs_size(type));
    if (!s) return UNSET;
    object_set_flag(&s->head, width | (max <= MAX_ASCII ? STR_ASCII : 0));
    atomic_store_explicit(&s->hash, 0, memory_order_relaxed);
    s->length = n;
    unit_put(s->data, width, n, 0);
    if (max > MAX_ASCII) atomic_store_explicit(str_utf8_slot(s), NULL, memory_order_relaxed);
    return from_object(s);
}

static Value ascii_new(size_t n) {
    if (n > (SIZE_MAX >> 4)) return raise_memory_error();
    Str *s = object_allocate_leaf_inline(&str_type, text_size(n, 1, true));
    if (!s) return UNSET;
    object_set_flag(&s->head, 1 | STR_ASCII);
    atomic_store_explicit(&s->hash, 0, memory_order_relaxed);
    s->length = n;
    s->data[n] = 0;
    return from_object(s);
}

Value str_new(size_t n, uint32_t max) {
    return n == 0 ? str_empty() : max <= MAX_ASCII ? ascii_new(n) : new_of_type(&str_type, n, max);
}

Value str_of_type(Type *type, Value text) {
    if (type == &str_type) return str_exact(text);
    Str *from = as_str(text);
    Value made = new_of_type(type, from->length, str_max(from));
    if (is_unset(made)) return UNSET;
    str_copy(as_str(made), 0, from, 0, from->length);
    atomic_store_explicit(&as_str(made)->hash, atomic_load_explicit(&from->hash, memory_order_relaxed),
                          memory_order_relaxed);
    return made;
}

Value str_from_int64(int64_t n) {
    char digits[24];
    size_t at = sizeof digits;
    uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;
    do digits[--at] = (char)('0' + left % 10);
    while (left /= 10);
    if (n < 0) digits[--at] = '-';
    return str_from_ascii(digits + at, sizeof digits - at);
}

Value str_exact(Value s) {
    if (str_is_exact(s)) return retain(s);
    return str_slice(s, 0, str_length(s));
}

Value str_from_ascii(const void *data, size_t n) {
    if (n <= 1) return n ? from_object(&shared_chars[*(const unsigned char *)data]) : str_empty();
    Value made = ascii_new(n);
    if (is_set(made)) memcpy(as_str(made)->data, data, n);
    return made;
}

Value str_from_units(const void *data, size_t n, unsigned width) {
    if (n == 0) return str_empty();
    if (n == 1) return str_from_code_point(unit_at(data, width, 0));
    Value s = str_new(n, units_max(data, width, n));
    if (is_set(s)) units_copy(as_str(s)->data, str_width(as_str(s)), 0, data, width, 0, n);
    return s;
}

Value str_from_latin1(const void *data, size_t n) { return str_from_units(data, n, 1); }
Value str_from_ucs4(const uint32_t *data, size_t n) { return str_from_units(data, n, 4); }
Value str_from(const char *s) { return str_from_utf8(s, strlen(s)); }

Value str_slice(Value s, size_t start, size_t stop) {
    Str *from = as_str(s);
    if (stop > from->length) stop = from->length;
    if (start >= stop) return str_empty();
    if (start == 0 && stop == from->length && str_is_exact(s)) return retain(s);
    unsigned width = str_width(from);
    const unsigned char *data = from->data + start * width;
    return str_is_ascii(from) ? str_from_ascii(data, stop - start) : str_from_units(data, stop - start, width);
}

static void destroy(Object *self) {
    Str *s = (Str *)self;
    if (!str_is_ascii(s)) raw_free(atomic_load_explicit(str_utf8_slot(s), memory_order_relaxed));
    object_free(s);
}

/* str(object='') or str(bytes, encoding, errors), for str and its subclasses. */
static Value make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value text = str_construct(args, count, kwnames);
    if (is_unset(text) || type == &str_type) return text;
    Value made = str_of_type(type, text);
    release(text);
    return made;
}

static Value str_slot(Value self) { return str_exact(self); }
static bool hash_slot(Value self, int64_t *out) { return *out = (int64_t)str_hash(as_str(self)), true; }
static int truth(Value self) { return str_length(self) != 0; }
static int64_t length(Value self) { return (int64_t)str_length(self); }

static int contains(Value self, Value item) {
    if (!str_is(item)) return raise_type_error("'in <string>' requires string as left operand, not %T", item), -1;
    return str_contains(self, item);
}

Type str_type = {
    TYPE_HEAD("str"),
    .flags = TYPE_BASE | TYPE_STR_SUB | TYPE_IMMUTABLE,
    .basic_size = sizeof(Str),
    .item_size = 1,
    .doc = "str(object='') -> str\nstr(bytes_or_buffer[, encoding[, errors]]) -> str\n\n"
           "Make text of an object, or decode bytes.",
    .methods = str_methods,
    .make = make,
    .destroy = destroy,
    .repr = str_repr,
    .str = str_slot,
    .hash = hash_slot,
    .compare = str_compare,
    .truth = truth,
    .length = length,
    .get_item = str_get_item,
    .contains = contains,
    .iterate = str_iterate,
    .binary = {[BINARY_ADD] = str_add, [BINARY_MULTIPLY] = str_multiply, [BINARY_MODULO] = str_modulo},
};
