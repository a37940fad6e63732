/* The allocator's fast paths, for the few files where an object's birth or death is hot.
 *
 * A heap keeps, for each kind and size class, the page that it allocates from.  The owner takes and gives blocks of its
 * pages without any synchronisation; other threads push freed blocks onto the page's `remote` list.  A heap that has no
 * page for a class points at a page that is always empty, so the fast path has one test.
 */
#ifndef MEM_HEAP_INLINE_H
#define MEM_HEAP_INLINE_H

#include "runtime/mem/heap.h"
#include "runtime/mem/page.h"

#include <string.h>

enum { HEAP_FINE_BINS = 32, HEAP_BINS = 48, HEAP_SMALL_MAX = 8192 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(HOSTILE)
#define HEAP_MALLOC 1 /* blocks come from malloc, so that sanitizers see each (runtime/mem/heap_malloc.c) */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define HEAP_MALLOC 1
#endif
#endif

#ifndef HEAP_MALLOC

struct Heap {
    Page *current[KIND_COUNT][HEAP_BINS]; /* head of the list of pages with room; the empty page if there are none */
    Page *full;                           /* pages without room */
    uint32_t births;                      /* collected objects that were ever made here */
    uint32_t births_checked;              /* births when the need to collect was last looked at */
    _Atomic bool has_remote;
    Page *remote_pages;                   /* under the heap lock */
    Heap *next;
};

extern __thread Heap *heap_current;

/* Sizes to 512 in steps of 16, then four classes for each doubling. */
static inline unsigned heap_bin(size_t size) {
    size_t n = size - 1;
    if (n < 512) return (unsigned)(n >> 4);
    unsigned shift = (unsigned)(61 - __builtin_clzll(n));
    return HEAP_FINE_BINS + (shift - 7) * 4 + (unsigned)(n >> shift) - 4;
}

void *heap_allocate_slow(HeapKind kind, unsigned bin);
void *heap_allocate_large(HeapKind kind, size_t size, bool zeroed);
void heap_free_remote(Page *page, Block *block);
void heap_page_alerted(Page *page);
void *heap_object_failed(void);

static inline void *heap_allocate_small(HeapKind kind, size_t size) {
    unsigned bin = heap_bin(size);
    Page *page = heap_current->current[kind][bin];
    Block *block = page->free;
    if (__builtin_expect(block == NULL, 0)) return heap_allocate_slow(kind, bin);
    page->free = block->next;
    atomic_store_explicit(&page->used, atomic_load_explicit(&page->used, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    return block;
}

static inline void heap_free_block(void *memory) {
    Block *block = memory;
    Page *page = page_of(block);
    if (__builtin_expect(atomic_load_explicit(&page->heap, memory_order_relaxed) != heap_current, 0)) {
        heap_free_remote(page, block);
        return;
    }
    block->next = page->free;
    page->free = block;
    uint32_t used = atomic_load_explicit(&page->used, memory_order_relaxed) - 1;
    atomic_store_explicit(&page->used, used, memory_order_relaxed);
    if (__builtin_expect(used <= page->alert, 0)) heap_page_alerted(page);
}

/* Objects are small: a loop beats a call of memset, and the empty assembly keeps the compiler from making one of it. */
static inline void heap_zero(void *start, size_t size) {
    if (size > 256) {
        memset(start, 0, size);
        return;
    }
    uint64_t *word = start, *end = word + size / 8;
    while (word < end) {
        *word++ = 0;
        __asm__("" : "+r"(word));
    }
    for (unsigned char *byte = (unsigned char *)end; byte < (unsigned char *)start + size; byte++) *byte = 0;
}

static inline void *object_allocate_inline(Type *type, size_t size) {
    uint32_t flags = OBJECT_LIVE;
    HeapKind kind = type->flags & TYPE_GC ? KIND_COLLECTED : KIND_OBJECT;
    Object *o = __builtin_expect(size <= HEAP_SMALL_MAX, 1) ? heap_allocate_small(kind, size)
                                                            : heap_allocate_large(kind, size, false);
    if (__builtin_expect(o == NULL, 0)) return heap_object_failed();
    if (kind == KIND_COLLECTED) flags |= heap_current->births++ << OBJECT_BIRTH_SHIFT;
    if (type->flags & TYPE_HEAP) object_retain(type);
    heap_zero(o + 1, size - sizeof *o);
    o->type = type;
    rc_store(&o->count, 1);
    atomic_store_explicit(&o->flags, flags, memory_order_relaxed);
    if (RC_WATCHED) watch_born(o);
    return o;
}

/* As object_allocate_inline for a type without TYPE_GC, but nothing behind the header is zeroed. */
static inline void *object_allocate_leaf_inline(Type *type, size_t size) {
    Object *o = __builtin_expect(size <= HEAP_SMALL_MAX, 1) ? heap_allocate_small(KIND_OBJECT, size)
                                                            : heap_allocate_large(KIND_OBJECT, size, false);
    if (__builtin_expect(o == NULL, 0)) return heap_object_failed();
    o->type = type;
    rc_store(&o->count, 1);
    atomic_store_explicit(&o->flags, OBJECT_LIVE, memory_order_relaxed);
    if (RC_WATCHED) watch_born(o);
    return o;
}

/* As object_allocate_inline for a static type with TYPE_GC, but nothing behind the header is zeroed: the caller fills it
 * before anything else can happen. */
static inline void *object_allocate_collected_inline(Type *type, size_t size) {
    Object *o = __builtin_expect(size <= HEAP_SMALL_MAX, 1) ? heap_allocate_small(KIND_COLLECTED, size)
                                                            : heap_allocate_large(KIND_COLLECTED, size, false);
    if (__builtin_expect(o == NULL, 0)) return heap_object_failed();
    o->type = type;
    rc_store(&o->count, 1);
    atomic_store_explicit(&o->flags, OBJECT_LIVE | heap_current->births++ << OBJECT_BIRTH_SHIFT, memory_order_relaxed);
    return o;
}

static inline uint32_t *heap_word(const Object *o) {
    Page *page = page_of(o);
    return page->gc_table ? page->gc_table + page_index(page, o) : NULL;
}

static inline void object_free_inline(void *object) {
    Object *o = object;
    Type *type = o->type;
    rc_store(&o->count, 0);
    atomic_store_explicit(&o->flags, 0, memory_order_relaxed); /* no longer alive, for whoever walks the pages */
    heap_free_block(object);
    if (type->flags & TYPE_HEAP) object_release(type);
}

static inline void *raw_allocate_inline(size_t size) {
    if (__builtin_expect(size > HEAP_SMALL_MAX, 0)) return heap_allocate_large(KIND_RAW, size, false);
    return heap_allocate_small(KIND_RAW, size + (size == 0));
}

static inline void raw_free_inline(void *block) {
    if (block) heap_free_block(block);
}

#else

static inline void heap_zero(void *start, size_t size) { memset(start, 0, size); }
static inline void *object_allocate_inline(Type *type, size_t size) { return object_allocate(type, size); }
static inline void *object_allocate_leaf_inline(Type *type, size_t size) { return object_allocate(type, size); }
static inline void *object_allocate_collected_inline(Type *type, size_t size) { return object_allocate(type, size); }
static inline void object_free_inline(void *object) { object_free(object); }
static inline void *raw_allocate_inline(size_t size) { return raw_allocate(size); }
static inline void raw_free_inline(void *block) { raw_free(block); }
uint32_t *heap_word(const Object *o);

#endif
#endif
