/* Reads tokens from source text: indentation, names, numbers, strings, operators. */
#include "vm/front/lexer.h"

#include <utf8proc.h>

#include "runtime/types/error.h"
#include "runtime/types/str.h"
#include "vm/front/identifier.h"
#include "vm/front/lexer_number.h"

enum { TAB_WIDTH = 8 };

void lexer_start(Lexer *lexer, const Source *source) {
    memset(lexer, 0, offsetof(Lexer, columns));
    lexer->columns[0] = lexer->alt_columns[0] = 0;
    lexer->level = 0;
    lexer->source = source;
    lexer->cursor = lexer->line_start = source->text;
    lexer->end = source->text + source->size;
    lexer->line = source->size > 0; /* an error in an empty text is on line 0 */
    lexer->at_line_start = true;
}

void lexer_start_inside(Lexer *lexer, const Source *source, const char *start, const char *end, int32_t line,
                        const char *line_start) {
    lexer_start(lexer, source);
    lexer->cursor = start;
    lexer->end = end;
    lexer->line = line;
    lexer->line_start = line_start;
    lexer->at_line_start = false;
    lexer->paren_due = true;
}


/* --- Errors --- */

static bool fail(Lexer *lexer, Type *type, Value message, int32_t line, int32_t offset, int32_t end_offset) {
    lexer->failed = true;
    source_raise(lexer->source, type, message, (Span){line, offset, line, end_offset});
    return false;
}

static bool fail_token(Lexer *lexer, Value message, int32_t offset, int32_t end_offset) {
    lexer->failed = lexer->failed_in_token = true;
    source_raise_token(lexer->source, message, (Span){lexer->line, offset, lexer->line, end_offset});
    return false;
}

bool lexer_fail_here(Lexer *lexer, Value message) {
    int32_t offset = (int32_t)(lexer->cursor - lexer->line_start);
    return fail_token(lexer, message, offset, offset);
}

bool lexer_fail_range(Lexer *lexer, Value message, int32_t offset, int32_t end_offset) {
    return fail_token(lexer, message, offset, end_offset);
}

void lexer_raise_unclosed(Lexer *lexer) {
    OpenParen *open = &lexer->open[lexer->level - 1];
    fail(lexer, &SyntaxError_type, str_format("'%c' was never closed", open->character), open->line, open->col + 1, 0);
}

static bool fail_at_end(Lexer *lexer) {
    lexer->at_end = true;
    if (lexer->level > 0) return lexer_raise_unclosed(lexer), false;
    int32_t offset = (int32_t)(lexer->cursor - lexer->line_start);
    return fail(lexer, &SyntaxError_type, str_from("unexpected EOF while parsing"), lexer->line, offset, -1);
}

static bool fail_tabs(Lexer *lexer) {
    return fail(lexer, &TabError_type, str_from("inconsistent use of tabs and spaces in indentation"), lexer->line, 1,
                0);
}

static bool fail_deep(Lexer *lexer) {
    return fail(lexer, &IndentationError_type, str_from("too many levels of indentation"), lexer->line, 1, 0);
}

static const char *line_end(const Lexer *lexer) {
    const char *end = memchr(lexer->cursor, '\n', (size_t)(lexer->end - lexer->cursor));
    return end ? end + 1 : lexer->end;
}

static bool fail_dedent(Lexer *lexer) {
    lexer->cursor = line_end(lexer);
    return fail(lexer, &IndentationError_type, str_from("unindent does not match any outer indentation level"),
                lexer->line, (int32_t)(lexer->cursor - lexer->line_start), -1);
}

/* --- Tokens --- */

static inline int peek(const Lexer *lexer) {
    return lexer->cursor < lexer->end ? (unsigned char)*lexer->cursor : -1;
}

static bool emit(Lexer *lexer, TokenKind kind, const char *start) {
    Token *token = &lexer->token;
    token->kind = (uint8_t)kind;
    token->level = (uint8_t)lexer->level;
    token->start = start;
    token->end = lexer->cursor;
    token->line = token->end_line = lexer->line;
    token->col = (int32_t)(start - lexer->line_start);
    token->end_col = token->cursor = (int32_t)(lexer->cursor - lexer->line_start);
    lexer->started = true;
    return true;
}

bool lexer_emit_number(Lexer *lexer, const char *start) { return emit(lexer, TOKEN_NUMBER, start); }

