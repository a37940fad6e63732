/* The JSON decoder: one pass over the text, whatever its width. */
#include "stdlib/json.h"

#include "runtime/types/str_units.h"

enum { KEY_CACHE = 256 };

typedef struct Decoder {
    Value text;
    const void *data;
    unsigned width;
    size_t length, at, depth;
    bool strict;
    Value object_hook, pairs_hook, parse_float, parse_int, parse_constant; /* UNSET: the usual */
    Value keys[KEY_CACHE]; /* keys seen before, by hash: objects in lists share theirs */
} Decoder;

Value json_error_class;

static bool fail(Decoder *d, const char *message, size_t position) {
    Value args[3] = {str_from(message), d->text, int_from_size(position)};
    Value exception = is_set(args[0]) && is_set(json_error_class) ? call(json_error_class, args, 3, UNSET) : UNSET;
    release(args[0]);
    if (is_set(exception)) raise_value(exception);
    return false;
}
static Value failed(Decoder *d, const char *message, size_t position) { return fail(d, message, position), UNSET; }

static uint32_t peek(const Decoder *d) { return d->at < d->length ? unit_at(d->data, d->width, d->at) : UINT32_MAX; }

static void skip_space(Decoder *d) {
    for (uint32_t c; (c = peek(d)) == ' ' || c == '\n' || c == '\r' || c == '\t';) d->at++;
}

static int hex_digit(uint32_t c) {
    return c - '0' < 10 ? (int)(c - '0') : (c | 32) - 'a' < 6 ? (int)((c | 32) - 'a') + 10 : -1;
}

/* Four digits behind \u. */
static bool read_unit(Decoder *d, uint32_t *unit) {
    *unit = 0;
    size_t start = d->at;
    for (int i = 0; i < 4; i++, d->at++) {
        int digit = d->at < d->length ? hex_digit(peek(d)) : -1;
        if (digit < 0) return fail(d, "Invalid \\uXXXX escape", start - 1);
        *unit = *unit << 4 | (uint32_t)digit;
    }
    return true;
}

static bool read_unicode_escape(Decoder *d, StrBuilder *b) {
    uint32_t c, low;
    if (!read_unit(d, &c)) return false;
    size_t here = d->at;
    if ((c & 0xFC00) == 0xD800 && d->at + 6 <= d->length && peek(d) == '\\' &&
        unit_at(d->data, d->width, d->at + 1) == 'u') {
        d->at += 2;
        if (!read_unit(d, &low)) return false;
        if ((low & 0xFC00) == 0xDC00) c = 0x10000 + ((c & 0x3FF) << 10 | (low & 0x3FF));
        else d->at = here;
    }
    builder_char(b, c);
    return true;
}

static bool read_escape(Decoder *d, StrBuilder *b, size_t begin) { /* behind the backslash */
    static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    uint32_t c = peek(d);
    if (c == UINT32_MAX) return fail(d, "Unterminated string starting at", begin);
    d->at++;
    if (c == 'u') return read_unicode_escape(d, b);
    const char *at = c && c < 128 ? strchr(letters, (int)c) : NULL;
    if (!at) return fail(d, "Invalid \\escape", d->at - 2);
    builder_char(b, (unsigned char)values[at - letters]);
    return true;
}

/* Moves over characters that stand for themselves. */
static void skip_plain(Decoder *d) {
    if (d->width == 1) {
        const uint8_t *p = (const uint8_t *)d->data + d->at, *end = (const uint8_t *)d->data + d->length;
        while (p < end && *p != '"' && *p != '\\' && *p >= 32) p++;
        d->at = (size_t)(p - (const uint8_t *)d->data);
    } else
        for (uint32_t c; (c = peek(d)) != UINT32_MAX && c != '"' && c != '\\' && c >= 32;) d->at++;
}

static Value read_escaped_string(Decoder *d, size_t begin, size_t start) {
    StrBuilder b = STR_BUILDER;
    builder_slice(&b, d->text, start, d->at);
    for (;;) {
        uint32_t c = peek(d);
        bool fine = true;
        if (c == '"') break;
        if (c == UINT32_MAX) fine = fail(d, "Unterminated string starting at", begin);
        else if (c == '\\') d->at++, fine = read_escape(d, &b, begin);
        else if (c < 32 && d->strict) fine = fail(d, "Invalid control character at", d->at);
        else if (c < 32) builder_char(&b, c), d->at++;
        if (!fine) return builder_discard(&b), UNSET;
        size_t from = d->at;
        skip_plain(d);
        builder_slice(&b, d->text, from, d->at);
    }
    d->at++;
    return builder_finish(&b);
}

