/* An arena hands out memory that is freed all at once, and keeps the values that its contents borrow.
 *
 * Everything that the parser and the scope analysis produce lives in one arena: nobody frees a node, and a `Value` in a
 * node is borrowed from the arena.  An arena belongs to one thread.
 */
#ifndef FRONT_ARENA_H
#define FRONT_ARENA_H

#include <stddef.h>

#include "runtime/mem/value.h"

typedef struct Arena Arena;

/* NULL with MemoryError pending when there is no memory. */
Arena *arena_new(void);

/* Frees the memory and releases the values. */
void arena_free(Arena *arena);

/* Zeroed memory, aligned for any type.  NULL with MemoryError pending when there is none. */
void *arena_alloc(Arena *arena, size_t size);

/* Steals `value` and releases it when the arena is freed.  Returns it (borrowed); UNSET (value released, MemoryError
 * pending) without memory, and UNSET for UNSET, so that it can wrap a call that makes a value. */
Value arena_keep(Arena *arena, Value value);

/* Room for `count` items of `size` bytes filled from `items`; NULL without memory, never NULL for an empty array. */
void *arena_copy(Arena *arena, const void *items, size_t count, size_t size);

#define ARENA_NEW(arena, type)          ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_alloc((arena), sizeof(type) * (size_t)(count)))

#endif
