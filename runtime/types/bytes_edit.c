/* Making bytes from bytes: replacing, padding, joining, case, hexadecimal. */
#include "runtime/types/bytes_methods.h"

#include "runtime/mem/heap.h"
#include "runtime/types/error.h"
#include "runtime/types/int.h"
#include "runtime/types/list.h"
#include "runtime/types/object.h"
#include "runtime/types/str_methods.h"
#include "runtime/types/tuple.h"
#include "runtime/types/unicode.h"

static Value replace_parts(Value self, Span s, Span old, Span text, size_t hits) {
    size_t at = 0, from = 0;
    if (text.length > old.length && hits > (SIZE_MAX / 4 - s.length) / (text.length - old.length))
        return raise_memory_error();
    Value made = bytes_like_self(self, NULL, s.length - hits * old.length + hits * text.length);
    if (is_unset(made)) return UNSET;
    unsigned char *out = bytes_data(made);
    for (; hits; hits--) {
        size_t hit = old.length ? (size_t)bytes_find(s, old, from, s.length) : from;
        memcpy(out + at, s.data + from, hit - from);
        at += hit - from;
        memcpy(out + at, text.data, text.length);
        at += text.length;
        from = hit + old.length;
        if (!old.length && from < s.length && hits > 1) out[at++] = s.data[from++];
    }
    memcpy(out + at, s.data + from, s.length - from);
    return made;
}

Value bytes_method_replace(const Value *args, size_t count) {
    int64_t limit = -1;
    Buffer old, text;
    if (is_set(args[3]) && !size_argument(args[3], &limit)) return UNSET;
    if (!buffer_get(args[1], &old, false)) return UNSET;
    if (!buffer_get(args[2], &text, false)) return buffer_release(&old), UNSET;
    Span s = bytes_span(args[0]), o = {old.data, old.length};
    size_t hits = 0, most = limit < 0 ? SIZE_MAX : (size_t)limit;
    if (!o.length) hits = s.length + 1 < most ? s.length + 1 : most;
    else
        for (int64_t at = 0; hits < most && (at = bytes_find(s, o, (size_t)at, s.length)) >= 0; hits++)
            at += (int64_t)o.length;
    Value made = replace_parts(args[0], s, o, (Span){text.data, text.length}, hits);
    buffer_release(&old);
    buffer_release(&text);
    return made;
}

/* A copy of self with `left` and `right` fill bytes around it. */
static Value pad(Value self, size_t left, size_t right, int fill) {
    size_t n = bytes_span(self).length;
    if (left > SIZE_MAX / 4 || right > SIZE_MAX / 4) return raise_memory_error();
    Value made = bytes_like_self(self, NULL, left + n + right);
    if (is_unset(made)) return UNSET;
    memset(bytes_data(made), fill, left);
    memcpy(bytes_data(made) + left, bytes_span(self).data, n);
    memset(bytes_data(made) + left + n, fill, right);
    return made;
}

static bool pad_arguments(const Value *args, const char *name, size_t *missing, int *fill) {
    int64_t width;
    if (!size_argument(args[1], &width)) return false;
    *fill = ' ';
    if (is_set(args[2])) {
        if ((!bytes_is(args[2]) && !bytearray_is(args[2])) || bytes_span(args[2]).length != 1)
            return raise_type_error("%s() argument 2 must be a byte string of length 1, not %T", name, args[2]), false;
        *fill = bytes_span(args[2]).data[0];
    }
    size_t n = bytes_span(args[0]).length;
    *missing = width > (int64_t)n ? (size_t)width - n : 0;
    return true;
}

Value bytes_method_ljust(const Value *args, size_t count) {
    size_t missing;
    int fill;
    return pad_arguments(args, "ljust", &missing, &fill) ? pad(args[0], 0, missing, fill) : UNSET;
}
Value bytes_method_rjust(const Value *args, size_t count) {
    size_t missing;
    int fill;
    return pad_arguments(args, "rjust", &missing, &fill) ? pad(args[0], missing, 0, fill) : UNSET;
}
Value bytes_method_center(const Value *args, size_t count) {
    size_t missing;
    int fill;
    if (!pad_arguments(args, "center", &missing, &fill)) return UNSET;
    size_t left = missing / 2 + (missing & (missing + bytes_span(args[0]).length) & 1);
    return pad(args[0], left, missing - left, fill);
}

