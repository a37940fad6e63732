/* Memory straight from the operating system, in whole pages.  Nothing here is counted or cached. */
#ifndef PLAT_MEMORY_H
#define PLAT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed, readable and writable; NULL on failure.  Physical memory is taken when it is first touched. */
void *memory_map(size_t bytes);
void memory_unmap(void *start, size_t bytes);
/* The contents become zero and the physical memory goes back; the addresses stay valid. */
void memory_discard(void *start, size_t bytes);
/* Keeps the system from backing a range with huge pages, which would make a small program look large. */
void memory_avoid_huge_pages(void *start, size_t bytes);
/* Grows or shrinks a whole mapping where it stands. */
bool memory_resize(void *start, size_t old_bytes, size_t new_bytes);
/* Moves a whole mapping to `target`, which lies inside a mapping of the caller's that is at least as large. */
bool memory_move(void *start, size_t old_bytes, void *target, size_t new_bytes);

#endif
