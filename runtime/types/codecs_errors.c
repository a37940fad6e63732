/* What to do about what a codec cannot convert: the handlers "strict", "replace" and so on, and those of scripts. */
#include "runtime/types/codecs.h"

#include "runtime/types/call.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/object.h"
#include "runtime/types/str_methods.h"
#include "runtime/types/tuple.h"

#include <stdio.h>

static Value registered; /* name -> callable; made on first use */

bool codec_register_error(Value name, Value handler) {
    if (is_unset(registered) && is_unset(registered = dict_new())) return false;
    return dict_set(registered, name, handler);
}

static Value find_registered(const char *name) { /* borrowed or UNSET */
    return is_unset(registered) ? UNSET : dict_get_utf8(registered, name);
}

Value codec_lookup_error(const char *name) {
    Value handler = find_registered(name);
    return is_set(handler) ? retain(handler) : raise_error(&LookupError_type, "unknown error handler name '%s'", name);
}

/* UnicodeEncodeError or UnicodeDecodeError(encoding, object, start, stop, reason), owned. */
static Value make_error(Type *type, const char *encoding, Value object, size_t start, size_t stop, const char *reason) {
    Value args[5] = {str_from(encoding), retain(object), int_from_size(start), int_from_size(stop), str_from(reason)};
    Value made = exception_new(type, args, 5);
    for (int i = 0; i < 5; i++) release(args[i]);
    return made;
}

static bool raise_made(Value exception) {
    if (is_set(exception)) raise_value(exception);
    return false;
}

/* Takes apart what a script's handler returned: (replacement, position). */
static bool unpack(Value result, size_t length, bool encoding, Value *replacement, size_t *position) {
    int64_t at;
    bool fits = tuple_is(result) && tuple_length(result) == 2 && int_is(tuple_at(result, 1)) &&
                (str_is(tuple_at(result, 0)) || (encoding && bytes_is(tuple_at(result, 0))));
    if (!fits) {
        raise_type_error(encoding ? "encoding error handler must return (str/bytes, int) tuple"
                                  : "decoding error handler must return (str, int) tuple");
        return false;
    }
    if (!int_as_int64(tuple_at(result, 1), &at)) return false;
    int64_t index = at < 0 ? at + (int64_t)length : at;
    if (index < 0 || index > (int64_t)length)
        return raise_index_error("position %lld from error handler out of bounds", (long long)at), false;
    *replacement = retain(tuple_at(result, 0));
    *position = (size_t)index;
    return true;
}

static bool ask_script(Value handler, Value exception, size_t length, bool encoding, Value *replacement,
                       size_t *position) {
    Value result = is_set(exception) ? call1(handler, exception) : UNSET;
    release(exception);
    if (is_unset(result)) return false;
    bool fine = unpack(result, length, encoding, replacement, position);
    release(result);
    return fine;
}

static void escape_character(StrBuilder *b, uint32_t c, bool xml) {
    if (!xml) {
        builder_escaped(b, c);
        return;
    }
    char text[16];
    snprintf(text, sizeof text, "&#%u;", (unsigned)c);
    builder_ascii(b, text);
}

static Value escape_characters(Value text, size_t start, size_t stop, bool xml) {
    StrBuilder b = STR_BUILDER;
    for (size_t i = start; i < stop; i++) escape_character(&b, str_at(as_str(text), i), xml);
    return builder_finish(&b);
}

static Value repeated(uint32_t c, size_t n) {
    StrBuilder b = STR_BUILDER;
    builder_repeat(&b, c, (int64_t)n);
    return builder_finish(&b);
}

/* surrogateescape: the bytes that the surrogates stand for.  UNSET: one is no such surrogate. */
static Value unescape_surrogates(Value text, size_t start, size_t stop) {
    Value made = bytearray_from(NULL, stop - start), exact;
    for (size_t i = start; is_set(made) && i < stop; i++) {
        uint32_t c = str_at(as_str(text), i);
        if (c < 0xDC80 || c > 0xDCFF) return release(made), UNSET;
        as_bytearray(made)->data[i - start] = (unsigned char)c;
    }
    if (is_unset(made)) return UNSET;
    exact = bytes_from(as_bytearray(made)->data, stop - start);
    release(made);
    return exact;
}

