/* Cutting text: split, rsplit, splitlines, partition. */
#include "runtime/types/str_units.h"

#include "runtime/types/error.h"
#include "runtime/types/items.h"
#include "runtime/types/list.h"
#include "runtime/types/object.h"
#include "runtime/types/str_methods.h"
#include "runtime/types/tuple.h"
#include "runtime/types/unicode.h"

static bool add_slice(Value list, Value s, size_t start, size_t stop) {
    Value part = str_slice(s, start, stop);
    return is_set(part) && list_append_steal(list, part);
}

static Value drop(Value list) {
    release(list);
    return UNSET;
}

/* The parts of an ASCII string: the first few stand aside, so that a short list is made once, in its size. */
typedef struct Parts {
    Value list; /* UNSET while the first few are enough */
    size_t count;
    Value few[12];
} Parts;

static bool parts_add(Parts *p, const unsigned char *start, const unsigned char *stop) {
    Value part = str_from_ascii(start, (size_t)(stop - start));
    if (is_unset(part)) return false;
    if (p->count < sizeof p->few / sizeof *p->few) return p->few[p->count++] = part, true;
    if (is_unset(p->list)) {
        p->list = list_new(2 * p->count);
        if (is_unset(p->list)) return release(part), false;
        for (size_t i = 0; i < p->count; i++) as_list(p->list)->items[i] = p->few[i];
        as_list(p->list)->length = p->count;
    }
    return list_append_steal(p->list, part);
}

static Value parts_finish(Parts *p, bool fine) {
    if (is_unset(p->list) && fine) return list_steal(p->few, p->count);
    if (is_unset(p->list)) items_release(p->few, p->count);
    else if (!fine) clear(&p->list);
    return p->list;
}

/* All words of an ASCII string. */
static Value split_ascii(Value v) {
    const unsigned char *p = as_str(v)->data, *end = p + str_length(v);
    Parts parts = {.count = 0};
    for (;;) {
        while (p < end && ascii_is_space(*p)) p++;
        if (p == end) return parts_finish(&parts, true);
        const unsigned char *start = p;
        while (p < end && !ascii_is_space(*p)) p++;
        if (!parts_add(&parts, start, p)) return parts_finish(&parts, false);
    }
}

static Value split_ascii_at_byte(Value v, unsigned char c, int64_t limit) {
    const unsigned char *from = as_str(v)->data, *end = from + str_length(v), *hit;
    Parts parts = {.count = 0};
    while (limit-- != 0 && (hit = memchr(from, c, (size_t)(end - from)))) {
        if (!parts_add(&parts, from, hit)) return parts_finish(&parts, false);
        from = hit + 1;
    }
    if (from == as_str(v)->data && str_is_exact(v)) return list_from_values(&v, 1);
    return parts_finish(&parts, parts_add(&parts, from, end));
}

Value str_split_whitespace(Value v, int64_t limit) {
    Str *s = as_str(v);
    if (limit < 0 && str_is_ascii(s)) return split_ascii(v);
    size_t n = s->length, i = 0;
    Value list = list_new(0);
    while (is_set(list)) {
        while (i < n && unicode_is_space(str_at(s, i))) i++;
        if (i == n) break;
        size_t start = i;
        if (limit-- == 0) return add_slice(list, v, start, n) ? list : drop(list);
        while (i < n && !unicode_is_space(str_at(s, i))) i++;
        if (!add_slice(list, v, start, i)) return drop(list);
    }
    return list;
}

static Value rsplit_whitespace(Value v, int64_t limit) {
    Str *s = as_str(v);
    size_t i = s->length;
    Value list = list_new(0);
    while (is_set(list)) {
        while (i && unicode_is_space(str_at(s, i - 1))) i--;
        if (i == 0) break;
        size_t stop = i;
        if (limit-- == 0) {
            if (!add_slice(list, v, 0, stop)) return drop(list);
            break;
        }
        while (i && !unicode_is_space(str_at(s, i - 1))) i--;
        if (!add_slice(list, v, i, stop)) return drop(list);
    }
    if (is_set(list) && !list_reverse(list)) return drop(list);
    return list;
}

/* Cutting at one byte. */
static Value split_at_byte(Value v, unsigned char c, int64_t limit) {
    Str *s = as_str(v);
    if (str_is_ascii(s)) return split_ascii_at_byte(v, c, limit);
    const unsigned char *from = s->data, *end = s->data + s->length, *hit;
    Value list = list_new(0);
    while (is_set(list) && limit-- != 0 && (hit = memchr(from, c, (size_t)(end - from)))) {
        if (!add_slice(list, v, (size_t)(from - s->data), (size_t)(hit - s->data))) return drop(list);
        from = hit + 1;
    }
    return is_set(list) && add_slice(list, v, (size_t)(from - s->data), s->length) ? list : drop(list);
}

