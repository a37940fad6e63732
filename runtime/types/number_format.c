/* The format mini-language for int, float and complex, and the numeric conversions of str % args. */
#include "runtime/types/number_format.h"

#include "runtime/mem/heap.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/float.h"
#include "runtime/types/float_text.h"
#include "runtime/types/int.h"
#include "runtime/types/object.h"
#include "runtime/types/str_units.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>

/* Reading a specification. */

typedef struct SpecReader {
    const unsigned char *units;
    unsigned width;
    size_t at, length;
} SpecReader;

static inline uint32_t peek(const SpecReader *r, size_t ahead) {
    return r->at + ahead < r->length ? unit_at(r->units, r->width, r->at + ahead) : 0;
}

static inline bool accept(SpecReader *r, uint32_t c) {
    if (r->at >= r->length || peek(r, 0) != c) return false;
    r->at++;
    return true;
}

static bool is_align(uint32_t c) { return c == '<' || c == '>' || c == '=' || c == '^'; }

/* Decimal digits, if any; -1 in *out when there are none. */
static bool read_number(SpecReader *r, int64_t *out) {
    int64_t n = 0;
    size_t start = r->at;
    for (; r->at < r->length && peek(r, 0) >= '0' && peek(r, 0) <= '9'; r->at++) {
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (int64_t)peek(r, 0) - '0', &n)) {
            return raise_value_error("Too many decimal digits in format string"), false;
        }
    }
    *out = r->at > start ? n : -1;
    return true;
}

static void read_alignment(SpecReader *r, char default_align, FormatSpec *out) {
    bool fill_given = r->length - r->at >= 2 && is_align(peek(r, 1));
    if (fill_given) out->fill = peek(r, 0), r->at++;
    out->align_given = r->at < r->length && is_align(peek(r, 0));
    if (out->align_given) out->align = (char)peek(r, 0), r->at++;
    if (accept(r, '+')) out->sign = '+';
    else if (accept(r, '-')) out->sign = '-';
    else if (accept(r, ' ')) out->sign = ' ';
    out->no_negative_zero = accept(r, 'z');
    out->alternate = accept(r, '#');
    if (!fill_given && accept(r, '0')) {
        out->fill = '0';
        if (!out->align_given && default_align == '>') out->align = '=';
    }
}

static bool read_grouping(SpecReader *r, FormatSpec *out) {
    bool comma = accept(r, ','), underscore = accept(r, '_');
    if ((comma && underscore) || (underscore && accept(r, ','))) {
        return raise_value_error("Cannot specify both ',' and '_'."), false;
    }
    out->thousands = comma ? ',' : underscore ? '_' : 0;
    return true;
}

static bool check_grouping(const FormatSpec *spec) {
    uint32_t c = spec->type;
    if (!spec->thousands || c == 0 || (c < 128 && strchr("defgEGF%", (int)c))) return true;
    if (spec->thousands == '_' && c < 128 && strchr("boxX", (int)c)) return true;
    if (c > 32 && c < 128) {
        return raise_value_error("Cannot specify '%c' with '%c'.", (unsigned)spec->thousands, (unsigned)c), false;
    }
    char code[16];
    snprintf(code, sizeof code, "\\x%x", (unsigned)c);
    return raise_value_error("Cannot specify '%c' with '%s'.", (unsigned)spec->thousands, code), false;
}

bool format_spec_parse(Value spec, const char *type_name, char default_type, char default_align, FormatSpec *out) {
    SpecReader r = {as_str(spec)->data, str_width(as_str(spec)), 0, str_length(spec)};
    *out = (FormatSpec){
        .fill = ' ', .align = default_align, .width = -1, .precision = -1, .type = (unsigned char)default_type};
    read_alignment(&r, default_align, out);
    if (!read_number(&r, &out->width) || !read_grouping(&r, out)) return false;
    if (accept(&r, '.')) {
        if (!read_number(&r, &out->precision)) return false;
        if (out->precision < 0) return raise_value_error("Format specifier missing precision"), false;
    }
    if (r.length - r.at > 1) {
        return raise_value_error("Invalid format specifier '%U' for object of type '%s'", spec, type_name), false;
    }
    if (r.at < r.length) out->type = peek(&r, 0);
    return check_grouping(out);
}

