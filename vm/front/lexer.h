/* The lexer: text to tokens, one at a time.
 *
 * The text is UTF-8 with '\n' line ends (source.h) and outlives the lexer.  Blank lines and comments make no tokens;
 * line ends inside parentheses neither.  A failure raises SyntaxError (IndentationError, TabError) and every later
 * token is TOKEN_ERROR.
 */
#ifndef FRONT_LEXER_H
#define FRONT_LEXER_H

#include "vm/front/source.h"
#include "vm/front/token.h"

#define MAX_INDENT 100
#define MAX_PARENS 200

typedef struct OpenParen {
    char character;
    int32_t line, col;
} OpenParen;

typedef struct Lexer {
    const Source *source;
    const char *cursor, *end;
    const char *line_start;
    int32_t line;
    bool at_line_start;
    bool started;         /* tokens have been given out since the last NEWLINE that the end made */
    bool single;          /* one statement: the end of the text ends its line */
    bool keep_blocks;     /* ... but not its blocks */
    bool failed;
    bool failed_in_token; /* by a wrong token; not by indentation, a backslash or the end */
    bool at_end;          /* the text is used up */
    bool paren_due;       /* inside an f-string: the imagined parenthesis has not been given out */
    int32_t indent;       /* index of the last open indentation */
    int32_t pending;      /* INDENTs (positive) or DEDENTs (negative) due */
    int32_t columns[MAX_INDENT], alt_columns[MAX_INDENT]; /* with tabs to 8, with tabs as 1 */
    int32_t level;
    OpenParen open[MAX_PARENS];
    Token token;
} Lexer;

void lexer_start(Lexer *lexer, const Source *source);

/* A lexer over the expression of an f-string: text[start, end) inside the source, with an imagined parenthesis around
 * it. `line` and `line_start` are those of start. */
void lexer_start_inside(Lexer *lexer, const Source *source, const char *start, const char *end, int32_t line,
                        const char *line_start);

/* Puts the next token into lexer->token.  False: failed, exception pending. */
bool lexer_next(Lexer *lexer);

/* "'(' was never closed", for the innermost open parenthesis. */
void lexer_raise_unclosed(Lexer *lexer);

#endif