/* A string whose opening quote is behind us. */
static Value read_string(Decoder *d) {
    size_t begin = d->at - 1, start = d->at;
    skip_plain(d);
    if (peek(d) != '"') return read_escaped_string(d, begin, start);
    return str_slice(d->text, start, d->at++);
}

static Value read_key(Decoder *d) {
    size_t start = d->at;
    skip_plain(d);
    size_t n = d->at - start;
    if (d->width != 1 || peek(d) != '"' || n < 2 || n > 64) return d->at = start, read_string(d);
    const unsigned char *key = (const unsigned char *)d->data + start;
    Value *slot = &d->keys[hash_bytes(key, n) % KEY_CACHE];
    d->at++;
    if (is_set(*slot) && str_length(*slot) == n && memcmp(as_str(*slot)->data, key, n) == 0) return retain(*slot);
    Value made = str_slice(d->text, start, start + n);
    if (is_set(made)) replace(slot, retain(made));
    return made;
}

static Value decode_value(Decoder *d);

static Value read_constant(Decoder *d, const char *name, Value value) {
    size_t n = strlen(name);
    if (d->length - d->at < n) return UNSET;
    for (size_t i = 0; i < n; i++)
        if (unit_at(d->data, d->width, d->at + i) != (unsigned char)name[i]) return UNSET;
    d->at += n;
    if (is_unset(d->parse_constant) || !is_double(value)) return value;
    Value text = str_from(name), made = is_set(text) ? call1(d->parse_constant, text) : UNSET;
    release(text);
    return made;
}

static bool skip_digits(Decoder *d) {
    size_t start = d->at;
    while (peek(d) - '0' < 10) d->at++;
    return d->at > start;
}

static Value make_number(Decoder *d, size_t start, bool is_float) {
    Value hook = is_float ? d->parse_float : d->parse_int;
    size_t n = d->at - start;
    if (is_unset(hook) && !is_float && n <= 18) {
        int64_t value = 0;
        bool negative = unit_at(d->data, d->width, start) == '-';
        for (size_t i = start + negative; i < d->at; i++) value = value * 10 + (unit_at(d->data, d->width, i) - '0');
        return int_from_int64(negative ? -value : value);
    }
    double number;
    if (is_unset(hook) && is_float && d->width == 1 && float_parse((const char *)d->data + start, n, &number))
        return from_double(number);
    Value text = str_slice(d->text, start, d->at);
    if (is_unset(text)) return UNSET;
    Value made = is_set(hook) ? call1(hook, text) : is_float ? float_from_text(text) : int_parse(text, 10);
    release(text);
    return made;
}

static Value read_number(Decoder *d) {
    size_t start = d->at, mark;
    bool is_float = false;
    if (peek(d) == '-') d->at++;
    if (peek(d) == '0') d->at++;
    else if (!skip_digits(d)) return failed(d, "Expecting value", start);
    mark = d->at;
    if (peek(d) == '.' && (d->at++, skip_digits(d))) mark = d->at, is_float = true;
    d->at = mark;
    if ((peek(d) | 32) == 'e') {
        d->at++;
        if (peek(d) == '+' || peek(d) == '-') d->at++;
        if (skip_digits(d)) mark = d->at, is_float = true;
        d->at = mark;
    }
    return make_number(d, start, is_float);
}

static Value read_array(Decoder *d) { /* behind the bracket */
    if (!recursion_check_at(++d->depth, " while decoding a JSON array from a unicode string")) return UNSET;
    Value list = list_new(0);
    if (is_unset(list)) return UNSET;
    skip_space(d);
    if (peek(d) == ']') return d->at++, list;
    for (;;) {
        Value item = decode_value(d);
        if (is_unset(item) || !list_append_steal(list, item)) break;
        skip_space(d);
        if (peek(d) == ']') return d->at++, list;
        if (peek(d) != ',') {
            fail(d, "Expecting ',' delimiter", d->at);
            break;
        }
        d->at++;
        skip_space(d);
    }
    release(list);
    return UNSET;
}

/* One "key": value; into a dict, or as a tuple into a list. */
static bool read_pair(Decoder *d, Value into) {
    if (peek(d) != '"') return fail(d, "Expecting property name enclosed in double quotes", d->at);
    d->at++;
    Value key = read_key(d);
    if (is_unset(key)) return false;
    bool fine = true;
    skip_space(d);
    if (peek(d) != ':') fine = fail(d, "Expecting ':' delimiter", d->at);
    else d->at++, skip_space(d);
    Value value = fine ? decode_value(d) : UNSET;
    if (is_set(value) && list_is(into)) {
        Value pair = tuple_pack(2, key, value);
        fine = is_set(pair) && list_append_steal(into, pair);
        release(value);
    } else fine = is_set(value) && dict_set_steal(into, key, value);
    release(key);
    return fine;
}

