/* str.format(), format_map(), str.__format__ and the pieces of f-strings. */
#include "runtime/types/str_units.h"

#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/float.h"
#include "runtime/types/int.h"
#include "runtime/types/number_format.h"
#include "runtime/types/object.h"
#include "runtime/types/str_methods.h"
#include "runtime/types/unicode.h"

/* A run of str.format(): the arguments, and whether fields are numbered by hand or automatically. */
typedef struct Format {
    const Value *args; /* NULL: format_map(), which has no positional ones */
    size_t count;
    Value mapping;     /* UNSET: no keywords */
    enum { NUMBERING_OPEN, NUMBERING_AUTOMATIC, NUMBERING_MANUAL } numbering;
    int64_t next;
} Format;

/* One replacement field, as positions in the text. */
typedef struct Field {
    size_t name, name_end, spec, spec_end;
    uint32_t conversion;
    bool nested;
} Field;

static bool complain(const char *message) { return raise_value_error("%s", message), false; }

/* The integer that text[start, stop) spells, -1 if it spells none, -2 failed. */
static int64_t read_index(const Str *s, size_t start, size_t stop) {
    int64_t n = 0;
    if (start == stop) return -1;
    for (size_t i = start; i < stop; i++) {
        int digit = unicode_decimal(str_at(s, i));
        if (digit < 0) return -1;
        if (n > (INT64_MAX - digit) / 10) return complain("Too many decimal digits in format string"), -2;
        n = n * 10 + digit;
    }
    return n;
}

static bool choose_numbering(Format *f, bool automatic) {
    if (f->numbering == NUMBERING_OPEN) f->numbering = automatic ? NUMBERING_AUTOMATIC : NUMBERING_MANUAL;
    if (f->numbering == NUMBERING_MANUAL && automatic)
        return complain("cannot switch from manual field specification to automatic field numbering");
    if (f->numbering == NUMBERING_AUTOMATIC && !automatic)
        return complain("cannot switch from automatic field numbering to manual field specification");
    return true;
}

static Value keyword_argument(Format *f, Value key) {
    if (is_unset(f->mapping)) return raise_key_error(key);
    if (!dict_is_exact(f->mapping)) return object_get_item(f->mapping, key);
    Value found;
    int known = dict_find(f->mapping, key, &found);
    return known == 1 ? retain(found) : known == 0 ? raise_key_error(key) : UNSET;
}

/* The argument that the first part of a field's name says. */
static Value first_argument(Format *f, Value text, size_t start, size_t stop) {
    int64_t index = read_index(as_str(text), start, stop);
    bool automatic = start == stop;
    if (index == -2 || ((automatic || index >= 0) && !choose_numbering(f, automatic))) return UNSET;
    if (automatic) index = f->next++;
    if (index < 0) {
        Value key = str_slice(text, start, stop);
        Value found = is_set(key) ? keyword_argument(f, key) : UNSET;
        release(key);
        return found;
    }
    if (!f->args) return raise_value_error("Format string contains positional fields");
    if ((uint64_t)index >= f->count)
        return raise_index_error("Replacement index %zd out of range for positional args tuple", (size_t)index);
    return retain(f->args[index]);
}

/* One step of a name: .attribute or [key]; moves *at behind it.  Steals v. */
static Value step_into(Value v, Value text, size_t *at, size_t end) {
    Str *s = as_str(text);
    bool attribute = str_at(s, *at) == '.';
    size_t start = ++*at, stop = start;
    if (attribute)
        while (stop < end && str_at(s, stop) != '.' && str_at(s, stop) != '[') stop++;
    else
        while (stop < end && str_at(s, stop) != ']') stop++;
    *at = attribute ? stop : stop + 1;
    Value key = UNSET, next = UNSET;
    if (!attribute && stop == end) complain("Missing ']' in format string");
    else if (start == stop) complain("Empty attribute in format string");
    else {
        int64_t index = attribute ? -1 : read_index(s, start, stop);
        key = index == -2 ? UNSET : index >= 0 ? int_from_int64(index) : str_slice(text, start, stop);
    }
    if (is_set(key) && attribute) key = str_intern(key);
    if (is_set(key)) next = attribute ? object_get_attribute(v, key) : object_get_item(v, key);
    release(key);
    release(v);
    return next;
}

