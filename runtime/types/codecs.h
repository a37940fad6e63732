/* Codecs: text to bytes and back, and what to do about what cannot be converted. */
#ifndef TYPES_CODECS_H
#define TYPES_CODECS_H

#include "runtime/types/bytes.h"
#include "runtime/types/str.h"

/* Strict UTF-8 decoding of n bytes, as fast as it goes.  Returns the length of the valid prefix; *points counts its
 * code points and *max is an upper bound of them (MAX_ASCII, ...: str_units.h). */
size_t utf8_scan(const unsigned char *s, size_t n, size_t *points, uint32_t *max);
/* Decodes text that utf8_scan() accepted into code units of that width. */
void utf8_decode_valid(const unsigned char *s, size_t n, void *out, unsigned width);
/* Bytes of c in UTF-8, surrogates included; out has room for 4. */
unsigned utf8_put(uint32_t c, char *out);

/* Bytes that s takes in UTF-8; SIZE_MAX: it has surrogates. */
size_t utf8_length(const Str *s);
void utf8_encode(const Str *s, char *out);

/* What a codec's `next` found wrong. */
typedef struct BadInput {
    size_t length;      /* bytes that are wrong */
    const char *reason;
    bool incomplete;    /* more input could have made it right */
} BadInput;

/* A codec known to the runtime: one code point at a time. */
typedef struct Codec Codec;
struct Codec {
    const char *name;       /* as UnicodeError shows it: "utf-8", "latin-1" */
    const char *registered; /* as codecs.lookup(x).name shows it: "iso8859-1" */
    /* Bytes of c into out (room for 12); 0: cannot be encoded. */
    unsigned (*put)(const Codec *codec, uint32_t c, unsigned char *out);
    /* The code point at s (n >= 1) and how many bytes it takes; 0: bad input. */
    size_t (*next)(const Codec *codec, const unsigned char *s, size_t n, uint32_t *c, BadInput *bad);
    const char *unencodable; /* reason */
    int detail;              /* the codec's own: byte order, table, limit */
    bool one_at_a_time;      /* reports each unencodable character alone */
    bool mark;               /* begins with a byte order mark */
};
/* NULL: LookupError "unknown encoding: x" pending. */
const Codec *codec_find(const char *name);
/* Normalises as Python does: lower case, runs of other characters become one underscore.  False: too long. */
bool codec_normalize(const char *name, char out[64]);
Value codec_encode(const Codec *codec, Value s, const char *errors);
/* consumed not NULL: an incomplete end is no error and stays unread (incremental and stream decoders). */
Value codec_decode(const Codec *codec, const unsigned char *data, size_t n, const char *errors, size_t *consumed);
extern const Codec codec_utf8, codec_utf16, codec_utf16_le, codec_utf16_be, codec_utf32, codec_utf32_le, codec_utf32_be,
    codec_ascii, codec_latin1, codec_unicode_escape, codec_raw_unicode_escape, codec_utf8_sig;
/* The codec of a table of 256 characters that iconv knows under that (normalised) name, or NULL. */
const Codec *codec_charmap(const char *normalized);

/* Error handlers registered by scripts: codecs.register_error, codecs.lookup_error. */
bool codec_register_error(Value name, Value handler);
Value codec_lookup_error(const char *name); /* owned; LookupError */
/* The handlers "strict", "ignore" ... as functions of an exception, for codecs.lookup_error(). */
Value codec_builtin_handler(const char *name, Value exception);

/* What a codec does at text[start, stop) that it cannot encode.  *replacement (owned, str or bytes) takes its place and
 * encoding goes on at *position.  False: an exception is pending. */
bool codec_encode_error(const char *errors, const char *encoding, Value text, size_t start, size_t stop,
                        const char *reason, Value *replacement, size_t *position);
/* The same for data[start, stop); the replacement is a str. */
bool codec_decode_error(const char *errors, const char *encoding, const unsigned char *data, size_t n, size_t start,
                        size_t stop, const char *reason, Value *replacement, size_t *position);

#endif