Value bytes_method_zfill(const Value *args, size_t count) {
    int64_t width;
    Span s = bytes_span(args[0]);
    if (!size_argument(args[1], &width)) return UNSET;
    size_t missing = width > (int64_t)s.length ? (size_t)width - s.length : 0;
    Value made = pad(args[0], missing, 0, '0');
    if (is_unset(made) || !s.length || !missing || (s.data[0] != '+' && s.data[0] != '-')) return made;
    bytes_data(made)[missing] = '0';
    bytes_data(made)[0] = s.data[0];
    return made;
}

/* Writes the expanded bytes unless out is NULL; returns their number. */
static size_t expand_tabs(Span s, int64_t size, unsigned char *out) {
    size_t at = 0;
    int64_t column = 0;
    for (size_t i = 0; i < s.length; i++) {
        unsigned char c = s.data[i];
        int64_t n = c == '\t' ? (size > 0 ? size - column % size : 0) : 1;
        if (out) memset(out + at, c == '\t' ? ' ' : c, (size_t)n);
        at += (size_t)n;
        column = c == '\n' || c == '\r' ? 0 : column + n;
    }
    return at;
}

Value bytes_method_expandtabs(const Value *args, size_t count) {
    int64_t size = 8;
    if (is_set(args[1]) && !size_argument(args[1], &size)) return UNSET;
    Span s = bytes_span(args[0]);
    Value made = bytes_like_self(args[0], NULL, expand_tabs(s, size, NULL));
    if (is_set(made)) expand_tabs(s, size, bytes_data(made));
    return made;
}

static bool append_item(Value out, Value item, size_t index) {
    Buffer buffer;
    if (!buffer_supported(item))
        return raise_type_error("sequence item %zd: expected a bytes-like object, %T found", index, item), false;
    if (!buffer_get(item, &buffer, false)) return false;
    size_t at = as_bytearray(out)->length;
    bool fine = bytearray_resize(out, at + buffer.length);
    if (fine) memcpy(as_bytearray(out)->data + at, buffer.data, buffer.length);
    buffer_release(&buffer);
    return fine;
}

static bool append_span(Value out, Span s) {
    size_t at = as_bytearray(out)->length;
    if (!s.length) return true;
    if (!bytearray_resize(out, at + s.length)) return false;
    memcpy(as_bytearray(out)->data + at, s.data, s.length);
    return true;
}

/* Owned list or tuple with the items of an iterable. */
static Value items_of(Value iterable, const Value **items, size_t *n) {
    Value held = tuple_is_exact(iterable) || list_is_exact(iterable) ? retain(iterable) : list_from_iterable(iterable);
    if (is_unset(held)) return UNSET;
    *items = tuple_is(held) ? as_tuple(held)->items : as_list(held)->items;
    *n = tuple_is(held) ? as_tuple(held)->length : as_list(held)->length;
    return held;
}

static bool all_bytes(const Value *items, size_t n) {
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        if (!is_exactly(items[i], &bytes_type) || (total += as_bytes(items[i])->length) > SIZE_MAX / 4) return false;
    return true;
}

static Value join_bytes(Span separator, const Value *items, size_t n) {
    size_t total = 0;
    if (n == 1) return retain(items[0]);
    if (n && separator.length > SIZE_MAX / 4 / n) return raise_memory_error();
    for (size_t i = 0; i < n; i++) total += as_bytes(items[i])->length + (i ? separator.length : 0);
    Value made = bytes_from(NULL, total);
    if (is_unset(made) || total == 0) return made;
    unsigned char *to = as_bytes(made)->data;
    for (size_t i = 0; i < n; i++) {
        if (i && separator.length) to = mempcpy(to, separator.data, separator.length);
        to = mempcpy(to, as_bytes(items[i])->data, as_bytes(items[i])->length);
    }
    return made;
}

Value bytes_join(Value separator, Value iterable) {
    const Value *items;
    size_t n;
    if (!type_of(iterable)->iterate && !type_of(iterable)->get_item)
        return raise_type_error("can only join an iterable");
    Value held = items_of(iterable, &items, &n);
    if (is_set(held) && bytes_is(separator) && all_bytes(items, n)) {
        Value made = join_bytes(bytes_span(separator), items, n);
        release(held);
        return made;
    }
    Value out = is_set(held) ? bytearray_from(NULL, 0) : UNSET;
    bool fine = is_set(out);
    for (size_t i = 0; fine && i < n; i++)
        fine = (i == 0 || append_span(out, bytes_span(separator))) && append_item(out, items[i], i);
    Value made = !fine                 ? UNSET
                 : bytes_is(separator) ? bytes_from(as_bytearray(out)->data, as_bytearray(out)->length)
                                       : retain(out);
    release(held);
    release(out);
    return made;
}
Value bytes_method_join(const Value *args, size_t count) { return bytes_join(args[0], args[1]); }

