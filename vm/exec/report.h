/* Tracebacks and exceptions as text: what Python prints for an exception that nobody caught. */
#ifndef EXEC_REPORT_H
#define EXEC_REPORT_H

#include "runtime/mem/value.h"

/* The whole report (with causes, contexts, groups and notes), ending in a newline; owned str.  hints: with "Did you
 * mean", which CPython gives only for exceptions that nobody caught. */
Value report_exception(Value exception, bool hints);
/* Only the traceback and the message. */
Value report_single(Value exception);
/* Only "ValueError: message" with notes and, for a SyntaxError, the line with its caret. */
Value report_message(Value exception);
/* Only the lines of a traceback object, without a heading. */
Value report_traceback(Value traceback);
/* Lines of one entry: the source line and the carets under the part that failed; empty when there is no source. */
Value report_source(Value filename, int32_t line, int32_t end_line, int32_t col, int32_t end_col);

/* Writes text to sys.stderr, or to the descriptor when that fails; never raises. */
void report_write(Value text);
/* Writes the report to sys.stderr; never raises. */
void report_print(Value exception);

#endif
