/* Making text from text: replacing, stripping, padding, joining. */
#include "runtime/types/str_units.h"

#include "runtime/types/error.h"
#include "runtime/types/int.h"
#include "runtime/types/list.h"
#include "runtime/types/object.h"
#include "runtime/types/search.h"
#include "runtime/types/str_methods.h"
#include "runtime/types/tuple.h"
#include "runtime/types/unicode.h"

/* One character for another: no moving.  Not for those that could make the text narrower. */
static Value replace_char(Value v, uint32_t from, uint32_t to, int64_t count) {
    Str *s = as_str(v);
    int64_t at = units_find(s->data, str_width(s), 0, s->length, from);
    if (at < 0 || count == 0) return str_exact(v);
    uint32_t max = str_max(s) > to ? str_max(s) : to;
    Value made = str_new(s->length, max);
    if (is_unset(made)) return made;
    Str *out = as_str(made);
    str_copy(out, 0, s, 0, s->length);
    if (count == INT64_MAX && str_width(out) == 1)
        return search_exchange(out->data + at, out->length - (size_t)at, (uint8_t)from, (uint8_t)to), made;
    while (at >= 0 && count-- != 0) {
        str_put(out, (size_t)at, to);
        at = units_find(out->data, str_width(out), (size_t)at + 1, out->length, from);
    }
    return made;
}

/* The new text between all characters: what replacing "" means. */
static Value interleave(Value v, Value text, int64_t count) {
    StrBuilder b = STR_BUILDER;
    Str *s = as_str(v);
    size_t i = 0;
    for (; i <= s->length && count-- != 0; i++) {
        builder_str(&b, text);
        if (i < s->length) builder_char(&b, str_at(s, i));
    }
    if (i < s->length) builder_slice(&b, v, i, s->length);
    return builder_finish(&b);
}

/* ASCII for ASCII: counted first, then written once. */
static Value replace_ascii(Value v, Str *old, Str *text, int64_t limit) {
    Str *s = as_str(v);
    size_t m = old->length, found = str_count(v, from_object(old), 0, s->length, (size_t)limit);
    if (!found) return str_exact(v);
    if (text->length > m && found > (SIZE_MAX / 16 - s->length) / (text->length - m)) return raise_memory_error();
    Value made = str_new(s->length - found * m + found * text->length, MAX_ASCII);
    if (is_unset(made) || !str_length(made)) return made;
    unsigned char *to = as_str(made)->data;
    const unsigned char *from = s->data, *end = from + s->length, *hit;
    for (; found; found--, from = hit + m) {
        hit = search_first(from, (size_t)(end - from), old->data, m);
        to = mempcpy(to, from, (size_t)(hit - from));
        to = mempcpy(to, text->data, text->length);
    }
    memcpy(to, from, (size_t)(end - from));
    if (str_length(made) > 1) return made;
    Value shared = str_from_code_point(as_str(made)->data[0]);
    release(made);
    return shared;
}

Value str_replace(Value s, Value old, Value text, int64_t count) {
    size_t n = str_length(s), m = str_length(old), start = 0;
    if (count < 0) count = INT64_MAX;
    if (m > n || count == 0) return str_exact(s);
    if (m == 0) return interleave(s, text, count);
    if (m == 1 && str_length(text) == 1) {
        uint32_t from = str_at(as_str(old), 0), to = str_at(as_str(text), 0);
        if (!(to < from && from > MAX_ASCII)) return replace_char(s, from, to, count);
    }
    if (str_is_ascii(as_str(s)) && str_is_ascii(as_str(old)) && str_is_ascii(as_str(text)))
        return replace_ascii(s, as_str(old), as_str(text), count);
    int64_t at = str_find(s, old, 0, n);
    if (at == -2) return UNSET;
    if (at < 0) return str_exact(s);
    StrBuilder b = STR_BUILDER;
    while (at >= 0 && count-- != 0) {
        builder_slice(&b, s, start, (size_t)at);
        builder_str(&b, text);
        start = (size_t)at + m;
        at = str_find(s, old, start, n);
    }
    builder_slice(&b, s, start, n);
    return builder_finish(&b);
}