static Value split_at(Value s, Value separator, int64_t limit) {
    if (str_length(separator) == 1 && str_width(as_str(s)) == 1 && str_width(as_str(separator)) == 1)
        return split_at_byte(s, as_str(separator)->data[0], limit);
    size_t start = 0, n = str_length(s), m = str_length(separator);
    Value list = list_new(0);
    while (is_set(list) && limit-- != 0) {
        int64_t at = str_find(s, separator, start, n);
        if (at == -2) return drop(list);
        if (at < 0) break;
        if (!add_slice(list, s, start, (size_t)at)) return drop(list);
        start = (size_t)at + m;
    }
    return is_set(list) && add_slice(list, s, start, n) ? list : drop(list);
}

static Value rsplit_at(Value s, Value separator, int64_t limit) {
    size_t stop = str_length(s), m = str_length(separator);
    Value list = list_new(0);
    while (is_set(list) && limit-- != 0) {
        int64_t at = str_rfind(s, separator, 0, stop);
        if (at == -2) return drop(list);
        if (at < 0) break;
        if (!add_slice(list, s, (size_t)at + m, stop)) return drop(list);
        stop = (size_t)at;
    }
    return is_set(list) && add_slice(list, s, 0, stop) && list_reverse(list) ? list : drop(list);
}

static Value split_method(const Value *args, Value (*at_space)(Value, int64_t),
                          Value (*at_text)(Value, Value, int64_t)) {
    int64_t limit = -1;
    if (is_set(args[2]) && !size_argument(args[2], &limit)) return UNSET;
    if (is_unset(args[1]) || is_none(args[1])) return at_space(args[0], limit);
    if (!str_is(args[1])) return raise_type_error("must be str or None, not %T", args[1]);
    if (str_length(args[1]) == 0) return raise_value_error("empty separator");
    return at_text(args[0], args[1], limit);
}

STR_METHOD(split) { return split_method(args, str_split_whitespace, split_at); }
STR_METHOD(rsplit) { return split_method(args, rsplit_whitespace, rsplit_at); }

static bool ascii_is_line_break(unsigned char c) { return (c >= '\n' && c <= '\r') || (c >= 0x1C && c <= 0x1E); }

static Value split_ascii_lines(const Str *s, bool keep) {
    const unsigned char *p = s->data, *end = p + s->length;
    Parts parts = {.count = 0};
    while (p < end) {
        const unsigned char *start = p;
        while (p < end && !ascii_is_line_break(*p)) p++;
        const unsigned char *stop = p;
        if (p < end) p += p[0] == '\r' && p + 1 < end && p[1] == '\n' ? 2 : 1;
        if (!parts_add(&parts, start, keep ? p : stop)) return parts_finish(&parts, false);
    }
    return parts_finish(&parts, true);
}

STR_METHOD(splitlines) {
    Str *s = as_str(args[0]);
    int keep = is_set(args[1]) ? object_truth(args[1]) : 0;
    if (keep < 0) return UNSET;
    if (str_is_ascii(s)) return split_ascii_lines(s, keep);
    Value list = list_new(0);
    for (size_t i = 0; is_set(list) && i < s->length;) {
        size_t start = i;
        while (i < s->length && !unicode_is_line_break(str_at(s, i))) i++;
        size_t end = i;
        if (i < s->length) i += str_at(s, i) == '\r' && i + 1 < s->length && str_at(s, i + 1) == '\n' ? 2 : 1;
        if (!add_slice(list, args[0], start, keep ? i : end)) return drop(list);
    }
    return list;
}

static Value three(Value a, Value b, Value c) {
    Value parts[3] = {a, b, c};
    return tuple_steal(parts, 3); /* unset parts: see cut */
}

static Value cut(Value s, Value separator, size_t at) {
    Value before = str_slice(s, 0, at), after = str_slice(s, at + str_length(separator), str_length(s));
    if (is_set(before) && is_set(after)) return three(before, retain(separator), after);
    release(before);
    release(after);
    return UNSET;
}

static bool separator_argument(Value v) {
    if (!str_is(v)) return raise_type_error("must be str, not %T", v), false;
    return str_length(v) || (raise_value_error("empty separator"), false);
}

STR_METHOD(partition) {
    if (!separator_argument(args[1])) return UNSET;
    int64_t at = str_find(args[0], args[1], 0, str_length(args[0]));
    if (at == -2) return UNSET;
    if (at >= 0) return cut(args[0], args[1], (size_t)at);
    Value whole = str_exact(args[0]);
    return is_set(whole) ? three(whole, str_empty(), str_empty()) : UNSET;
}

STR_METHOD(rpartition) {
    if (!separator_argument(args[1])) return UNSET;
    int64_t at = str_rfind(args[0], args[1], 0, str_length(args[0]));
    if (at == -2) return UNSET;
    if (at >= 0) return cut(args[0], args[1], (size_t)at);
    Value whole = str_exact(args[0]);
    return is_set(whole) ? three(str_empty(), str_empty(), whole) : UNSET;
}
