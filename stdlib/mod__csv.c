/* _csv: reading and writing rows of comma-separated values. */
#include "stdlib/stdlib.h"

#include "runtime/types/str_units.h"

static Value error_class;

enum { QUOTE_MINIMAL, QUOTE_ALL, QUOTE_NONNUMERIC, QUOTE_NONE };

static bool fail(const char *format, ...) {
    va_list args;
    va_start(args, format);
    Value message = str_vformat(format, args);
    va_end(args);
    Value exception = is_set(message) && is_set(error_class) ? call1(error_class, message) : UNSET;
    release(message);
    if (is_set(exception)) raise_value(exception);
    return false;
}

#define NO_CHAR UINT32_MAX

typedef struct Dialect {
    uint32_t delimiter, quote, escape;
    bool double_quote, skip_space, strict;
    int quoting;
    int64_t limit;
} Dialect;

static uint32_t char_of(Value v) { return str_is(v) && str_length(v) == 1 ? str_at(as_str(v), 0) : NO_CHAR; }

/* (delimiter, quotechar, escapechar, doublequote, skipinitialspace, strict, quoting, limit): checked by the script
 * half. */
static void read_dialect(Value v, Dialect *d) {
    d->delimiter = char_of(tuple_at(v, 0));
    d->quote = char_of(tuple_at(v, 1));
    d->escape = char_of(tuple_at(v, 2));
    d->double_quote = object_truth(tuple_at(v, 3)) > 0;
    d->skip_space = object_truth(tuple_at(v, 4)) > 0;
    d->strict = object_truth(tuple_at(v, 5)) > 0;
    d->quoting = (int)as_small_int(tuple_at(v, 6));
    d->limit = as_small_int(tuple_at(v, 7));
}

typedef enum State {
    START_RECORD,
    START_FIELD,
    ESCAPED,
    IN_FIELD,
    IN_QUOTED,
    ESCAPED_QUOTED,
    QUOTE_IN_QUOTED,
    EAT_NEWLINE,
    AFTER_ESCAPED_NEWLINE
} State;

typedef struct Reader {
    Dialect d;
    State state;
    StrBuilder field;
    Value row;
    bool numeric, quoted_used;
} Reader;

static bool end_field(Reader *r) {
    Value text = builder_finish(&r->field);
    if (is_set(text) && r->numeric) {
        Value number = float_from_text(text);
        release(text);
        text = number;
    }
    r->numeric = false;
    return is_set(text) && list_append_steal(r->row, text);
}

static bool add_char(Reader *r, uint32_t c) {
    if ((int64_t)r->field.length >= r->d.limit)
        return fail("field larger than field limit (%lld)", (long long)r->d.limit);
    builder_char(&r->field, c);
    return true;
}

static bool is_end(uint32_t c) { return c == '\n' || c == '\r' || c == NO_CHAR; }

static bool feed_start(Reader *r, uint32_t c) {
    const Dialect *d = &r->d;
    if (is_end(c)) {
        r->state = c == NO_CHAR ? START_RECORD : EAT_NEWLINE;
        return end_field(r);
    }
    if (c == d->quote && d->quoting != QUOTE_NONE) r->state = IN_QUOTED;
    else if (c == d->escape) r->state = ESCAPED;
    else if (c == ' ' && d->skip_space) r->state = START_FIELD;
    else if (c == d->delimiter) return r->state = START_FIELD, end_field(r);
    else {
        if (d->quoting == QUOTE_NONNUMERIC) r->numeric = true;
        r->state = IN_FIELD;
        return add_char(r, c);
    }
    return true;
}

static bool feed_field(Reader *r, uint32_t c) {
    if (is_end(c)) {
        r->state = c == NO_CHAR ? START_RECORD : EAT_NEWLINE;
        return end_field(r);
    }
    if (c == r->d.escape) return r->state = ESCAPED, true;
    if (c == r->d.delimiter) return r->state = START_FIELD, end_field(r);
    return add_char(r, c);
}

static bool feed_quote_in_quoted(Reader *r, uint32_t c) {
    const Dialect *d = &r->d;
    if (d->quoting != QUOTE_NONE && c == d->quote) return r->state = IN_QUOTED, add_char(r, c);
    if (c == d->delimiter) return r->state = START_FIELD, end_field(r);
    if (is_end(c)) {
        r->state = c == NO_CHAR ? START_RECORD : EAT_NEWLINE;
        return end_field(r);
    }
    if (!d->strict) return r->state = IN_FIELD, add_char(r, c);
    return fail("'%c' expected after '%c'", (int)d->delimiter, (int)d->quote);
}

