/* From Python's regular expressions to PCRE2's: checks what Python checks, with its messages and positions.
 *
 * The parser writes the translation while it reads.  Every item is written as one PCRE2 item, so that a quantifier
 * behind it can simply follow.  Groups are numbered, names stay here.
 */
#include "stdlib/re.h"

#include "runtime/types/str_units.h"
#include "runtime/types/unicode.h"

#include <stdarg.h>
#include <stdio.h>

#define MAX_WIDTH (UINT64_C(1) << 40)
#define END       UINT32_MAX

/* How many characters an item can take. */
typedef struct Width {
    uint64_t low, high;
} Width;

typedef struct Group {
    Width width;
    bool open, in_lookbehind;
} Group;

typedef struct Parser {
    Value pattern;
    const void *data;
    unsigned width;
    size_t length, at;     /* at: the next character */
    bool is_bytes;
    uint32_t max;          /* largest code point of the subjects */
    ReText *out;
    Group *groups;
    size_t group_capacity;
    uint32_t closed;       /* groups closed so far */
    int lookbehind, lookaround; /* nesting */
    bool bad_lookbehind;
    int64_t forward_reference, forward_position; /* (?(n)...) to a group that is not there yet */
} Parser;

/* How the part being parsed reads: verbose spaces, ASCII classes, caseless. */
typedef struct Mode {
    bool verbose, ascii, caseless;
} Mode;

typedef enum Item { ITEM_NONE, ITEM_ANCHOR, ITEM_REPEAT, ITEM_OTHER } Item;

Value re_error_class, re_flag_class;

Value re_raise(Value pattern, int64_t position, const char *format, ...) {
    va_list args;
    va_start(args, format);
    Value parts[3] = {str_vformat(format, args), pattern, position < 0 ? NONE : int_from_int64(position)};
    va_end(args);
    if (is_unset(parts[0])) return UNSET;
    Value exception = is_set(re_error_class) ? call(re_error_class, parts, 3, UNSET) : UNSET;
    release(parts[0]);
    if (is_set(exception)) raise_value(exception);
    return UNSET;
}
#define FAIL(p, position, ...) (re_raise((p)->pattern, (int64_t)(position), __VA_ARGS__), false)

/* Writing. */
static bool emit(Parser *p, uint32_t c) {
    ReText *o = p->out;
    if (o->length == o->capacity) {
        size_t capacity = o->capacity * 2 + 64;
        uint32_t *units = raw_reallocate(o->units, capacity * sizeof *units);
        if (!units) return raise_memory_error(), false;
        o->units = units;
        o->capacity = capacity;
    }
    o->units[o->length++] = c;
    return true;
}

static bool emit_text(Parser *p, const char *text) {
    for (; *text; text++)
        if (!emit(p, (unsigned char)*text)) return false;
    return true;
}

static bool emit_number(Parser *p, uint64_t n) {
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)n);
    return emit_text(p, text);
}

static bool is_word(uint32_t c) { return c == '_' || c - '0' < 10 || (c | 32) - 'a' < 26; }

/* A character that stands for itself, inside and outside of classes. */
static bool emit_char(Parser *p, uint32_t c) {
    if (c >= 128 || is_word(c)) return emit(p, c);
    if (c >= 32 && c != 127) return emit(p, '\\') && emit(p, c);
    char text[16];
    snprintf(text, sizeof text, "\\x{%x}", (unsigned)c);
    return emit_text(p, text);
}

static bool emit_literal(Parser *p, Mode mode, uint32_t c) {
    if (c > p->max && mode.caseless) {
        uint32_t lower = unicode_lower_simple(c), upper = unicode_upper_simple(c);
        c = lower <= p->max ? lower : upper;
    }
    if (c > p->max) return emit_text(p, "(?!)");
    bool dotted =
        mode.caseless && !mode.ascii && p->max > MAX_LATIN1 && (c == 'i' || c == 'I' || c == 0x130 || c == 0x131);
    return dotted ? emit_text(p, "[i\\x{130}\\x{131}]")
                  : emit_char(p, c); /* the i's with and without dot are one letter */
}

/* Reading. */
static uint32_t char_at(const Parser *p, size_t i) { return i < p->length ? unit_at(p->data, p->width, i) : END; }
static uint32_t peek(const Parser *p) { return char_at(p, p->at); }
static bool accept(Parser *p, uint32_t c) { return peek(p) == c ? (p->at++, true) : false; }
static bool is_digit(uint32_t c) { return c - '0' < 10; }
static bool is_octal(uint32_t c) { return c - '0' < 8; }
static bool is_letter(uint32_t c) { return (c | 32) - 'a' < 26; }
static int hex_digit(uint32_t c) {
    return is_digit(c) ? (int)(c - '0') : (c | 32) - 'a' < 6 ? (int)((c | 32) - 'a') + 10 : -1;
}

