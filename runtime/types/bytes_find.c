/* Searching bytes. */
#include "runtime/types/bytes_methods.h"

#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/object.h"
#include "runtime/types/search.h"
#include "runtime/types/str_methods.h"
#include "runtime/types/tuple.h"

int64_t bytes_find(Span s, Span needle, size_t start, size_t stop) {
    if (stop > s.length) stop = s.length;
    if (start > stop || needle.length > stop - start) return -1;
    if (needle.length == 0) return (int64_t)start;
    const unsigned char *hit = search_first(s.data + start, stop - start, needle.data, needle.length);
    return hit ? hit - s.data : -1;
}

int64_t bytes_rfind(Span s, Span needle, size_t start, size_t stop) {
    if (stop > s.length) stop = s.length;
    if (start > stop || needle.length > stop - start) return -1;
    if (needle.length == 0) return (int64_t)stop;
    const unsigned char *hit = search_last(s.data + start, stop - start, needle.data, needle.length);
    return hit ? hit - s.data : -1;
}

bool byte_argument(Value v, const char *range_message, unsigned char *out) {
    int64_t n;
    Value index = object_index(v);
    if (is_unset(index)) return false;
    bool fits = int_fits_int64(index, &n) && n >= 0 && n < 256;
    release(index);
    if (!fits) return raise_value_error("%s", range_message), false;
    *out = (unsigned char)n;
    return true;
}

/* What is searched for: bytes-like, or an integer for one byte. */
typedef struct Needle {
    Buffer buffer;
    unsigned char byte;
    Span span;
} Needle;

static bool needle_argument(Value v, Needle *out) {
    out->buffer.owner = UNSET;
    if (buffer_supported(v)) {
        if (!buffer_get(v, &out->buffer, false)) return false;
        out->span = (Span){out->buffer.data, out->buffer.length};
        return true;
    }
    if (!type_of(v)->index)
        return raise_type_error("argument should be integer or bytes-like object, not '%T'", v), false;
    out->span = (Span){&out->byte, 1};
    return byte_argument(v, "byte must be in range(0, 256)", &out->byte);
}

/* -2: failed. */
static int64_t search(const Value *args, bool reverse) {
    size_t from, to;
    Needle needle;
    if (!range_arguments(args[2], args[3], bytes_span(args[0]).length, &from, &to) ||
        !needle_argument(args[1], &needle))
        return -2;
    int64_t at = (reverse ? bytes_rfind : bytes_find)(bytes_span(args[0]), needle.span, from, to);
    buffer_release(&needle.buffer);
    return at;
}

static Value found_at(const Value *args, bool reverse, bool must) {
    int64_t at = search(args, reverse);
    if (at == -2) return UNSET;
    return at < 0 && must ? raise_value_error("subsection not found") : from_small_int(at);
}
Value bytes_method_find(const Value *args, size_t count) { return found_at(args, false, false); }
Value bytes_method_rfind(const Value *args, size_t count) { return found_at(args, true, false); }
Value bytes_method_index(const Value *args, size_t count) { return found_at(args, false, true); }
Value bytes_method_rindex(const Value *args, size_t count) { return found_at(args, true, true); }

Value bytes_method_count(const Value *args, size_t count) {
    size_t from, to, n = 0;
    Needle needle;
    if (!range_arguments(args[2], args[3], bytes_span(args[0]).length, &from, &to) ||
        !needle_argument(args[1], &needle))
        return UNSET;
    Span s = bytes_span(args[0]);
    if (to > s.length) to = s.length;
    if (needle.span.length == 1) n = from < to ? search_count(s.data + from, to - from, needle.span.data[0]) : 0;
    else if (needle.span.length == 0) n = from <= to ? to - from + 1 : 0;
    else
        for (int64_t at; (at = bytes_find(s, needle.span, from, to)) >= 0; n++) from = (size_t)at + needle.span.length;
    buffer_release(&needle.buffer);
    return int_from_size(n);
}

int bytes_contains(Value self, Value item) {
    Buffer buffer;
    unsigned char byte;
    if (type_of(item)->index && !buffer_supported(item)) {
        if (!byte_argument(item, "byte must be in range(0, 256)", &byte)) return -1;
        Span s = bytes_span(self);
        return s.length && memchr(s.data, byte, s.length) != NULL;
    }
    if (!buffer_get(item, &buffer, false)) return -1;
    Span s = bytes_span(self);
    int found = bytes_find(s, (Span){buffer.data, buffer.length}, 0, s.length) >= 0;
    buffer_release(&buffer);
    return found;
}

/* 1 yes, 0 no, -1 failed. */
static int has_affix(Value self, Value affix, size_t from, size_t to, bool at_end) {
    Buffer buffer;
    if (!buffer_get(affix, &buffer, false)) return -1;
    Span s = bytes_span(self);
    bool fits = from <= to && buffer.length <= to - from;
    size_t at = at_end ? to - buffer.length : from;
    int is = fits && memcmp(s.data + at, buffer.data, buffer.length) == 0;
    buffer_release(&buffer);
    return is;
}

static Value affix_method(const Value *args, const char *name, bool at_end) {
    size_t from, to;
    int is = 0;
    if (!range_arguments(args[2], args[3], bytes_span(args[0]).length, &from, &to)) return UNSET;
    if (tuple_is(args[1])) {
        for (size_t i = 0; i < tuple_length(args[1]) && is == 0; i++)
            is = has_affix(args[0], tuple_at(args[1], i), from, to, at_end);
    } else if (!buffer_supported(args[1]))
        return raise_type_error("%s first arg must be bytes or a tuple of bytes, not %T", name, args[1]);
    else is = has_affix(args[0], args[1], from, to, at_end);
    return is < 0 ? UNSET : from_bool(is);
}
Value bytes_method_startswith(const Value *args, size_t count) { return affix_method(args, "startswith", false); }
Value bytes_method_endswith(const Value *args, size_t count) { return affix_method(args, "endswith", true); }

static Value cut_affix(const Value *args, bool at_end) {
    size_t n = bytes_span(args[0]).length;
    int is = has_affix(args[0], args[1], 0, n, at_end);
    if (is < 0) return UNSET;
    Buffer buffer;
    if (!buffer_get(args[1], &buffer, false)) return UNSET;
    size_t m = is ? buffer.length : 0;
    buffer_release(&buffer);
    return bytes_like_self(args[0], bytes_span(args[0]).data + (at_end ? 0 : m), n - m);
}
Value bytes_method_removeprefix(const Value *args, size_t count) { return cut_affix(args, false); }
Value bytes_method_removesuffix(const Value *args, size_t count) { return cut_affix(args, true); }