/* One character, NO_CHAR at the end of a line. */
static bool feed(Reader *r, uint32_t c) {
    const Dialect *d = &r->d;
    switch (r->state) {
    case START_RECORD:
        if (c == NO_CHAR) return true;
        if (c == '\n' || c == '\r') return r->state = EAT_NEWLINE, true;
        r->state = START_FIELD; /* fall through */
    case START_FIELD: return feed_start(r, c);
    case ESCAPED:
        if (c == '\n' || c == '\r') return r->state = AFTER_ESCAPED_NEWLINE, add_char(r, c);
        if (c == NO_CHAR) c = '\n';
        r->state = IN_FIELD;
        return add_char(r, c);
    case AFTER_ESCAPED_NEWLINE:
        if (c == NO_CHAR) return true;
        r->state = IN_FIELD; /* fall through */
    case IN_FIELD: return feed_field(r, c);
    case IN_QUOTED:
        if (c == NO_CHAR) return true;
        if (c == d->escape) return r->state = ESCAPED_QUOTED, true;
        if (c == d->quote && d->quoting != QUOTE_NONE)
            return r->state = d->double_quote ? QUOTE_IN_QUOTED : IN_FIELD, true;
        return add_char(r, c);
    case ESCAPED_QUOTED:
        if (c == NO_CHAR) c = '\n';
        r->state = IN_QUOTED;
        return add_char(r, c);
    case QUOTE_IN_QUOTED: return feed_quote_in_quoted(r, c);
    case EAT_NEWLINE:
        if (c == '\n' || c == '\r') return true;
        if (c == NO_CHAR) return r->state = START_RECORD, true;
        return fail(
            "new-line character seen in unquoted field - do you need to open the file in universal-newline mode?");
    }
    return true;
}

/* The length of an ASCII line without quotes and escapes, up to its end; 0: it is not such a line. */
static size_t plain_length(const Reader *r, const Str *s) {
    const Dialect *d = &r->d;
    size_t n = s->length;
    if (r->state != START_RECORD || !str_is_ascii(s) || d->delimiter > MAX_ASCII || d->escape != NO_CHAR) return 0;
    if (d->quoting == QUOTE_NONNUMERIC || d->skip_space || (int64_t)n > d->limit) return 0;
    if (n && s->data[n - 1] == '\n') n--;
    if (memchr(s->data, '\n', n) || memchr(s->data, '\r', n)) return 0;
    bool quotes = d->quoting != QUOTE_NONE && d->quote <= MAX_ASCII && memchr(s->data, (int)d->quote, n);
    return quotes ? 0 : n;
}

static bool split_plain(Reader *r, const unsigned char *from, size_t n) {
    for (const unsigned char *end = from + n, *stop; from <= end; from = stop + 1) {
        stop = memchr(from, (int)r->d.delimiter, (size_t)(end - from));
        if (!stop) stop = end;
        Value field = str_from_ascii(from, (size_t)(stop - from));
        if (is_unset(field) || !list_append_steal(r->row, field)) return false;
    }
    return true;
}

static bool feed_line(Reader *r, Value line) {
    if (!str_is(line))
        return fail("iterator should return strings, not %T (the file should be opened in text mode)", line);
    Str *s = as_str(line);
    size_t plain = plain_length(r, s);
    if (plain) return split_plain(r, s->data, plain);
    for (size_t i = 0; i < s->length; i++) {
        uint32_t c = str_at(s, i);
        if (!feed(r, c)) return false;
    }
    return feed(r, NO_CHAR);
}

/* read_row(iterator, dialect): (row, lines used), or None at the end. */
static Value read_row(const Value *args, size_t count) {
    Reader r = {.field = STR_BUILDER, .row = list_new(0)};
    int64_t lines = 0;
    bool fine = is_set(r.row);
    read_dialect(args[1], &r.d);
    do {
        Value line = fine ? iterator_next(args[0]) : UNSET;
        if (is_unset(line)) {
            if (!fine || error_pending()) fine = false;
            else if (r.field.length || r.state == IN_QUOTED) {
                if (r.d.strict) fine = fail("unexpected end of data");
                else fine = end_field(&r);
                if (fine) break;
            } else {
                release(r.row);
                return NONE;
            }
            break;
        }
        lines++;
        fine = feed_line(&r, line);
        release(line);
    } while (fine && r.state != START_RECORD);
    builder_discard(&r.field);
    if (!fine) return release(r.row), UNSET;
    Value parts[2] = {r.row, int_from_int64(lines)};
    return tuple_steal(parts, 2);
}