static Value field_value(Format *f, Value text, const Field *field) {
    Str *s = as_str(text);
    size_t at = field->name;
    while (at < field->name_end && str_at(s, at) != '.' && str_at(s, at) != '[') at++;
    Value v = first_argument(f, text, field->name, at);
    while (is_set(v) && at < field->name_end) {
        uint32_t c = str_at(s, at);
        if (c == '.' || c == '[') v = step_into(v, text, &at, field->name_end);
        else {
            release(v);
            v = raise_value_error("Only '.' or '[' may follow ']' in format field specifier");
        }
    }
    return v;
}

/* Reads the name of a field; returns what ends it: '}', ':', '!' or 0. */
static uint32_t read_name(const Str *s, size_t *at, size_t end) {
    bool bracket = false;
    while (*at < end) {
        uint32_t c = str_at(s, (*at)++);
        if (c == '{') return complain("unexpected '{' in field name"), 0;
        if (c == '[') bracket = true;
        else if (c == ']') bracket = false;
        else if (!bracket && (c == '}' || c == ':' || c == '!')) return c;
    }
    return complain("expected '}' before end of string"), 0;
}

static bool read_spec(const Str *s, size_t *at, size_t end, Field *field) {
    int depth = 1;
    field->spec = *at;
    for (; *at < end; (*at)++) {
        uint32_t c = str_at(s, *at);
        if (c == '{') field->nested = true, depth++;
        else if (c == '}' && --depth == 0) {
            field->spec_end = (*at)++;
            return true;
        }
    }
    return complain("unmatched '{' in format spec");
}

/* Reads a field whose '{' is behind us, to behind its '}'. */
static bool read_field(const Str *s, size_t *at, size_t end, Field *field) {
    *field = (Field){.name = *at};
    uint32_t c = read_name(s, at, end);
    if (!c) return false;
    field->name_end = *at - 1;
    if (c == '}') return true;
    if (c == '!') {
        if (*at >= end) return complain("end of string while looking for conversion specifier");
        field->conversion = str_at(s, (*at)++);
        if (*at < end) {
            c = str_at(s, (*at)++);
            if (c == '}') return true;
            if (c != ':') return complain("expected ':' after conversion specifier");
        }
    }
    return read_spec(s, at, end, field);
}

static Value convert(Value v, uint32_t conversion) {
    switch (conversion) {
    case 0: return retain(v);
    case 's': return object_str(v);
    case 'r': return object_repr(v);
    case 'a': return object_ascii(v);
    }
    if (conversion > 32 && conversion < 127)
        return raise_value_error("Unknown conversion specifier %c", (int)conversion);
    return raise_value_error("Unknown conversion specifier \\x%x", (unsigned)conversion);
}

static bool run(Format *f, StrBuilder *b, Value text, size_t at, size_t end, int depth);

static Value field_spec(Format *f, Value text, const Field *field, int depth) {
    if (!field->nested) return str_slice(text, field->spec, field->spec_end);
    StrBuilder b = STR_BUILDER;
    if (run(f, &b, text, field->spec, field->spec_end, depth - 1)) return builder_finish(&b);
    builder_discard(&b);
    return UNSET;
}

static bool add_field(Format *f, StrBuilder *b, Value text, const Field *field, int depth) {
    Value v = field_value(f, text, field), spec = UNSET, converted = UNSET, made = UNSET;
    if (is_set(v)) converted = convert(v, field->conversion);
    if (is_set(converted)) spec = field_spec(f, text, field, depth);
    if (is_set(spec)) made = str_format_value(converted, 0, spec);
    if (is_set(made)) builder_str(b, made);
    release(v);
    release(converted);
    release(spec);
    bool fine = is_set(made) && !b->failed;
    release(made);
    return fine;
}