/* 16 or 32 from the name of a UTF codec, 8 for UTF-8, else 0; negative: big-endian. */
static int unit_bits(const char *encoding) {
    int bits = strncmp(encoding, "utf-8", 5) == 0    ? 8
               : strncmp(encoding, "utf-16", 6) == 0 ? 16
               : strncmp(encoding, "utf-32", 6) == 0 ? 32
                                                     : 0;
    return strstr(encoding, "-be") ? -bits : bits;
}

static unsigned put_surrogate(int bits, uint32_t c, unsigned char *out) {
    if (bits == 8) return utf8_put(c, (char *)out);
    unsigned n = (unsigned)(bits < 0 ? -bits : bits) / 8;
    for (unsigned i = 0; i < n; i++) out[bits < 0 ? n - 1 - i : i] = (unsigned char)(c >> (8 * i));
    return n;
}

/* surrogatepass: surrogates encoded like any other code point.  UNSET: something else is there, or failed. */
static Value pass_surrogates(const char *encoding, Value text, size_t start, size_t stop) {
    unsigned char *out = NULL;
    int bits = unit_bits(encoding);
    Value made = bits ? bytearray_from(NULL, (stop - start) * 4) : UNSET, exact;
    size_t n = 0;
    if (is_unset(made)) return UNSET;
    out = as_bytearray(made)->data;
    for (size_t i = start; i < stop; i++) {
        uint32_t c = str_at(as_str(text), i);
        if ((c & 0xFFFFF800) != 0xD800) return release(made), UNSET;
        n += put_surrogate(bits, c, out + n);
    }
    exact = bytes_from(out, n);
    release(made);
    return exact;
}

/* The replacement that a built-in handler gives; UNSET with nothing pending: the error stands.  *known: there is such a
 * handler. */
static Value encode_builtin(const char *errors, const char *encoding, Value text, size_t start, size_t stop,
                            bool *known) {
    *known = true;
    if (strcmp(errors, "strict") == 0) return UNSET;
    if (strcmp(errors, "ignore") == 0) return names.empty;
    if (strcmp(errors, "replace") == 0) return repeated('?', stop - start);
    if (strcmp(errors, "backslashreplace") == 0) return escape_characters(text, start, stop, false);
    if (strcmp(errors, "xmlcharrefreplace") == 0) return escape_characters(text, start, stop, true);
    if (strcmp(errors, "surrogateescape") == 0) return unescape_surrogates(text, start, stop);
    if (strcmp(errors, "surrogatepass") == 0) return pass_surrogates(encoding, text, start, stop);
    return *known = false, UNSET;
}

bool codec_encode_error(const char *errors, const char *encoding, Value text, size_t start, size_t stop,
                        const char *reason, Value *replacement, size_t *position) {
    bool known;
    *position = stop;
    *replacement = encode_builtin(errors ? errors : "strict", encoding, text, start, stop, &known);
    if (is_set(*replacement)) return true;
    if (error_pending()) return false;
    Value handler = known ? UNSET : codec_lookup_error(errors);
    if (!known && is_unset(handler)) return false;
    Value exception = make_error(&UnicodeEncodeError_type, encoding, text, start, stop, reason);
    if (known) return raise_made(exception);
    bool fine = ask_script(handler, exception, str_length(text), true, replacement, position);
    release(handler);
    return fine;
}

static Value escape_bytes(const unsigned char *data, size_t start, size_t stop) {
    StrBuilder b = STR_BUILDER;
    for (size_t i = start; i < stop; i++) builder_escaped(&b, data[i]);
    return builder_finish(&b);
}

/* surrogateescape for up to four bytes; *position moves behind those that were taken. */
static Value escape_surrogates(const unsigned char *data, size_t start, size_t stop, size_t *position) {
    StrBuilder b = STR_BUILDER;
    size_t i = start;
    for (; i < stop && i < start + 4 && data[i] >= 128; i++) builder_char(&b, 0xDC00u | data[i]);
    *position = i;
    return i > start ? builder_finish(&b) : UNSET;
}

/* surrogatepass: the surrogate that stands at start. */
static Value decode_surrogate(const char *encoding, const unsigned char *data, size_t n, size_t start,
                              size_t *position) {
    int bits = unit_bits(encoding);
    const unsigned char *s = data + start;
    unsigned width = bits == 8 ? 3 : (unsigned)(bits < 0 ? -bits : bits) / 8;
    uint32_t c = 0;
    if (!bits || n - start < width) return UNSET;
    if (bits == 8) c = (s[0] & 0xF0) == 0xE0 && (s[1] & 0xC0) == 0x80 && (s[2] & 0xC0) == 0x80
                           ? (uint32_t)(s[0] & 15) << 12 | (uint32_t)(s[1] & 63) << 6 | (s[2] & 63) : 0;
    else
        for (unsigned i = 0; i < width; i++) c |= (uint32_t)s[bits < 0 ? width - 1 - i : i] << (8 * i);
    if ((c & 0xFFFFF800) != 0xD800) return UNSET;
    *position = start + width;
    return str_from_code_point(c);
}

