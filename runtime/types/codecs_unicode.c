/* The codecs of Unicode: UTF-8, UTF-16, UTF-32, and ASCII and Latin-1, which are its beginnings. */
#include "runtime/types/codecs.h"

static bool is_surrogate(uint32_t c) { return (c & 0xFFFFF800) == 0xD800; }

static unsigned put_utf8(const Codec *codec, uint32_t c, unsigned char *out) {
    return is_surrogate(c) ? 0 : utf8_put(c, (char *)out);
}

static size_t bad_utf8(BadInput *bad, size_t length, const char *reason) {
    *bad = (BadInput){length, reason, reason[0] == 'u'};
    return 0;
}

/* The second byte must lie in a narrower range after some lead bytes. */
static bool second_is_fine(unsigned char lead, unsigned char second) {
    unsigned low = lead == 0xE0   ? 0xA0
                   : lead == 0xF0 ? 0x90
                                  : 0x80,
             high = lead == 0xED   ? 0x9F
                    : lead == 0xF4 ? 0x8F
                                   : 0xBF;
    return second >= low && second <= high;
}

static size_t next_utf8(const Codec *codec, const unsigned char *s, size_t n, uint32_t *c, BadInput *bad) {
    unsigned char lead = s[0];
    if (lead < 0x80) return *c = lead, 1;
    size_t need = lead < 0xC2 || lead > 0xF4 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (!need) return bad_utf8(bad, 1, "invalid start byte");
    for (size_t i = 1; i < need; i++) {
        if (i == n) return bad_utf8(bad, n, "unexpected end of data");
        if (i == 1 ? !second_is_fine(lead, s[1]) : (s[i] & 0xC0) != 0x80)
            return bad_utf8(bad, i, "invalid continuation byte");
    }
    size_t points;
    uint32_t max;
    utf8_scan(s, need, &points, &max);
    utf8_decode_valid(s, need, c, 4);
    return need;
}

static void put16(int big, unsigned char *out, uint32_t unit) {
    out[big ? 1 : 0] = (unsigned char)unit;
    out[big ? 0 : 1] = (unsigned char)(unit >> 8);
}
static uint32_t get16(int big, const unsigned char *s) {
    return (uint32_t)s[big ? 1 : 0] | (uint32_t)s[big ? 0 : 1] << 8;
}

static unsigned put_utf16(const Codec *codec, uint32_t c, unsigned char *out) {
    if (is_surrogate(c)) return 0;
    if (c < 0x10000) return put16(codec->detail, out, c), 2;
    put16(codec->detail, out, 0xD800 | (c - 0x10000) >> 10);
    put16(codec->detail, out + 2, 0xDC00 | (c & 0x3FF));
    return 4;
}

static size_t next_utf16(const Codec *codec, const unsigned char *s, size_t n, uint32_t *c, BadInput *bad) {
    if (n < 2) return *bad = (BadInput){n, "truncated data", true}, 0;
    *c = get16(codec->detail, s);
    if (!is_surrogate(*c)) return 2;
    if (*c >= 0xDC00) return *bad = (BadInput){2, "illegal encoding", false}, 0;
    if (n < 4) return *bad = (BadInput){n, "unexpected end of data", true}, 0;
    uint32_t low = get16(codec->detail, s + 2);
    if (low < 0xDC00 || low > 0xDFFF) return *bad = (BadInput){2, "illegal UTF-16 surrogate", false}, 0;
    *c = 0x10000 + ((*c & 0x3FF) << 10 | (low & 0x3FF));
    return 4;
}

static unsigned put_utf32(const Codec *codec, uint32_t c, unsigned char *out) {
    if (is_surrogate(c)) return 0;
    for (int i = 0; i < 4; i++) out[codec->detail ? 3 - i : i] = (unsigned char)(c >> (8 * i));
    return 4;
}

static size_t next_utf32(const Codec *codec, const unsigned char *s, size_t n, uint32_t *c, BadInput *bad) {
    if (n < 4) return *bad = (BadInput){n, "truncated data", true}, 0;
    *c = 0;
    for (int i = 0; i < 4; i++) *c |= (uint32_t)s[codec->detail ? 3 - i : i] << (8 * i);
    if (is_surrogate(*c))
        return *bad = (BadInput){4, "code point in surrogate code point range(0xd800, 0xe000)", false}, 0;
    if (*c > 0x10FFFF) return *bad = (BadInput){4, "code point not in range(0x110000)", false}, 0;
    return 4;
}

static unsigned put_low(const Codec *codec, uint32_t c, unsigned char *out) {
    return c < (uint32_t)codec->detail ? (out[0] = (unsigned char)c, 1) : 0;
}
static size_t next_low(const Codec *codec, const unsigned char *s, size_t n, uint32_t *c, BadInput *bad) {
    if (s[0] >= codec->detail) return *bad = (BadInput){1, "ordinal not in range(128)", false}, 0;
    return *c = s[0], 1;
}

#define NO_SURROGATES "surrogates not allowed"
const Codec codec_utf8 = {"utf-8", "utf-8", put_utf8, next_utf8, NO_SURROGATES, 0, false, false};
const Codec codec_utf8_sig = {"utf-8", "utf-8-sig", put_utf8, next_utf8, NO_SURROGATES, 0, false, true};
const Codec codec_utf16 = {"utf-16", "utf-16", put_utf16, next_utf16, NO_SURROGATES, 0, true, true};
const Codec codec_utf16_le = {"utf-16-le", "utf-16-le", put_utf16, next_utf16, NO_SURROGATES, 0, true, false};
const Codec codec_utf16_be = {"utf-16-be", "utf-16-be", put_utf16, next_utf16, NO_SURROGATES, 1, true, false};
const Codec codec_utf32 = {"utf-32", "utf-32", put_utf32, next_utf32, NO_SURROGATES, 0, true, true};
const Codec codec_utf32_le = {"utf-32-le", "utf-32-le", put_utf32, next_utf32, NO_SURROGATES, 0, true, false};
const Codec codec_utf32_be = {"utf-32-be", "utf-32-be", put_utf32, next_utf32, NO_SURROGATES, 1, true, false};
const Codec codec_ascii = {"ascii", "ascii", put_low, next_low, "ordinal not in range(128)", 128, false, false};
const Codec codec_latin1 = {"latin-1", "iso8859-1", put_low, next_low, "ordinal not in range(256)", 256, false, false};