STR_METHOD(replace) {
    int64_t limit = -1;
    if (!str_argument(args[1], "replace() argument 1") || !str_argument(args[2], "replace() argument 2")) return UNSET;
    if (is_set(args[3]) && !size_argument(args[3], &limit)) return UNSET;
    return str_replace(args[0], args[1], args[2], limit);
}

static bool strips(Value chars, uint32_t c) {
    if (is_unset(chars)) return unicode_is_space(c);
    return units_find(as_str(chars)->data, str_width(as_str(chars)), 0, str_length(chars), c) >= 0;
}

static Value strip(Value v, Value chars, bool left, bool right) {
    Str *s = as_str(v);
    size_t start = 0, stop = s->length;
    if (is_unset(chars) && str_is_ascii(s)) {
        while (left && start < stop && ascii_is_space(s->data[start])) start++;
        while (right && stop > start && ascii_is_space(s->data[stop - 1])) stop--;
        return str_slice(v, start, stop);
    }
    while (left && start < stop && strips(chars, str_at(s, start))) start++;
    while (right && stop > start && strips(chars, str_at(s, stop - 1))) stop--;
    return str_slice(v, start, stop);
}

Value str_strip(Value s) { return strip(s, UNSET, true, true); }

static Value strip_method(const Value *args, const char *name, bool left, bool right) {
    if (is_unset(args[1]) || is_none(args[1])) return strip(args[0], UNSET, left, right);
    if (!str_is(args[1])) return raise_type_error("%s arg must be None or str", name);
    return strip(args[0], args[1], left, right);
}
STR_METHOD(strip) { return strip_method(args, "strip", true, true); }
STR_METHOD(lstrip) { return strip_method(args, "lstrip", true, false); }
STR_METHOD(rstrip) { return strip_method(args, "rstrip", false, true); }

STR_METHOD(removeprefix) {
    if (!str_argument(args[1], "removeprefix() argument")) return UNSET;
    return str_slice(args[0], str_has_prefix(args[0], args[1]) ? str_length(args[1]) : 0, str_length(args[0]));
}
STR_METHOD(removesuffix) {
    if (!str_argument(args[1], "removesuffix() argument")) return UNSET;
    size_t n = str_length(args[0]);
    return str_slice(args[0], 0, str_has_suffix(args[0], args[1]) ? n - str_length(args[1]) : n);
}

Value str_pad(Value v, size_t left, size_t right, uint32_t fill) {
    Str *s = as_str(v);
    if (left > SIZE_MAX / 32 || right > SIZE_MAX / 32) return raise_memory_error();
    uint32_t max = str_max(s) > fill ? str_max(s) : fill;
    Value made = left + right ? str_new(left + s->length + right, max) : str_exact(v);
    if (is_unset(made) || !(left + right)) return made;
    Str *out = as_str(made);
    units_fill(out->data, str_width(out), 0, fill, left);
    str_copy(out, left, s, 0, s->length);
    units_fill(out->data, str_width(out), left + s->length, fill, right);
    return made;
}

/* False: failed. *missing is how many characters the text lacks. */
static bool pad_arguments(const Value *args, size_t *missing, uint32_t *fill) {
    int64_t width;
    if (!size_argument(args[1], &width)) return false;
    *fill = ' ';
    if (is_set(args[2])) {
        if (!str_is(args[2]))
            return raise_type_error("The fill character must be a unicode character, not %T", args[2]), false;
        if (str_length(args[2]) != 1)
            return raise_type_error("The fill character must be exactly one character long"), false;
        *fill = str_at(as_str(args[2]), 0);
    }
    *missing = width > (int64_t)str_length(args[0]) ? (size_t)width - str_length(args[0]) : 0;
    return true;
}