bool codec_decode_error(const char *errors, const char *encoding, const unsigned char *data, size_t n, size_t start,
                        size_t stop, const char *reason, Value *replacement, size_t *position) {
    bool known = true;
    if (!errors) errors = "strict";
    *position = stop;
    *replacement = UNSET;
    if (strcmp(errors, "ignore") == 0) *replacement = names.empty;
    else if (strcmp(errors, "replace") == 0) *replacement = str_from_code_point(0xFFFD);
    else if (strcmp(errors, "backslashreplace") == 0) *replacement = escape_bytes(data, start, stop);
    else if (strcmp(errors, "surrogateescape") == 0) *replacement = escape_surrogates(data, start, stop, position);
    else if (strcmp(errors, "surrogatepass") == 0) *replacement = decode_surrogate(encoding, data, n, start, position);
    else known = strcmp(errors, "strict") == 0;
    if (is_set(*replacement)) return true;
    if (error_pending()) return false;
    Value handler = known ? UNSET : codec_lookup_error(errors);
    if (!known && is_unset(handler)) return false;
    Value object = bytes_from(data, n);
    Value exception =
        is_set(object) ? make_error(&UnicodeDecodeError_type, encoding, object, start, stop, reason) : UNSET;
    release(object);
    if (known) return raise_made(exception);
    bool fine = ask_script(handler, exception, n, false, replacement, position);
    release(handler);
    return fine;
}

/* An attribute of a UnicodeError that is a position. */
static bool position_of(Value exception, const char *name, size_t *out) {
    int64_t n = 0;
    Value v = object_get_attribute_utf8(exception, name);
    bool fine = is_set(v) && int_is(v) && int_as_int64(v, &n) && n >= 0;
    release(v);
    *out = (size_t)n;
    return fine;
}

static Value text_attribute(Value exception, const char *name) {
    Value v = object_get_attribute_utf8(exception, name);
    if (is_unset(v) || str_is(v) || bytes_is(v)) return v;
    release(v);
    return raise_type_error("%s attribute must be str", name);
}

static bool handle(const char *name, Value exception, Value *replacement, size_t *position) {
    size_t start, stop;
    bool encoding_error = object_is_instance_exact_or_sub(exception, &UnicodeEncodeError_type);
    if (!position_of(exception, "start", &start) || !position_of(exception, "end", &stop)) return false;
    Value object = text_attribute(exception, "object"),
          encoding = is_set(object) ? text_attribute(exception, "encoding") : UNSET;
    Value reason = is_set(encoding) ? text_attribute(exception, "reason") : UNSET;
    bool fine = is_set(reason) && str_is(reason) && str_is(encoding);
    if (fine && encoding_error)
        fine = codec_encode_error(name, str_utf8(encoding, NULL), object, start, stop, str_utf8(reason, NULL),
                                  replacement, position);
    else if (fine && bytes_is(object))
        fine = codec_decode_error(name, str_utf8(encoding, NULL), as_bytes(object)->data, as_bytes(object)->length,
                                  start, stop, str_utf8(reason, NULL), replacement, position);
    else fine = false;
    release(object);
    release(encoding);
    release(reason);
    return fine;
}

Value codec_builtin_handler(const char *name, Value exception) {
    Value parts[2];
    size_t position;
    if (!exception_is(exception)) return raise_type_error("codec must pass exception instance");
    if (strcmp(name, "strict") == 0) return raise_value(retain(exception));
    bool known = object_is_instance_exact_or_sub(exception, &UnicodeEncodeError_type) ||
                 object_is_instance_exact_or_sub(exception, &UnicodeDecodeError_type);
    if (strcmp(name, "xmlcharrefreplace") == 0)
        known = object_is_instance_exact_or_sub(exception, &UnicodeEncodeError_type);
    if (!known) return raise_type_error("don't know how to handle %T in error callback", exception);
    if (!handle(name, exception, &parts[0], &position)) return UNSET;
    parts[1] = int_from_size(position);
    return tuple_steal(parts, 2);
}
