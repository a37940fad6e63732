/* Code units of strings: reading, writing and copying between widths.  For the str*.c files only. */
#ifndef TYPES_STR_UNITS_H
#define TYPES_STR_UNITS_H

#include "runtime/types/str.h"

/* The largest code point of each kind of string: what str_new() is told. */
enum { MAX_ASCII = 0x7F, MAX_LATIN1 = 0xFF, MAX_UCS2 = 0xFFFF, MAX_UNICODE = 0x10FFFF };

static inline unsigned width_for(uint32_t max) { return max <= MAX_LATIN1 ? 1 : max <= MAX_UCS2 ? 2 : 4; }

static inline uint32_t unit_at(const void *data, unsigned width, size_t i) {
    switch (width) {
    case 1: return ((const uint8_t *)data)[i];
    case 2: return ((const uint16_t *)data)[i];
    default: return ((const uint32_t *)data)[i];
    }
}

static inline void unit_put(void *data, unsigned width, size_t i, uint32_t c) {
    switch (width) {
    case 1: ((uint8_t *)data)[i] = (uint8_t)c; break;
    case 2: ((uint16_t *)data)[i] = (uint16_t)c; break;
    default: ((uint32_t *)data)[i] = c;
    }
}

/* to[at...] = from[start...start+n); widths may differ, every unit must fit. */
void units_convert(void *to, unsigned to_width, size_t at, const void *from, unsigned from_width, size_t start,
                   size_t n);
static inline void units_copy(void *to, unsigned to_width, size_t at, const void *from, unsigned from_width,
                              size_t start, size_t n) {
    if (to_width != from_width) units_convert(to, to_width, at, from, from_width, start, n);
    else if (n) memcpy((char *)to + at * to_width, (const char *)from + start * to_width, n * to_width);
}
void units_fill(void *to, unsigned width, size_t at, uint32_t c, size_t n);
/* An upper bound of the units that tells the kinds apart: MAX_ASCII, MAX_LATIN1, MAX_UCS2 or MAX_UNICODE. */
uint32_t units_max(const void *data, unsigned width, size_t n);
/* First i in [start, stop) with that unit, or -1. */
int64_t units_find(const void *data, unsigned width, size_t start, size_t stop, uint32_t c);
int64_t units_rfind(const void *data, unsigned width, size_t start, size_t stop, uint32_t c);

static inline uint32_t str_max(const Str *s) {
    switch (str_width(s)) {
    case 1: return str_is_ascii(s) ? MAX_ASCII : MAX_LATIN1;
    case 2: return MAX_UCS2;
    default: return MAX_UNICODE;
    }
}
/* The data of a string that its maker still fills. */
static inline void str_put(Str *s, size_t i, uint32_t c) { unit_put(s->data, str_width(s), i, c); }
static inline void str_copy(Str *to, size_t at, const Str *from, size_t start, size_t n) {
    units_copy(to->data, str_width(to), at, from->data, str_width(from), start, n);
}

static inline bool ascii_is_space(unsigned char c) {
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F);
}
/* Text that is known to be ASCII.  One character: shared. */
Value str_from_ascii(const void *data, size_t n);

void builder_bytes(StrBuilder *b, const void *ascii, size_t n);
void builder_int64(StrBuilder *b, int64_t n);

/* The same text as an exact str: what methods return for "unchanged".  Owned. */
Value str_exact(Value s);
Value str_empty(void); /* owned; immortal */


/* Never 0, -1 or -2. */
uint64_t hash_bytes(const void *data, size_t n);
void str_hash_start(void); /* chooses the keys, before the first string is made */

#endif
