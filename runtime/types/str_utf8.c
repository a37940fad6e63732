/* UTF-8 in and out of strings. */
#include "runtime/types/codecs.h"

#include "runtime/mem/heap.h"
#include "runtime/types/error.h"
#include "runtime/types/str_methods.h"
#include "runtime/types/str_units.h"

static size_t ascii_prefix(const unsigned char *s, size_t n) {
    size_t i = 0;
    uint64_t word, next;
    for (; i + 16 <= n; i += 16) {
        memcpy(&word, s + i, 8);
        memcpy(&next, s + i + 8, 8);
        if ((word | next) & UINT64_C(0x8080808080808080)) break;
    }
    for (; i + 8 <= n; i += 8) {
        memcpy(&word, s + i, 8);
        if (word & UINT64_C(0x8080808080808080)) break;
    }
    while (i < n && s[i] < 0x80) i++;
    return i;
}

/* The code point at s and its length; 0: not valid (surrogates and overlong forms are not). */
static inline unsigned decode_one(const unsigned char *s, size_t n, uint32_t *c) {
    unsigned char lead = s[0];
    if (lead < 0x80) return *c = lead, 1;
    if (lead < 0xC2 || n < 2 || (s[1] & 0xC0) != 0x80) return 0;
    if (lead < 0xE0) return *c = (uint32_t)(lead & 0x1F) << 6 | (s[1] & 0x3F), 2;
    if (n < 3 || (s[2] & 0xC0) != 0x80) return 0;
    if (lead < 0xF0) {
        *c = (uint32_t)(lead & 0x0F) << 12 | (uint32_t)(s[1] & 0x3F) << 6 | (s[2] & 0x3F);
        return *c < 0x800 || (*c >= 0xD800 && *c < 0xE000) ? 0 : 3;
    }
    if (lead > 0xF4 || n < 4 || (s[3] & 0xC0) != 0x80) return 0;
    *c = (uint32_t)(lead & 7) << 18 | (uint32_t)(s[1] & 0x3F) << 12 | (uint32_t)(s[2] & 0x3F) << 6 | (s[3] & 0x3F);
    return *c < 0x10000 || *c > 0x10FFFF ? 0 : 4;
}

size_t utf8_scan(const unsigned char *s, size_t n, size_t *points, uint32_t *max) {
    size_t i = ascii_prefix(s, n), count = i;
    uint32_t all = 0, c;
    while (i < n) {
        if (s[i] < 0x80) {
            size_t run = i + 1;
            while (run < n && s[run] < 0x80) run++;
            count += run - i;
            i = run;
            continue;
        }
        unsigned used = decode_one(s + i, n - i, &c);
        if (!used) break;
        all |= c;
        i += used;
        count++;
    }
    *points = count;
    *max = all <= MAX_ASCII ? MAX_ASCII : all <= MAX_LATIN1 ? MAX_LATIN1 : all <= MAX_UCS2 ? MAX_UCS2 : MAX_UNICODE;
    return i;
}

#define DECODE_LOOP(T)                                                                                                 \
    do {                                                                                                               \
        T *o_ = (T *)out + at;                                                                                         \
        while (i < n) {                                                                                                \
            if (s[i] < 0x80)                                                                                           \
                *o_++ = s[i++];                                                                                        \
            else                                                                                                       \
                i += decode_one(s + i, n - i, &c), *o_++ = (T)c;                                                       \
        }                                                                                                              \
    } while (0)

void utf8_decode_valid(const unsigned char *s, size_t n, void *out, unsigned width) {
    size_t i = ascii_prefix(s, n), at = i;
    uint32_t c = 0;
    units_copy(out, width, 0, s, 1, 0, i);
    switch (width) {
    case 1: DECODE_LOOP(uint8_t); break;
    case 2: DECODE_LOOP(uint16_t); break;
    default: DECODE_LOOP(uint32_t);
    }
}

