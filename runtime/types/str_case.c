/* Case mapping of text, with mappings to several code points and the final sigma. */
#include "runtime/types/str_methods.h"
#include "runtime/types/str_units.h"
#include "runtime/types/unicode.h"

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
    for (size_t i = 0; i < s->length; i++) out[i] = s->data[i] ^ ((unsigned char)(s->data[i] - flip) < 26 ? 32 : 0);
    return made;
}

STR_METHOD(lower) {
    Str *s = as_str(args[0]);
    return str_is_ascii(s) && s->length > 1 ? map_ascii(s, 'A') : map_slow(s, lower_at);
}
STR_METHOD(upper) {
    Str *s = as_str(args[0]);
    return str_is_ascii(s) && s->length > 1 ? map_ascii(s, 'a') : map_slow(s, upper_at);
}
STR_METHOD(casefold) {
    Str *s = as_str(args[0]);
    return str_is_ascii(s) && s->length > 1 ? map_ascii(s, 'A') : map_slow(s, fold_at);
}
STR_METHOD(swapcase) { return map_slow(as_str(args[0]), swap_at); }
STR_METHOD(title) { return map_slow(as_str(args[0]), title_at); }
STR_METHOD(capitalize) { return map_slow(as_str(args[0]), capital_at); }
