/* Characters by their Unicode names, as in "\N{BULLET}". */
#ifndef FRONT_UNICODE_NAME_H
#define FRONT_UNICODE_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Upper and lower case are the same.  False: the name is unknown, or of a block that is not in unicode_names.def. */
bool unicode_name_find(const char *name, size_t size, uint32_t *code_point);
/* The name of a character as a C string in out.  False: it has none, or is of such a block and ICU is not there. */
bool unicode_name_of(uint32_t c, char *out, size_t size);

#endif
