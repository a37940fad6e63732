/* text % values, and bytes % values, which formats as if bytes were Latin-1. */
#include "runtime/types/str_units.h"

#include "runtime/types/bytes_methods.h"
#include "runtime/types/call.h"
#include "runtime/types/codecs.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/number_format.h"
#include "runtime/types/object.h"
#include "runtime/types/str_methods.h"
#include "runtime/types/tuple.h"

/* Where we are in the format and in the values. */
typedef struct Percent {
    Value format;
    size_t at;
    Value values;        /* a tuple, or the one value */
    int64_t count, next; /* a single value: count -1, next -2 until it is used */
    Value mapping;       /* UNSET: the values are no mapping */
    Value item;          /* what the last %(key) found: owned */
    bool bytes;          /* the result is for bytes: %s and %b take bytes, and the key of a mapping is bytes */
    StrBuilder out;
} Percent;

typedef struct Directive {
    int flags;
    int64_t width, precision;
    uint32_t conversion;
} Directive;

static bool complain(const char *message) { return raise_value_error("%s", message), false; }

/* Borrowed. */
static Value next_value(Percent *p) {
    if (p->next < p->count) {
        p->next++;
        return p->count < 0 ? p->values : tuple_at(p->values, (size_t)(p->next - 1));
    }
    return raise_type_error("not enough arguments for format string");
}

static bool at_end(const Percent *p) { return p->at >= str_length(p->format); }
static uint32_t peek(const Percent *p) { return str_at(as_str(p->format), p->at); }

/* %(key): the value under that key becomes the only one. */
static bool read_key(Percent *p) {
    int depth = 1;
    size_t start = ++p->at;
    if (is_unset(p->mapping)) return raise_type_error("format requires a mapping"), false;
    for (; !at_end(p); p->at++) {
        if (peek(p) == ')' && --depth == 0) break;
        if (peek(p) == '(') depth++;
    }
    if (at_end(p)) return complain("incomplete format key");
    Value key =
        p->bytes ? bytes_from(as_str(p->format)->data + start, p->at - start) : str_slice(p->format, start, p->at);
    p->at++;
    Value found = is_set(key) ? object_get_item(p->mapping, key) : UNSET;
    release(key);
    if (is_unset(found)) return false;
    replace(&p->item, found);
    p->values = found;
    p->count = -1, p->next = -2;
    return true;
}

static int flag_of(uint32_t c) {
    switch (c) {
    case '-': return PERCENT_LEFT;
    case '+': return PERCENT_SIGN;
    case ' ': return PERCENT_BLANK;
    case '#': return PERCENT_ALTERNATE;
    case '0': return PERCENT_ZERO;
    default: return 0;
    }
}

/* Digits or '*'; *n keeps its value when there are none. */
static bool read_number(Percent *p, int64_t *n, const char *too_big, const char *star_error) {
    if (!at_end(p) && peek(p) == '*') {
        p->at++;
        Value v = next_value(p);
        if (is_unset(v)) return false;
        if (!int_is(v)) return raise_type_error("* wants int"), false;
        return int_fits_int64(v, n) || (raise_overflow_error("%s", star_error), false);
    }
    for (bool first = true; !at_end(p) && peek(p) - '0' < 10; p->at++, first = false) {
        if (first) *n = 0;
        if (*n > (INT64_MAX - 9) / 10) return complain(too_big);
        *n = *n * 10 + (int64_t)(peek(p) - '0');
    }
    return true;
}