static Value slice(const Parser *p, size_t start, size_t stop) {
    if (!p->is_bytes) return str_slice(p->pattern, start, stop);
    return str_from_latin1((const unsigned char *)p->data + start, stop - start);
}

/* "bad escape \q" and the like: shows pattern[start, at). */
static bool fail_showing(Parser *p, size_t position, const char *message, size_t start, size_t stop) {
    Value shown = slice(p, start, stop);
    if (is_set(shown)) re_raise(p->pattern, (int64_t)position, "%s%U", message, shown);
    release(shown);
    return false;
}

/* A backslash needs a character behind it. */
static bool check_backslash(Parser *p) {
    return p->at + 1 < p->length || FAIL(p, p->length - 1, "bad escape (end of pattern)");
}

/* \x, \u, \U behind the letter: exactly `digits` of them. */
static bool read_hex(Parser *p, size_t start, int digits, uint32_t *c) {
    uint64_t n = 0;
    int i = 0;
    for (; i < digits && p->at < p->length && hex_digit(peek(p)) >= 0; i++)
        n = n << 4 | (uint64_t)hex_digit(char_at(p, p->at++));
    if (i < digits) return fail_showing(p, start, "incomplete escape ", start, p->at);
    if (n > 0x10FFFF) return fail_showing(p, start, "bad escape ", start, p->at);
    *c = (uint32_t)n;
    return true;
}

static bool read_octal(Parser *p, size_t start, uint32_t *c) {
    uint32_t n = 0;
    for (int i = 0; i < 3 && is_octal(peek(p)); i++) n = n * 8 + (char_at(p, p->at++) - '0');
    *c = n;
    if (n <= 0377) return true;
    Value shown = slice(p, start, p->at);
    if (is_set(shown)) re_raise(p->pattern, (int64_t)start, "octal escape value %U outside of range 0-0o377", shown);
    release(shown);
    return false;
}

/* \N{name}: names of characters are not known here. */
static bool read_named_char(Parser *p, size_t start) {
    size_t from = ++p->at;
    while (peek(p) != END && peek(p) != '}') p->at++;
    if (peek(p) == END) return FAIL(p, from, from == p->at ? "missing character name" : "missing }, unterminated name");
    if (from == p->at) return FAIL(p, from, "missing character name");
    Value name = slice(p, from, p->at++);
    if (is_set(name)) re_raise(p->pattern, (int64_t)start, "undefined character name %R", name);
    release(name);
    return false;
}

static bool simple_escape(uint32_t c, uint32_t *value) {
    static const char letters[] = "abfnrtv\\", values[] = "\a\b\f\n\r\t\v\\";
    const char *at = c && c < 128 ? strchr(letters, (int)c) : NULL;
    if (at) *value = (unsigned char)values[at - letters];
    return at != NULL;
}

/* The character that an escape stands for, in and outside of classes; p->at is behind the letter. */
static bool read_escape(Parser *p, size_t start, uint32_t letter, uint32_t *c) {
    if (letter == 'x') return read_hex(p, start, 2, c);
    if (letter == 'u' && !p->is_bytes) return read_hex(p, start, 4, c);
    if (letter == 'U' && !p->is_bytes) return read_hex(p, start, 8, c);
    if (letter == 'N' && !p->is_bytes && peek(p) == '{') return read_named_char(p, start);
    if (is_letter(letter) || is_digit(letter)) return fail_showing(p, start, "bad escape ", start, p->at);
    *c = letter;
    return true;
}

/* Classes of characters. */
static const uint32_t spaces[][2] = {{9, 13}, {28, 32}, {0x85, 0x85}, {0xA0, 0xA0}, {0x1680, 0x1680}, {0x2000, 0x200A},
                                     {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}};
#define SPACES (sizeof spaces / sizeof spaces[0])

/* lo-hi inside [], as far as the subjects go.  *empty: nothing was written so far. */
static bool emit_range(Parser *p, uint32_t low, uint32_t high, bool *empty) {
    if (low > p->max) return true;
    *empty = false;
    if (high > p->max) high = p->max;
    if (!emit_char(p, low)) return false;
    return low == high || (emit(p, '-') && emit_char(p, high));
}

