/* str: Unicode text with O(1) indexing; code points stored in 1, 2 or 4 bytes, the narrowest that holds them all.
 *
 *     Object head     low flag byte: STR_WIDTH (1, 2, 4), STR_ASCII, STR_INTERNED
 *     hash            0: not yet computed (a computed 0 is stored as another number)
 *     length          code points
 *     data            length code units and a zero; ASCII strings are valid UTF-8 in place
 *
 * Immutable, so reading is safe in every mode.  Lone surrogates are allowed, as in Python.
 */
#ifndef TYPES_STR_H
#define TYPES_STR_H

#include "runtime/mem/type.h"

#include <stdarg.h>

enum { STR_WIDTH_MASK = 7, STR_ASCII = 8, STR_INTERNED = 16 };

typedef struct Str {
    Object head;
    _Atomic uint64_t hash;
    size_t length;
    unsigned char data[];
} Str;

extern Type str_type, str_iterator_type, str_ascii_iterator_type;

typedef struct StrIterator {
    Object head;
    Value str;    /* UNSET when exhausted */
    size_t index;
} StrIterator;
/* The __reduce__ and __setstate__ of iterators over str, bytes and bytearray; rows for their tables. */
Value text_iterator_reduce(const Value *args, size_t count);
Value text_iterator_setstate(const Value *args, size_t count);
#define TEXT_ITERATOR_COPYING                                                                        \
    METHOD("__reduce__", "", text_iterator_reduce, "Return state information for pickling."),        \
    METHOD("__setstate__", "state, /", text_iterator_setstate, "Set state information for unpickling.")

static inline bool str_is(Value v) { return type_has(v, TYPE_STR_SUB); }
static inline bool str_is_exact(Value v) { return is_exactly(v, &str_type); }
static inline Str *as_str(Value v) { return (Str *)as_object(v); }
static inline unsigned str_width(const Str *s) { return object_flags(&s->head) & STR_WIDTH_MASK; }
static inline bool str_is_ascii(const Str *s) { return (object_flags(&s->head) & STR_ASCII) != 0; }
static inline bool str_is_interned(const Str *s) { return (object_flags(&s->head) & STR_INTERNED) != 0; }
static inline size_t str_length(Value v) { return as_str(v)->length; }
static inline uint32_t str_at(const Str *s, size_t i) {
    switch (str_width(s)) {
    case 1: return s->data[i];
    case 2: return ((const uint16_t *)(const void *)s->data)[i];
    default: return ((const uint32_t *)(const void *)s->data)[i];
    }
}

/* Bytes of an instance before its Attrs (subclasses only have those): a multiple of 8. */
size_t str_body_size(const Str *s);
/* Sets up what strings need; first of all, by names_start(). */
void str_start(void);

/* Making.  From UTF-8 with surrogates refused: UnicodeDecodeError as bytes.decode() gives. */
Value str_from_utf8(const char *s, size_t n);
Value str_from(const char *s);                                  /* zero-terminated, valid UTF-8 */
Value str_from_latin1(const void *s, size_t n);
Value str_from_ucs4(const uint32_t *s, size_t n);               /* narrows */
Value str_from_units(const void *s, size_t n, unsigned width);  /* narrows when possible */
Value str_from_int64(int64_t n);                                /* decimal digits */
Value str_from_code_point(uint32_t c);                          /* latin-1 ones are shared */
/* Room for n code points not above `max`: the caller fills data.  The width is the narrowest for max. */
Value str_new(size_t n, uint32_t max);
Value str_intern(Value s); /* steals s, returns the interned equal; exact str only */
Value str_intern_utf8(const char *s, size_t n);
Value str_intern_cstr(const char *s);

Value str_format(const char *format, ...);                      /* directives: error.h */
Value str_vformat(const char *format, va_list args);

/* Reading.  UTF-8 text is zero-terminated and lives as long as the string (made once, kept aside for non-ASCII ones).
 * NULL: UnicodeEncodeError for lone surrogates. */
const char *str_utf8(Value s, size_t *length);
bool str_equal_slow(const Str *a, const Str *b); /* same length, width and first byte */
static inline bool str_equal(Value a, Value b) { /* both are str */
    if (same(a, b)) return true;
    const Str *x = as_str(a), *y = as_str(b);
    return x->length == y->length && str_width(x) == str_width(y) && x->data[0] == y->data[0] && str_equal_slow(x, y);
}
bool str_equal_ascii(Value s, const char *ascii);
int str_order(Value a, Value b);          /* <0, 0, >0 by code points */
uint64_t str_hash_slow(Str *s);
static inline uint64_t str_hash(Str *s) {
    uint64_t h = atomic_load_explicit(&s->hash, memory_order_relaxed);
    return h ? h : str_hash_slow(s);
}
bool str_is_identifier(Value s);

/* Operating. */
Value str_concat(Value a, Value b);
/* Steals a: when it is the only reference, it may grow in place (s += t in loops is linear). */
Value str_append(Value a, Value b);
Value str_slice(Value s, size_t start, size_t stop);
Value str_join(Value separator, Value iterable);
Value str_repeat(Value s, int64_t n);
int64_t str_find(Value s, Value needle, size_t start, size_t stop); /* -1: absent */
bool str_contains(Value s, Value needle);
Value str_replace(Value s, Value old, Value new_text, int64_t count);
Value str_strip(Value s);
Value str_percent(Value format, Value args);            /* format % args */
Value str_format_map_or_args(Value format, const Value *args, size_t count, Value kwargs); /* str.format */
/* f-string piece: conversion is 0, 's', 'r' or 'a'; spec a str or UNSET. */
Value str_format_value(Value v, int conversion, Value spec);
Value str_concat_many(const Value *parts, size_t count);   /* all str: f-strings */

/* Building text piece by piece.  Failure is remembered: finish() then returns UNSET with the exception pending.
 * A builder in use must not be copied: short text stands in it. */
typedef struct StrBuilder {
    unsigned char *data;
    size_t length, capacity; /* code points */
    unsigned width;
    uint32_t max;
    bool failed;
    _Alignas(8) unsigned char small[88]; /* holds units of any width */
} StrBuilder;
#define STR_BUILDER {NULL, 0, 0, 1, 0, false, {0}}
void builder_char(StrBuilder *b, uint32_t c);
void builder_utf8(StrBuilder *b, const char *s, size_t n);
void builder_ascii(StrBuilder *b, const char *s);
void builder_str(StrBuilder *b, Value s);
void builder_slice(StrBuilder *b, Value s, size_t start, size_t stop);
void builder_repeat(StrBuilder *b, uint32_t c, int64_t n);
bool builder_repr(StrBuilder *b, Value v);    /* repr(v) */
Value builder_finish(StrBuilder *b);          /* frees the builder */
void builder_discard(StrBuilder *b);

/* Codecs: name as Python's ("utf-8", "latin-1", "ascii", "utf-16", "utf-32", ...), errors "strict" etc. or NULL. */
Value str_encode(Value s, const char *encoding, const char *errors);            /* bytes */
Value str_decode(const void *data, size_t n, const char *encoding, const char *errors);

#endif
