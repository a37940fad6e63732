/* Chunks of 64 units with two bit masks each, and single mappings for runs that are too long for a chunk.
 *
 * The single mapping that was freed last is kept, since programs tend to ask for such a size again; it serves the next
 * one of half its size or more, and goes before anything else is mapped, so it never adds to the peak.
 */
#include "runtime/mem/page.h"

#include "runtime/plat/memory.h"

#include <string.h>

enum {
    CHUNK_UNITS = 64,
    CHUNK_RUN_MAX = 32,    /* longer runs are mappings of their own */
    KEPT_MAX = 16 << 20,   /* bytes of the mapping that is kept */
    CHUNKS_MAX = 1 << 16,  /* 256 GB; more comes from single mappings */
    DIRTY_UNITS_MAX = 64,  /* free units that may keep their physical memory: 4 MB */
    SMALL_CHUNKS = 4,      /* the first chunks avoid huge pages */
    OS_PAGE = 4096,
};

struct Chunk {
    uint64_t free;   /* units that belong to nobody */
    uint64_t dirty;  /* free units with old contents */
    char *start;
    void *mapping;
    Chunk *next, *previous; /* chunks with at least one free unit */
};

_Static_assert(sizeof(Page) <= PAGE_HEADER, "the header must fit before the first block");

static Chunk *chunks_with_room;
static Chunk *spare_descriptors;
static size_t chunk_count, dirty_units, bytes_mapped;
static Page *all_pages;
static Page *kept;

Page *page_first(void) { return all_pages; }
size_t page_bytes_mapped(void) { return bytes_mapped; }

static void chunk_link(Chunk *chunk) {
    chunk->previous = NULL;
    chunk->next = chunks_with_room;
    if (chunks_with_room) chunks_with_room->previous = chunk;
    chunks_with_room = chunk;
}

static void chunk_unlink(Chunk *chunk) {
    if (chunk->previous) chunk->previous->next = chunk->next;
    else chunks_with_room = chunk->next;
    if (chunk->next) chunk->next->previous = chunk->previous;
}

/* The array lies in zero-filled memory of the program: what is never used is never touched. */
static Chunk *descriptor_take(void) {
    static Chunk descriptors[CHUNKS_MAX];
    static size_t used;
    Chunk *chunk = spare_descriptors;
    if (chunk) spare_descriptors = chunk->next;
    else if (used < CHUNKS_MAX) chunk = &descriptors[used++];
    return chunk;
}

static void descriptor_give(Chunk *chunk) {
    chunk->next = spare_descriptors;
    spare_descriptors = chunk;
}

static void kept_drop(void) {
    if (!kept) return;
    bytes_mapped -= kept->mapping_bytes;
    memory_unmap(kept->mapping, kept->mapping_bytes);
    kept = NULL;
}

/* One unit more than needed is mapped, so that an aligned start lies within: untouched, it costs nothing. */
static Chunk *chunk_new(void) {
    size_t bytes = (CHUNK_UNITS + 1) * PAGE_UNIT;
    kept_drop();
    Chunk *chunk = descriptor_take();
    if (!chunk) return NULL;
    void *mapping = memory_map(bytes);
    if (!mapping) return descriptor_give(chunk), NULL;
    if (chunk_count++ < SMALL_CHUNKS) memory_avoid_huge_pages(mapping, bytes);
    bytes_mapped += bytes;
    chunk->mapping = mapping;
    chunk->start = (char *)(((uintptr_t)mapping + PAGE_UNIT - 1) & ~(PAGE_UNIT - 1));
    chunk->free = ~UINT64_C(0);
    chunk->dirty = 0;
    chunk_link(chunk);
    return chunk;
}

static void chunk_end(Chunk *chunk) {
    chunk_unlink(chunk);
    dirty_units -= (size_t)__builtin_popcountll(chunk->dirty);
    memory_unmap(chunk->mapping, (CHUNK_UNITS + 1) * PAGE_UNIT);
    bytes_mapped -= (CHUNK_UNITS + 1) * PAGE_UNIT;
    chunk_count--;
    descriptor_give(chunk);
}

static uint64_t run_mask(unsigned first, unsigned units) {
    uint64_t ones = units == 64 ? ~UINT64_C(0) : (UINT64_C(1) << units) - 1;
    return ones << first;
}

/* The first place in the mask with `units` ones in a row, or -1. */
static int run_find(uint64_t mask, unsigned units) {
    for (unsigned have = 1; have < units && mask;) {
        unsigned step = have < units - have ? have : units - have;
        mask &= mask >> step;
        have += step;
    }
    return mask ? __builtin_ctzll(mask) : -1;
}

static void run_take(Chunk *chunk, uint64_t mask) {
    dirty_units -= (size_t)__builtin_popcountll(chunk->dirty & mask);
    chunk->free &= ~mask;
    chunk->dirty &= ~mask;
    if (!chunk->free) chunk_unlink(chunk);
}

/* Units with old contents are used first: they have physical memory already. */
static Page *run_allocate(unsigned units, bool *zeroed) {
    Chunk *best = NULL;
    int place = -1;
    for (Chunk *c = chunks_with_room; c; c = c->next) {
        int dirty = c->dirty ? run_find(c->dirty, units) : -1;
        if (dirty >= 0) {
            best = c, place = dirty;
            break;
        }
        if (place >= 0) continue;
        int any = run_find(c->free, units);
        if (any >= 0) best = c, place = any;
        if (dirty_units == 0 && place >= 0) break;
    }
    if (!best) {
        if (!(best = chunk_new())) return NULL;
        place = 0;
    }
    uint64_t mask = run_mask((unsigned)place, units);
    *zeroed = (best->dirty & mask) == 0;
    run_take(best, mask);
    Page *page = (Page *)(best->start + (size_t)place * PAGE_UNIT);
    memset(page, 0, sizeof *page);
    page->chunk = best;
    page->mapped = units * PAGE_UNIT;
    return page;
}

