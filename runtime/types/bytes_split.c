/* Cutting bytes: split, rsplit, splitlines, partition, strip. */
#include "runtime/types/bytes_methods.h"

#include "runtime/types/error.h"
#include "runtime/types/list.h"
#include "runtime/types/object.h"
#include "runtime/types/str_methods.h"
#include "runtime/types/tuple.h"

static bool is_space(unsigned char c) { return c == ' ' || (c >= 9 && c <= 13); }

static bool add_part(Value list, Value self, Span s, size_t start, size_t stop) {
    Value part = bytes_like_self(self, s.data + start, stop - start);
    return is_set(part) && list_append_steal(list, part);
}

static bool split_space(Value list, Value self, Span s, int64_t limit) {
    size_t i = 0;
    for (;;) {
        while (i < s.length && is_space(s.data[i])) i++;
        if (i == s.length) return true;
        size_t start = i;
        if (limit-- == 0) return add_part(list, self, s, start, s.length);
        while (i < s.length && !is_space(s.data[i])) i++;
        if (!add_part(list, self, s, start, i)) return false;
    }
}

static bool rsplit_space(Value list, Value self, Span s, int64_t limit) {
    size_t i = s.length;
    for (;;) {
        while (i && is_space(s.data[i - 1])) i--;
        if (i == 0) return list_reverse(list);
        size_t stop = i;
        if (limit-- == 0) return add_part(list, self, s, 0, stop) && list_reverse(list);
        while (i && !is_space(s.data[i - 1])) i--;
        if (!add_part(list, self, s, i, stop)) return false;
    }
}

static bool split_at(Value list, Value self, Span s, Span separator, int64_t limit) {
    size_t start = 0;
    for (int64_t at; limit-- != 0 && (at = bytes_find(s, separator, start, s.length)) >= 0;) {
        if (!add_part(list, self, s, start, (size_t)at)) return false;
        start = (size_t)at + separator.length;
    }
    return add_part(list, self, s, start, s.length);
}

static bool rsplit_at(Value list, Value self, Span s, Span separator, int64_t limit) {
    size_t stop = s.length;
    for (int64_t at; limit-- != 0 && (at = bytes_rfind(s, separator, 0, stop)) >= 0;) {
        if (!add_part(list, self, s, (size_t)at + separator.length, stop)) return false;
        stop = (size_t)at;
    }
    return add_part(list, self, s, 0, stop) && list_reverse(list);
}

static Value split_method(const Value *args, bool reverse) {
    int64_t limit = -1;
    Buffer buffer = {.owner = UNSET};
    bool at_space = is_unset(args[1]) || is_none(args[1]);
    if (is_set(args[2]) && !size_argument(args[2], &limit)) return UNSET;
    if (!at_space && !buffer_get(args[1], &buffer, false)) return UNSET;
    if (!at_space && buffer.length == 0) {
        buffer_release(&buffer);
        return raise_value_error("empty separator");
    }
    Value list = list_new(0);
    Span s = bytes_span(args[0]), separator = {buffer.data, buffer.length};
    bool fine = is_set(list) && (at_space ? (reverse ? rsplit_space : split_space)(list, args[0], s, limit)
                                          : (reverse ? rsplit_at : split_at)(list, args[0], s, separator, limit));
    buffer_release(&buffer);
    if (fine) return list;
    release(list);
    return UNSET;
}
Value bytes_method_split(const Value *args, size_t count) { return split_method(args, false); }
Value bytes_method_rsplit(const Value *args, size_t count) { return split_method(args, true); }

Value bytes_method_splitlines(const Value *args, size_t count) {
    int keep = is_set(args[1]) ? object_truth(args[1]) : 0;
    if (keep < 0) return UNSET;
    Span s = bytes_span(args[0]);
    Value list = list_new(0);
    for (size_t i = 0; is_set(list) && i < s.length;) {
        size_t start = i;
        while (i < s.length && s.data[i] != '\n' && s.data[i] != '\r') i++;
        size_t end = i;
        if (i < s.length) i += s.data[i] == '\r' && i + 1 < s.length && s.data[i + 1] == '\n' ? 2 : 1;
        if (!add_part(list, args[0], s, start, keep ? i : end)) {
            release(list);
            return UNSET;
        }
    }
    return list;
}

static Value partition(const Value *args, bool reverse) {
    Buffer buffer;
    Value parts[3] = {UNSET, UNSET, UNSET}, self = args[0];
    if (!buffer_get(args[1], &buffer, false)) return UNSET;
    Span s = bytes_span(self), separator = {buffer.data, buffer.length};
    if (!separator.length) {
        buffer_release(&buffer);
        return raise_value_error("empty separator");
    }
    int64_t at = (reverse ? bytes_rfind : bytes_find)(s, separator, 0, s.length);
    size_t cut = at >= 0 ? (size_t)at : reverse ? 0 : s.length;
    size_t width = at >= 0 ? separator.length : 0;
    parts[0] = bytes_like_self(self, s.data, cut);
    parts[1] = width && bytes_is(self) ? retain(args[1]) : bytes_like_self(self, separator.data, width);
    parts[2] = bytes_like_self(self, s.data + cut + width, s.length - cut - width);
    buffer_release(&buffer);
    if (is_set(parts[0]) && is_set(parts[1]) && is_set(parts[2])) return tuple_steal(parts, 3);
    for (int i = 0; i < 3; i++) release(parts[i]);
    return UNSET;
}
Value bytes_method_partition(const Value *args, size_t count) { return partition(args, false); }
Value bytes_method_rpartition(const Value *args, size_t count) { return partition(args, true); }

static Value strip(const Value *args, bool left, bool right) {
    Buffer buffer = {.owner = UNSET};
    bool at_space = is_unset(args[1]) || is_none(args[1]);
    if (!at_space && !buffer_get(args[1], &buffer, false)) return UNSET;
    Span s = bytes_span(args[0]);
    size_t start = 0, stop = s.length;
#define STRIPS(c) (at_space ? is_space(c) : buffer.length && memchr(buffer.data, (c), buffer.length) != NULL)
    while (left && start < stop && STRIPS(s.data[start])) start++;
    while (right && stop > start && STRIPS(s.data[stop - 1])) stop--;
#undef STRIPS
    buffer_release(&buffer);
    return bytes_like_self(args[0], s.data + start, stop - start);
}
Value bytes_method_strip(const Value *args, size_t count) { return strip(args, true, true); }
Value bytes_method_lstrip(const Value *args, size_t count) { return strip(args, true, false); }
Value bytes_method_rstrip(const Value *args, size_t count) { return strip(args, false, true); }
