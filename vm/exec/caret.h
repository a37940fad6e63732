/* The carets under the part of a line that failed, as in Python 3.11. */
#ifndef EXEC_CARET_H
#define EXEC_CARET_H

#include "runtime/mem/value.h"

/* The line of carets with its newline, or '' when the whole line failed or nothing is known (col < 0).  Columns are
 * UTF-8 offsets into `line`; one_line: the expression ends on this line.  Owned str. */
Value caret_line(Value line, bool one_line, int32_t col, int32_t end_col);

#endif
