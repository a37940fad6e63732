/* What bytes and bytearray share. */
#ifndef TYPES_BYTES_METHODS_H
#define TYPES_BYTES_METHODS_H

#include "runtime/types/buffer.h"
#include "runtime/types/bytes.h"
#include "runtime/types/native.h"

typedef struct Span {
    const unsigned char *data;
    size_t length;
} Span;

/* v is bytes or bytearray; valid until the bytearray changes. */
static inline Span bytes_span(Value v) {
    if (bytes_is(v)) return (Span){as_bytes(v)->data, as_bytes(v)->length};
    return (Span){as_bytearray(v)->data, as_bytearray(v)->length};
}
/* A new bytes or bytearray (exact), whichever self is. */
Value bytes_like_self(Value self, const void *data, size_t n);
static inline unsigned char *bytes_data(Value v) { return bytes_is(v) ? as_bytes(v)->data : as_bytearray(v)->data; }

/* -1: absent. */
int64_t bytes_find(Span s, Span needle, size_t start, size_t stop);
int64_t bytes_rfind(Span s, Span needle, size_t start, size_t stop);

/* The rows of the methods that both types have. */
#define BYTES_METHOD(name) Value bytes_method_##name(const Value *args, size_t count);
#define BYTES_METHOD_ROWS                                                                                              \
    BYTES_ROW(capitalize, "", "A copy with its first byte in upper case and the rest in lower case.")                  \
    BYTES_ROW(center, "width, fillchar=b' ', /", "The bytes in the middle of width bytes.")                            \
    BYTES_ROW(count, "~sub, start=None, end=None, /", "How often sub occurs without overlap.")                          \
    BYTES_ROW(decode, "encoding='utf-8', errors='strict'", "The text that the bytes encode.")                          \
    BYTES_ROW(endswith, "~suffix, start=None, end=None, /", "Do the bytes end with the suffix, or one of a tuple?")     \
    BYTES_ROW(expandtabs, "tabsize=8", "A copy with tabs replaced by spaces.")                                         \
    BYTES_ROW(find, "~sub, start=None, end=None, /", "The lowest index where sub is found, or -1.")                     \
    BYTES_ROW(hex, "sep=None, bytes_per_sep=1", "The bytes as hexadecimal digits.")                                    \
    BYTES_ROW(index, "~sub, start=None, end=None, /", "Like find(), but ValueError when sub is not found.")             \
    BYTES_ROW(isalnum, "", "Are all bytes ASCII letters or digits, and is there one?")                                 \
    BYTES_ROW(isalpha, "", "Are all bytes ASCII letters, and is there one?")                                           \
    BYTES_ROW(isascii, "", "Are all bytes ASCII?")                                                                     \
    BYTES_ROW(isdigit, "", "Are all bytes ASCII digits, and is there one?")                                            \
    BYTES_ROW(islower, "", "Are all ASCII letters lower case, and is there one?")                                      \
    BYTES_ROW(isspace, "", "Are all bytes ASCII white space, and is there one?")                                       \
    BYTES_ROW(istitle, "", "Are the bytes in title case?")                                                             \
    BYTES_ROW(isupper, "", "Are all ASCII letters upper case, and is there one?")                                      \
    BYTES_ROW(join, "iterable_of_bytes, /", "The items of the iterable with these bytes between them.")                \
    BYTES_ROW(ljust, "width, fillchar=b' ', /", "The bytes at the left of width bytes.")                               \
    BYTES_ROW(lower, "", "A copy in lower case.")                                                                      \
    BYTES_ROW(lstrip, "bytes=None, /", "A copy without leading white space, or given bytes.")                          \
    BYTES_ROW(partition, "sep, /", "What is before the first sep, sep, and what is behind it.")                        \
    BYTES_ROW(removeprefix, "prefix, /", "A copy without the prefix, if it is there.")                                 \
    BYTES_ROW(removesuffix, "suffix, /", "A copy without the suffix, if it is there.")                                 \
    BYTES_ROW(replace, "old, new, count=-1, /", "A copy with old replaced by new, at most count times.")               \
    BYTES_ROW(rfind, "~sub, start=None, end=None, /", "The highest index where sub is found, or -1.")                   \
    BYTES_ROW(rindex, "~sub, start=None, end=None, /", "Like rfind(), but ValueError when sub is not found.")           \
    BYTES_ROW(rjust, "width, fillchar=b' ', /", "The bytes at the right of width bytes.")                              \
    BYTES_ROW(rpartition, "sep, /", "What is before the last sep, sep, and what is behind it.")                        \
    BYTES_ROW(rsplit, "sep=None, maxsplit=-1", "The parts, cut from the right at most maxsplit times.")                \
    BYTES_ROW(rstrip, "bytes=None, /", "A copy without trailing white space, or given bytes.")                         \
    BYTES_ROW(split, "sep=None, maxsplit=-1", "The parts, cut at sep at most maxsplit times.")                         \
    BYTES_ROW(splitlines, "keepends=False", "The lines.")                                                              \
    BYTES_ROW(startswith, "~prefix, start=None, end=None, /", "Do the bytes start with the prefix, or one of a tuple?") \
    BYTES_ROW(strip, "bytes=None, /", "A copy without leading and trailing white space, or given bytes.")              \
    BYTES_ROW(swapcase, "", "A copy with upper case made lower and lower case made upper.")                            \
    BYTES_ROW(title, "", "A copy with each word in title case.")                                                       \
    BYTES_ROW(translate, "table, /, delete=b''", "A copy with each byte replaced by what the table says.")             \
    BYTES_ROW(upper, "", "A copy in upper case.")                                                                      \
    BYTES_ROW(zfill, "width, /", "The bytes filled with zeros on the left, behind a sign.")

#define BYTES_ROW(name, signature, doc) BYTES_METHOD(name)
BYTES_METHOD_ROWS
#undef BYTES_ROW
Value bytes_method_maketrans(const Value *args, size_t count);

/* always: a single quote is escaped even between double ones, as bytearray does. */
Value bytes_repr_escaping(const unsigned char *data, size_t n, bool always);

/* Shared slots. */
Value bytes_compare(Value a, Value b, CompareOp op);
int bytes_contains(Value self, Value item);
Value bytes_percent(Value format, Value values);
/* An integer as a byte: "byte must be in range(0, 256)" or another message. */
bool byte_argument(Value v, const char *range_message, unsigned char *out);
/* The bytes that bytes(v) and bytearray(v) are made of; type_name for messages.  New bytearray. */
Value bytes_collect(const char *type_name, Value source, Value encoding, Value errors);
/* hex(): digits of data, with separators. */
Value bytes_to_hex(const unsigned char *data, size_t n, Value separator, Value group);
/* fromhex(): false: ValueError; out has room for length/2 bytes. */
bool bytes_parse_hex(Value text, unsigned char *out, size_t *n);

#endif
