/* Tokens: what the lexer makes of the text. */
#ifndef FRONT_TOKEN_H
#define FRONT_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

/* KEYWORD(name, text) */
#define TOKEN_KEYWORDS(KEYWORD) \
    KEYWORD(FALSE, "False") \
    KEYWORD(NONE, "None") \
    KEYWORD(TRUE, "True") \
    KEYWORD(AND, "and") \
    KEYWORD(AS, "as") \
    KEYWORD(ASSERT, "assert") \
    KEYWORD(ASYNC, "async") \
    KEYWORD(AWAIT, "await") \
    KEYWORD(BREAK, "break") \
    KEYWORD(CLASS, "class") \
    KEYWORD(CONTINUE, "continue") \
    KEYWORD(DEF, "def") \
    KEYWORD(DEL, "del") \
    KEYWORD(ELIF, "elif") \
    KEYWORD(ELSE, "else") \
    KEYWORD(EXCEPT, "except") \
    KEYWORD(FINALLY, "finally") \
    KEYWORD(FOR, "for") \
    KEYWORD(FROM, "from") \
    KEYWORD(GLOBAL, "global") \
    KEYWORD(IF, "if") \
    KEYWORD(IMPORT, "import") \
    KEYWORD(IN, "in") \
    KEYWORD(IS, "is") \
    KEYWORD(LAMBDA, "lambda") \
    KEYWORD(NONLOCAL, "nonlocal") \
    KEYWORD(NOT, "not") \
    KEYWORD(OR, "or") \
    KEYWORD(PASS, "pass") \
    KEYWORD(RAISE, "raise") \
    KEYWORD(RETURN, "return") \
    KEYWORD(TRY, "try") \
    KEYWORD(WHILE, "while") \
    KEYWORD(WITH, "with") \
    KEYWORD(YIELD, "yield")

typedef enum TokenKind {
    TOKEN_ERROR, /* the lexer has raised; matches nothing */
    TOKEN_END,
    TOKEN_NEWLINE,
    TOKEN_INDENT,
    TOKEN_DEDENT,
    TOKEN_NAME,
    TOKEN_NUMBER,
    TOKEN_STRING,
    TOKEN_LPAREN, TOKEN_RPAREN, TOKEN_LBRACKET, TOKEN_RBRACKET, TOKEN_LBRACE, TOKEN_RBRACE,
    TOKEN_COMMA, TOKEN_COLON, TOKEN_SEMICOLON, TOKEN_DOT, TOKEN_ELLIPSIS, TOKEN_ARROW, TOKEN_AT, TOKEN_WALRUS,
    TOKEN_PLUS, TOKEN_MINUS, TOKEN_STAR, TOKEN_DOUBLE_STAR, TOKEN_SLASH, TOKEN_DOUBLE_SLASH, TOKEN_PERCENT,
    TOKEN_LSHIFT, TOKEN_RSHIFT, TOKEN_AMPERSAND, TOKEN_BAR, TOKEN_CARET, TOKEN_TILDE,
    TOKEN_LESS, TOKEN_GREATER, TOKEN_LESS_EQUAL, TOKEN_GREATER_EQUAL, TOKEN_EQUAL_EQUAL, TOKEN_NOT_EQUAL,
    TOKEN_FLUFL, /* <> */
    TOKEN_EQUAL,
    /* Augmented assignment, in the order of BINARY_ADD .. BINARY_XOR of runtime/mem/type.h. */
    TOKEN_PLUS_EQUAL, TOKEN_MINUS_EQUAL, TOKEN_STAR_EQUAL, TOKEN_AT_EQUAL, TOKEN_SLASH_EQUAL, TOKEN_DOUBLE_SLASH_EQUAL,
    TOKEN_PERCENT_EQUAL, TOKEN_DOUBLE_STAR_EQUAL, TOKEN_LSHIFT_EQUAL, TOKEN_RSHIFT_EQUAL, TOKEN_AMPERSAND_EQUAL,
    TOKEN_BAR_EQUAL, TOKEN_CARET_EQUAL,
    TOKEN_UNKNOWN, /* a character of no use in Python: $ ? ! and the like */
#define KEYWORD(name, text) KEYWORD_##name,
    TOKEN_KEYWORDS(KEYWORD)
#undef KEYWORD
    TOKEN_KIND_COUNT
} TokenKind;

typedef struct Token {
    uint8_t kind;  /* TokenKind */
    uint8_t level; /* open parentheses, after this token */
    int32_t line, col, end_line, end_col; /* col and end_col are -1 where the token has no text (INDENT, DEDENT, END) */
    int32_t cursor;                       /* column where the lexer stood after it */
    const char *start, *end;
} Token;

#endif