/* A token without text of its own. */
static bool emit_bare(Lexer *lexer, TokenKind kind) {
    emit(lexer, kind, lexer->cursor);
    lexer->token.col = lexer->token.end_col = -1;
    return true;
}

/* The cursor stands on a '\n': the next character belongs to a new line.  The line number of the end of the text stays
 * that of its last line. */
static void start_line(Lexer *lexer) {
    lexer->cursor++;
    if (lexer->cursor >= lexer->end) return;
    lexer->line++;
    lexer->line_start = lexer->cursor;
}

/* The cursor stands behind a backslash. */
static bool continue_line(Lexer *lexer) {
    if (peek(lexer) != '\n') {
        if (lexer->cursor >= lexer->end) return fail_at_end(lexer);
        lexer->cursor++;
        return fail(lexer, &SyntaxError_type, str_from("unexpected character after line continuation character"),
                    lexer->line, (int32_t)(lexer->cursor - lexer->line_start), 0);
    }
    start_line(lexer);
    return lexer->cursor < lexer->end || fail_at_end(lexer);
}

static void skip_comment(Lexer *lexer) {
    const char *end = memchr(lexer->cursor, '\n', (size_t)(lexer->end - lexer->cursor));
    lexer->cursor = end ? end : lexer->end;
}

/* --- Indentation --- */

typedef struct Indentation {
    int32_t column, alt_column;
} Indentation;

/* Reads the white space that opens a line. */
static bool measure(Lexer *lexer, Indentation *out) {
    Indentation here = {0, 0}, continued = {0, 0};
    for (;; lexer->cursor++) {
        int c = peek(lexer);
        if (c == ' ') {
            here.column++, here.alt_column++;
        } else if (c == '\t') {
            here.column = (here.column / TAB_WIDTH + 1) * TAB_WIDTH;
            here.alt_column++;
        } else if (c == '\f') {
            here.column = here.alt_column = 0;
        } else if (c == '\\') {
            if (!continued.column) continued = here;
            lexer->cursor++;
            if (!continue_line(lexer)) return false;
            lexer->cursor--;
        } else {
            break;
        }
    }
    *out = continued.column ? continued : here;
    return true;
}

static bool push_indent(Lexer *lexer, Indentation found) {
    if (lexer->indent + 1 >= MAX_INDENT) return fail_deep(lexer);
    if (found.alt_column <= lexer->alt_columns[lexer->indent]) return fail_tabs(lexer);
    lexer->indent++;
    lexer->columns[lexer->indent] = found.column;
    lexer->alt_columns[lexer->indent] = found.alt_column;
    lexer->pending++;
    return true;
}

static bool compare_indent(Lexer *lexer, Indentation found) {
    if (found.column > lexer->columns[lexer->indent]) return push_indent(lexer, found);
    while (lexer->indent > 0 && found.column < lexer->columns[lexer->indent]) {
        lexer->pending--;
        lexer->indent--;
    }
    if (found.column != lexer->columns[lexer->indent]) return fail_dedent(lexer);
    return found.alt_column == lexer->alt_columns[lexer->indent] || fail_tabs(lexer);
}

/* At the start of a line: skips blank lines and comments, compares the indentation of the first other one. */
static bool open_line(Lexer *lexer) {
    while (lexer->at_line_start) {
        Indentation found;
        if (!measure(lexer, &found)) return false;
        int c = peek(lexer);
        if (c == '#') skip_comment(lexer), c = peek(lexer);
        if (c == '\n' && lexer->level == 0) {
            start_line(lexer);
        } else {
            lexer->at_line_start = false;
            if (c != -1 && lexer->level == 0) return compare_indent(lexer, found);
        }
    }
    return true;
}

static bool emit_pending(Lexer *lexer) {
    bool in = lexer->pending > 0;
    lexer->pending += in ? -1 : 1;
    return emit_bare(lexer, in ? TOKEN_INDENT : TOKEN_DEDENT);
}

/* The parentheses that lexer_start_inside imagines stand where the braces do. */
static bool emit_imagined(Lexer *lexer, TokenKind kind) {
    lexer->level = kind == TOKEN_LPAREN;
    if (lexer->level) lexer->open[0] = (OpenParen){'(', lexer->line, (int32_t)(lexer->cursor - lexer->line_start) - 1};
    emit(lexer, kind, lexer->cursor - lexer->level);
    lexer->token.end_col = lexer->token.col + 1;
    return true;
}

