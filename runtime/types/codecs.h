/* Codecs: text to bytes and back, and what to do about what cannot be converted. */
#ifndef TYPES_CODECS_H
#define TYPES_CODECS_H

#include "runtime/types/bytes.h"
#include "runtime/types/str.h"

/* Strict UTF-8 decoding of n bytes, as fast as it goes.  Returns the length of the valid prefix; *points counts its code points
 * and *max is an upper bound of them (MAX_ASCII, ...: str_units.h). */
size_t utf8_scan(const unsigned char *s, size_t n, size_t *points, uint32_t *max);
/* Decodes text that utf8_scan() accepted into code units of that width. */
void utf8_decode_valid(const unsigned char *s, size_t n, void *out, unsigned width);
/* Bytes of c in UTF-8, surrogates included; out has room for 4. */
unsigned utf8_put(uint32_t c, char *out);

/* A codec known to the runtime; NULL with LookupError "unknown encoding: x" pending otherwise. */
typedef struct Codec Codec;
struct Codec {
    const char *name; /* as UnicodeError shows it: "utf-8", "latin-1" */
    const char *registered; /* as codecs.lookup(x).name shows it: "iso8859-1" */
    Value (*encode)(const Codec *codec, Value s, const char *errors);
    /* consumed not NULL: an incomplete end is no error and stays unread (incremental and stream decoders). */
    Value (*decode)(const Codec *codec, const unsigned char *data, size_t n, const char *errors, size_t *consumed);
    int32_t detail; /* the codec's own: byte order, table */
};
const Codec *codec_find(const char *name);
/* Normalises as Python does: lower case, runs of other characters become one underscore. out has 64 bytes. */
bool codec_normalize(const char *name, char out[64]);

/* Error handlers registered by scripts: codecs.register_error, codecs.lookup_error. */
bool codec_register_error(Value name, Value handler);
Value codec_lookup_error(const char *name); /* owned; LookupError */
/* The handlers "strict", "ignore" ... as functions of an exception, for codecs.lookup_error(). */
Value codec_builtin_handler(const char *name, Value exception);

/* What a codec does at text[start, stop) that it cannot encode.  *replacement (owned, str or bytes) takes its place and encoding
 * goes on at *position.  False: an exception is pending. */
bool codec_encode_error(const char *errors, const char *encoding, Value text, size_t start, size_t stop, const char *reason,
                        Value *replacement, size_t *position);
/* The same for data[start, stop); the replacement is a str. */
bool codec_decode_error(const char *errors, const char *encoding, const unsigned char *data, size_t n, size_t start,
                        size_t stop, const char *reason, Value *replacement, size_t *position);

#endif
