/* Literals: numbers, and strings with their escapes, joined when they stand side by side. */
#include "vm/front/parse_string.h"

#include <stdlib.h>

#include "runtime/mem/heap.h"
#include "runtime/types/bytes.h"
#include "runtime/types/float.h"
#include "runtime/types/int.h"
#include "vm/front/unicode_name.h"

enum { INT_DIGITS_MAX = 4300 };

/* --- Numbers --- */

static Value make_int(Parser *p, const char *digits, size_t n) {
    int second = n > 1 ? digits[1] | 32 : 0;
    int base = second == 'x' ? 16 : second == 'o' ? 8 : second == 'b' ? 2 : 10;
    if (base != 10) return int_from_digits(digits + 2, n - 2, base);
    if (n <= INT_DIGITS_MAX) return int_from_digits(digits, n, base);
    Span span = token_span(parser_token(p));
    span.col = span.end_col = -1;
    raise_at(p, span,
             "Exceeds the limit (4300 digits) for integer string conversion: value has %zu digits; use "
             "sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for huge integer literals to "
             "avoid decimal conversion limits.", n);
    return UNSET;
}

static bool is_float_text(const char *text, size_t n) {
    if (n > 1 && text[0] == '0' && ((text[1] | 32) == 'x' || (text[1] | 32) == 'b' || (text[1] | 32) == 'o'))
        return false;
    for (size_t i = 0; i < n; i++)
        if (text[i] == '.' || (text[i] | 32) == 'e') return true;
    return false;
}

static Value make_number(Parser *p, const char *text, size_t n) {
    double d;
    bool based = n > 1 && text[0] == '0' && (text[1] | 32) == 'x';
    if (!based && (text[n - 1] | 32) == 'j') {
        if (!float_parse(text, n - 1, &d)) return raise_value_error("invalid number");
        return complex_from_doubles(0.0, d);
    }
    if (!is_float_text(text, n)) return make_int(p, text, n);
    if (!float_parse(text, n, &d)) return raise_value_error("invalid number");
    return from_any_double(d);
}

static Value number_without_underscores(Parser *p, const char *text, size_t n) {
    char small[64], *copy = n < sizeof small ? small : raw_allocate(n + 1);
    if (!copy) return raise_memory_error();
    size_t length = 0;
    for (size_t i = 0; i < n; i++)
        if (text[i] != '_') copy[length++] = text[i];
    copy[length] = 0;
    Value value = make_number(p, copy, length);
    if (copy != small) raw_free(copy);
    return value;
}

static Node *constant_node(Parser *p, Span start, Value owned) {
    Value value = arena_keep(p->arena, owned);
    if (is_unset(value)) return p->raised = true, NULL;
    Node *node = parser_node(p, NODE_CONSTANT, start);
    if (node) node->u.constant.value = value;
    return node;
}

Node *parse_number(Parser *p) {
    const Token *t = parser_token(p);
    Span span = token_span(t);
    Value value = number_without_underscores(p, t->start, (size_t)(t->end - t->start));
    p->mark++;
    return constant_node(p, span, value);
}

/* --- Escapes --- */

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Where an escape is, as the decoder of CPython counts: other characters than ASCII take ten places. */
static int escape_position(const char *start, const char *at) {
    int position = 0;
    for (; start < at; start++)
        position += (unsigned char)*start < 0x80 ? 1 : ((unsigned char)*start & 0xC0) != 0x80 ? 10 : 0;
    return position;
}

static bool fail_escape(Parser *p, const char *text, const char *from, const char *to, const char *reason) {
    int first = escape_position(text, from), last = escape_position(text, to) - 1;
    if (last > first)
        raise_last(p, &SyntaxError_type,
                   "(unicode error) 'unicodeescape' codec can't decode bytes in position %d-%d: %s", first, last,
                   reason);
    else
        raise_last(p, &SyntaxError_type,
                   "(unicode error) 'unicodeescape' codec can't decode byte 0x5c in position %d: %s", first, reason);
    return false;
}

typedef struct Escape { /* one being decoded */
    const char *text, *end; /* of the literal */
    const char *at;         /* the backslash */
    const char *next;       /* behind what has been read */
} Escape;

static bool escape_hex(Parser *p, Escape *e, int digits, const char *reason, uint32_t *out) {
    uint32_t c = 0;
    for (int i = 0; i < digits; i++, e->next++) {
        int digit = e->next < e->end ? hex_digit(*e->next) : -1;
        if (digit < 0) return fail_escape(p, e->text, e->at, e->next, reason);
        c = c * 16 + (uint32_t)digit;
    }
    *out = c;
    return c <= 0x10FFFF || fail_escape(p, e->text, e->at, e->next, "illegal Unicode character");
}

static bool escape_name(Parser *p, Escape *e, uint32_t *out) {
    const char *malformed = "malformed \\N character escape";
    if (e->next >= e->end || *e->next != '{') return fail_escape(p, e->text, e->at, e->next, malformed);
    const char *name = e->next + 1, *close = memchr(name, '}', (size_t)(e->end - name));
    if (!close || close == name) return fail_escape(p, e->text, e->at, close ? name : e->end, malformed);
    e->next = close + 1;
    if (unicode_name_find(name, (size_t)(close - name), out)) return true;
    return fail_escape(p, e->text, e->at, e->next, "unknown Unicode character name");
}

