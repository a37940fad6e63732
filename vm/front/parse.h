/* The front door of the front end: source text to analysed tree. */
#ifndef FRONT_PARSE_H
#define FRONT_PARSE_H

#include <stddef.h>

#include "vm/front/ast.h"
#include "vm/front/scope.h"

#define PARSE_IS_STR           0x1u /* the text is UTF-8 from a str: no BOM, no encoding cookie */
#define PARSE_DONT_IMPLY_DEDENT 0x200u /* SINGLE: as the flag of compile() */
#define PARSE_MORE_MAY_COME 0x4000u /* SINGLE: a compound statement at the end of the text is incomplete: for a REPL   \
                                     */
#define PARSE_ALLOW_TOP_LEVEL_AWAIT 0x2000u
#define PARSE_WARN 0x10000000u /* SyntaxWarning for what is hardly meant */
/* and FUTURE_* of ast.h, to inherit */

/* Parses and analyses; on success *arena (to be freed with arena_free when the tree is no longer needed) owns the
 * module. NULL with SyntaxError, IndentationError or TabError pending (or MemoryError, RecursionError), *arena then
 * NULL. */
Module *parse_source(const char *text, size_t size, ParseMode mode, Value filename, unsigned flags, Arena **arena);

/* After parse_source failed: did the text only end too early (so that more input could complete it)?  About the last
 * call in this thread. */
bool parse_was_incomplete(void);

/* Raises SyntaxError at a span (in bytes, as in the tree), with the text of the line when the file can be read. */
void syntax_error_at(Value filename, Span span, const char *format, ...); /* directives: error.h */

/* The text that `from __future__ import annotations` stores for an expression.  Owned str. */
Value ast_unparse(const Node *expression);

/* Issues a SyntaxWarning (or DeprecationWarning); false: an exception is pending.  Set by vm/exec; NULL: nobody
 * listens. */
extern bool (*front_warning)(Type *category, Value message, Value filename, int32_t line);

#endif