static void run_give(Chunk *chunk, unsigned first, unsigned units) {
    uint64_t mask = run_mask(first, units);
    if (!chunk->free) chunk_link(chunk);
    chunk->free |= mask;
    if (dirty_units + units > DIRTY_UNITS_MAX) {
        memory_discard(chunk->start + (size_t)first * PAGE_UNIT, units * PAGE_UNIT);
    } else {
        chunk->dirty |= mask;
        dirty_units += units;
    }
    bool cold = chunk->dirty == 0 || dirty_units > CHUNK_UNITS / 2;
    if (chunk->free == ~UINT64_C(0) && chunk_count > 1 && cold) chunk_end(chunk);
}

/* The kept mapping, cut to size. */
static Page *kept_take(size_t bytes) {
    Page *page = kept;
    if (!page || page->mapping_bytes < bytes || page->mapping_bytes / 2 > bytes) return NULL;
    size_t rest = page->mapping_bytes - bytes;
    kept = NULL;
    if (rest) memory_unmap((char *)page + bytes, rest);
    bytes_mapped -= rest;
    memset(page, 0, sizeof *page);
    page->mapped = page->mapping_bytes = bytes;
    page->mapping = page;
    return page;
}

static Page *mapping_allocate(size_t bytes) {
    kept_drop();
    size_t total = bytes + PAGE_UNIT;
    if (total < bytes) return NULL;
    char *mapping = memory_map(total);
    if (!mapping) return NULL;
    char *start = (char *)(((uintptr_t)mapping + PAGE_UNIT - 1) & ~(PAGE_UNIT - 1));
    if (start > mapping) memory_unmap(mapping, (size_t)(start - mapping));
    if (start + bytes < mapping + total) memory_unmap(start + bytes, (size_t)(mapping + total - (start + bytes)));
    bytes_mapped += bytes;
    Page *page = (Page *)start;
    page->mapped = bytes;
    page->mapping = start;
    page->mapping_bytes = bytes;
    return page;
}

static void all_link(Page *page) {
    page->all_previous = NULL;
    page->all_next = all_pages;
    if (all_pages) all_pages->all_previous = page;
    all_pages = page;
}

static void all_unlink(Page *page) {
    if (page->all_previous) page->all_previous->all_next = page->all_next;
    else all_pages = page->all_next;
    if (page->all_next) page->all_next->all_previous = page->all_previous;
}

static size_t bytes_to_units(size_t bytes) { return (bytes + PAGE_UNIT - 1) / PAGE_UNIT; }
static size_t bytes_to_os_pages(size_t bytes) { return (bytes + OS_PAGE - 1) & ~(size_t)(OS_PAGE - 1); }

Page *page_allocate(size_t bytes, bool *zeroed) {
    if (bytes > PTRDIFF_MAX - 2 * PAGE_UNIT) return NULL;
    size_t units = bytes_to_units(bytes);
    Page *page;
    if (units <= CHUNK_RUN_MAX) {
        page = run_allocate((unsigned)units, zeroed);
    } else {
        page = kept_take(bytes_to_os_pages(bytes));
        *zeroed = !page;
        if (!page) page = mapping_allocate(bytes_to_os_pages(bytes));
    }
    if (page) all_link(page);
    return page;
}

void page_free(Page *page) {
    all_unlink(page);
    if (page->chunk) {
        unsigned first = (unsigned)(((char *)page - page->chunk->start) / (ptrdiff_t)PAGE_UNIT);
        run_give(page->chunk, first, (unsigned)(page->mapped / PAGE_UNIT));
    } else {
        kept_drop();
        kept = page;
        if (page->mapping_bytes > KEPT_MAX) kept_drop();
    }
}

static Page *run_resize(Page *page, size_t bytes) {
    size_t units = bytes_to_units(bytes), have = page->mapped / PAGE_UNIT;
    if (units > CHUNK_RUN_MAX) return NULL;
    unsigned first = (unsigned)(((char *)page - page->chunk->start) / (ptrdiff_t)PAGE_UNIT);
    if (units < have) run_give(page->chunk, first + (unsigned)units, (unsigned)(have - units));
    if (units > have) {
        if (first + units > CHUNK_UNITS) return NULL;
        uint64_t more = run_mask(first + (unsigned)have, (unsigned)(units - have));
        if ((page->chunk->free & more) != more) return NULL;
        run_take(page->chunk, more);
    }
    page->mapped = units * PAGE_UNIT;
    return page;
}

/* Moving a mapping moves its page table entries, not its bytes. */
static Page *mapping_resize(Page *page, size_t bytes) {
    size_t old = page->mapping_bytes;
    bytes = bytes_to_os_pages(bytes);
    Page *target = page;
    if (!memory_resize(page, old, bytes)) {
        if (bytes <= old) return NULL;
        all_unlink(page);
        target = mapping_allocate(bytes);
        if (!target || !memory_move(page, old, target, bytes)) {
            if (target) memory_unmap(target, bytes), bytes_mapped -= bytes;
            all_link(page);
            return NULL;
        }
        bytes_mapped -= bytes;
        all_link(target);
    }
    bytes_mapped += bytes - old;
    target->mapping = target;
    target->mapped = target->mapping_bytes = bytes;
    return target;
}

Page *page_resize(Page *page, size_t bytes) {
    if (bytes > PTRDIFF_MAX - 2 * PAGE_UNIT) return NULL;
    return page->chunk ? run_resize(page, bytes) : mapping_resize(page, bytes);
}