Value format_unknown_code(uint32_t code, const char *type_name) {
    if (code > 32 && code < 128) {
        return raise_value_error("Unknown format code '%c' for object of type '%s'", (unsigned)code, type_name);
    }
    char text[16];
    snprintf(text, sizeof text, "\\x%x", (unsigned)code);
    return raise_value_error("Unknown format code '%s' for object of type '%s'", text, type_name);
}

/* Laying out a number: [fill] sign prefix [fill] grouped digits, rest [fill]. */

typedef struct Layout {
    char sign; /* or 0 */
    const char *prefix;
    const char *digits; /* before the point */
    size_t digit_count;
    const char *rest; /* point, fraction, exponent, % */
    size_t rest_count;
    char separator; /* or 0 */
    unsigned group;
} Layout;

/* How long digits are with separators and with zeros up to min_width. */
static size_t grouped_length(const Layout *l, int64_t min_width) {
    int64_t digits = (int64_t)l->digit_count;
    if (!l->separator) return (size_t)(digits > min_width ? digits : min_width > 0 ? min_width : 0);
    int64_t group = l->group, needed = digits + (digits > 0 ? (digits - 1) / group : 0);
    if (min_width <= needed) return (size_t)needed;
    /* A separator never leads: a width that would begin with one gets one zero more. */
    return (size_t)(min_width % (group + 1) == 0 ? min_width + 1 : min_width);
}

typedef struct Writer {
    Str *to;
    size_t at;
} Writer;

static void put(Writer *w, uint32_t c) {
    switch (str_width(w->to)) {
    case 1: w->to->data[w->at++] = (unsigned char)c; break;
    case 2: ((uint16_t *)(void *)w->to->data)[w->at++] = (uint16_t)c; break;
    default: ((uint32_t *)(void *)w->to->data)[w->at++] = c; break;
    }
}

static void put_text(Writer *w, const char *s, size_t n) {
    if (str_width(w->to) == 1) {
        memcpy(w->to->data + w->at, s, n);
        w->at += n;
    } else {
        for (size_t i = 0; i < n; i++) put(w, (unsigned char)s[i]);
    }
}

static void put_repeated(Writer *w, uint32_t c, size_t n) {
    for (size_t i = 0; i < n; i++) put(w, c);
}

static void put_grouped(Writer *w, const Layout *l, size_t length) {
    if (!l->separator) {
        put_repeated(w, '0', length - l->digit_count);
        put_text(w, l->digits, l->digit_count);
        return;
    }
    size_t separators = length / (l->group + 1), places = length - separators;
    for (size_t left = places; left > 0; left--) {
        put(w, left > l->digit_count ? '0' : (unsigned char)l->digits[l->digit_count - left]);
        if (left > 1 && (left - 1) % l->group == 0) put(w, (unsigned char)l->separator);
    }
}

typedef struct Padding {
    size_t before, inside, after;
} Padding;

static Padding padding_of(char align, size_t total, int64_t width) {
    Padding p = {0, 0, 0};
    if (width < 0 || (uint64_t)width <= total) return p;
    size_t n = (size_t)width - total;
    switch (align) {
    case '<': p.after = n; break;
    case '^': p.before = n / 2, p.after = n - n / 2; break;
    case '=': p.inside = n; break;
    default: p.before = n; break;
    }
    return p;
}

static Value lay_out(const Layout *l, const FormatSpec *spec) {
    size_t prefix = strlen(l->prefix), fixed = (l->sign != 0) + prefix + l->rest_count;
    bool zeros = spec->fill == '0' && spec->align == '=' && l->digit_count > 0;
    int64_t min_width = zeros && spec->width > (int64_t)fixed ? spec->width - (int64_t)fixed : 0;
    if (spec->width > INT64_MAX / 2) return raise_memory_error();
    size_t digits = grouped_length(l, min_width), total = fixed + digits;
    Padding p = padding_of(spec->align, total, spec->width);
    bool padded = p.before || p.inside || p.after;
    Value result = str_new(total + p.before + p.inside + p.after, padded && spec->fill > 127 ? spec->fill : 127);
    if (is_unset(result)) return UNSET;
    Writer w = {as_str(result), 0};
    put_repeated(&w, spec->fill, p.before);
    if (l->sign) put(&w, (unsigned char)l->sign);
    put_text(&w, l->prefix, prefix);
    put_repeated(&w, spec->fill, p.inside);
    put_grouped(&w, l, digits);
    put_text(&w, l->rest, l->rest_count);
    put_repeated(&w, spec->fill, p.after);
    return result;
}