Value str_from_utf8(const char *text, size_t n) {
    const unsigned char *s = (const unsigned char *)text;
    size_t points;
    uint32_t max;
    if (ascii_prefix(s, n) == n) return str_from_ascii(s, n);
    if (utf8_scan(s, n, &points, &max) < n) return codec_decode(&codec_utf8, s, n, NULL, NULL);
    if (points == 1) {
        utf8_decode_valid(s, n, &max, 4);
        return str_from_code_point(max);
    }
    Value made = str_new(points, max);
    if (is_set(made) && points) utf8_decode_valid(s, n, as_str(made)->data, str_width(as_str(made)));
    return made;
}

static inline unsigned put_inline(uint32_t c, char *out) {
    unsigned char *o = (unsigned char *)out;
    if (c < 0x80) return o[0] = (unsigned char)c, 1;
    if (c < 0x800) return o[0] = (unsigned char)(0xC0 | c >> 6), o[1] = 0x80 | (c & 0x3F), 2;
    if (c < 0x10000) {
        o[0] = (unsigned char)(0xE0 | c >> 12), o[1] = 0x80 | (c >> 6 & 0x3F), o[2] = 0x80 | (c & 0x3F);
        return 3;
    }
    o[0] = (unsigned char)(0xF0 | c >> 18), o[1] = 0x80 | (c >> 12 & 0x3F), o[2] = 0x80 | (c >> 6 & 0x3F),
    o[3] = 0x80 | (c & 0x3F);
    return 4;
}

unsigned utf8_put(uint32_t c, char *out) { return put_inline(c, out); }

#define LENGTH_LOOP(T)                                                                                                 \
    for (const T *p = (const T *)(const void *)s->data, *end = p + s->length; p < end; p++) {                          \
        if (((uint32_t)*p & 0xFFFFF800) == 0xD800) return SIZE_MAX;                                                    \
        n += 1u + (*p >= 0x80) + (*p >= 0x800) + ((uint32_t)*p >= 0x10000);                                            \
    }

size_t utf8_length(const Str *s) {
    size_t n = 0;
    if (str_width(s) == 1) {
        for (size_t i = 0; i < s->length; i++) n += s->data[i] >> 7;
        return n + s->length;
    }
    if (str_width(s) == 2) LENGTH_LOOP(uint16_t)
    else LENGTH_LOOP(uint32_t)
    return n;
}

void utf8_encode(const Str *s, char *out) {
    if (str_width(s) == 1) {
        for (const unsigned char *p = s->data, *end = p + s->length; p < end; p++) {
            if (*p < 0x80) *out++ = (char)*p;
            else *out++ = (char)(0xC0 | *p >> 6), *out++ = (char)(0x80 | (*p & 0x3F));
        }
    } else if (str_width(s) == 2) {
        for (const uint16_t *p = (const uint16_t *)(const void *)s->data, *end = p + s->length; p < end; p++)
            out += put_inline(*p, out);
    } else {
        for (size_t i = 0; i < s->length; i++) out += put_inline(str_at(s, i), out);
    }
}

static Utf8 *make_utf8(Str *s) {
    size_t n = utf8_length(s);
    if (n == SIZE_MAX) {
        Value failed = str_encode(from_object(s), "utf-8", NULL); /* raises */
        release(failed);
        return NULL;
    }
    Utf8 *utf8 = raw_allocate(sizeof *utf8 + n + 1);
    if (!utf8) return raise_memory_error(), NULL;
    utf8_encode(s, utf8->text);
    utf8->text[n] = 0;
    utf8->length = n;
    return utf8;
}

const char *str_utf8(Value v, size_t *length) {
    Str *s = as_str(v);
    if (str_is_ascii(s)) {
        if (length) *length = s->length;
        return (const char *)s->data;
    }
    _Atomic(Utf8 *) *slot = str_utf8_slot(s);
    Utf8 *utf8 = atomic_load_explicit(slot, memory_order_acquire);
    if (!utf8) {
        Utf8 *made = make_utf8(s);
        if (!made) return NULL;
        if (atomic_compare_exchange_strong(slot, &utf8, made)) utf8 = made;
        else raw_free(made);
    }
    if (length) *length = utf8->length;
    return utf8->text;
}
