/* unicode_escape and raw_unicode_escape: text as the inside of a string literal. */
#include "runtime/types/codecs.h"

#include <stdio.h>

static unsigned put_hex(unsigned char *out, char letter, int digits, uint32_t c) {
    char text[12];
    unsigned n = (unsigned)snprintf(text, sizeof text, "\\%c%0*x", letter, digits, (unsigned)c);
    memcpy(out, text, n);
    return n;
}

static unsigned put_escape(const Codec *codec, uint32_t c, unsigned char *out) {
    static const char special[] = "\t\n\r\\", letters[] = "tnr\\";
    const char *at = c && c < 128 ? strchr(special, (int)c) : NULL;
    if (at) return out[0] = '\\', out[1] = (unsigned char)letters[at - special], 2;
    if (c >= 32 && c < 127) return out[0] = (unsigned char)c, 1;
    return c < 0x100 ? put_hex(out, 'x', 2, c) : c < 0x10000 ? put_hex(out, 'u', 4, c) : put_hex(out, 'U', 8, c);
}

static unsigned put_raw(const Codec *codec, uint32_t c, unsigned char *out) {
    if (c < 0x100) return out[0] = (unsigned char)c, 1;
    return c < 0x10000 ? put_hex(out, 'u', 4, c) : put_hex(out, 'U', 8, c);
}

static int hex_digit(unsigned c) {
    return c - '0' < 10 ? (int)(c - '0') : (c | 32) - 'a' < 6 ? (int)((c | 32) - 'a' + 10) : -1;
}

/* Backslash, letter, `digits` hexadecimal digits. */
static size_t next_hex(const unsigned char *s, size_t n, size_t digits, const char *reason, uint32_t *c,
                       BadInput *bad) {
    *c = 0;
    for (size_t i = 2; i < 2 + digits; i++) {
        int digit = i < n ? hex_digit(s[i]) : -1;
        if (digit < 0) return *bad = (BadInput){i, reason, i == n}, 0;
        *c = *c << 4 | (uint32_t)digit;
    }
    if (*c > 0x10FFFF) return *bad = (BadInput){2 + digits, "illegal Unicode character", false}, 0;
    return 2 + digits;
}

static size_t next_octal(const unsigned char *s, size_t n, uint32_t *c) {
    size_t i = 1;
    for (*c = 0; i < n && i < 4 && s[i] >= '0' && s[i] <= '7'; i++) *c = *c * 8 + (s[i] - '0');
    return i;
}

static size_t next_named(const unsigned char *s, size_t n, BadInput *bad) {
    const unsigned char *end = n > 3 && s[2] == '{' ? memchr(s, '}', n) : NULL;
    if (!end) return *bad = (BadInput){n > 2 && s[2] == '{' ? n : 2, "malformed \\N character escape", false}, 0;
    return *bad = (BadInput){(size_t)(end - s) + 1, "unknown Unicode character name", false}, 0;
}

static size_t next_escape(const Codec *codec, const unsigned char *s, size_t n, uint32_t *c, BadInput *bad) {
    static const char letters[] = "abfnrtv\\'\"", values[] = "\a\b\f\n\r\t\v\\'\"";
    if (s[0] != '\\') return *c = s[0], 1;
    if (n < 2) return *bad = (BadInput){1, "\\ at end of string", true}, 0;
    const char *at = s[1] ? strchr(letters, s[1]) : NULL;
    if (at) return *c = (unsigned char)values[at - letters], 2;
    switch (s[1]) {
    case '\n': return *c = UINT32_MAX, 2;
    case 'x': return next_hex(s, n, 2, "truncated \\xXX escape", c, bad);
    case 'u': return next_hex(s, n, 4, "truncated \\uXXXX escape", c, bad);
    case 'U': return next_hex(s, n, 8, "truncated \\UXXXXXXXX escape", c, bad);
    case 'N': return next_named(s, n, bad);
    }
    if (s[1] >= '0' && s[1] <= '7') return next_octal(s, n, c);
    return *c = '\\', 1; /* unknown escapes stay as they are */
}

static size_t next_raw(const Codec *codec, const unsigned char *s, size_t n, uint32_t *c, BadInput *bad) {
    if (s[0] == '\\' && n > 1) {
        if (s[1] == 'u') return next_hex(s, n, 4, "truncated \\uXXXX escape", c, bad);
        if (s[1] == 'U') return next_hex(s, n, 8, "truncated \\UXXXXXXXX escape", c, bad);
        if (s[1] == '\\') return *c = '\\', 1;
    }
    return *c = s[0], 1;
}

const Codec codec_unicode_escape = {"unicodeescape", "unicode-escape", put_escape, next_escape, "", 0, false, false};
const Codec codec_raw_unicode_escape = {
    "rawunicodeescape", "raw-unicode-escape", put_raw, next_raw, "", 0, false, false};