static uint32_t escape_octal(Escape *e, char first) {
    uint32_t c = (uint32_t)(first - '0');
    for (int i = 0; i < 2 && e->next < e->end && *e->next >= '0' && *e->next <= '7'; i++)
        c = c * 8 + (uint32_t)(*e->next++ - '0');
    return c;
}

/* The escapes of str and bytes that stand for one character; 0: not among them. */
static char simple_escape(char c) {
    switch (c) {
    case '\\': case '\'': case '"': return c;
    case 'a': return '\a';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'v': return '\v';
    default: return 0;
    }
}

/* An escape that means nothing, or an octal one of more than a byte. */
static bool warn_escape(Parser *p, const Escape *e) {
    if (!p->source->warns) return true;
    const Token *token = parser_previous(p);
    bool octal = e->at[1] >= '0' && e->at[1] <= '7';
    const char *end = e->at + (octal ? 4 : 2);
    while (end < e->end && ((unsigned char)*end & 0xC0) == 0x80) end++;
    char text[8] = "";
    memcpy(text, e->at, (size_t)(end - e->at));
    Value message = str_format("invalid %sescape sequence '%s'", octal ? "octal " : "", text);
    if (source_warn(p->source, &DeprecationWarning_type, message, token_span(token))) return true;
    p->raised = true;
    return false;
}

static bool warn_once(Parser *p, const Escape *e, bool *warned) {
    bool again = *warned;
    *warned = true;
    return again || warn_escape(p, e);
}

/* e->next stands behind the backslash. */
static bool decode_escape(Parser *p, Escape *e, StrBuilder *out, bool *warned) {
    uint32_t c = 0;
    if (e->next == e->end) return fail_escape(p, e->text, e->at, e->next, "\\ at end of string");
    char kind = *e->next++;
    bool fine = true;
    switch (kind) {
    case '\n': return true;
    case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': 
        c = escape_octal(e, kind);
        fine = c <= 0377 || warn_once(p, e, warned);
        break;
    case 'x': fine = escape_hex(p, e, 2, "truncated \\xXX escape", &c); break;
    case 'u': fine = escape_hex(p, e, 4, "truncated \\uXXXX escape", &c); break;
    case 'U': fine = escape_hex(p, e, 8, "truncated \\UXXXXXXXX escape", &c); break;
    case 'N': fine = escape_name(p, e, &c); break;
    default:
        c = (unsigned char)simple_escape(kind);
        if (c) break;
        builder_char(out, '\\');
        e->next--;
        return warn_once(p, e, warned);
    }
    if (fine) builder_char(out, c);
    return fine;
}

bool string_decode(Parser *p, const char *text, const char *end, bool raw, StrBuilder *out) {
    const char *start = text;
    bool warned = false;
    for (const char *s = text; s < end;) {
        const char *backslash = raw ? NULL : memchr(s, '\\', (size_t)(end - s));
        const char *stop = backslash ? backslash : end;
        if (stop > s) builder_utf8(out, s, (size_t)(stop - s));
        if (!backslash) break;
        Escape escape = {start, end, backslash, backslash + 1};
        if (!decode_escape(p, &escape, out, &warned)) return false;
        s = escape.next;
    }
    return true;
}

/* --- Literals --- */

typedef struct Literal {
    const char *text, *end; /* between the quotes */
    bool raw, bytes, format, unicode;
} Literal;

static Literal read_literal(const Token *t) {
    Literal literal = {0};
    const char *s = t->start;
    for (; *s != '"' && *s != '\''; s++) {
        literal.raw |= (*s | 32) == 'r';
        literal.bytes |= (*s | 32) == 'b';
        literal.format |= (*s | 32) == 'f';
        literal.unicode |= *s == 'u';
    }
    int quotes = t->end - s >= 6 && s[1] == s[0] && s[2] == s[0] ? 3 : 1;
    literal.text = s + quotes;
    literal.end = t->end - quotes;
    return literal;
}

typedef struct ByteBuffer {
    unsigned char *data;
    size_t length;
} ByteBuffer;

/* The buffer has room: a literal never grows. */
static bool decode_bytes(Parser *p, const Literal *literal, ByteBuffer *out) {
    bool warned = false;
    for (const char *s = literal->text; s < literal->end;) {
        char c = *s++;
        if (c != '\\' || literal->raw) {
            out->data[out->length++] = (unsigned char)c;
            continue;
        }
        Escape e = {literal->text, literal->end, s - 1, s + 1};
        char kind = *s;
        if (kind == '\n') {
            s++;
        } else if (kind >= '0' && kind <= '7') {
            uint32_t octal = escape_octal(&e, kind);
            if (octal > 0377 && !warn_once(p, &e, &warned)) return false;
            out->data[out->length++] = (unsigned char)octal;
            s = e.next;
        } else if (kind == 'x') {
            int high = literal->end - s > 1 ? hex_digit(s[1]) : -1, low = literal->end - s > 2 ? hex_digit(s[2]) : -1;
            if (high < 0 || low < 0)
                return raise_last(p, &SyntaxError_type, "(value error) invalid \\x escape at position %zd",
                                  (ptrdiff_t)(e.at - literal->text)), false;
            out->data[out->length++] = (unsigned char)(high * 16 + low);
            s += 3;
        } else if (simple_escape(kind)) {
            out->data[out->length++] = (unsigned char)simple_escape(kind);
            s++;
        } else {
            if (!warn_once(p, &e, &warned)) return false;
            out->data[out->length++] = '\\';
        }
    }
    return true;
}

