/* The heap check: lists what is still alive. */
#ifndef MEM_CHECK_H
#define MEM_CHECK_H

#include <stddef.h>
#include <stdio.h>

/* Objects that are alive but not immortal, by type, written to out (NULL: only counted). Returns how many. */
size_t heap_check_alive(FILE *out);

#endif
