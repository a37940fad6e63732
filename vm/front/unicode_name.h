/* Characters by their Unicode names, as in "\N{BULLET}". */
#ifndef FRONT_UNICODE_NAME_H
#define FRONT_UNICODE_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Upper and lower case are the same.  False: the name is unknown, or of a block that is not in unicode_names.def. */
bool unicode_name_find(const char *name, size_t size, uint32_t *code_point);

#endif
