/* Case mapping of text, with mappings to several code points and the final sigma. */
#include "runtime/types/error.h"
#include "runtime/types/str_methods.h"
#include "runtime/types/str_units.h"
#include "runtime/types/unicode.h"

#define EVERY_BYTE UINT64_C(0x0101010101010101)

enum { SIGMA = 0x3A3, SMALL_SIGMA = 0x3C3, FINAL_SIGMA = 0x3C2 };

/* Sigma at i ends a word: a cased letter before it and none after it, case-ignorable ones skipped. */
static bool is_final_sigma(const Str *s, size_t i) {
    size_t before = i, after = i + 1;
    while (before && unicode_is_case_ignorable(str_at(s, before - 1))) before--;
    if (!before || !unicode_is_cased(str_at(s, before - 1))) return false;
    while (after < s->length && unicode_is_case_ignorable(str_at(s, after))) after++;
    return after == s->length || !unicode_is_cased(str_at(s, after));
}

static unsigned lower_at(const Str *s, size_t i, uint32_t out[3]) {
    uint32_t c = str_at(s, i);
    if (c == SIGMA) return out[0] = is_final_sigma(s, i) ? FINAL_SIGMA : SMALL_SIGMA, 1;
    return unicode_to_lower(c, out);
}
static unsigned upper_at(const Str *s, size_t i, uint32_t out[3]) { return unicode_to_upper(str_at(s, i), out); }
static unsigned fold_at(const Str *s, size_t i, uint32_t out[3]) { return unicode_to_folded(str_at(s, i), out); }
static unsigned swap_at(const Str *s, size_t i, uint32_t out[3]) {
    uint32_t c = str_at(s, i);
    if (unicode_is(c, UNICODE_UPPER)) return lower_at(s, i, out);
    return unicode_is(c, UNICODE_LOWER) ? unicode_to_upper(c, out) : (out[0] = c, 1);
}
static unsigned title_at(const Str *s, size_t i, uint32_t out[3]) {
    if (i && unicode_is_cased(str_at(s, i - 1))) return lower_at(s, i, out);
    return unicode_to_title(str_at(s, i), out);
}
static unsigned capital_at(const Str *s, size_t i, uint32_t out[3]) {
    return i ? lower_at(s, i, out) : unicode_to_title(str_at(s, 0), out);
}

typedef unsigned (*MapAt)(const Str *s, size_t i, uint32_t out[3]);

/* Text that keeps its length and its width: written in place.  UNSET, nothing pending: it does not. */
static Value map_wide(Str *s, uint32_t (*simple)(uint32_t c)) {
    Value made = str_new(s->length, str_max(s));
    if (is_unset(made)) return UNSET;
    Str *out = as_str(made);
    unsigned width = str_width(s);
    uint32_t all = 0;
    for (size_t i = 0; i < s->length; i++) {
        uint32_t c = simple(str_at(s, i));
        if (c == UINT32_MAX || width_for(c) > width) return release(made), UNSET;
        unit_put(out->data, width, i, c);
        all |= c;
    }
    if (all > (width == 1 ? MAX_ASCII : MAX_LATIN1)) return made;
    Value narrow = str_from_units(out->data, s->length, width);
    release(made);
    return narrow;
}

static Value map_slow(Str *s, MapAt map) {
    StrBuilder b = STR_BUILDER;
    uint32_t out[3];
    for (size_t i = 0; i < s->length; i++) {
        unsigned n = map(s, i, out);
        for (unsigned k = 0; k < n; k++) builder_char(&b, out[k]);
    }
    return builder_finish(&b);
}

/* ASCII: each byte on its own, `flip` is the first letter of the case to be changed. */
static Value map_ascii(Str *s, unsigned char flip) {
    Value made = str_new(s->length, MAX_ASCII);
    if (is_unset(made) || !s->length) return made;
    unsigned char *out = as_str(made)->data;
    size_t i = 0;
    for (uint64_t word; i + 8 <= s->length; i += 8) { /* bit 7 of each of eight tells whether it is such a letter */
        memcpy(&word, s->data + i, 8);
        uint64_t low = word + (0x80u - flip) * EVERY_BYTE, high = word + (0x80u - flip - 26) * EVERY_BYTE;
        word ^= (low & ~high & 0x80 * EVERY_BYTE) >> 2;
        memcpy(out + i, &word, 8);
    }
    for (; i < s->length; i++) out[i] = s->data[i] ^ ((unsigned char)(s->data[i] - flip) < 26 ? 32 : 0);
    return made;
}

/* One code point for another, or UINT32_MAX where that depends on the neighbours or makes several. */
static uint32_t lower_one(uint32_t c) {
    uint32_t out[3];
    return c != SIGMA && unicode_to_lower(c, out) == 1 ? out[0] : UINT32_MAX;
}
static uint32_t upper_one(uint32_t c) {
    uint32_t out[3];
    return unicode_to_upper(c, out) == 1 ? out[0] : UINT32_MAX;
}

/* What they say about Latin, Greek and Cyrillic letters, remembered; 0: not asked yet.  Threads write the same. */
enum { REMEMBERED = 0x600 };
typedef _Atomic uint32_t Remembered[REMEMBERED];
static Remembered lower_known, upper_known;

static inline uint32_t remember(Remembered known, uint32_t c, uint32_t (*one)(uint32_t c)) {
    if (c >= REMEMBERED || c == 0) return one(c);
    uint32_t found = atomic_load_explicit(&known[c], memory_order_relaxed);
    if (!found) atomic_store_explicit(&known[c], found = one(c), memory_order_relaxed);
    return found;
}
static uint32_t lower_quickly(uint32_t c) { return remember(lower_known, c, lower_one); }
static uint32_t upper_quickly(uint32_t c) { return remember(upper_known, c, upper_one); }

static Value map_all(Str *s, unsigned char flip, uint32_t (*one)(uint32_t c), MapAt any) {
    if (s->length <= 1) return map_slow(s, any);
    if (str_is_ascii(s)) return map_ascii(s, flip);
    Value made = map_wide(s, one);
    return is_set(made) || error_pending() ? made : map_slow(s, any);
}

STR_METHOD(lower) { return map_all(as_str(args[0]), 'A', lower_quickly, lower_at); }
STR_METHOD(upper) { return map_all(as_str(args[0]), 'a', upper_quickly, upper_at); }
STR_METHOD(casefold) {
    Str *s = as_str(args[0]);
    return str_is_ascii(s) && s->length > 1 ? map_ascii(s, 'A') : map_slow(s, fold_at);
}
STR_METHOD(swapcase) { return map_slow(as_str(args[0]), swap_at); }
STR_METHOD(title) { return map_slow(as_str(args[0]), title_at); }
STR_METHOD(capitalize) { return map_slow(as_str(args[0]), capital_at); }
