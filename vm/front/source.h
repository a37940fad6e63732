/* Source text made ready for the lexer, and syntax errors that show a piece of it. */
#ifndef FRONT_SOURCE_H
#define FRONT_SOURCE_H

#include "runtime/types/exception.h"
#include "vm/front/ast.h"

typedef struct Source {
    const char *text; /* UTF-8, lines end with '\n' (with end_line the last one too); in the arena or the caller's */
    size_t size;
    Value filename;   /* borrowed */
    bool is_str;      /* made from a str, not from the bytes of a file */
    bool warns;       /* about literals that are hardly meant */
    bool in_bytes;    /* offsets in errors of the parser count bytes: as CPython does without a declared encoding */
    /* For the expression inside an f-string: what its error messages show.  NULL otherwise. */
    const char *inner_start, *inner_end;
    int32_t inner_line, inner_col; /* of the brace */
} Source;

/* Decodes, checks and normalises (byte order mark, encoding cookie, NUL, line ends).  False: SyntaxError pending. */
bool source_open(Source *source, const char *text, size_t size, Value filename, bool is_str, bool end_line,
                 Arena *arena);

/* The text of a line without its end, or NULL. */
const char *source_line(const Source *source, int32_t line, size_t *length);

/* Raises type(message, (filename, line, offset, text, end_line, end_offset)).  Offsets are in bytes and count from 1;
 * they become characters (unless in_bytes).  Steals message (UNSET: an exception is pending already). */
void source_raise(const Source *source, Type *type, Value message, Span place);

/* The same from the lexer, whose offsets always become characters. */
void source_raise_token(const Source *source, Value message, Span place);

/* A warning about a literal at a place.  False: an exception is pending (a filter may make a SyntaxError of it).
 * Steals message. */
bool source_warn(const Source *source, Type *category, Value message, Span place);

/* How many characters begin in the first `bytes` bytes of UTF-8. */
int32_t count_characters(const char *text, size_t size, int32_t bytes);

#endif