/* Blocks that are open where the text ends behind a line end close there. */
static bool ends_line(const Lexer *lexer) { return lexer->end > lexer->source->text && lexer->end[-1] == '\n'; }

/* A single statement ends with its text, and with it its line and its blocks. */
static bool emit_single_newline(Lexer *lexer) {
    if (!lexer->keep_blocks) {
        lexer->pending -= lexer->indent;
        lexer->indent = 0;
    }
    emit_bare(lexer, TOKEN_NEWLINE);
    lexer->started = false;
    return true;
}

static bool emit_end(Lexer *lexer) {
    lexer->at_end = true;
    bool inside = lexer->source->inner_start != NULL;
    if (lexer->level == 1 && inside) return emit_imagined(lexer, TOKEN_RPAREN);
    if (lexer->level > 0) return fail_at_end(lexer);
    if (lexer->indent > 0 && ends_line(lexer)) {
        lexer->pending -= lexer->indent;
        lexer->indent = 0;
        return emit_pending(lexer);
    }
    if (lexer->single && lexer->started) return emit_single_newline(lexer);
    return emit_bare(lexer, TOKEN_END);
}

/* --- Names --- */

static const unsigned char name_classes[256] = {
    ['0' ... '9'] = 2, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1, ['_'] = 1, [128 ... 255] = 1,
};

bool lexer_is_name_character(int c) { return c >= 0 && c < 128 && name_classes[c] != 0; }

static TokenKind keyword_kind(const char *text, size_t size) {
#define KEYWORD(name, spelling) \
    if (size == sizeof(spelling) - 1 && memcmp(text, spelling, sizeof(spelling) - 1) == 0) return KEYWORD_##name;
    switch (text[0]) {
    case 'F':
    case 'N':
    case 'T':
    case 'a':
    case 'b':
    case 'c':
    case 'd':
    case 'e':
    case 'f':
    case 'g':
    case 'i':
    case 'l':
    case 'n': case 'o': case 'p': case 'r': case 't': case 'w': case 'y':
        if (size < 2 || size > 8) return TOKEN_NAME;
        TOKEN_KEYWORDS(KEYWORD)
    }
#undef KEYWORD
    return TOKEN_NAME;
}

/* The cursor moves behind the first character that cannot stand in a name. */
static bool fail_character(Lexer *lexer, const char *bad, int32_t c, int width) {
    lexer->cursor = bad + width;
    utf8proc_category_t category = utf8proc_category(c);
    bool printable = category != UTF8PROC_CATEGORY_CN && category < UTF8PROC_CATEGORY_ZS;
    if (!printable)
        return lexer_fail_here(lexer,
                               str_format("invalid non-printable character U+%s", identifier_hex((uint32_t)c).text));
    return lexer_fail_here(lexer,
                           str_format("invalid character '%c' (U+%s)", (uint32_t)c, identifier_hex((uint32_t)c).text));
}

static bool check_identifier(Lexer *lexer, const char *start) {
    for (const char *s = start; s < lexer->cursor;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t width = utf8proc_iterate((const utf8proc_uint8_t *)s, lexer->cursor - s, &c);
        if (width < 1) return lexer_fail_here(lexer, str_from("invalid character"));
        if (!identifier_allows((uint32_t)c, s == start)) return fail_character(lexer, s, c, (int)width);
        s += width;
    }
    return true;
}

static bool lex_string(Lexer *lexer, const char *start);

static bool lex_name(Lexer *lexer) {
    const char *start = lexer->cursor;
    bool ascii = true;
    while (lexer->cursor < lexer->end && name_classes[(unsigned char)*lexer->cursor]) {
        ascii &= (unsigned char)*lexer->cursor < 128;
        lexer->cursor++;
    }
    size_t size = (size_t)(lexer->cursor - start);
    if (size <= 2 && (peek(lexer) == '"' || peek(lexer) == '\'') && identifier_is_string_prefix(start, size))
        return lex_string(lexer, start);
    if (!ascii && !check_identifier(lexer, start)) return false;
    return emit(lexer, ascii ? keyword_kind(start, size) : TOKEN_NAME, start);
}

/* --- Strings --- */