STR_METHOD(ljust) {
    size_t missing;
    uint32_t fill;
    return pad_arguments(args, &missing, &fill) ? str_pad(args[0], 0, missing, fill) : UNSET;
}
STR_METHOD(rjust) {
    size_t missing;
    uint32_t fill;
    return pad_arguments(args, &missing, &fill) ? str_pad(args[0], missing, 0, fill) : UNSET;
}
STR_METHOD(center) {
    size_t missing;
    uint32_t fill;
    if (!pad_arguments(args, &missing, &fill)) return UNSET;
    size_t left = missing / 2 + (missing & (missing + str_length(args[0])) & 1);
    return str_pad(args[0], left, missing - left, fill);
}

STR_METHOD(zfill) {
    int64_t width;
    Str *s = as_str(args[0]);
    if (!size_argument(args[1], &width)) return UNSET;
    if (width <= (int64_t)s->length) return str_exact(args[0]);
    Value made = str_pad(args[0], (size_t)width - s->length, 0, '0');
    if (is_unset(made) || !s->length) return made;
    uint32_t sign = str_at(s, 0);
    if (sign == '+' || sign == '-') {
        str_put(as_str(made), (size_t)width - s->length, '0');
        str_put(as_str(made), 0, sign);
    }
    return made;
}

STR_METHOD(expandtabs) {
    int64_t size = 8;
    if (is_set(args[1]) && !size_argument(args[1], &size)) return UNSET;
    Str *s = as_str(args[0]);
    if (units_find(s->data, str_width(s), 0, s->length, '\t') < 0) return str_exact(args[0]);
    StrBuilder b = STR_BUILDER;
    int64_t column = 0;
    for (size_t i = 0; i < s->length; i++) {
        uint32_t c = str_at(s, i);
        if (c == '\t') {
            int64_t pad = size > 0 ? size - column % size : 0;
            column += pad;
            builder_repeat(&b, ' ', pad);
            continue;
        }
        column = c == '\n' || c == '\r' ? 0 : column + 1;
        builder_char(&b, c);
    }
    return builder_finish(&b);
}

/* All are str? Sums up what the joined text needs. */
static bool measure(const Value *items, size_t n, size_t *total, uint32_t *max) {
    for (size_t i = 0; i < n; i++) {
        if (!str_is(items[i]))
            return raise_type_error("sequence item %zd: expected str instance, %T found", i, items[i]), false;
        Str *s = as_str(items[i]);
        if (s->length > SIZE_MAX / 16 - *total) return raise_memory_error(), false;
        *total += s->length;
        if (s->length && str_max(s) > *max) *max = str_max(s);
    }
    return true;
}

static Value join_values(Value separator, const Value *items, size_t n) {
    Str *between = as_str(separator);
    size_t total = 0, at = 0;
    uint32_t max = n > 1 && between->length ? str_max(between) : 0;
    if (!measure(items, n, &total, &max)) return UNSET;
    if (n == 1) return str_exact(items[0]);
    if (n && between->length > (SIZE_MAX / 16 - total) / n) return raise_memory_error();
    Value made = str_new(n ? total + (n - 1) * between->length : 0, max);
    if (is_unset(made) || !str_length(made)) return made;
    Str *out = as_str(made);
    unsigned width = str_width(out);
    for (size_t i = 0; i < n; i++) {
        if (i && between->length)
            units_copy(out->data, width, at, between->data, str_width(between), 0, between->length),
                at += between->length;
        Str *s = as_str(items[i]);
        units_copy(out->data, width, at, s->data, str_width(s), 0, s->length);
        at += s->length;
    }
    return made;
}

Value str_join(Value separator, Value iterable) {
    if (list_is_exact(iterable)) return join_values(separator, as_list(iterable)->items, as_list(iterable)->length);
    if (tuple_is_exact(iterable)) return join_values(separator, as_tuple(iterable)->items, as_tuple(iterable)->length);
    if (!type_of(iterable)->iterate && !type_of(iterable)->get_item)
        return raise_type_error("can only join an iterable");
    Value list = list_from_iterable(iterable);
    if (is_unset(list)) return UNSET;
    Value joined = join_values(separator, as_list(list)->items, as_list(list)->length);
    release(list);
    return joined;
}

STR_METHOD(join) { return str_join(args[0], args[1]); }
