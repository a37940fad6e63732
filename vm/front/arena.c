/* Memory in blocks that are freed together. */
#include "vm/front/arena.h"

#include <stdalign.h>

#include "runtime/base/hostile.h"
#include "runtime/mem/heap.h"
#include "runtime/mem/object.h"
#include "runtime/types/error.h"

enum { BLOCK_SIZE = HOSTILE_OR(64, 16 << 10), BLOCK_MAX = 1 << 20 };

typedef struct Block {
    struct Block *previous;
    alignas(16) char data[];
} Block;

struct Arena {
    Block *last;
    char *next, *end;
    size_t block_size; /* of the next block: they double */
    Value *kept;
    size_t kept_count, kept_capacity;
};

Arena *arena_new(void) {
    Arena *arena = raw_allocate_zeroed(sizeof *arena);
    if (arena) arena->block_size = BLOCK_SIZE;
    else raise_memory_error();
    return arena;
}

void arena_free(Arena *arena) {
    if (!arena) return;
    for (size_t i = 0; i < arena->kept_count; i++) release(arena->kept[i]);
    raw_free(arena->kept);
    for (Block *block = arena->last, *previous; block; block = previous) {
        previous = block->previous;
        raw_free(block);
    }
    raw_free(arena);
}

static bool add_block(Arena *arena, size_t size) {
    size_t room = size > arena->block_size ? size : arena->block_size;
    Block *block = raw_allocate_zeroed(sizeof *block + room);
    if (!block) return raise_memory_error(), false;
    block->previous = arena->last;
    arena->last = block;
    arena->next = block->data;
    arena->end = block->data + room;
    if (arena->block_size < BLOCK_MAX) arena->block_size *= 2;
    return true;
}

void *arena_alloc(Arena *arena, size_t size) {
    size = (size + 15) & ~(size_t)15;
    if ((size_t)(arena->end - arena->next) < size && !add_block(arena, size)) return NULL;
    if (!arena->next && !add_block(arena, 16)) return NULL;
    void *memory = arena->next;
    arena->next += size;
    return memory;
}

static bool grow_kept(Arena *arena) {
    size_t capacity = arena->kept_capacity ? arena->kept_capacity * 2 : 64;
    Value *grown = raw_reallocate(arena->kept, capacity * sizeof *grown);
    if (!grown) return raise_memory_error(), false;
    arena->kept = grown;
    arena->kept_capacity = capacity;
    return true;
}

Value arena_keep(Arena *arena, Value value) {
    if (!is_object(value)) return value;
    if (arena->kept_count == arena->kept_capacity && !grow_kept(arena)) return release(value), UNSET;
    arena->kept[arena->kept_count++] = value;
    return value;
}

void *arena_copy(Arena *arena, const void *items, size_t count, size_t size) {
    void *copy = arena_alloc(arena, count * size);
    if (copy && count) memcpy(copy, items, count * size);
    return copy;
}