static bool fail_string(Lexer *lexer, const char *quote, int32_t line, const char *first_line, bool triple) {
    Value message = triple ? str_format("unterminated triple-quoted string literal (detected at line %d)", lexer->line)
                           : str_format("unterminated string literal (detected at line %d)", lexer->line);
    lexer->at_end = lexer->cursor >= lexer->end;
    lexer->line = line;
    lexer->line_start = first_line;
    lexer->cursor = quote + 1;
    return lexer_fail_here(lexer, message);
}

/* The cursor stands on the opening quote; start is where the prefix begins. */
static bool lex_string(Lexer *lexer, const char *start) {
    int32_t first_line = lexer->line;
    const char *first_start = lexer->line_start;
    char quote = *lexer->cursor++;
    int size = 1;
    if (peek(lexer) == quote) {
        lexer->cursor++;
        if (peek(lexer) != quote) size = 0;
        else lexer->cursor++, size = 3;
    }
    for (int closing = 0; closing != size;) {
        int c = peek(lexer);
        if (c == -1 || (size == 1 && c == '\n')) return fail_string(lexer, start, first_line, first_start, size == 3);
        if (c == '\n') start_line(lexer);
        else lexer->cursor++;
        closing = c == quote ? closing + 1 : 0;
        if (c != '\\') continue;
        if (peek(lexer) == '\n') start_line(lexer);
        else if (peek(lexer) != -1) lexer->cursor++;
    }
    emit(lexer, TOKEN_STRING, start);
    lexer->token.line = first_line;
    lexer->token.col = (int32_t)(start - first_start);
    return true;
}

/* --- Operators --- */

static bool open_paren(Lexer *lexer, char c, TokenKind kind) {
    if (lexer->level >= MAX_PARENS)
        return lexer->cursor++, lexer_fail_here(lexer, str_from("too many nested parentheses"));
    lexer->open[lexer->level++] = (OpenParen){c, lexer->line, (int32_t)(lexer->cursor - lexer->line_start)};
    lexer->cursor++;
    return emit(lexer, kind, lexer->cursor - 1);
}

static bool matches(char open, char close) {
    return (open == '(' && close == ')') || (open == '[' && close == ']') || (open == '{' && close == '}');
}

static bool close_paren(Lexer *lexer, char c, TokenKind kind) {
    lexer->cursor++;
    if (lexer->level == 0) return lexer_fail_here(lexer, str_format("unmatched '%c'", c));
    OpenParen *open = &lexer->open[--lexer->level];
    if (matches(open->character, c)) return emit(lexer, kind, lexer->cursor - 1);
    if (open->line == lexer->line)
        return lexer_fail_here(lexer, str_format("closing parenthesis '%c' does not match opening parenthesis '%c'", c,
                                                 open->character));
    return lexer_fail_here(lexer,
                           str_format("closing parenthesis '%c' does not match opening parenthesis '%c' on line %d", c,
                                      open->character, open->line));
}

typedef struct Operator {
    char text[4];
    uint8_t kind;
} Operator;

/* Longer ones first. */
static const Operator operators[] = {
    {"**=", TOKEN_DOUBLE_STAR_EQUAL}, {"//=", TOKEN_DOUBLE_SLASH_EQUAL}, {"<<=", TOKEN_LSHIFT_EQUAL},
    {">>=", TOKEN_RSHIFT_EQUAL}, {"...", TOKEN_ELLIPSIS}, {"**", TOKEN_DOUBLE_STAR}, {"//", TOKEN_DOUBLE_SLASH},
    {"<<", TOKEN_LSHIFT}, {">>", TOKEN_RSHIFT}, {"<=", TOKEN_LESS_EQUAL}, {">=", TOKEN_GREATER_EQUAL},
    {"==", TOKEN_EQUAL_EQUAL}, {"!=", TOKEN_NOT_EQUAL}, {"<>", TOKEN_FLUFL}, {"->", TOKEN_ARROW}, {":=", TOKEN_WALRUS},
    {"+=", TOKEN_PLUS_EQUAL}, {"-=", TOKEN_MINUS_EQUAL}, {"*=", TOKEN_STAR_EQUAL}, {"@=", TOKEN_AT_EQUAL},
    {"/=", TOKEN_SLASH_EQUAL}, {"%=", TOKEN_PERCENT_EQUAL}, {"&=", TOKEN_AMPERSAND_EQUAL}, {"|=", TOKEN_BAR_EQUAL},
    {"^=", TOKEN_CARET_EQUAL}, {"+", TOKEN_PLUS}, {"-", TOKEN_MINUS}, {"*", TOKEN_STAR}, {"/", TOKEN_SLASH},
    {"%", TOKEN_PERCENT}, {"@", TOKEN_AT}, {"&", TOKEN_AMPERSAND}, {"|", TOKEN_BAR}, {"^", TOKEN_CARET},
    {"~", TOKEN_TILDE}, {"<", TOKEN_LESS}, {">", TOKEN_GREATER}, {"=", TOKEN_EQUAL},
};

