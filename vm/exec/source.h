/* Source text: reading files of programs and modules, and single lines for tracebacks. */
#ifndef EXEC_SOURCE_H
#define EXEC_SOURCE_H

#include <stddef.h>

#include "runtime/mem/value.h"

/* Reads a whole file into raw memory with a zero behind it.  False: OSError pending (also for a directory). */
bool source_read(const char *path, char **text, size_t *size);

/* One line, without its end, of a file or of an embedded library module; owned str.  UNSET with nothing pending when
 * there is none. */
Value source_line_text(Value filename, int32_t line);

#endif
