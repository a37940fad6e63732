/* Finding codecs by name, and driving them. */
#include "runtime/types/codecs.h"

#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/str_units.h"

bool codec_normalize(const char *name, char out[64]) {
    size_t n = 0;
    bool gap = false;
    for (; *name; name++) {
        unsigned c = (unsigned char)*name;
        bool word = (c | 32) - 'a' < 26u || c - '0' < 10u || c == '.';
        if (n >= 62) return false;
        if (!word) {
            gap = n > 0;
            continue;
        }
        if (gap) out[n++] = '_';
        gap = false;
        out[n++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    out[n] = 0;
    return true;
}

static const struct {
    const char *alias;
    const Codec *codec;
} aliases[] = {
    {"utf_8", &codec_utf8}, {"utf8", &codec_utf8}, {"u8", &codec_utf8}, {"utf", &codec_utf8}, {"cp65001", &codec_utf8},
    {"utf8_ucs2", &codec_utf8}, {"utf8_ucs4", &codec_utf8},
    {"ascii", &codec_ascii}, {"us_ascii", &codec_ascii}, {"646", &codec_ascii}, {"ansi_x3.4_1968", &codec_ascii},
    {"iso646_us", &codec_ascii}, {"us", &codec_ascii},
    {"latin_1", &codec_latin1}, {"latin1", &codec_latin1}, {"latin", &codec_latin1}, {"l1", &codec_latin1},
    {"iso_8859_1", &codec_latin1}, {"iso8859_1", &codec_latin1}, {"8859", &codec_latin1}, {"cp819", &codec_latin1},
    {"iso8859", &codec_latin1}, {"iso_ir_100", &codec_latin1},
    {"utf_16", &codec_utf16}, {"utf16", &codec_utf16}, {"u16", &codec_utf16},
    {"utf_16_le", &codec_utf16_le}, {"utf_16le", &codec_utf16_le}, {"unicodelittleunmarked", &codec_utf16_le},
    {"utf_16_be", &codec_utf16_be}, {"utf_16be", &codec_utf16_be}, {"unicodebigunmarked", &codec_utf16_be},
    {"utf_32", &codec_utf32}, {"utf32", &codec_utf32}, {"u32", &codec_utf32},
    {"utf_32_le", &codec_utf32_le}, {"utf_32le", &codec_utf32_le},
    {"utf_32_be", &codec_utf32_be}, {"utf_32be", &codec_utf32_be},
    {"utf_8_sig", &codec_utf8_sig}, {"utf8_sig", &codec_utf8_sig},
    {"unicode_escape", &codec_unicode_escape}, {"unicodeescape", &codec_unicode_escape},
    {"raw_unicode_escape", &codec_raw_unicode_escape}, {"rawunicodeescape", &codec_raw_unicode_escape},
};

/* The commonest names as they are mostly written. */
static const Codec *find_common(const char *name) {
    if (strcmp(name, "utf-8") == 0 || strcmp(name, "utf8") == 0) return &codec_utf8;
    if (strcmp(name, "latin-1") == 0) return &codec_latin1;
    return strcmp(name, "ascii") == 0 ? &codec_ascii : NULL;
}

const Codec *codec_find(const char *name) {
    char normalized[64];
    const Codec *common = find_common(name);
    if (common) return common;
    if (codec_normalize(name, normalized)) {
        for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
            if (strcmp(aliases[i].alias, normalized) == 0) return aliases[i].codec;
        const Codec *table = codec_charmap(normalized);
        if (table) return table;
    }
    raise_error(&LookupError_type, "unknown encoding: %s", name);
    return NULL;
}

/* Bytes being written: a bytearray with spare length. */
typedef struct Output {
    Value array;
    size_t used;
} Output;

static bool reserve(Output *o, size_t more) {
    size_t have = as_bytearray(o->array)->length;
    return o->used + more <= have || bytearray_resize(o->array, o->used + more + have / 2);
}

static bool write_bytes(Output *o, const void *data, size_t n) {
    if (!reserve(o, n)) return false;
    memcpy(as_bytearray(o->array)->data + o->used, data, n);
    o->used += n;
    return true;
}

/* The text that a handler gave must be encodable itself: 1 done, 0 it is not, -1 failed. */
static int write_replacement(const Codec *codec, Output *o, Value replacement) {
    if (bytes_is(replacement))
        return write_bytes(o, as_bytes(replacement)->data, as_bytes(replacement)->length) ? 1 : -1;
    for (size_t i = 0; i < str_length(replacement); i++) {
        unsigned char out[12];
        unsigned n = codec->put(codec, str_at(as_str(replacement), i), out);
        if (!n) return 0;
        if (!write_bytes(o, out, n)) return -1;
    }
    return 1;
}

static size_t unencodable_run(const Codec *codec, const Str *s, size_t i) {
    unsigned char out[12];
    size_t stop = i + 1;
    while (!codec->one_at_a_time && stop < s->length && !codec->put(codec, str_at(s, stop), out)) stop++;
    return stop;
}

static bool encode_rest(const Codec *codec, Value text, const char *errors, Output *o) {
    Str *s = as_str(text);
    for (size_t i = 0; i < s->length;) {
        if (!reserve(o, 12)) return false;
        unsigned n = codec->put(codec, str_at(s, i), as_bytearray(o->array)->data + o->used);
        o->used += n;
        if (n) {
            i++;
            continue;
        }
        Value replacement;
        size_t start = i, stop = unencodable_run(codec, s, i);
        if (!codec_encode_error(errors, codec->name, text, start, stop, codec->unencodable, &replacement, &i))
            return false;
        int written = write_replacement(codec, o, replacement);
        release(replacement);
        if (written == 0)
            codec_encode_error("strict", codec->name, text, start, stop, codec->unencodable, &replacement, &i);
        if (written <= 0) return false;
    }
    return true;
}

static bool is_single_byte(const Codec *codec, const Str *s) {
    return (str_is_ascii(s) && (codec == &codec_utf8 || codec == &codec_ascii)) ||
           (str_width(s) == 1 && codec == &codec_latin1);
}

Value codec_encode(const Codec *codec, Value text, const char *errors) {
    Str *s = as_str(text);
    if (is_single_byte(codec, s)) return bytes_from(s->data, s->length);
    size_t length = codec == &codec_utf8 ? utf8_length(s) : SIZE_MAX;
    if (length != SIZE_MAX) {
        Value made = bytes_from(NULL, length);
        if (is_set(made) && length) utf8_encode(s, (char *)as_bytes(made)->data);
        return made;
    }
    Output o = {bytearray_from(NULL, s->length + s->length / 2 + 16), 0};
    if (is_unset(o.array)) return UNSET;
    unsigned char mark[12];
    unsigned marked = codec->mark ? codec->put(codec, 0xFEFF, mark) : 0;
    bool fine = write_bytes(&o, mark, marked);
    fine = fine && encode_rest(codec, text, errors, &o);
    Value made = fine ? bytes_from(as_bytearray(o.array)->data, o.used) : UNSET;
    release(o.array);
    return made;
}

Value str_encode(Value s, const char *encoding, const char *errors) {
    const Codec *codec = encoding ? codec_find(encoding) : &codec_utf8;
    return codec ? codec_encode(codec, s, errors) : UNSET;
}

/* Skips a byte order mark; *codec becomes the one for that order. */
static size_t skip_mark(const Codec **codec, const unsigned char *data, size_t n) {
    if (*codec == &codec_utf8_sig) return *codec = &codec_utf8, n >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    if (*codec == &codec_utf16) {
        *codec = n >= 2 && data[0] == 0xFE && data[1] == 0xFF ? &codec_utf16_be : &codec_utf16_le;
        return n >= 2 && ((data[0] == 0xFE && data[1] == 0xFF) || (data[0] == 0xFF && data[1] == 0xFE)) ? 2 : 0;
    }
    if (n >= 4 && memcmp(data, "\0\0\xFE\xFF", 4) == 0) return *codec = &codec_utf32_be, 4;
    *codec = &codec_utf32_le;
    return n >= 4 && memcmp(data, "\xFF\xFE\0\0", 4) == 0 ? 4 : 0;
}

/* Whole stretches that need no thought: how many bytes were taken. */
static size_t decode_fast(const Codec *codec, const unsigned char *s, size_t n, StrBuilder *b) {
    size_t points, fine;
    uint32_t max;
    if (codec == &codec_latin1) {
        Value text = str_from_latin1(s, n);
        builder_str(b, text);
        release(text);
        return n;
    }
    if (codec != &codec_utf8 && codec != &codec_ascii) return 0;
    fine = utf8_scan(s, n, &points, &max);
    if (codec == &codec_ascii)
        for (fine = 0; fine < n && s[fine] < 128;) fine++;
    builder_utf8(b, (const char *)s, fine);
    return fine;
}

static bool decode_rest(const Codec *codec, const unsigned char *data, size_t at, size_t n, const char *errors,
                        size_t *consumed, StrBuilder *b) {
    uint32_t c;
    BadInput bad;
    while (at < n && !b->failed) {
        at += decode_fast(codec, data + at, n - at, b);
        if (at == n) break;
        bad = (BadInput){1, NULL, false};
        size_t used = codec->next(codec, data + at, n - at, &c, &bad);
        if (used) {
            if (c != UINT32_MAX) builder_char(b, c); /* UINT32_MAX: nothing, as for an escaped line end */
            at += used;
            continue;
        }
        if (bad.incomplete && consumed) break;
        Value replacement;
        if (!codec_decode_error(errors, codec->name, data, n, at, at + bad.length, bad.reason, &replacement, &at))
            return false;
        builder_str(b, replacement);
        release(replacement);
    }
    if (consumed) *consumed = at;
    return !b->failed;
}

Value codec_decode(const Codec *codec, const unsigned char *data, size_t n, const char *errors, size_t *consumed) {
    size_t at = 0;
    StrBuilder b = STR_BUILDER;
    if (consumed) *consumed = n;
    if (codec == &codec_latin1) return str_from_latin1(data, n);
    if (codec == &codec_ascii && units_max(data, 1, n) == MAX_ASCII) return str_from_ascii(data, n);
    if (codec->mark) at = skip_mark(&codec, data, n);
    if (decode_rest(codec, data, at, n, errors, consumed, &b)) return builder_finish(&b);
    builder_discard(&b);
    return UNSET;
}

Value str_decode(const void *data, size_t n, const char *encoding, const char *errors) {
    const Codec *codec = encoding ? codec_find(encoding) : &codec_utf8;
    if (!codec) return UNSET;
    if (codec == &codec_utf8 && (!errors || strcmp(errors, "strict") == 0)) return str_from_utf8(data, n);
    return codec_decode(codec, data, n, errors, NULL);
}