static bool read_pairs(Decoder *d, Value into) {
    skip_space(d);
    if (peek(d) == '}') return d->at++, true;
    while (read_pair(d, into)) {
        skip_space(d);
        if (peek(d) == '}') return d->at++, true;
        if (peek(d) != ',') return fail(d, "Expecting ',' delimiter", d->at);
        d->at++;
        skip_space(d);
    }
    return false;
}

static Value read_object(Decoder *d) { /* behind the brace */
    if (!recursion_check_at(++d->depth, " while decoding a JSON object from a unicode string")) return UNSET;
    Value hook = is_set(d->pairs_hook) ? d->pairs_hook : d->object_hook;
    Value made = is_set(d->pairs_hook) ? list_new(0) : dict_new();
    if (is_set(made) && !read_pairs(d, made)) return release(made), UNSET;
    if (is_unset(made) || is_unset(hook)) return made;
    Value other = call1(hook, made);
    release(made);
    return other;
}

static Value decode_value(Decoder *d) {
    Value found = UNSET;
    switch (peek(d)) {
    case '"': return d->at++, read_string(d);
    case '{': d->at++, found = read_object(d), d->depth--; return found;
    case '[': d->at++, found = read_array(d), d->depth--; return found;
    case 'n': found = read_constant(d, "null", NONE); break;
    case 't': found = read_constant(d, "true", TRUE_VALUE); break;
    case 'f': found = read_constant(d, "false", FALSE_VALUE); break;
    case 'N': found = read_constant(d, "NaN", from_double(__builtin_nan(""))); break;
    case 'I': found = read_constant(d, "Infinity", from_double(__builtin_inf())); break;
    case '-':
        found = read_constant(d, "-Infinity", from_double(-__builtin_inf()));
        return is_set(found) || error_pending() ? found : read_number(d);
    default:
        if (peek(d) - '0' < 10) return read_number(d);
    }
    return is_set(found) || error_pending() ? found : failed(d, "Expecting value", d->at);
}

static void open_decoder(Decoder *d, Value text) {
    d->text = text;
    d->data = as_str(text)->data;
    d->width = str_width(as_str(text));
    d->length = str_length(text);
}

static Value with_end(Value value, size_t end) {
    if (is_unset(value)) return UNSET;
    Value parts[2] = {value, int_from_size(end)};
    return tuple_steal(parts, 2);
}

static Value hook(Value v) { return is_none(v) ? UNSET : v; }

/* decode(text, start, whole, strict, object_hook, object_pairs_hook, parse_float, parse_int, parse_constant): the value
 * when it is to be the whole text, else (value, end). */
Value json_decode(const Value *args, size_t count) {
    int64_t start;
    if (!str_is(args[0])) return raise_type_error("first argument must be a string, not %T", args[0]);
    if (!object_as_index(args[1], &start, NULL)) return UNSET;
    if (start < 0) return raise_value_error("idx cannot be negative");
    int whole = object_truth(args[2]), strict = object_truth(args[3]);
    if (whole < 0 || strict < 0) return UNSET;
    Decoder *d = raw_allocate_zeroed(sizeof *d);
    if (!d) return raise_memory_error();
    open_decoder(d, args[0]);
    d->at = (size_t)start;
    d->strict = strict;
    d->object_hook = hook(args[4]), d->pairs_hook = hook(args[5]);
    d->parse_float = hook(args[6]), d->parse_int = hook(args[7]), d->parse_constant = hook(args[8]);
    if (whole) skip_space(d);
    Value value = decode_value(d);
    if (whole && is_set(value)) {
        skip_space(d);
        if (d->at < d->length) {
            release(value);
            value = failed(d, "Extra data", d->at);
        }
    } else value = with_end(value, d->at);
    for (int i = 0; i < KEY_CACHE; i++) release(d->keys[i]);
    raw_free(d);
    return value;
}

/* scanstring(text, end, strict=True): the string whose opening quote is before end. */
Value json_scan_string(const Value *args, size_t count) {
    int64_t start;
    int strict = is_set(args[2]) ? object_truth(args[2]) : 1;
    if (!str_is(args[0])) return raise_type_error("first argument must be a string, not %T", args[0]);
    if (strict < 0 || !object_as_index(args[1], &start, NULL)) return UNSET;
    if (start < 0 || (size_t)start > str_length(args[0])) return raise_value_error("end is out of bounds");
    Decoder *d = raw_allocate_zeroed(sizeof *d);
    if (!d) return raise_memory_error();
    open_decoder(d, args[0]);
    d->at = (size_t)start;
    d->strict = strict;
    Value text = read_string(d);
    Value made = with_end(text, d->at);
    raw_free(d);
    return made;
}