static char sign_of(bool negative, char wanted) { return negative ? '-' : wanted == '+' || wanted == ' ' ? wanted : 0; }

/* Integers. */

static int base_of(uint32_t type) {
    switch (type) {
    case 'b': return 2;
    case 'o': return 8;
    case 'x':
    case 'X': return 16;
    default: return 10;
    }
}

static const char *prefix_of(uint32_t type) {
    switch (type) {
    case 'b': return "0b";
    case 'o': return "0o";
    case 'x': return "0x";
    case 'X': return "0X";
    default: return "";
    }
}

static void make_upper(Value digits) {
    Str *s = as_str(digits);
    for (size_t i = 0; i < s->length; i++) {
        if (s->data[i] >= 'a') s->data[i] = (unsigned char)(s->data[i] - 32);
    }
}

static Value format_character(Value v, FormatSpec *spec) {
    int64_t code;
    if (spec->sign) return raise_value_error("Sign not allowed with integer format specifier 'c'");
    if (spec->alternate) return raise_value_error("Alternate form (#) not allowed with integer format specifier 'c'");
    if (!int_as_int64(v, &code)) return UNSET;
    if (code < 0 || code > 0x10FFFF) return raise_overflow_error("%%c arg not in range(0x110000)");
    if (spec->align == '=') spec->align = '>';
    Padding p = padding_of(spec->align, 1, spec->width);
    if (spec->width > INT64_MAX / 2) return raise_memory_error();
    StrBuilder b = STR_BUILDER;
    builder_repeat(&b, spec->fill, (int64_t)p.before);
    builder_char(&b, (uint32_t)code);
    builder_repeat(&b, spec->fill, (int64_t)p.after);
    return builder_finish(&b);
}

static Value lay_out_int(Value digits, const FormatSpec *spec) {
    const char *s = (const char *)as_str(digits)->data;
    bool negative = *s == '-';
    Layout l = {.sign = sign_of(negative, spec->sign), .prefix = spec->alternate ? prefix_of(spec->type) : "",
                .digits = s + negative, .digit_count = str_length(digits) - negative, .rest = "",
                .separator = spec->thousands, .group = base_of(spec->type) == 10 ? 3 : 4};
    return lay_out(&l, spec);
}

static Value format_int(Value v, FormatSpec *spec) {
    if (spec->precision >= 0) return raise_value_error("Precision not allowed in integer format specifier");
    if (spec->no_negative_zero) {
        return raise_value_error("Negative zero coercion (z) not allowed in integer format specifier");
    }
    if (spec->type == 'c') return format_character(v, spec);
    Value digits = int_to_str(v, base_of(spec->type), false);
    if (is_unset(digits)) return UNSET;
    if (spec->type == 'X') {
        replace(&digits, str_from_latin1(as_str(digits)->data, str_length(digits)));
        if (is_unset(digits)) return UNSET;
        if (str_length(digits) > 1) make_upper(digits);
        else if (as_str(digits)->data[0] >= 'a') replace(&digits, str_from_code_point(as_str(digits)->data[0] - 32u));
    }
    Value result = lay_out_int(digits, spec);
    release(digits);
    return result;
}

/* Floats. */

typedef struct FloatText {
    char room[400];
    char *text; /* room, or raw memory */
    size_t length;
} FloatText;

static void strip_zeros(const char *s, size_t *n) {
    while (*n > 0 && s[*n - 1] == '0') --*n;
    if (*n > 0 && s[*n - 1] == '.') --*n;
}

/* Like 'g', but what has no exponent has a digit behind the point, so the exponent comes one digit earlier. */
static char *general_pointed(double d, int64_t precision, bool alternate, FloatText *t) {
    if (precision == 0) precision = 1;
    char *text = float_format(d, 'e', precision - 1, alternate, false, t->room, sizeof t->room, &t->length);
    if (!text) return NULL;
    size_t mantissa = t->length;
    while (text[mantissa - 1] != 'e') mantissa--;
    int exponent = 0, sign = text[mantissa] == '-' ? -1 : 1;
    for (size_t i = mantissa + 1; i < t->length; i++) exponent = exponent * 10 + text[i] - '0';
    exponent *= sign;
    mantissa--;
    if (exponent >= -4 && exponent < precision - 1) {
        if (text != t->room) raw_free(text);
        text = float_format(d, 'f', precision - 1 - exponent, false, false, t->room, sizeof t->room, &t->length);
        if (!text || alternate) return text;
        strip_zeros(text, &t->length);
        if (!memchr(text, '.', t->length)) memcpy(text + t->length, ".0", 2), t->length += 2;
        return text;
    }
    size_t kept = mantissa, tail = t->length - mantissa;
    if (!alternate && precision > 1) strip_zeros(text, &kept);
    memmove(text + kept, text + mantissa, tail);
    t->length = kept + tail;
    return text;
}