static bool emit_spaces(Parser *p, bool negated, bool *empty) {
    uint32_t next = 0;
    for (size_t i = 0; i < SPACES; i++) {
        if (!negated && !emit_range(p, spaces[i][0], spaces[i][1], empty)) return false;
        if (negated && !emit_range(p, next, spaces[i][0] - 1, empty)) return false;
        next = spaces[i][1] + 1;
    }
    return !negated || emit_range(p, next, MAX_UNICODE, empty);
}

/* \d \D \s \S \w \W inside []. */
static bool emit_class_inside(Parser *p, Mode mode, uint32_t letter, bool *empty) {
    bool global_ascii = p->is_bytes || (p->out->flags & RE_ASCII);
    if ((letter | 32) == 's' && !mode.ascii) return emit_spaces(p, letter == 'S', empty);
    *empty = false;
    if (mode.ascii == global_ascii || letter == 's' || letter == 'S') return emit(p, '\\') && emit(p, letter);
    switch (letter) {
    case 'd': return emit_text(p, "0-9");
    case 'w': return emit_text(p, "0-9A-Z_a-z");
    case 'D': return emit_range(p, 0, '0' - 1, empty) && emit_range(p, '9' + 1, MAX_UNICODE, empty);
    default:
        return emit_range(p, 0, '0' - 1, empty) && emit_range(p, '9' + 1, 'A' - 1, empty) &&
               emit_range(p, 'Z' + 1, '_' - 1, empty) && emit_range(p, '`', '`', empty) &&
               emit_range(p, 'z' + 1, MAX_UNICODE, empty);
    }
}

static bool emit_class(Parser *p, Mode mode, uint32_t letter) {
    bool empty = true, global_ascii = p->is_bytes || (p->out->flags & RE_ASCII);
    if (((letter | 32) != 's' || mode.ascii) && mode.ascii == global_ascii) return emit(p, '\\') && emit(p, letter);
    return emit(p, '[') && emit_class_inside(p, mode, letter, &empty) && emit(p, ']');
}

/* One end of a range, or a class: *letter is set for a class. */
static bool read_set_item(Parser *p, uint32_t *c, uint32_t *letter) {
    size_t start = p->at;
    *letter = 0;
    *c = char_at(p, p->at);
    if (*c != '\\') return p->at++, true;
    if (!check_backslash(p)) return false;
    uint32_t escaped = char_at(p, p->at + 1);
    p->at += 2;
    if (escaped < 128 && escaped && strchr("dDsSwW", (int)escaped)) return *letter = escaped, true;
    if (simple_escape(escaped, c)) return true;
    if (is_octal(escaped)) return p->at--, read_octal(p, start, c);
    return read_escape(p, start, escaped, c);
}

static bool bad_range(Parser *p, size_t start) {
    return fail_showing(p, start, "bad character range ", start, p->at);
}

static bool parse_set_items(Parser *p, Mode mode, size_t here, bool *empty) {
    for (bool first = true;; first = false) {
        size_t start = p->at;
        uint32_t c, letter, high, high_letter;
        if (peek(p) == END) return FAIL(p, here, "unterminated character set");
        if (peek(p) == ']' && !first) return p->at++, true;
        if (!read_set_item(p, &c, &letter)) return false;
        if (accept(p, '-')) {
            if (peek(p) == END) return FAIL(p, here, "unterminated character set");
            if (peek(p) == ']') {
                p->at++;
                if (letter ? !emit_class_inside(p, mode, letter, empty) : !emit_range(p, c, c, empty)) return false;
                return emit_range(p, '-', '-', empty);
            }
            if (!read_set_item(p, &high, &high_letter)) return false;
            if (letter || high_letter || high < c) return bad_range(p, start);
            if (!emit_range(p, c, high, empty)) return false;
        } else if (letter ? !emit_class_inside(p, mode, letter, empty) : !emit_range(p, c, c, empty)) return false;
    }
}

static bool parse_set(Parser *p, Mode mode) {
    size_t here = p->at - 1, mark = p->out->length;
    bool negated = accept(p, '^'), empty = true;
    if (!emit_text(p, negated ? "[^" : "[") || !parse_set_items(p, mode, here, &empty)) return false;
    if (!empty) return emit(p, ']');
    p->out->length = mark; /* the subjects have none of them */
    return emit_text(p, negated ? "(?s:.)" : "(?!)");
}