#define IS(c, classes) ((c) < 128 && (unicode_ascii[c] & (classes)))

static unsigned char lower(unsigned char c) { return IS(c, UNICODE_UPPER) ? c + 32 : c; }
static unsigned char upper(unsigned char c) { return IS(c, UNICODE_LOWER) ? c - 32 : c; }
static unsigned char swap(unsigned char c) { return IS(c, UNICODE_LOWER | UNICODE_UPPER) ? c ^ 32 : c; }

static Value map(Value self, unsigned char (*to)(unsigned char)) {
    Span s = bytes_span(self);
    Value made = bytes_like_self(self, NULL, s.length);
    if (is_unset(made)) return UNSET;
    for (size_t i = 0; i < s.length; i++) bytes_data(made)[i] = to(s.data[i]);
    return made;
}
Value bytes_method_lower(const Value *args, size_t count) { return map(args[0], lower); }
Value bytes_method_upper(const Value *args, size_t count) { return map(args[0], upper); }
Value bytes_method_swapcase(const Value *args, size_t count) { return map(args[0], swap); }
Value bytes_method_capitalize(const Value *args, size_t count) {
    Value made = map(args[0], lower);
    if (is_set(made) && bytes_span(made).length) bytes_data(made)[0] = upper(bytes_data(made)[0]);
    return made;
}
Value bytes_method_title(const Value *args, size_t count) {
    Value made = map(args[0], lower);
    bool inside = false;
    for (size_t i = 0; is_set(made) && i < bytes_span(made).length; i++) {
        unsigned char *c = bytes_data(made) + i;
        if (!inside) *c = upper(*c);
        inside = IS(*c, UNICODE_LOWER | UNICODE_UPPER);
    }
    return made;
}

static Value all_are(Value self, unsigned classes) {
    Span s = bytes_span(self);
    for (size_t i = 0; i < s.length; i++) {
        unsigned char c = s.data[i];
        if (!IS(c, classes) || (classes == UNICODE_SPACE && c >= 28 && c < 32)) return FALSE_VALUE;
    }
    return from_bool(s.length != 0);
}
Value bytes_method_isalnum(const Value *args, size_t count) { return all_are(args[0], UNICODE_ALPHA | UNICODE_DIGIT); }
Value bytes_method_isalpha(const Value *args, size_t count) { return all_are(args[0], UNICODE_ALPHA); }
Value bytes_method_isdigit(const Value *args, size_t count) { return all_are(args[0], UNICODE_DIGIT); }
Value bytes_method_isspace(const Value *args, size_t count) { return all_are(args[0], UNICODE_SPACE); }
Value bytes_method_isascii(const Value *args, size_t count) {
    Span s = bytes_span(args[0]);
    for (size_t i = 0; i < s.length; i++)
        if (s.data[i] >= 128) return FALSE_VALUE;
    return TRUE_VALUE;
}

static Value is_case(Value self, unsigned wanted, unsigned other) {
    Span s = bytes_span(self);
    bool found = false;
    for (size_t i = 0; i < s.length; i++) {
        if (IS(s.data[i], other)) return FALSE_VALUE;
        found |= IS(s.data[i], wanted) != 0;
    }
    return from_bool(found);
}
Value bytes_method_islower(const Value *args, size_t count) { return is_case(args[0], UNICODE_LOWER, UNICODE_UPPER); }
Value bytes_method_isupper(const Value *args, size_t count) { return is_case(args[0], UNICODE_UPPER, UNICODE_LOWER); }
Value bytes_method_istitle(const Value *args, size_t count) {
    Span s = bytes_span(args[0]);
    bool inside = false, found = false;
    for (size_t i = 0; i < s.length; i++) {
        unsigned char c = s.data[i];
        if (!IS(c, UNICODE_LOWER | UNICODE_UPPER)) inside = false;
        else if ((IS(c, UNICODE_UPPER) != 0) == inside) return FALSE_VALUE;
        else inside = found = true;
    }
    return from_bool(found);
}

