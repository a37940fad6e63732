/* Finds where a number literal ends, and what is wrong with it. */
#include "vm/front/lexer_number.h"

#include "runtime/types/str.h"

static int peek(const Lexer *lexer) { return lexer->cursor < lexer->end ? (unsigned char)*lexer->cursor : -1; }
static bool is_digit(int c) { return c >= '0' && c <= '9'; }

static bool is_base_digit(int c, int base) {
    if (base <= 10) return c >= '0' && c < '0' + base;
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool fail_literal(Lexer *lexer, const char *kind) {
    return lexer_fail_here(lexer, str_format("invalid %s literal", kind));
}

static bool follows(const Lexer *lexer, const char *word) {
    size_t size = strlen(word);
    size_t left = (size_t)(lexer->end - lexer->cursor);
    if (left < size || memcmp(lexer->cursor, word, size) != 0) return false;
    return word[0] == 'i' || left == size || !lexer_is_name_character((unsigned char)lexer->cursor[size]);
}

static bool warn_touching(Lexer *lexer, const char *kind) {
    int32_t col = (int32_t)(lexer->cursor - lexer->line_start);
    if (source_warn(lexer->source, &SyntaxWarning_type, str_format("invalid %s literal", kind),
                    (Span){lexer->line, col, lexer->line, col}))
        return true;
    lexer->failed = lexer->failed_in_token = true;
    return false;
}

/* A keyword may touch a number (1if x else y); any other name may not. */
static bool end_number(Lexer *lexer, const char *kind) {
    static const char *const words[] = {"and", "else", "for", "if", "in", "is", "or", "not"};
    if (!lexer_is_name_character(peek(lexer))) return true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (follows(lexer, words[i])) return warn_touching(lexer, kind);
    return fail_literal(lexer, kind);
}

/* Digits with single underscores between them. */
static bool skip_digits(Lexer *lexer) {
    for (;;) {
        while (is_digit(peek(lexer))) lexer->cursor++;
        if (peek(lexer) != '_') return true;
        lexer->cursor++;
        if (!is_digit(peek(lexer))) return fail_literal(lexer, "decimal");
    }
}

static bool fail_digit(Lexer *lexer, const char *kind) {
    int c = peek(lexer);
    if (!is_digit(c)) return fail_literal(lexer, kind);
    lexer->cursor++;
    return lexer_fail_here(lexer, str_format("invalid digit '%c' in %s literal", c, kind));
}

static bool lex_based(Lexer *lexer, const char *start, int base, const char *kind) {
    lexer->cursor += 2;
    do {
        if (peek(lexer) == '_') lexer->cursor++;
        if (!is_base_digit(peek(lexer), base)) return fail_digit(lexer, kind);
        while (is_base_digit(peek(lexer), base)) lexer->cursor++;
    } while (peek(lexer) == '_');
    if (is_digit(peek(lexer))) return fail_digit(lexer, kind);
    return end_number(lexer, kind) && lexer_emit_number(lexer, start);
}

static bool lex_imaginary(Lexer *lexer, const char *start) {
    lexer->cursor++;
    return end_number(lexer, "imaginary") && lexer_emit_number(lexer, start);
}

/* The cursor stands on 'e'.  Without digits behind it, the number ends before it (1else). */
static bool lex_exponent(Lexer *lexer, const char *start) {
    const char *letter = lexer->cursor++;
    if (peek(lexer) == '+' || peek(lexer) == '-') {
        lexer->cursor++;
        if (!is_digit(peek(lexer))) return fail_literal(lexer, "decimal");
    } else if (!is_digit(peek(lexer))) {
        lexer->cursor = letter;
        return end_number(lexer, "decimal") && lexer_emit_number(lexer, start);
    }
    if (!skip_digits(lexer)) return false;
    if ((peek(lexer) | 32) == 'j') return lex_imaginary(lexer, start);
    return end_number(lexer, "decimal") && lexer_emit_number(lexer, start);
}

static bool lex_rest(Lexer *lexer, const char *start) {
    int c = peek(lexer);
    if (c != -1 && (c | 32) == 'e') return lex_exponent(lexer, start);
    if (c != -1 && (c | 32) == 'j') return lex_imaginary(lexer, start);
    return end_number(lexer, "decimal") && lexer_emit_number(lexer, start);
}

static bool lex_fraction(Lexer *lexer, const char *start) {
    lexer->cursor++;
    if (is_digit(peek(lexer)) && !skip_digits(lexer)) return false;
    return lex_rest(lexer, start);
}

static bool fail_old_octal(Lexer *lexer, const char *start, const char *zeros_end) {
    return lexer_fail_range(
        lexer,
        str_from("leading zeros in decimal integer literals are not permitted; use an 0o prefix for "
                 "octal integers"),
        (int32_t)(start + 1 - lexer->line_start), (int32_t)(zeros_end - lexer->line_start));
}

/* A number that opens with 0: zero itself, or a float or imaginary number with leading zeros. */
static bool lex_zero(Lexer *lexer, const char *start) {
    for (;; lexer->cursor++) {
        if (peek(lexer) == '_') {
            lexer->cursor++;
            if (!is_digit(peek(lexer))) return fail_literal(lexer, "decimal");
        }
        if (peek(lexer) != '0') break;
    }
    const char *zeros_end = lexer->cursor + 1;
    bool nonzero = is_digit(peek(lexer));
    if (nonzero && !skip_digits(lexer)) return false;
    int c = peek(lexer);
    if (c == '.') return lex_fraction(lexer, start);
    if (nonzero && (c == -1 || ((c | 32) != 'e' && (c | 32) != 'j'))) return fail_old_octal(lexer, start, zeros_end);
    return lex_rest(lexer, start);
}

bool lex_number(Lexer *lexer) {
    const char *start = lexer->cursor;
    if (*start == '.') return lex_fraction(lexer, start);
    int second = lexer->end - start > 1 ? start[1] | 32 : 0;
    if (*start == '0' && second == 'x') return lex_based(lexer, start, 16, "hexadecimal");
    if (*start == '0' && second == 'o') return lex_based(lexer, start, 8, "octal");
    if (*start == '0' && second == 'b') return lex_based(lexer, start, 2, "binary");
    if (*start == '0') return lex_zero(lexer, start);
    if (!skip_digits(lexer)) return false;
    return peek(lexer) == '.' ? lex_fraction(lexer, start) : lex_rest(lexer, start);
}