/* Groups. */
static bool check_reference(Parser *p, uint32_t group, size_t position) {
    if (p->groups[group].open) return FAIL(p, position, "cannot refer to an open group");
    if (p->lookbehind && p->groups[group].in_lookbehind)
        return FAIL(p, p->at, "cannot refer to group defined in the same lookbehind subpattern");
    return true;
}

static bool emit_reference(Parser *p, uint32_t group, Width *width) {
    *width = p->groups[group].width;
    return emit_text(p, "\\g{") && emit_number(p, group) && emit(p, '}');
}

static bool parse_reference(Parser *p, size_t start, Width *width, bool *is_char, uint32_t *c) {
    *is_char = false;
    if (is_digit(peek(p))) {
        uint32_t second = peek(p);
        p->at++;
        if (is_octal(char_at(p, start + 1)) && is_octal(second) && is_octal(peek(p))) {
            p->at = start + 1;
            *is_char = true;
            return read_octal(p, start, c);
        }
    }
    uint32_t group = 0;
    for (size_t i = start + 1; i < p->at; i++) group = group * 10 + (char_at(p, i) - '0');
    if (group > p->out->groups) return FAIL(p, start + 1, "invalid group reference %u", group);
    return check_reference(p, group, start) && emit_reference(p, group, width);
}

/* An escape outside of classes. */
static bool parse_escape(Parser *p, Mode mode, Item *item, Width *width) {
    size_t start = p->at;
    if (!check_backslash(p)) return false;
    uint32_t letter = char_at(p, start + 1), c;
    p->at += 2;
    *item = ITEM_OTHER;
    *width = (Width){1, 1};
    if (letter < 128 && letter && strchr("AbBZ", (int)letter)) {
        *item = ITEM_ANCHOR;
        *width = (Width){0, 0};
        return emit_text(p, letter == 'A'   ? "\\A"
                            : letter == 'b' ? "\\b"
                            : letter == 'B' ? "(?:(?!\\A\\z)\\B)"
                                            : "\\z");
    }
    if (letter < 128 && letter && strchr("dDsSwW", (int)letter)) return emit_class(p, mode, letter);
    if (simple_escape(letter, &c)) return emit_literal(p, mode, c);
    if (letter == '0') {
        p->at--;
        return read_octal(p, start, &c) && emit_literal(p, mode, c);
    }
    if (is_digit(letter)) {
        bool is_char;
        return parse_reference(p, start, width, &is_char, &c) && (!is_char || emit_literal(p, mode, c));
    }
    return read_escape(p, start, letter, &c) && emit_literal(p, mode, c);
}

static bool parse_alternatives(Parser *p, Mode mode, int depth, Width *width);

/* Text up to a terminator: a group name.  [*start, *stop) */
static bool read_until(Parser *p, uint32_t terminator, size_t *start, size_t *stop) {
    *start = p->at;
    while (peek(p) != END && peek(p) != terminator) p->at++;
    *stop = p->at;
    if (peek(p) == END) {
        if (*start == *stop) return FAIL(p, p->at, "missing group name");
        return FAIL(p, *start, "missing %c, unterminated name", (int)terminator);
    }
    p->at++;
    return *start < *stop || FAIL(p, *start, "missing group name");
}

static bool bad_name(Parser *p, Value name, size_t position, const char *message) {
    return FAIL(p, position, "%s %R", message, name);
}

/* An existing group's number by name; 0: failed. */
static uint32_t named_group(Parser *p, Value name, size_t position) {
    Value known = dict_get_str(p->out->names, name);
    if (is_set(known)) return (uint32_t)as_small_int(known);
    bad_name(p, name, position, "unknown group name");
    return 0;
}

static bool open_group(Parser *p, uint32_t *number) {
    ReText *o = p->out;
    *number = ++o->groups;
    if (o->groups + 1 > p->group_capacity) {
        size_t capacity = p->group_capacity * 2 + 16;
        Group *groups = raw_reallocate(p->groups, capacity * sizeof *groups);
        if (!groups) return raise_memory_error(), false;
        p->groups = groups;
        uint32_t *closing = raw_reallocate(o->closing, capacity * sizeof *closing);
        if (!closing) return raise_memory_error(), false;
        o->closing = closing;
        p->group_capacity = capacity;
    }
    p->groups[*number] = (Group){{0, 0}, true, p->lookbehind > 0};
    o->closing[*number] = 0;
    if (p->lookaround) o->looks_around = true;
    return true;
}

