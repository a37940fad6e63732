/* f-strings: literal text and expressions in braces, each expression read by a parser of its own.
 *
 * The rules are those of 3.11: an expression holds neither a backslash nor a comment nor the quote of its string, and a
 * format spec may hold expressions, whose specs may not. */
#include "vm/front/parse_string.h"

#include <ctype.h>

#include "vm/front/parse_stages.h"

enum { SPEC_DEPTH_MAX = 2 };

static bool fail(FString *f, const char *message) {
    raise_last(f->parser, &SyntaxError_type, "f-string%s", message);
    return false;
}

void fstring_open(Parser *p, FString *f, Span span) {
    *f = (FString){.parser = p, .span = span, .base = stack_open(p), .text = STR_BUILDER};
}

void fstring_discard(FString *f) {
    builder_discard(&f->text);
    stack_drop(f->parser, f->base);
}

static Node *make_node(FString *f, NodeKind kind) {
    Node *node = parser_node(f->parser, kind, f->span);
    if (node) node->span = f->span;
    return node;
}

/* The text read so far becomes a part. */
static bool flush(FString *f) {
    if (f->text.length == 0 && !f->text.failed) return true;
    Value text = arena_keep(f->parser->arena, builder_finish(&f->text));
    f->text = (StrBuilder)STR_BUILDER;
    if (is_unset(text)) return f->parser->raised = true, false;
    Node *node = make_node(f, NODE_CONSTANT);
    if (!node) return false;
    node->u.constant.value = text;
    return stack_push_node(f->parser, node);
}

Node *fstring_close(FString *f) {
    Node *node = flush(f) ? make_node(f, NODE_JOINED_STR) : NULL;
    return node && stack_take_nodes(f->parser, f->base, &node->u.joined_str.values) ? node : NULL;
}

/* --- Literal text --- */

/* Behind a backslash: \N{...} keeps its braces. */
static const char *skip_escape(const char *s, const char *end) {
    if (s == end || *s++ != 'N') return s;
    if (s == end || *s++ != '{') return s;
    while (s < end && *s++ != '}') continue;
    return s;
}

/* Reads up to an expression, a closing brace of a spec, or the end.  A doubled brace is one (outside specs). */
static bool read_text(FString *f, const char **at, const char *end, int depth) {
    const char *start = *at, *s = start, *stop;
    for (;;) {
        while (s < end && *s != '{' && *s != '}') {
            if (*s == '\\' && !f->raw && s + 1 < end && s[1] != '{' && s[1] != '}') s = skip_escape(s + 1, end);
            else s++;
        }
        stop = s;
        bool doubled = s + 1 < end && s[1] == s[0] && depth == 0;
        if (s < end && *s == '}' && depth == 0 && !doubled) return fail(f, ": single '}' is not allowed");
        if (!doubled || s >= end) break;
        if (!string_decode(f->parser, start, stop + 1, f->raw, &f->text)) return false;
        start = s = s + 2;
    }
    *at = s;
    return string_decode(f->parser, start, stop, f->raw, &f->text);
}

/* --- Where an expression ends --- */

typedef struct Scan {
    const char *at, *end;
    char quote;
    int quotes; /* 1 or 3 */
    int depth;
    char open[MAX_PARENS];
} Scan;

static bool scan_triple(const Scan *scan) {
    return scan->at + 2 < scan->end && scan->at[1] == scan->at[0] && scan->at[2] == scan->at[0];
}

static void scan_quote(Scan *scan) {
    bool triple = scan_triple(scan);
    if (!scan->quote) {
        scan->quote = *scan->at;
        scan->quotes = triple ? 3 : 1;
        scan->at += triple ? 2 : 0;
    } else if (*scan->at == scan->quote && (scan->quotes == 1 || triple)) {
        scan->quote = 0;
        scan->at += scan->quotes == 3 ? 2 : 0;
    }
}

static bool scan_close(FString *f, Scan *scan) {
    char c = *scan->at;
    if (scan->depth == 0) {
        raise_last(f->parser, &SyntaxError_type, "f-string: unmatched '%c'", c);
        return false;
    }
    char open = scan->open[--scan->depth];
    if ((open == '(' && c == ')') || (open == '[' && c == ']') || (open == '{' && c == '}')) return true;
    raise_last(f->parser, &SyntaxError_type,
               "f-string: closing parenthesis '%c' does not match opening parenthesis '%c'", c, open);
    return false;
}

/* At the top level: is this the character behind the expression?  Skips two-character operators. */
static bool scan_stops(Scan *scan) {
    char c = *scan->at, next = scan->at + 1 < scan->end ? scan->at[1] : 0;
    if (next == '=' && (c == '!' || c == '=' || c == '<' || c == '>')) return scan->at++, false;
    return c == '!' || c == ':' || c == '}' || c == '=';
}