static bool lex_operator(Lexer *lexer) {
    const char *start = lexer->cursor;
    size_t left = (size_t)(lexer->end - start);
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        size_t size = strlen(operators[i].text);
        if (size > left || memcmp(start, operators[i].text, size) != 0) continue;
        lexer->cursor += size;
        return emit(lexer, operators[i].kind, start);
    }
    lexer->cursor++;
    unsigned char c = (unsigned char)*start;
    if (c < ' ' || c == 127)
        return lexer_fail_here(lexer, str_format("invalid non-printable character U+%s", identifier_hex(c).text));
    return emit(lexer, TOKEN_UNKNOWN, start);
}

static bool lex_simple(Lexer *lexer, TokenKind kind) {
    lexer->cursor++;
    return emit(lexer, kind, lexer->cursor - 1);
}

static bool lex_newline(Lexer *lexer, const char *start) {
    emit(lexer, TOKEN_NEWLINE, start);
    lexer->token.cursor++; /* the line end has been read */
    start_line(lexer);
    lexer->at_line_start = true;
    return true;
}

static bool lex_dot(Lexer *lexer) {
    const char *next = lexer->cursor + 1;
    if (next < lexer->end && *next >= '0' && *next <= '9') return lex_number(lexer);
    if (lexer->end - next >= 2 && next[0] == '.' && next[1] == '.') return lex_operator(lexer);
    return lex_simple(lexer, TOKEN_DOT);
}

static bool lex_colon(Lexer *lexer) {
    return lexer->end - lexer->cursor > 1 && lexer->cursor[1] == '=' ? lex_operator(lexer)
                                                                     : lex_simple(lexer, TOKEN_COLON);
}

static bool lex_token(Lexer *lexer, int c) {
    if (name_classes[c] == 1) return lex_name(lexer);
    switch (c) {
    case '(': return open_paren(lexer, '(', TOKEN_LPAREN);
    case '[': return open_paren(lexer, '[', TOKEN_LBRACKET);
    case '{': return open_paren(lexer, '{', TOKEN_LBRACE);
    case ')': return close_paren(lexer, ')', TOKEN_RPAREN);
    case ']': return close_paren(lexer, ']', TOKEN_RBRACKET);
    case '}': return close_paren(lexer, '}', TOKEN_RBRACE);
    case ',': return lex_simple(lexer, TOKEN_COMMA);
    case ';': return lex_simple(lexer, TOKEN_SEMICOLON);
    case ':': return lex_colon(lexer);
    case '.': return lex_dot(lexer);
    case '"': case '\'': return lex_string(lexer, lexer->cursor);
    case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
        return lex_number(lexer);
    default: return lex_operator(lexer);
    }
}

/* Skips what stands between tokens. 1: a token follows; 0: an error is pending; 2: a NEWLINE has been emitted. */
static int skip_blanks(Lexer *lexer) {
    for (;;) {
        int c = peek(lexer);
        const char *start = lexer->cursor;
        if (c == '#') skip_comment(lexer), c = peek(lexer);
        if (c == ' ' || c == '\t' || c == '\f') {
            lexer->cursor++;
        } else if (c == '\\') {
            lexer->cursor++;
            if (!continue_line(lexer)) return 0;
        } else if (c == '\n' && lexer->level == 0) {
            return lex_newline(lexer, start), 2;
        } else if (c == '\n') {
            start_line(lexer);
        } else {
            return 1;
        }
    }
}

bool lexer_next(Lexer *lexer) {
    if (lexer->failed) return false;
    if (lexer->at_line_start && !open_line(lexer)) return false;
    if (lexer->pending != 0) return emit_pending(lexer);
    if (lexer->paren_due) return lexer->paren_due = false, emit_imagined(lexer, TOKEN_LPAREN);
    int found = skip_blanks(lexer);
    if (found != 1) return found == 2;
    int c = peek(lexer);
    return c == -1 ? emit_end(lexer) : lex_token(lexer, c);
}