/* Writing. */
static bool is_special(const Dialect *d, uint32_t c, Value terminator) {
    if (c == d->delimiter || c == d->escape || c == d->quote) return true;
    for (size_t k = 0; k < str_length(terminator); k++)
        if (c == str_at(as_str(terminator), k)) return true;
    return false;
}

/* Quotes and escapes that will be escaped need no quotes around the field. */
static bool needs_quotes(const Dialect *d, Str *s, Value terminator) {
    for (size_t i = 0; i < s->length; i++) {
        uint32_t c = str_at(s, i);
        bool escaped = c == d->quote ? !d->double_quote : c == d->escape;
        if (!escaped && is_special(d, c, terminator)) return true;
    }
    return false;
}

static bool write_field(StrBuilder *b, const Dialect *d, Value text, bool quoted, Value terminator) {
    Str *s = as_str(text);
    if (quoted) builder_char(b, d->quote);
    for (size_t i = 0; i < s->length; i++) {
        uint32_t c = str_at(s, i);
        bool escape = false;
        if (is_special(d, c, terminator)) {
            if (d->quoting == QUOTE_NONE) escape = true;
            else if (c == d->quote && d->double_quote) builder_char(b, c);
            else if (c == d->quote || c == d->escape) escape = true;
        }
        if (escape && d->escape == NO_CHAR) return fail("need to escape, but no escapechar set");
        if (escape) builder_char(b, d->escape);
        builder_char(b, c);
    }
    if (quoted) builder_char(b, d->quote);
    return true;
}

static bool is_number(Value v) { return int_is(v) || float_is(v) || complex_is(v) || type_of(v)->to_float; }

static bool write_value(StrBuilder *b, const Dialect *d, Value v, Value terminator, bool alone) {
    Value text = is_none(v) ? names.empty : str_is(v) ? retain(v) : object_str(v);
    if (is_unset(text)) return false;
    bool quoted = d->quoting == QUOTE_ALL || (d->quoting == QUOTE_NONNUMERIC && !is_number(v));
    if (d->quoting != QUOTE_NONE && !quoted)
        quoted = needs_quotes(d, as_str(text), terminator) || (alone && str_length(text) == 0);
    bool fine = true;
    if (alone && str_length(text) == 0 && d->quoting == QUOTE_NONE)
        fine = fail("single empty field record must be quoted");
    fine = fine && write_field(b, d, text, quoted, terminator);
    release(text);
    return fine;
}

/* format_row(row, dialect, terminator): the line. */
static Value format_row(const Value *args, size_t count) {
    Dialect d;
    read_dialect(args[1], &d);
    Value row = object_iterate(args[0]);
    if (is_unset(row)) {
        if (error_absorb(&TypeError_type)) fail("iterable expected, not %T", args[0]);
        return UNSET;
    }
    Value list = list_from_iterable(row);
    release(row);
    if (is_unset(list)) return UNSET;
    StrBuilder b = STR_BUILDER;
    size_t n = as_list(list)->length;
    bool fine = true;
    for (size_t i = 0; fine && i < n; i++) {
        if (i) builder_char(&b, d.delimiter);
        fine = write_value(&b, &d, as_list(list)->items[i], args[2], n == 1);
    }
    release(list);
    builder_str(&b, args[2]);
    if (fine) return builder_finish(&b);
    builder_discard(&b);
    return UNSET;
}

static Value set_error(const Value *args, size_t count) {
    replace(&error_class, retain(args[0]));
    root_add(&error_class);
    return NONE;
}

static const NativeDef functions[] = {
    FUNCTION("read_row", "iterator, dialect, /", read_row, NULL),
    FUNCTION("format_row", "row, dialect, terminator, /", format_row, NULL),
    FUNCTION("set_error", "error, /", set_error, NULL),
    NATIVE_END,
};

const ModuleDef mod__csv = {"_csv", "Comma-separated values: the half in C.", functions, NULL, NULL};