static bool scan_character(FString *f, Scan *scan, bool *stop) {
    char c = *scan->at;
    if (c == '\\') return fail(f, " expression part cannot include a backslash");
    if (scan->quote || c == '\'' || c == '"') return scan_quote(scan), true;
    if (c == '(' || c == '[' || c == '{') {
        if (scan->depth >= MAX_PARENS) return fail(f, ": too many nested parenthesis");
        return scan->open[scan->depth++] = c, true;
    }
    if (c == '#') return fail(f, " expression part cannot include '#'");
    if (scan->depth == 0 && scan_stops(scan)) return *stop = true;
    c = *scan->at;
    return (c != ')' && c != ']' && c != '}') || scan_close(f, scan);
}

/* Moves *at from the start of an expression to the character behind it. */
static bool find_end(FString *f, const char **at, const char *end) {
    Scan scan = {.at = *at, .end = end};
    for (bool stop = false; scan.at < end; scan.at++) {
        if (!scan_character(f, &scan, &stop)) return false;
        if (stop) break;
    }
    *at = scan.at;
    if (scan.quote) return fail(f, ": unterminated string");
    if (scan.depth) {
        raise_last(f->parser, &SyntaxError_type, "f-string: unmatched '%c'", scan.open[scan.depth - 1]);
        return false;
    }
    return scan.at < end || fail(f, ": expecting '}'");
}

/* --- Expressions --- */

static bool is_blank(const char *s, const char *end) {
    while (s < end && isspace((unsigned char)*s)) s++;
    return s == end;
}

static void raise_empty(FString *f, char next) {
    if (next == '}') fail(f, ": empty expression not allowed");
    else raise_last(f->parser, &SyntaxError_type, "f-string: expression required before '%c'", next);
}

static Node *parse_text(FString *f, const char *start, const char *end) {
    if (is_blank(start, end)) return raise_empty(f, *end), NULL;
    Source source = *f->parser->source;
    source.inner_start = start;
    source.inner_end = end;
    source.inner_line = f->token->line;
    const char *line_start = f->token->start - f->token->col;
    for (const char *s = f->token->start; (s = memchr(s, '\n', (size_t)(start - s)));)
        source.inner_line++, line_start = ++s;
    source.inner_col = (int32_t)(start - line_start) - 1;
    return parse_inside(f->parser, &source);
}

static bool read_parts(FString *f, const char **at, const char *end, int depth);

/* The format spec behind a colon, as a JOINED_STR of its own. */
static Node *parse_spec(FString *f, const char **at, const char *end, int depth) {
    FString spec;
    fstring_open(f->parser, &spec, f->span);
    spec.token = f->token;
    spec.raw = f->raw;
    if (!read_parts(&spec, at, end, depth + 1)) return fstring_discard(&spec), NULL;
    return fstring_close(&spec);
}

static bool read_conversion(FString *f, const char **at, const char *end, int *out) {
    (*at)++;
    if (*at >= end) return fail(f, ": expecting '}'");
    *out = *(*at)++;
    if (*out == 's' || *out == 'r' || *out == 'a') return true;
    return fail(f, ": invalid conversion character: expected 's', 'r', or 'a'");
}

/* {x=} shows its own text, up to where the conversion, the spec or the brace begins. */
static bool read_equal(FString *f, const char *start, const char **at, const char *end) {
    (*at)++;
    while (*at < end && isspace((unsigned char)**at)) (*at)++;
    if (*at >= end) return fail(f, ": expecting '}'");
    builder_utf8(&f->text, start, (size_t)(*at - start));
    return true;
}

static bool add_value(FString *f, Node *value, int conversion, Node *spec) {
    if (!flush(f)) return false;
    Node *node = make_node(f, NODE_FORMATTED_VALUE);
    if (!node) return false;
    node->u.formatted_value.value = value;
    node->u.formatted_value.conversion = conversion;
    node->u.formatted_value.format_spec = spec;
    return stack_push_node(f->parser, node);
}

/* *at stands on the opening brace. */
static bool read_expression(FString *f, const char **at, const char *end, int depth) {
    int conversion = -1;
    Node *spec = NULL;
    if (depth >= SPEC_DEPTH_MAX) return fail(f, ": expressions nested too deeply");
    const char *start = ++*at;
    if (!find_end(f, at, end)) return false;
    Node *value = parse_text(f, start, *at);
    if (!value) return false;
    bool shows = **at == '=';
    if (shows && !read_equal(f, start, at, end)) return false;
    if (**at == '!' && !read_conversion(f, at, end, &conversion)) return false;
    if (*at >= end) return fail(f, ": expecting '}'");
    if (**at == ':') {
        if (++*at >= end) return fail(f, ": expecting '}'");
        if (!(spec = parse_spec(f, at, end, depth))) return false;
    }
    if (*at >= end || **at != '}') return fail(f, ": expecting '}'");
    ++*at;
    if (shows && !spec && conversion == -1) conversion = 'r';
    return add_value(f, value, conversion, spec);
}

static bool read_parts(FString *f, const char **at, const char *end, int depth) {
    for (;;) {
        if (!read_text(f, at, end, depth)) return false;
        if (*at >= end || **at == '}') break;
        if (!read_expression(f, at, end, depth)) return false;
    }
    return depth == 0 || *at < end || fail(f, ": expecting '}'");
}

bool fstring_add(FString *f, const Token *token, const char *text, const char *end, bool raw) {
    f->token = token;
    f->raw = raw;
    return read_parts(f, &text, end, 0);
}