static bool name_group(Parser *p, size_t start, size_t stop) {
    Value name = slice(p, start, stop);
    if (is_unset(name)) return false;
    name = str_intern(name);
    Value known = dict_get_str(p->out->names, name);
    bool fine = false;
    if (!str_is_identifier(name)) bad_name(p, name, start, "bad character in group name");
    else if (is_set(known))
        (void)FAIL(p, start, "redefinition of group name %R as group %u; was group %d", name, p->out->groups + 1,
                   (int)as_small_int(known));
    else fine = dict_set(p->out->names, name, from_small_int(p->out->groups + 1));
    release(name);
    return fine;
}

static bool expect_close(Parser *p, size_t start) {
    return accept(p, ')') || FAIL(p, start, "missing ), unterminated subpattern");
}

static bool parse_capture(Parser *p, Mode mode, int depth, size_t start, Width *width) {
    uint32_t group;
    if (!open_group(p, &group) || !emit(p, '(') || !parse_alternatives(p, mode, depth + 1, width) ||
        !expect_close(p, start))
        return false;
    p->groups[group].open = false;
    p->groups[group].width = *width;
    p->out->closing[group] = ++p->closed;
    return emit(p, ')');
}

static bool parse_look(Parser *p, Mode mode, int depth, size_t start, bool behind, uint32_t sign, Width *width) {
    Width inner;
    p->lookaround++;
    p->lookbehind += behind;
    if (!emit_text(p, behind ? "(?<" : "(?") || !emit(p, sign) || !parse_alternatives(p, mode, depth + 1, &inner))
        return false;
    p->lookbehind -= behind;
    p->lookaround--;
    if (!expect_close(p, start)) return false;
    if (behind && inner.low != inner.high) p->bad_lookbehind = true;
    *width = (Width){0, 0};
    return emit(p, ')');
}

static bool parse_named(Parser *p, Mode mode, int depth, size_t open, Width *width) { /* behind (?P */
    size_t start, stop;
    if (accept(p, '<')) {
        if (!read_until(p, '>', &start, &stop) || !name_group(p, start, stop)) return false;
        return parse_capture(p, mode, depth, open, width);
    }
    if (accept(p, '=')) {
        if (!read_until(p, ')', &start, &stop)) return false;
        Value name = slice(p, start, stop);
        if (is_unset(name)) return false;
        uint32_t group = str_is_identifier(name) ? named_group(p, name, start)
                                                 : (bad_name(p, name, start, "bad character in group name"), 0);
        release(name);
        return group && check_reference(p, group, start) && emit_reference(p, group, width);
    }
    if (peek(p) == END) return FAIL(p, p->at, "unexpected end of pattern");
    p->at++;
    return fail_showing(p, open + 1, "unknown extension ", open + 1, p->at);
}

/* The group of a condition; 0: failed. */
static uint32_t condition_group(Parser *p) {
    size_t start, stop;
    uint64_t number = 0;
    if (!read_until(p, ')', &start, &stop)) return 0;
    Value name = slice(p, start, stop);
    if (is_unset(name)) return 0;
    if (str_is_identifier(name)) number = named_group(p, name, start);
    else {
        size_t i = start;
        for (; i < stop && is_digit(char_at(p, i)) && number < 1000000; i++)
            number = number * 10 + (char_at(p, i) - '0');
        if (i < stop) number = (bad_name(p, name, start, "bad character in group name"), 0);
        else if (!number) (void)FAIL(p, start, "bad group number");
    }
    release(name);
    if (number > p->out->groups && p->forward_reference < (int64_t)number)
        p->forward_reference = (int64_t)number, p->forward_position = (int64_t)start;
    return (uint32_t)number;
}

static bool parse_sequence(Parser *p, Mode *mode, int depth, bool first, Width *width);

static bool parse_condition(Parser *p, Mode mode, int depth, size_t start, Width *width) {
    Width yes, no = {0, 0};
    uint32_t group = condition_group(p);
    if (!group || !emit_text(p, "(?(") || !emit_number(p, group) || !emit(p, ')')) return false;
    if (group <= p->out->groups && p->lookbehind && !check_reference(p, group, p->at)) return false;
    if (!parse_sequence(p, &mode, depth + 1, false, &yes)) return false;
    if (accept(p, '|')) {
        if (!emit(p, '|') || !parse_sequence(p, &mode, depth + 1, false, &no)) return false;
        if (peek(p) == '|') return FAIL(p, p->at, "conditional backref with more than two branches");
    }
    if (!expect_close(p, start)) return false;
    *width = (Width){yes.low < no.low ? yes.low : no.low, yes.high > no.high ? yes.high : no.high};
    return emit(p, ')');
}

