/* Random bytes from the operating system. */
#ifndef PLAT_RANDOM_H
#define PLAT_RANDOM_H

#include <stdbool.h>
#include <stddef.h>

/* False with errno set. */
bool random_fill(void *bytes, size_t size);

#endif