static bool float_text_make(double d, char type, int64_t precision, bool alternate, bool add_point, FloatText *t) {
    if (precision > INT_MAX) return raise_value_error("precision too big"), false;
    if (type == 'g' && add_point && isfinite(d)) {
        t->text = general_pointed(d, precision, alternate, t);
    } else {
        t->text = float_format(d, type, precision, alternate, add_point, t->room, sizeof t->room, &t->length);
    }
    if (!t->text) raise_memory_error();
    return t->text != NULL;
}

static void float_text_free(FloatText *t) {
    if (t->text != t->room) raw_free(t->text);
}

static bool is_all_zero(const char *s, size_t n) {
    for (size_t i = 0; i < n && s[i] != 'e' && s[i] != 'E' && s[i] != '%'; i++) {
        if (s[i] != '0' && s[i] != '.') return false;
    }
    return true;
}

/* Splits text at the end of the digits before the point; returns whether it is negative. */
static bool split_text(const char *s, size_t n, Layout *l) {
    bool negative = n && *s == '-';
    l->digits = s + negative;
    size_t end = negative;
    while (end < n && s[end] >= '0' && s[end] <= '9') end++;
    l->digit_count = end - negative;
    l->rest = s + end;
    l->rest_count = n - end;
    return negative;
}

static Value lay_out_float(const FloatText *t, const FormatSpec *spec) {
    Layout l = {.prefix = "", .separator = spec->thousands, .group = 3};
    bool negative = split_text(t->text, t->length, &l);
    if (negative && spec->no_negative_zero && l.digit_count && is_all_zero(l.digits, t->length - 1)) negative = false;
    if (l.digit_count == 0) l.separator = 0;
    l.sign = sign_of(negative, spec->sign);
    return lay_out(&l, spec);
}

static Value format_float(double d, const FormatSpec *spec) {
    FloatText t;
    char type = (char)spec->type;
    bool add_point = type == 0, percent = type == '%';
    int64_t precision = spec->precision;
    if (type == 0) type = precision < 0 ? 'r' : 'g';
    if (type == 'n') type = 'g';
    if (percent) type = 'f', d *= 100;
    if (precision < 0) precision = 6;
    if (!float_text_make(d, type, precision, spec->alternate, add_point, &t)) return UNSET;
    if (percent) { /* float_format leaves two bytes of room */
        char *grown = t.text == t.room ? t.room : raw_reallocate(t.text, t.length + 1);
        if (!grown) return float_text_free(&t), raise_memory_error();
        t.text = grown;
        t.text[t.length++] = '%';
    }
    Value result = lay_out_float(&t, spec);
    float_text_free(&t);
    return result;
}

static bool one_of(uint32_t type, const char *types) { return type < 128 && type && strchr(types, (int)type); }

/* Small ints and doubles as most specifications want them: written in place. */

enum { SIMPLE_WIDTH = NUMBER_ROOM - 80, SIMPLE_PRECISION = 20 };

static char *write_digits(int64_t n, uint32_t type, char *end) {
    const char *letters = type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n, base = (uint64_t)base_of(type);
    if (base == 10) do *--end = (char)('0' + left % 10);
        while (left /= 10);
    else do *--end = letters[left % base];
        while (left /= base);
    if (n < 0) *--end = '-';
    return end;
}

/* Text and its length for a number that needs less than 80 characters; false: not simple. */
static bool simple_text(Value v, const FormatSpec *spec, char room[80], char **text, size_t *n) {
    if (is_small_int(v) && one_of(spec->type, "dxoXb")) {
        *text = write_digits(as_small_int(v), spec->type, room + 80);
        *n = (size_t)(room + 80 - *text);
        return spec->precision < 0;
    }
    double d = is_small_int(v) ? (double)as_small_int(v) : as_double(v);
    bool percent = spec->type == '%', repr = spec->type == 0 && spec->precision < 0 && is_double(v);
    if (!repr && !one_of(spec->type, "fFeEgG%")) return false;
    if (percent) d *= 100;
    if (!(fabs(d) < 1e40) || spec->precision > SIMPLE_PRECISION) return false;
    char type = repr ? 'r' : percent ? 'f' : (char)spec->type;
    *text = float_format(d, type, spec->precision < 0 ? 6 : spec->precision, false, repr, room, 79, n);
    if (percent) (*text)[(*n)++] = '%';
    return true;
}