/* Flags inside a group. */
static int flag_of(uint32_t c) {
    switch (c) {
    case 'i': return RE_IGNORECASE;
    case 'L': return RE_LOCALE;
    case 'm': return RE_MULTILINE;
    case 's': return RE_DOTALL;
    case 'x': return RE_VERBOSE;
    case 'a': return RE_ASCII;
    case 't': return RE_TEMPLATE;
    case 'u': return RE_UNICODE;
    default: return 0;
    }
}
enum { TYPE_FLAGS = RE_ASCII | RE_LOCALE | RE_UNICODE };

/* The next flag letter: an error when there is none.  `missing` says what else might have come. */
static bool next_flag(Parser *p, uint32_t *c, const char *missing, const char *ends) {
    *c = peek(p);
    if (*c == END) return FAIL(p, p->at, "%s", missing);
    p->at++;
    if (flag_of(*c) || (*c < 128 && strchr(ends, (int)*c))) return true;
    bool letter = unicode_is(*c, UNICODE_ALPHA);
    return FAIL(p, p->at - 1, "%s", letter ? "unknown flag" : missing);
}

static bool read_flags(Parser *p, uint32_t c, int *add, int *drop, bool *global) {
    *add = *drop = 0;
    while (c != '-' && c != ':' && c != ')') {
        if (c == 'L' && !p->is_bytes) return FAIL(p, p->at, "bad inline flags: cannot use 'L' flag with a str pattern");
        if (c == 'u' && p->is_bytes)
            return FAIL(p, p->at, "bad inline flags: cannot use 'u' flag with a bytes pattern");
        *add |= flag_of(c);
        if ((flag_of(c) & TYPE_FLAGS) && (*add & TYPE_FLAGS) != flag_of(c))
            return FAIL(p, p->at, "bad inline flags: flags 'a', 'u' and 'L' are incompatible");
        if (!next_flag(p, &c, "missing -, : or )", "-:)")) return false;
    }
    *global = c == ')';
    if (c != '-') return true;
    if (!next_flag(p, &c, "missing flag", "")) return false;
    while (c != ':') {
        if (flag_of(c) & TYPE_FLAGS) return FAIL(p, p->at, "bad inline flags: cannot turn off flags 'a', 'u' and 'L'");
        *drop |= flag_of(c);
        if (!next_flag(p, &c, "missing :", ":")) return false;
    }
    return !(*add & *drop) || FAIL(p, p->at - 1, "bad inline flags: flag turned on and off");
}

static bool emit_flags(Parser *p, int flags) {
    return (!(flags & RE_IGNORECASE) || emit(p, 'i')) && (!(flags & RE_MULTILINE) || emit(p, 'm')) &&
           (!(flags & RE_DOTALL) || emit(p, 's'));
}

static bool parse_inner(Parser *p, Mode mode, int depth, size_t start, Width *width) {
    return parse_alternatives(p, mode, depth + 1, width) && expect_close(p, start) && emit(p, ')');
}

/* (?flags:...) or (?flags) at the start; *item stays ITEM_NONE for the latter. */
static bool parse_flags(Parser *p, Mode *mode, int depth, size_t start, bool at_start, uint32_t c, Item *item,
                        Width *width) {
    int add, drop;
    bool global;
    if (!read_flags(p, c, &add, &drop, &global)) return false;
    if (global) {
        if (!at_start) return FAIL(p, start, "global flags not at the start of the expression");
        p->out->flags |= add;
        mode->verbose = (p->out->flags & RE_VERBOSE) != 0;
        mode->ascii |= (add & RE_ASCII) != 0;
        mode->caseless |= (add & RE_IGNORECASE) != 0;
        return true;
    }
    Mode inner = *mode;
    inner.verbose = (inner.verbose || (add & RE_VERBOSE)) && !(drop & RE_VERBOSE);
    inner.caseless = (inner.caseless || (add & RE_IGNORECASE)) && !(drop & RE_IGNORECASE);
    if (add & TYPE_FLAGS) inner.ascii = p->is_bytes || (add & RE_ASCII);
    *item = ITEM_OTHER;
    if (!emit_text(p, "(?") || !emit_flags(p, add) || (drop && !emit(p, '-')) || !emit_flags(p, drop) || !emit(p, ':'))
        return false;
    return parse_inner(p, inner, depth, start, width);
}

