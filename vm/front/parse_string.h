/* String literals and f-strings, between their two files. */
#ifndef FRONT_PARSE_STRING_H
#define FRONT_PARSE_STRING_H

#include "vm/front/parser.h"

/* Appends the text of a literal with its escapes resolved.  False: raised. */
bool string_decode(Parser *p, const char *text, const char *end, bool raw, StrBuilder *out);

static inline bool lexer_is_name_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* An f-string (or several literals side by side, one of them an f-string) being read. */
typedef struct FString {
    Parser *parser;
    Span span;       /* of the whole literal: all its nodes have it */
    size_t base;     /* of its parts on the parser's stack */
    StrBuilder text; /* what has been read since the last part */
    const Token *token;
    bool raw;
} FString;

void fstring_open(Parser *p, FString *f, Span span);
bool fstring_add(FString *f, const Token *token, const char *text, const char *end, bool raw);
Node *fstring_close(FString *f); /* JOINED_STR */
void fstring_discard(FString *f);

#endif