static bool is_ascii(const char *s, const char *end) {
    for (; s < end; s++)
        if ((unsigned char)*s >= 128) return false;
    return true;
}

/* Tokens [first, last) are bytes literals. */
static Node *parse_bytes(Parser *p, int32_t first, int32_t last) {
    size_t room = 1;
    for (int32_t i = first; i < last; i++) room += (size_t)(p->tokens[i].end - p->tokens[i].start);
    ByteBuffer buffer = {arena_alloc(p->arena, room), 0};
    if (!buffer.data) return p->raised = true, NULL;
    for (int32_t i = first; i < last; i++) {
        Literal literal = read_literal(&p->tokens[i]);
        if (!is_ascii(literal.text, literal.end))
            return raise_last(p, &SyntaxError_type, "bytes can only contain ASCII literal characters");
        if (!decode_bytes(p, &literal, &buffer)) return NULL;
    }
    return constant_node(p, token_span(&p->tokens[first]), bytes_from(buffer.data, buffer.length));
}

/* Strings that look like names are interned: they mostly are names (of attributes, keys, ...). */
static Value make_str(const char *s, size_t n) {
    bool name = n <= 64;
    for (size_t i = 0; i < n && name; i++) name = (unsigned char)s[i] < 128 && lexer_is_name_byte(s[i]);
    return name ? str_intern_utf8(s, n) : str_from_utf8(s, n);
}

static Value builder_finish_constant(StrBuilder *builder) {
    Value value = builder_finish(builder);
    if (is_unset(value)) return UNSET;
    size_t n;
    if (!str_is_ascii(as_str(value)) || str_length(value) > 64) return value;
    const char *s = str_utf8(value, &n);
    for (size_t i = 0; i < n; i++)
        if (!lexer_is_name_byte(s[i])) return value;
    return str_intern(value);
}

static Node *parse_plain(Parser *p, int32_t first, int32_t last) {
    Literal literal = read_literal(&p->tokens[first]);
    Span start = token_span(&p->tokens[first]);
    size_t n = (size_t)(literal.end - literal.text);
    Value value;
    if (last == first + 1 && (literal.raw || !memchr(literal.text, '\\', n))) {
        value = make_str(literal.text, n);
    } else {
        StrBuilder builder = STR_BUILDER;
        for (int32_t i = first; i < last; i++) {
            Literal piece = read_literal(&p->tokens[i]);
            if (!string_decode(p, piece.text, piece.end, piece.raw, &builder)) return builder_discard(&builder), NULL;
        }
        value = builder_finish_constant(&builder);
    }
    Node *node = constant_node(p, start, value);
    if (node) node->u.constant.unicode_prefix = literal.unicode;
    return node;
}

static Node *parse_formatted(Parser *p, int32_t first, int32_t last) {
    FString f;
    fstring_open(p, &f, span_to(token_span(&p->tokens[first]), token_span(&p->tokens[last - 1])));
    for (int32_t i = first; i < last; i++) {
        Token token = p->tokens[i];
        Literal literal = read_literal(&token);
        bool fine = literal.format ? fstring_add(&f, &token, literal.text, literal.end, literal.raw)
                                   : string_decode(p, literal.text, literal.end, literal.raw, &f.text);
        if (!fine) return fstring_discard(&f), NULL;
    }
    return fstring_close(&f);
}

/* What is wrong before the kinds change counts first. */
static Node *raise_mixed(Parser *p, int32_t first) {
    bool bytes = read_literal(&p->tokens[first]).bytes;
    int32_t change = first;
    while (read_literal(&p->tokens[change]).bytes == bytes) change++;
    Node *node = bytes ? parse_bytes(p, first, change) : parse_formatted(p, first, change);
    if (node) raise_last(p, &SyntaxError_type, "cannot mix bytes and nonbytes literals");
    return NULL;
}

Node *parse_strings(Parser *p) {
    int32_t first = p->mark;
    bool bytes = false, text = false, format = false;
    while (parser_peek(p) == TOKEN_STRING) {
        Literal literal = read_literal(&p->tokens[p->mark++]);
        bytes |= literal.bytes;
        text |= !literal.bytes;
        format |= literal.format;
    }
    if (p->raised) return NULL;
    if (bytes && text) return raise_mixed(p, first);
    if (bytes) return parse_bytes(p, first, p->mark);
    return format ? parse_formatted(p, first, p->mark) : parse_plain(p, first, p->mark);
}