static bool read_directive(Percent *p, Directive *d) {
    *d = (Directive){0, -1, -1, 0};
    if (!at_end(p) && peek(p) == '(' && !read_key(p)) return false;
    for (; !at_end(p) && flag_of(peek(p)); p->at++) d->flags |= flag_of(peek(p));
    if (!read_number(p, &d->width, "width too big", "Python int too large to convert to C ssize_t")) return false;
    if (d->width < -1 || (d->width == -1 && p->at && str_at(as_str(p->format), p->at - 1) == '*'))
        d->width = -d->width, d->flags |= PERCENT_LEFT;
    if (!at_end(p) && peek(p) == '.') {
        p->at++;
        d->precision = 0;
        if (!read_number(p, &d->precision, "precision too big", "Python int too large to convert to C int"))
            return false;
        if (d->precision < 0) d->precision = 0;
    }
    if (!at_end(p) && (peek(p) == 'h' || peek(p) == 'l' || peek(p) == 'L')) p->at++;
    if (at_end(p)) return complain("incomplete format");
    d->conversion = peek(p);
    p->at++;
    return true;
}

static bool add_padded(Percent *p, Value text, const Directive *d) {
    size_t n = str_length(text);
    if (d->precision >= 0 && (uint64_t)d->precision < n) n = (size_t)d->precision;
    int64_t pad = d->width > (int64_t)n ? d->width - (int64_t)n : 0;
    if (!(d->flags & PERCENT_LEFT)) builder_repeat(&p->out, ' ', pad);
    builder_slice(&p->out, text, 0, n);
    if (d->flags & PERCENT_LEFT) builder_repeat(&p->out, ' ', pad);
    return !p->out.failed;
}

static Value char_text(Value v) {
    int64_t c;
    if (str_is(v)) return str_length(v) == 1 ? retain(v) : raise_type_error("%%c requires int or char");
    if (!type_of(v)->index) return raise_type_error("%%c requires int or char");
    Value n = object_index(v);
    if (is_unset(n)) return UNSET;
    bool fits = int_fits_int64(n, &c) && c >= 0 && c <= MAX_UNICODE;
    release(n);
    return fits ? str_from_code_point((uint32_t)c) : raise_overflow_error("%%c arg not in range(0x110000)");
}

/* %c of bytes: a number or one byte. */
static Value byte_text(Value v) {
    int64_t c = -1;
    if ((bytes_is(v) || bytearray_is(v)) && bytes_span(v).length == 1)
        return str_from_code_point(bytes_span(v).data[0]);
    Value n = type_of(v)->index ? object_index(v) : UNSET;
    if (is_unset(n)) {
        error_clear();
        return raise_type_error("%%c requires an integer in range(256) or a single byte");
    }
    bool fits = int_fits_int64(n, &c) && c >= 0 && c < 256;
    release(n);
    return fits ? str_from_code_point((uint32_t)c) : raise_overflow_error("%%c arg not in range(256)");
}

/* %s and %b of bytes: the bytes of anything bytes-like, or of __bytes__. */
static Value bytes_text(Value v) {
    Buffer buffer;
    if (buffer_supported(v)) {
        if (!buffer_get(v, &buffer, false)) return UNSET;
        Value text = str_from_latin1(buffer.data, buffer.length);
        buffer_release(&buffer);
        return text;
    }
    Value method;
    bool self_needed;
    int found = special_lookup(v, names.__bytes__, &method, &self_needed);
    if (found == 0)
        return raise_type_error("%%b requires a bytes-like object, or an object that implements __bytes__, not '%T'",
                                v);
    Value made = found > 0 ? call(method, &v, self_needed, UNSET) : UNSET;
    if (found > 0) release(method);
    if (is_set(made) && !bytes_is(made)) {
        raise_type_error("__bytes__ returned non-bytes (type %T)", made);
        release(made);
        return UNSET;
    }
    Value text = is_set(made) ? str_from_latin1(as_bytes(made)->data, as_bytes(made)->length) : UNSET;
    release(made);
    return text;
}

static Value unsupported(Percent *p, uint32_t c) {
    uint32_t shown = c > 31 && c < 127 ? c : '?';
    return raise_value_error("unsupported format character '%c' (0x%x) at index %zd", (int)shown, (unsigned)c,
                             p->at - 1);
}