static bool skip_comment(Parser *p, size_t start) {
    while (peek(p) != END)
        if (char_at(p, p->at++) == ')') return true;
    return FAIL(p, start, "missing ), unterminated comment");
}

static bool parse_group(Parser *p, Mode *mode, int depth, bool at_start, Item *item, Width *width) {
    size_t start = p->at - 1;
    *item = ITEM_OTHER;
    if (!accept(p, '?')) return parse_capture(p, *mode, depth, start, width);
    uint32_t c = peek(p);
    if (c == END) return FAIL(p, p->at, "unexpected end of pattern");
    p->at++;
    switch (c) {
    case 'P': return parse_named(p, *mode, depth, start, width);
    case ':': return emit_text(p, "(?:") && parse_inner(p, *mode, depth, start, width);
    case '>': return emit_text(p, "(?>") && parse_inner(p, *mode, depth, start, width);
    case '#': return *item = ITEM_NONE, skip_comment(p, start);
    case '(': return parse_condition(p, *mode, depth, start, width);
    case '=': case '!': return parse_look(p, *mode, depth, start, false, c, width);
    case '<':
        c = peek(p);
        if (c == END) return FAIL(p, p->at, "unexpected end of pattern");
        p->at++;
        if (c != '=' && c != '!') return fail_showing(p, start + 1, "unknown extension ", start + 1, p->at);
        return parse_look(p, *mode, depth, start, true, c, width);
    }
    if (flag_of(c) || c == '-') {
        *item = ITEM_NONE;
        return parse_flags(p, mode, depth, start, at_start, c, item, width);
    }
    return fail_showing(p, start + 1, "unknown extension ", start + 1, p->at);
}

/* Quantifiers. */
typedef struct Repeat {
    uint64_t low, high;
    bool is_literal; /* a brace that starts no quantifier */
} Repeat;

static bool read_count(Parser *p, uint64_t *n, bool *given) {
    for (*given = false; is_digit(peek(p)); p->at++) {
        if (!*given) *n = 0;
        *given = true;
        *n = *n * 10 + (peek(p) - '0');
        if (*n >= UINT32_MAX) return raise_overflow_error("the repetition number is too large"), false;
    }
    return true;
}

static bool read_braces(Parser *p, Repeat *r) {
    size_t here = p->at;
    bool low_given, high_given;
    *r = (Repeat){0, MAX_WIDTH, false};
    if (peek(p) == '}') return r->is_literal = true;
    if (!read_count(p, &r->low, &low_given)) return false;
    if (accept(p, ',')) {
        if (!read_count(p, &r->high, &high_given)) return false;
    } else if (low_given) r->high = r->low;
    if (!accept(p, '}')) {
        p->at = here;
        return r->is_literal = true;
    }
    return r->high >= r->low || FAIL(p, here, "min repeat greater than max repeat");
}

static bool emit_repeat(Parser *p, const Repeat *r) {
    if (r->high >= MAX_WIDTH && r->low <= 1) return emit(p, r->low ? '+' : '*');
    if (r->low == 0 && r->high == 1) return emit(p, '?');
    if (r->low > 65535) return raise_overflow_error("the repetition number is too large"), false;
    if (!emit(p, '{') || !emit_number(p, r->low)) return false;
    if (r->high != r->low && !emit(p, ',')) return false;
    if (r->high != r->low && r->high <= 65535 && !emit_number(p, r->high)) return false;
    return emit(p, '}');
}

static uint64_t times(uint64_t a, uint64_t b) { return a && b > MAX_WIDTH / a ? MAX_WIDTH : a * b; }

/* A quantifier for the item before it; *width is that item's. */
static bool parse_repeat(Parser *p, uint32_t c, Item item, Repeat *r, Width *width) {
    size_t here = p->at - 1;
    if (c != '{') *r = (Repeat){c == '+', c == '?' ? 1 : MAX_WIDTH, false};
    else if (!read_braces(p, r) || r->is_literal) return r->is_literal;
    if (item == ITEM_NONE || item == ITEM_ANCHOR) return FAIL(p, here, "nothing to repeat");
    if (item == ITEM_REPEAT) return FAIL(p, here, "multiple repeat");
    if (!emit_repeat(p, r)) return false;
    if (accept(p, '?') ? !emit(p, '?') : accept(p, '+') ? !emit(p, '+') : false) return false;
    *width = (Width){times(width->low, r->low), times(width->high, r->high)};
    return true;
}