static bool run(Format *f, StrBuilder *b, Value text, size_t at, size_t end, int depth) {
    Str *s = as_str(text);
    Field field;
    if (depth <= 0) return complain("Max string recursion exceeded");
    while (at < end) {
        size_t start = at;
        while (at < end && str_at(s, at) != '{' && str_at(s, at) != '}') at++;
        builder_slice(b, text, start, at);
        if (at == end) break;
        uint32_t c = str_at(s, at++);
        if (at < end && str_at(s, at) == c) {
            builder_char(b, c);
            at++;
            continue;
        }
        if (c == '}') return complain("Single '}' encountered in format string");
        if (at == end) return complain("Single '{' encountered in format string");
        if (!read_field(s, &at, end, &field) || !add_field(f, b, text, &field, depth)) return false;
    }
    return !b->failed;
}

static Value format_text(Value text, Format *f) {
    StrBuilder b = STR_BUILDER;
    if (run(f, &b, text, 0, str_length(text), 2)) return builder_finish(&b);
    builder_discard(&b);
    return UNSET;
}

Value str_format_map_or_args(Value text, const Value *args, size_t count, Value kwargs) {
    Format f = {args, count, kwargs, NUMBERING_OPEN, 0};
    return format_text(text, &f);
}

STR_METHOD(format) {
    Format f = {args + 2, count > 2 ? count - 2 : 0, args[1], NUMBERING_OPEN, 0};
    return format_text(args[0], &f);
}

STR_METHOD(format_map) {
    Format f = {NULL, 0, args[1], NUMBERING_OPEN, 0};
    return format_text(args[0], &f);
}

Value str_format_value(Value v, int conversion, Value spec) {
    bool plain = is_unset(spec) || str_length(spec) == 0;
    if (conversion) {
        Value converted = convert(v, (uint32_t)conversion);
        if (is_unset(converted) || (plain && str_is_exact(converted))) return converted;
        Value made = str_format_value(converted, 0, spec);
        release(converted);
        return made;
    }
    if (plain) {
        if (str_is_exact(v)) return retain(v);
        if (is_small_int(v)) return str_from_int64(as_small_int(v));
        if (is_double(v)) return object_str(v);
    } else {
        if (is_small_int(v) || is_double(v)) return number_format(v, spec);
        if (str_is_exact(v)) return str_method___format__((Value[]){v, spec}, 2);
    }
    return object_format(v, spec);
}

/* What text cannot have in its specification. */
static bool check_text_spec(const FormatSpec *f) {
    if (f->sign) {
        if (f->sign == ' ') return complain("Space not allowed in string format specifier");
        return complain("Sign not allowed in string format specifier");
    }
    if (f->no_negative_zero) return complain("Negative zero coercion (z) not allowed in string format specifier");
    if (f->alternate) return complain("Alternate form (#) not allowed in string format specifier");
    if (f->align == '=') return complain("'=' alignment not allowed in string format specifier");
    return true;
}

STR_METHOD(__format__) {
    FormatSpec f;
    Value self = args[0];
    if (!str_is(args[1])) return raise_type_error("__format__() argument must be str, not %T", args[1]);
    if (str_length(args[1]) == 0) return str_is_exact(self) ? retain(self) : object_str(self);
    if (!format_spec_parse(args[1], type_of(self)->name, 's', '<', &f)) return UNSET;
    if (f.type != 's') return format_unknown_code(f.type, type_of(self)->name);
    if (!check_text_spec(&f)) return UNSET;
    size_t n = str_length(self);
    Value text =
        f.precision >= 0 && (uint64_t)f.precision < n ? str_slice(self, 0, n = (size_t)f.precision) : str_exact(self);
    if (is_unset(text) || f.width <= (int64_t)n) return text;
    size_t missing = (size_t)f.width - n, left = f.align == '>' ? missing : f.align == '^' ? missing / 2 : 0;
    Value made = str_pad(text, left, missing - left, f.fill);
    release(text);
    return made;
}