/* The whole field; 0: not simple. */
static size_t write_simple(Value v, const FormatSpec *spec, char *out) {
    char room[80], *text, *to = out;
    size_t n;
    if (!is_small_int(v) && !is_double(v)) return 0;
    if (spec->thousands || spec->no_negative_zero || spec->alternate || spec->fill > MAX_ASCII) return 0;
    if (spec->width > SIMPLE_WIDTH || !simple_text(v, spec, room, &text, &n)) return 0;
    bool negative = *text == '-';
    char sign = sign_of(negative, spec->sign);
    text += negative, n -= negative;
    Padding p = padding_of(spec->align, n + (sign != 0), spec->width);
    for (; p.before; p.before--) *to++ = (char)spec->fill;
    if (sign) *to++ = sign;
    for (; p.inside; p.inside--) *to++ = (char)spec->fill;
    memcpy(to, text, n);
    for (to += n; p.after; p.after--) *to++ = (char)spec->fill;
    return (size_t)(to - out);
}

/* Complex numbers. */

static Value format_part(double d, const FormatSpec *spec, char sign) {
    FormatSpec part = *spec;
    part.width = -1;
    part.align = '>';
    part.fill = ' ';
    part.sign = sign;
    FloatText t;
    char type = (char)spec->type;
    int64_t precision = spec->precision;
    if (type == 0) type = precision < 0 ? 'r' : 'g';
    if (type == 'n') type = 'g';
    if (!float_text_make(d, type, precision < 0 ? 6 : precision, spec->alternate, false, &t)) return UNSET;
    Value result = lay_out_float(&t, &part);
    float_text_free(&t);
    return result;
}

static Value join_parts(Value real, Value imag, const FormatSpec *spec) {
    bool parentheses = spec->type == 0 && is_set(real);
    size_t total = str_length(imag) + 1 + (is_set(real) ? str_length(real) : 0) + 2 * (size_t)parentheses;
    Padding p = padding_of(spec->align, total, spec->width);
    StrBuilder b = STR_BUILDER;
    builder_repeat(&b, spec->fill, (int64_t)p.before);
    if (parentheses) builder_char(&b, '(');
    if (is_set(real)) builder_str(&b, real);
    builder_str(&b, imag);
    builder_char(&b, 'j');
    if (parentheses) builder_char(&b, ')');
    builder_repeat(&b, spec->fill, (int64_t)p.after);
    return builder_finish(&b);
}

static Value format_complex(const Complex *c, const FormatSpec *spec) {
    if (spec->fill == '0') return raise_value_error("Zero padding is not allowed in complex format specifier");
    if (spec->align == '=') return raise_value_error("'=' alignment flag is not allowed in complex format specifier");
    bool imaginary_only = spec->type == 0 && c->real == 0 && !signbit(c->real);
    Value real = UNSET, imag, result = UNSET;
    if (!imaginary_only && is_unset(real = format_part(c->real, spec, spec->sign))) return UNSET;
    imag = format_part(c->imag, spec, imaginary_only ? spec->sign : '+');
    if (is_set(imag)) result = join_parts(real, imag, spec);
    release(real), release(imag);
    return result;
}

/* format(v, spec) */


static Value format_int_or_float(Value v, FormatSpec *spec, const char *name) {
    if (one_of(spec->type, "bcdoxXn")) return format_int(v, spec);
    if (!one_of(spec->type, "eEfFgG%")) return format_unknown_code(spec->type, name);
    double d;
    return int_to_double(v, &d) ? format_float(d, spec) : UNSET;
}

Value number_format(Value v, Value spec_text) {
    if (str_length(spec_text) == 0) return object_str(v);
    FormatSpec spec;
    const char *name = type_of(v)->name;
    if (!format_spec_parse(spec_text, name, int_is(v) ? 'd' : 0, '>', &spec)) return UNSET;
    char simple[NUMBER_ROOM];
    size_t n = write_simple(v, &spec, simple);
    if (n) return str_from_ascii(simple, n);
    if (int_is(v)) return format_int_or_float(v, &spec, name);
    bool is_float = float_is(v);
    if (spec.type && !one_of(spec.type, is_float ? "eEfFgGn%" : "eEfFgGn")) return format_unknown_code(spec.type, name);
    return is_float ? format_float(float_value(v), &spec) : format_complex((const Complex *)as_object(v), &spec);
}

