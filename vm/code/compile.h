/* From an analysed tree to code objects. */
#ifndef CODE_COMPILE_H
#define CODE_COMPILE_H

#include "vm/code/code.h"
#include "vm/front/parse.h"

/* Parses and compiles; a Code, or UNSET with SyntaxError (...) pending.  filename: str.  optimize: 0, 1 (no assert), 2
 * (no docstrings), -1: compile_optimize. */
Value compile_source(const char *text, size_t size, ParseMode mode, Value filename, unsigned flags, int optimize);
/* What -O and -OO ask for; set once at start. */
extern int compile_optimize;
/* Compiles a module tree. */
Value compile_module(Module *module, Value filename, int optimize);

/* Writes a listing of code and of the code within it: source line, offset, opcode, operands by name, jump targets. */
Value code_disassemble(const Code *code);  /* str */

#endif
