/* Number literals, and what they need of the lexer. */
#ifndef FRONT_LEXER_NUMBER_H
#define FRONT_LEXER_NUMBER_H

#include "vm/front/lexer.h"

/* The cursor stands on the first digit or the dot. */
bool lex_number(Lexer *lexer);

/* Raise at the cursor, or at a range of offsets in its line.  Steal message, return false. */
bool lexer_fail_here(Lexer *lexer, Value message);
bool lexer_fail_range(Lexer *lexer, Value message, int32_t offset, int32_t end_offset);

/* Is it an ASCII character that may stand in a name?  c is a byte or -1. */
bool lexer_is_name_character(int c);
bool lexer_emit_number(Lexer *lexer, const char *start);

#endif