/* str % args */

static FormatSpec percent_spec(char conversion, int flags, int64_t width) {
    FormatSpec spec = {.fill = ' ', .align = '>', .width = width, .precision = -1, .type = (unsigned char)conversion};
    spec.sign = flags & PERCENT_SIGN ? '+' : flags & PERCENT_BLANK ? ' ' : 0;
    spec.alternate = (flags & PERCENT_ALTERNATE) != 0;
    if (flags & PERCENT_LEFT) spec.align = '<';
    else if (flags & PERCENT_ZERO) spec.align = '=', spec.fill = '0';
    return spec;
}

static bool is_number(Value v) {
    const Type *type = type_of(v);
    return type->index || type->to_int || type->to_float || complex_is(v);
}

static Value percent_operand(Value v, char conversion) {
    bool integral = conversion == 'x' || conversion == 'X' || conversion == 'o';
    Value result = UNSET;
    if (int_is(v)) return int_normalize(v);
    if (is_number(v) && !complex_is(v) && (!integral || type_of(v)->index)) {
        result = integral ? object_index(v) : int_type.make(&int_type, &v, 1, UNSET);
        if (is_set(result) || !error_absorb(&TypeError_type)) return result;
    }
    return raise_type_error("%%%c format: %s is required, not %T", (unsigned)conversion,
                            integral ? "an integer" : "a real number", v);
}

static Value percent_int(Value v, char conversion, int flags, int64_t width, int64_t precision) {
    Value number = percent_operand(v, conversion);
    if (is_unset(number)) return UNSET;
    if (conversion == 'i' || conversion == 'u') conversion = 'd';
    Value digits = int_to_str(number, base_of((unsigned char)conversion), false);
    release(number);
    if (is_unset(digits)) return UNSET;
    FormatSpec spec = percent_spec(conversion, flags, width);
    const char *s = (const char *)as_str(digits)->data;
    size_t n = str_length(digits), negative = *s == '-', zeros = 0;
    if (precision > (int64_t)(n - negative)) zeros = (size_t)precision - (n - negative);
    if (precision > INT64_MAX / 4) return release(digits), raise_memory_error();
    if (zeros == 0 && conversion != 'X') {
        Value result = lay_out_int(digits, &spec);
        return release(digits), result;
    }
    char *text = raw_allocate(n + zeros);
    if (!text) return release(digits), raise_memory_error();
    memset(text, '0', zeros);
    memcpy(text + zeros, s + negative, n - negative);
    if (conversion == 'X') {
        for (size_t i = 0; i < n - negative + zeros; i++) text[i] = text[i] >= 'a' ? (char)(text[i] - 32) : text[i];
    }
    Layout l = {.sign = sign_of(negative, spec.sign), .prefix = spec.alternate ? prefix_of(spec.type) : "",
                .digits = text, .digit_count = n - negative + zeros, .rest = ""};
    Value result = lay_out(&l, &spec);
    raw_free(text);
    release(digits);
    return result;
}

static Value percent_float(Value v, char conversion, int flags, int64_t width, int64_t precision) {
    double d;
    FloatText t;
    if (!object_as_double(v, &d)) return UNSET;
    FormatSpec spec = percent_spec(conversion, flags, width);
    if (!float_text_make(d, conversion, precision < 0 ? 6 : precision, spec.alternate, false, &t)) return UNSET;
    Value result = lay_out_float(&t, &spec);
    float_text_free(&t);
    return result;
}

Value number_percent(Value v, char conversion, int flags, int64_t width, int64_t precision) {
    if (strchr("eEfFgG", conversion)) return percent_float(v, conversion, flags, width, precision);
    return percent_int(v, conversion, flags, width, precision);
}

size_t number_percent_simple(Value v, char conversion, int flags, int64_t width, int64_t precision, char *out) {
    bool integral = conversion != 0 && strchr("diuoxX", conversion);
    if ((integral && (!is_small_int(v) || precision >= 0)) || (flags & PERCENT_ALTERNATE)) return 0;
    if (conversion == 'i' || conversion == 'u') conversion = 'd';
    FormatSpec spec = percent_spec(conversion, flags, width);
    spec.precision = precision;
    return write_simple(v, &spec, out);
}
