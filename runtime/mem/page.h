/* Pages: runs of 64 KB units, aligned to their size, cut from chunks that are mapped from the operating system.
 *
 * The first bytes of a page describe it, so a block finds its page by masking its address.  Free units are pooled for
 * all kinds and size classes; past a limit their physical memory goes back.  Everything here runs under the heap lock.
 */
#ifndef MEM_PAGE_H
#define MEM_PAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_UNIT   ((size_t)1 << 16)
#define PAGE_HEADER ((size_t)160)       /* bytes before the first block; a multiple of 16 */

typedef enum HeapKind { KIND_COLLECTED, KIND_OBJECT, KIND_RAW, KIND_COUNT } HeapKind;

typedef struct Heap Heap;
typedef struct Chunk Chunk;

/* A free block.  The first word keeps the place of an object's count and flags: zero, so nobody takes it for alive. */
typedef struct Block {
    uint64_t dead;
    struct Block *next;
} Block;

typedef struct Page {
    Block *free;                  /* the owner's free blocks */
    _Atomic uint32_t used;        /* blocks that are not in `free`: in use, or freed by other threads */
    uint32_t alert;               /* a free that leaves used <= alert takes the slow path: 0, or everything when full */
    Heap *_Atomic heap;           /* the owner; NULL: its thread has ended.  Changes under the heap lock */
    _Atomic(Block *) remote;      /* blocks freed by other threads */
    size_t block_size;            /* large pages: what their one block holds */
    uint32_t capacity, fresh;     /* blocks that fit; blocks that were ever in use, the rest is untouched */
    uint32_t reciprocal;          /* 2^32 / block_size, rounded up: turns offsets into block numbers */
    uint8_t kind, bin;
    bool full, large;
    struct Page *next, *previous; /* pages of the same bin with room, or abandoned ones */
    struct Page *all_next, *all_previous;
    struct Page *remote_next;     /* pages of one heap that have remote frees */
    Chunk *chunk;                 /* NULL: the page is a mapping of its own */
    size_t mapped;                /* bytes of the whole run */
    void *mapping;                /* own mapping: where it starts and how long it is */
    size_t mapping_bytes;
    uint32_t *gc_table;           /* one word a block while the cycle collector runs */
} Page;

static inline Page *page_of(const void *block) { return (Page *)((uintptr_t)block & ~(PAGE_UNIT - 1)); }
static inline char *page_block(Page *page, uint32_t index) {
    return (char *)page + PAGE_HEADER + (size_t)index * page->block_size;
}
static inline uint32_t page_index(const Page *page, const void *block) {
    size_t offset = (size_t)((const char *)block - (const char *)page) - PAGE_HEADER;
    return page->large ? 0 : (uint32_t)((offset * (uint64_t)page->reciprocal) >> 32);
}

/* A run of at least `bytes`, linked into the list of all pages; NULL: no memory.  Only chunk, mapped, mapping and the
 * links are set, the rest of the header is zero.  *zeroed: every byte after the header is known to be zero. */
Page *page_allocate(size_t bytes, bool *zeroed);
void page_free(Page *page);
/* Grows or shrinks a run to hold `bytes`, moving it if that is cheap.  NULL: not possible, nothing changed. */
Page *page_resize(Page *page, size_t bytes);
Page *page_first(void); /* every page, newest first, by all_next */
size_t page_bytes_mapped(void);

#endif