static bool add_value(Percent *p, const Directive *d) {
    Value v = next_value(p), text;
    char room[NUMBER_ROOM];
    size_t simple;
    if (is_unset(v)) return false;
    Directive padding = *d;
    switch (d->conversion) {
    case 'b':
        if (!p->bytes) text = unsupported(p, 'b');
        else text = bytes_text(v);
        break;
    case 's': text = p->bytes ? bytes_text(v) : object_str(v); break;
    case 'r': text = p->bytes ? object_ascii(v) : object_repr(v); break;
    case 'a': text = object_ascii(v); break;
    case 'c': text = p->bytes ? byte_text(v) : char_text(v), padding.precision = -1; break;
    case 'd': case 'i': case 'u': case 'o': case 'x': case 'X':
    case 'e': case 'E': case 'f': case 'F': case 'g': case 'G':
        simple = number_percent_simple(v, (char)d->conversion, d->flags, d->width, d->precision, room);
        if (simple) return builder_bytes(&p->out, room, simple), !p->out.failed;
        text = number_percent(v, (char)d->conversion, d->flags, d->width, d->precision);
        padding.width = padding.precision = -1;
        break;
    default: text = unsupported(p, d->conversion);
    }
    bool fine = is_set(text) && add_padded(p, text, &padding);
    release(text);
    return fine;
}

/* %s and %d of the commonest values, without more ado.  1: done, 0: not such a case, -1: failed. */
static int add_quickly(Percent *p) {
    uint32_t c = at_end(p) ? 0 : peek(p);
    if ((c != 's' && c != 'd') || p->next >= p->count || p->bytes) return 0;
    Value v = p->count < 0 ? p->values : tuple_at(p->values, (size_t)p->next);
    if (!is_small_int(v) && !(c == 's' && str_is_exact(v))) return 0;
    if (is_small_int(v)) builder_int64(&p->out, as_small_int(v));
    else builder_str(&p->out, v);
    p->next++;
    p->at++;
    return p->out.failed ? -1 : 1;
}

static bool run(Percent *p) {
    Str *s = as_str(p->format);
    Directive d;
    while (p->at < s->length) {
        int64_t next = units_find(s->data, str_width(s), p->at, s->length, '%');
        size_t stop = next < 0 ? s->length : (size_t)next;
        builder_slice(&p->out, p->format, p->at, stop);
        p->at = stop + 1;
        if (next < 0) break;
        int quick = add_quickly(p);
        if (quick < 0) return false;
        if (quick) continue;
        if (!at_end(p) && peek(p) == '%') builder_char(&p->out, '%'), p->at++;
        else if (!read_directive(p, &d) || !add_value(p, &d)) return false;
    }
    if (p->next < p->count && is_unset(p->mapping))
        return raise_type_error("not all arguments converted during %s formatting", p->bytes ? "bytes" : "string"),
               false;
    return !p->out.failed;
}

static Value format_values(Value format, Value values, bool bytes) {
    Percent p = {.format = format, .values = values, .count = -1, .next = -2, .bytes = bytes, .out = STR_BUILDER};
    if (tuple_is(values)) p.count = (int64_t)tuple_length(values), p.next = 0;
    else if (type_of(values)->get_item && !(bytes ? bytes_is(values) || bytearray_is(values) : str_is(values)))
        p.mapping = values;
    bool fine = run(&p);
    release(p.item);
    if (fine) return builder_finish(&p.out);
    builder_discard(&p.out);
    return UNSET;
}

Value str_percent(Value format, Value values) { return format_values(format, values, false); }

Value bytes_percent(Value format, Value values) {
    Value text = str_from_latin1(as_bytes(format)->data, as_bytes(format)->length);
    Value made = is_set(text) ? format_values(text, values, true) : UNSET;
    Value bytes = is_set(made) ? codec_encode(&codec_latin1, made, NULL) : UNSET;
    release(text);
    release(made);
    return bytes;
}