static void add_width(Width *total, Width item) {
    total->low = total->low + item.low > MAX_WIDTH ? MAX_WIDTH : total->low + item.low;
    total->high = total->high + item.high > MAX_WIDTH ? MAX_WIDTH : total->high + item.high;
}

static bool skip_verbose(Parser *p, uint32_t c) {
    if (c == '#') {
        while (peek(p) != END && char_at(p, p->at++) != '\n') continue;
        return true;
    }
    return c == ' ' || (c >= 9 && c <= 13);
}

/* One item that is no quantifier. */
static bool parse_item(Parser *p, Mode *mode, int depth, bool at_start, uint32_t c, Item *item, Width *width) {
    *item = ITEM_OTHER;
    *width = (Width){1, 1};
    switch (c) {
    case '\\': return p->at--, parse_escape(p, *mode, item, width);
    case '[': return parse_set(p, *mode);
    case '.': return emit(p, '.');
    case '(': return *width = (Width){0, 0}, parse_group(p, mode, depth, at_start, item, width);
    case '^': case '$':
        *item = ITEM_ANCHOR;
        *width = (Width){0, 0};
        return emit(p, c);
    default: return emit_literal(p, *mode, c);
    }
}

/* Items up to | or ) or the end. */
static bool parse_sequence(Parser *p, Mode *mode, int depth, bool first, Width *width) {
    Item last = ITEM_NONE;
    Width total = {0, 0}, previous = {0, 0};
    for (uint32_t c; (c = peek(p)) != END && c != '|' && c != ')';) {
        if (c != '\\') p->at++;
        else if (!check_backslash(p)) return false;
        else p->at++;
        if (mode->verbose && skip_verbose(p, c)) continue;
        if (c == '*' || c == '+' || c == '?' || c == '{') {
            Repeat r = {0, 0, false};
            if (!parse_repeat(p, c, last, &r, &previous)) return false;
            if (!r.is_literal) {
                last = ITEM_REPEAT;
                continue;
            }
            c = '{';
        }
        Item item;
        Width item_width;
        if (!parse_item(p, mode, depth, first && last == ITEM_NONE, c, &item, &item_width)) return false;
        if (item == ITEM_NONE) continue;
        add_width(&total, previous);
        previous = item_width;
        last = item;
    }
    add_width(&total, previous);
    *width = total;
    return true;
}

static bool parse_alternatives(Parser *p, Mode mode, int depth, Width *width) {
    if (depth > 200 && !recursion_check(" during compilation")) return false;
    for (bool first = true;; first = false) {
        Width one;
        if (!parse_sequence(p, &mode, depth, first && depth == 0, &one)) return false;
        if (first) *width = one;
        if (one.low < width->low) width->low = one.low;
        if (one.high > width->high) width->high = one.high;
        if (!accept(p, '|')) return true;
        if (!emit(p, '|')) return false;
    }
}

static bool parse(Parser *p, int flags) {
    Width width;
    Mode mode = {(flags & RE_VERBOSE) != 0, p->is_bytes || (flags & RE_ASCII), (flags & RE_IGNORECASE) != 0};
    if (!parse_alternatives(p, mode, 0, &width)) return false;
    if (p->at < p->length) return FAIL(p, p->at, "unbalanced parenthesis");
    if (p->forward_reference > (int64_t)p->out->groups)
        return FAIL(p, p->forward_position, "invalid group reference %d", (int)p->forward_reference);
    return !p->bad_lookbehind || FAIL(p, -1, "look-behind requires fixed-width pattern");
}

bool re_translate(Value pattern, int flags, uint32_t max, ReText *out) {
    Parser p = {.pattern = pattern, .max = max, .out = out, .is_bytes = bytes_is(pattern)};
    if (p.is_bytes) p.data = as_bytes(pattern)->data, p.length = as_bytes(pattern)->length, p.width = 1;
    else p.data = as_str(pattern)->data, p.length = str_length(pattern), p.width = str_width(as_str(pattern));
    *out = (ReText){.flags = flags, .names = dict_new()};
    bool fine = is_set(out->names) && open_group(&p, &(uint32_t){0});
    out->groups = 0;
    out->looks_around = false;
    if (fine) p.groups[0].open = true;
    fine = fine && parse(&p, flags);
    raw_free(p.groups);
    if (!fine) re_text_free(out);
    return fine;
}

void re_text_free(ReText *text) {
    raw_free(text->units);
    raw_free(text->closing);
    release(text->names);
    *text = (ReText){0};
}