Value bytes_method_translate(const Value *args, size_t count) {
    Buffer table = {.owner = UNSET}, drop = {.owner = UNSET};
    Value self = args[0], made = UNSET;
    if (!is_none(args[1]) && !buffer_get(args[1], &table, false)) return UNSET;
    if (is_set(args[2]) && !buffer_get(args[2], &drop, false)) return buffer_release(&table), UNSET;
    if (!is_none(args[1]) && table.length != 256) raise_value_error("translation table must be 256 characters long");
    else made = bytearray_from(NULL, bytes_span(self).length);
    if (is_set(made)) {
        bool dropped[256] = {false};
        Span s = bytes_span(self);
        unsigned char *out = as_bytearray(made)->data;
        size_t n = 0;
        for (size_t i = 0; i < drop.length; i++) dropped[((unsigned char *)drop.data)[i]] = true;
        for (size_t i = 0; i < s.length; i++)
            if (!dropped[s.data[i]]) out[n++] = table.data ? ((unsigned char *)table.data)[s.data[i]] : s.data[i];
        Value exact = bytes_like_self(self, out, n);
        release(made);
        made = exact;
    }
    buffer_release(&table);
    buffer_release(&drop);
    return made;
}

Value bytes_method_maketrans(const Value *args, size_t count) {
    Buffer from, to;
    unsigned char table[256];
    if (!buffer_get(args[0], &from, false)) return UNSET;
    if (!buffer_get(args[1], &to, false)) return buffer_release(&from), UNSET;
    bool fine = from.length == to.length;
    for (unsigned i = 0; i < 256; i++) table[i] = (unsigned char)i;
    for (size_t i = 0; fine && i < from.length; i++)
        table[((unsigned char *)from.data)[i]] = ((unsigned char *)to.data)[i];
    buffer_release(&from);
    buffer_release(&to);
    return fine ? bytes_from(table, 256) : raise_value_error("maketrans arguments must have same length");
}

static bool separator_argument(Value v, int *out) {
    *out = -1;
    if (is_unset(v) || is_none(v)) return true;
    bool is_text = str_is(v);
    if (!is_text && !bytes_is(v))
        return object_length(v) >= 0 && (raise_type_error("sep must be str or bytes."), false);
    if ((is_text ? str_length(v) : as_bytes(v)->length) != 1) return raise_value_error("sep must be length 1."), false;
    uint32_t c = is_text ? str_at(as_str(v), 0) : as_bytes(v)->data[0];
    if (c >= 128) return raise_value_error("sep must be ASCII."), false;
    *out = (int)c;
    return true;
}

Value bytes_to_hex(const unsigned char *data, size_t n, Value separator, Value group_value) {
    int sep;
    int64_t group = 1;
    if (!separator_argument(separator, &sep)) return UNSET;
    if (is_set(group_value) && !object_as_int64(group_value, &group)) return UNSET;
    size_t width = (size_t)(group < 0 ? -group : group);
    if (sep < 0 || !width || !n) width = n;
    if (!n) return names.empty;
    size_t first = group > 0 && n % width ? n % width : width, groups = (n + width - 1) / width;
    Value made = str_new(n * 2 + groups - 1, 127);
    if (is_unset(made)) return UNSET;
    unsigned char *out = as_str(made)->data;
    size_t next = first;
    for (size_t i = 0; i < n; i++) {
        if (i == next) *out++ = (unsigned char)sep, next += width;
        *out++ = (unsigned char)"0123456789abcdef"[data[i] >> 4];
        *out++ = (unsigned char)"0123456789abcdef"[data[i] & 15];
    }
    return made;
}
Value bytes_method_hex(const Value *args, size_t count) {
    return bytes_to_hex(bytes_span(args[0]).data, bytes_span(args[0]).length, args[1], args[2]);
}

static int hex_digit(uint32_t c) {
    return c - '0' < 10 ? (int)(c - '0') : (c | 32) - 'a' < 6 ? (int)((c | 32) - 'a') + 10 : -1;
}

bool bytes_parse_hex(Value text, unsigned char *out, size_t *n) {
    Str *s = as_str(text);
    *n = 0;
    for (size_t i = 0; i < s->length;) {
        uint32_t c = str_at(s, i);
        if (c == ' ' || (c >= 9 && c <= 13)) {
            i++;
            continue;
        }
        int high = hex_digit(c), low = i + 1 < s->length ? hex_digit(str_at(s, i + 1)) : -1;
        if (high < 0 || low < 0)
            return raise_value_error("non-hexadecimal number found in fromhex() arg at position %zd",
                                     high < 0 ? i : i + 1),
                   false;
        out[(*n)++] = (unsigned char)(high << 4 | low);
        i += 2;
    }
    return true;
}

Value bytes_method_decode(const Value *args, size_t count) {
    const char *encoding = "utf-8", *errors = "strict";
    if (!text_argument(args[1], "decode", "encoding", &encoding) ||
        !text_argument(args[2], "decode", "errors", &errors))
        return UNSET;
    if (bytes_span(args[0]).length == 0) return names.empty; /* whatever the encoding */
    return str_decode(bytes_span(args[0]).data, bytes_span(args[0]).length, encoding, errors);
}
