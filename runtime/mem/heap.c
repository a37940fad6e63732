/* The allocator: bins of pages for each thread, remote frees, large blocks, and walking all objects.
 *
 * A page is in exactly one place: in a bin of its owner's heap (it may have room), in its owner's list of full pages,
 * in the abandoned list of its bin (its thread has ended), or large and in none.  The owner moves its pages alone;
 * creating, freeing, abandoning, adopting and announcing remote frees happen under heap_lock.
 *
 * A remote free that makes a page's remote list non-empty also announces the page to its owner: exactly one free
 * between two collections of that list does, so the lock is taken once for many frees.  The announcement reads the
 * owner under the lock, since ownership changes only there; a page without an owner gets none, its adopter looks by
 * itself.
 */
#include "runtime/mem/heap_inline.h"

#include "runtime/mem/gc.h"
#include "runtime/plat/lock.h"
#include "runtime/plat/memory.h"

#include <string.h>

void (*heap_out_of_memory)(void);

#ifndef HEAP_MALLOC

static Page empty_page;

#define EMPTY_8   &empty_page, &empty_page, &empty_page, &empty_page, &empty_page, &empty_page, &empty_page, &empty_page
#define EMPTY_BIN {EMPTY_8, EMPTY_8, EMPTY_8, EMPTY_8, EMPTY_8, EMPTY_8}
#define EMPTY_HEAP {.current = {EMPTY_BIN, EMPTY_BIN, EMPTY_BIN}}

static const Heap no_heap = EMPTY_HEAP; /* of threads that have not allocated yet; never written */
static Heap main_heap = EMPTY_HEAP;
static bool main_heap_taken;
static Heap *spare_heaps;
static Mutex heap_lock = MUTEX_INITIALIZER;
static Page *abandoned[KIND_COUNT][HEAP_BINS];

__thread Heap *heap_current = (Heap *)&no_heap;

/* --- lists of pages ------------------------------------------------------------------------------------------- */

static void list_link(Page **head, Page *page) {
    Page *first = *head == &empty_page ? NULL : *head;
    page->previous = NULL;
    page->next = first;
    if (first) first->previous = page;
    *head = page;
}

/* Behind the head, which stays the page that is allocated from. */
static void bin_link(Heap *heap, Page *page) {
    Page **head = &heap->current[page->kind][page->bin];
    if (*head == &empty_page) {
        list_link(head, page);
        return;
    }
    page->previous = *head;
    page->next = (*head)->next;
    if (page->next) page->next->previous = page;
    (*head)->next = page;
}

static void list_unlink(Page **head, Page *page, Page *end) {
    if (page->previous) page->previous->next = page->next;
    else *head = page->next ? page->next : end;
    if (page->next) page->next->previous = page->previous;
}

static void bin_unlink(Heap *heap, Page *page) {
    list_unlink(&heap->current[page->kind][page->bin], page, &empty_page);
}

/* --- pages ---------------------------------------------------------------------------------------------------- */

static uint32_t bin_block_size(unsigned bin) {
    if (bin < HEAP_FINE_BINS) return (bin + 1) * 16;
    unsigned coarse = bin - HEAP_FINE_BINS;
    return ((coarse & 3) + 5) << (7 + (coarse >> 2));
}

static uint32_t page_used(const Page *page) { return atomic_load_explicit(&page->used, memory_order_relaxed); }
static void page_set_used(Page *page, uint32_t n) { atomic_store_explicit(&page->used, n, memory_order_relaxed); }

static Page *page_new_locked(HeapKind kind, unsigned bin) {
    bool zeroed;
    Page *page = page_allocate(PAGE_UNIT, &zeroed);
    if (!page) return NULL;
    page->kind = (uint8_t)kind;
    page->bin = (uint8_t)bin;
    page->block_size = bin_block_size(bin);
    page->capacity = (uint32_t)((PAGE_UNIT - PAGE_HEADER) / page->block_size);
    page->reciprocal = (uint32_t)(((UINT64_C(1) << 32) + page->block_size - 1) / page->block_size);
    return page;
}

/* Puts about 4 KB of untouched blocks into the free list. */
static bool page_extend(Page *page) {
    if (page->fresh == page->capacity) return false;
    uint32_t n = 4096 / (uint32_t)page->block_size;
    if (n == 0) n = 1;
    if (n > page->capacity - page->fresh) n = page->capacity - page->fresh;
    Block *next = page->free;
    for (uint32_t i = page->fresh + n; i-- > page->fresh;) {
        Block *block = (Block *)page_block(page, i);
        block->dead = 0;
        block->next = next;
        next = block;
    }
    page->free = next;
    page->fresh += n;
    return true;
}

static void page_release(Page *page) {
    mutex_lock(&heap_lock);
    page_free(page);
    mutex_unlock(&heap_lock);
}

/* Moves what other threads freed into the free list. */
static void page_collect(Page *page) {
    Block *block = atomic_exchange_explicit(&page->remote, NULL, memory_order_acquire);
    uint32_t n = 0;
    while (block) {
        Block *next = block->next;
        block->next = page->free;
        page->free = block;
        block = next;
        n++;
    }
    page_set_used(page, page_used(page) - n);
}

static void page_set_full(Heap *heap, Page *page) {
    bin_unlink(heap, page);
    page->full = true;
    page->alert = UINT32_MAX;
    list_link(&heap->full, page);
}

static void page_set_roomy(Heap *heap, Page *page) {
    list_unlink(&heap->full, page, NULL);
    page->full = false;
    page->alert = 0;
    bin_link(heap, page);
}

/* The page that a bin allocates from stays even when it is empty, so that a loop does not map and unmap. */
void heap_page_alerted(Page *page) {
    Heap *heap = heap_current;
    if (page->full) page_set_roomy(heap, page);
    if (page_used(page) > 0 || heap->current[page->kind][page->bin] == page) return;
    bin_unlink(heap, page);
    page_release(page);
}

static void collect_remote(Heap *heap) {
    mutex_lock(&heap_lock);
    Page *page = heap->remote_pages;
    heap->remote_pages = NULL;
    atomic_store_explicit(&heap->has_remote, false, memory_order_relaxed);
    mutex_unlock(&heap_lock);
    while (page) {
        Page *next = page->remote_next;
        page_collect(page);
        if (page->free && page_used(page) <= page->alert) heap_page_alerted(page);
        page = next;
    }
}

static Page *adopt_or_make(Heap *heap, HeapKind kind, unsigned bin) {
    mutex_lock(&heap_lock);
    Page *page = abandoned[kind][bin];
    if (page) list_unlink(&abandoned[kind][bin], page, NULL);
    else page = page_new_locked(kind, bin);
    if (page) atomic_store_explicit(&page->heap, heap, memory_order_relaxed);
    mutex_unlock(&heap_lock);
    if (!page) return NULL;
    page_collect(page);
    page->full = false;
    page->alert = 0;
    list_link(&heap->current[kind][bin], page);
    return page;
}

/* --- blocks --------------------------------------------------------------------------------------------------- */

static Heap *heap_of_thread(void) {
    if (heap_current == &no_heap && !heap_thread_start()) return NULL;
    return heap_current;
}

/* Asks for a collection when enough objects were made that still live.  births is only a hint when to count them. */
static void consider_collection(Heap *heap) {
    if (heap->births - heap->births_checked < gc_step) return;
    heap->births_checked = heap->births;
    if (gc_request && heap_collected_count() > gc_limit) gc_request();
}

static Page *page_with_room(Heap *heap, HeapKind kind, unsigned bin) {
    Page **head = &heap->current[kind][bin];
    for (;;) {
        Page *page = *head;
        if (page->free || (page != &empty_page && page_extend(page))) return page;
        if (atomic_load_explicit(&heap->has_remote, memory_order_relaxed)) collect_remote(heap);
        else if (page != &empty_page) page_set_full(heap, page);
        else return adopt_or_make(heap, kind, bin) ? page_with_room(heap, kind, bin) : NULL;
    }
}

void *heap_allocate_slow(HeapKind kind, unsigned bin) {
    Heap *heap = heap_of_thread();
    if (!heap) return NULL;
    if (kind == KIND_COLLECTED) consider_collection(heap);
    Page *page = page_with_room(heap, kind, bin);
    if (!page) return NULL;
    Block *block = page->free;
    page->free = block->next;
    page_set_used(page, page_used(page) + 1);
    return block;
}

void *heap_allocate_large(HeapKind kind, size_t size, bool zeroed) {
    Heap *heap = heap_of_thread();
    if (!heap || size > PTRDIFF_MAX - PAGE_HEADER) return NULL;
    if (kind == KIND_COLLECTED) consider_collection(heap);
    bool is_zero;
    mutex_lock(&heap_lock);
    Page *page = page_allocate(size + PAGE_HEADER, &is_zero);
    if (page) {
        page->kind = (uint8_t)kind;
        page->large = true;
        page->block_size = page->mapped - PAGE_HEADER;
        page->capacity = page->fresh = 1;
        page_set_used(page, 1);
    }
    mutex_unlock(&heap_lock);
    if (!page) return NULL;
    void *block = page_block(page, 0);
    if (!is_zero) memset(block, 0, zeroed ? size : sizeof(Object));
    return block;
}

void heap_free_remote(Page *page, Block *block) {
    if (page->large) {
        page_release(page);
        return;
    }
    Block *old = atomic_load_explicit(&page->remote, memory_order_relaxed);
    do block->next = old;
    while (
        !atomic_compare_exchange_weak_explicit(&page->remote, &old, block, memory_order_release, memory_order_relaxed));
    if (old) return;
    mutex_lock(&heap_lock);
    Heap *owner = atomic_load_explicit(&page->heap, memory_order_relaxed);
    if (owner) {
        page->remote_next = owner->remote_pages;
        owner->remote_pages = page;
        atomic_store_explicit(&owner->has_remote, true, memory_order_relaxed);
    }
    mutex_unlock(&heap_lock);
}

void *heap_object_failed(void) {
    if (heap_out_of_memory) heap_out_of_memory();
    return NULL;
}

void *object_allocate(Type *type, size_t size) { return object_allocate_inline(type, size); }
void *object_allocate_leaf(Type *type, size_t size) { return object_allocate_leaf_inline(type, size); }
void object_free(void *object) { object_free_inline(object); }
void *raw_allocate(size_t size) { return raw_allocate_inline(size); }
void raw_free(void *block) { raw_free_inline(block); }

void *raw_allocate_zeroed(size_t size) {
    if (size > HEAP_SMALL_MAX) return heap_allocate_large(KIND_RAW, size, true);
    void *block = raw_allocate_inline(size);
    return block ? memset(block, 0, size) : NULL;
}

size_t raw_usable_size(const void *block) { return page_of(block)->block_size; }

static bool large_resize(Page **page, size_t size) {
    if (size > PTRDIFF_MAX - PAGE_HEADER) return false;
    mutex_lock(&heap_lock);
    Page *resized = page_resize(*page, size + PAGE_HEADER);
    if (resized) {
        resized->block_size = resized->mapped - PAGE_HEADER;
        *page = resized;
    }
    mutex_unlock(&heap_lock);
    return resized != NULL;
}

void *raw_reallocate(void *block, size_t size) {
    if (!block) return raw_allocate_inline(size);
    Page *page = page_of(block);
    size_t usable = page->block_size;
    if (size <= usable && (size >= usable / 2 || usable <= 64)) return block;
    if (page->large && size > HEAP_SMALL_MAX && large_resize(&page, size)) return page_block(page, 0);
    void *moved = raw_allocate_inline(size);
    if (!moved) return size <= usable ? block : NULL;
    memcpy(moved, block, size < usable ? size : usable);
    heap_free_block(block);
    return moved;
}

/* --- threads -------------------------------------------------------------------------------------------------- */

static Heap *heap_take_locked(void) {
    Heap *heap = spare_heaps;
    if (heap) spare_heaps = heap->next;
    else if (!main_heap_taken) heap = &main_heap;
    else heap = memory_map((sizeof(Heap) + 4095) & ~(size_t)4095);
    main_heap_taken = true;
    return heap;
}

bool heap_thread_start(void) {
    if (heap_current != &no_heap) return true;
    mutex_lock(&heap_lock);
    Heap *heap = heap_take_locked();
    mutex_unlock(&heap_lock);
    if (!heap) return false;
    memcpy(heap, &no_heap, sizeof *heap);
    heap_current = heap;
    return true;
}

static void page_abandon_locked(Page *page) {
    atomic_store_explicit(&page->heap, NULL, memory_order_relaxed);
    page->remote_next = NULL;
    page_collect(page);
    if (page_used(page) == 0) page_free(page);
    else list_link(&abandoned[page->kind][page->bin], page);
}

static void list_abandon_locked(Page *page) {
    while (page && page != &empty_page) {
        Page *next = page->next;
        page_abandon_locked(page);
        page = next;
    }
}

static void heap_abandon_locked(Heap *heap) {
    for (unsigned kind = 0; kind < KIND_COUNT; kind++)
        for (unsigned bin = 0; bin < HEAP_BINS; bin++) list_abandon_locked(heap->current[kind][bin]);
    list_abandon_locked(heap->full);
    heap->next = spare_heaps;
    spare_heaps = heap;
}

void heap_thread_end(void) {
    Heap *heap = heap_current;
    if (heap == &no_heap) return;
    heap_current = (Heap *)&no_heap;
    mutex_lock(&heap_lock);
    heap_abandon_locked(heap);
    mutex_unlock(&heap_lock);
}

void heap_fork_prepare(void) { mutex_lock(&heap_lock); }
void heap_fork_parent(void) { mutex_unlock(&heap_lock); }

/* Pages of threads that do not exist in the child keep their owner: nobody allocates from them, and what the child
 * frees there waits in their remote lists.  That is correct, and a child lives briefly. */
void heap_fork_child(void) { mutex_start(&heap_lock); }

/* --- walking -------------------------------------------------------------------------------------------------- */

uint32_t heap_births(void) { return heap_current->births; }

size_t heap_collected_count(void) {
    size_t n = 0;
    mutex_lock(&heap_lock);
    for (Page *p = page_first(); p; p = p->all_next)
        if (p->kind == KIND_COLLECTED) n += page_used(p);
    mutex_unlock(&heap_lock);
    return n;
}

HeapFigures heap_figures(void) {
    HeapFigures f = {0};
    mutex_lock(&heap_lock);
    f.bytes_mapped = page_bytes_mapped();
    for (Page *p = page_first(); p; p = p->all_next) {
        size_t used = page_used(p);
        f.bytes_in_use += used * p->block_size;
        if (p->kind == KIND_COLLECTED) f.collected_objects += used;
        if (p->kind != KIND_RAW) f.objects += used;
    }
    mutex_unlock(&heap_lock);
    return f;
}

/* The pages of objects, copied: the visitor may allocate raw memory, which changes the list. */
typedef struct PageList {
    Page **pages;
    size_t count, bytes;
} PageList;

typedef enum PageChoice { PAGES_COLLECTED, PAGES_OBJECTS, PAGES_ALL } PageChoice;

static bool is_chosen(const Page *p, PageChoice choice) {
    return p->kind == KIND_COLLECTED || choice == PAGES_ALL || (p->kind == KIND_OBJECT && choice == PAGES_OBJECTS);
}

static bool page_list_take(PageList *list, PageChoice choice) {
    size_t n = 0;
    mutex_lock(&heap_lock);
    for (Page *p = page_first(); p; p = p->all_next) n++;
    *list = (PageList){.bytes = (n + 1) * sizeof(Page *)};
    list->pages = memory_map(list->bytes);
    for (Page *p = page_first(); p && list->pages; p = p->all_next)
        if (is_chosen(p, choice)) list->pages[list->count++] = p;
    mutex_unlock(&heap_lock);
    return list->pages != NULL;
}

static bool page_each_object(Page *page, bool (*visit)(Object *o, void *context), void *context) {
    for (uint32_t i = 0; i < page->fresh; i++) {
        Object *o = (Object *)page_block(page, i);
        if ((object_flags(o) & OBJECT_LIVE) && !visit(o, context)) return false;
    }
    return true;
}

/* Oldest pages first: the list has the newest at its head. */
void heap_each_object(bool (*visit)(Object *o, void *context), void *context, bool collected_only) {
    PageList list;
    if (!page_list_take(&list, collected_only ? PAGES_COLLECTED : PAGES_OBJECTS)) return;
    for (size_t i = list.count; i-- > 0;)
        if (!page_each_object(list.pages[i], visit, context)) break;
    memory_unmap(list.pages, list.bytes);
}

static bool page_each_block(Page *page, bool (*visit)(void *, size_t, bool, void *), void *context) {
    bool objects = page->kind != KIND_RAW;
    for (uint32_t i = 0; i < page->fresh; i++) {
        void *block = page_block(page, i);
        if (objects && !(object_flags(block) & OBJECT_LIVE)) continue;
        if (!visit(block, page->block_size, objects, context)) return false;
    }
    return true;
}

void heap_each_block(bool (*visit)(void *block, size_t bytes, bool is_object_block, void *context), void *context) {
    PageList list;
    if (!page_list_take(&list, PAGES_ALL)) return;
    for (size_t i = 0; i < list.count; i++)
        if (!page_each_block(list.pages[i], visit, context)) break;
    memory_unmap(list.pages, list.bytes);
}

/* --- words of the cycle collector ------------------------------------------------------------------------------ */

static uint32_t *words;
static size_t words_bytes;

bool heap_words_start(void) {
    size_t n = 0;
    mutex_lock(&heap_lock);
    for (Page *p = page_first(); p; p = p->all_next)
        if (p->kind == KIND_COLLECTED) n += p->capacity;
    words_bytes = (n + 1) * sizeof *words;
    words = memory_map(words_bytes);
    uint32_t *next = words;
    for (Page *p = page_first(); p && words; p = p->all_next) {
        if (p->kind != KIND_COLLECTED) continue;
        p->gc_table = next;
        next += p->capacity;
    }
    mutex_unlock(&heap_lock);
    return words != NULL;
}

static bool page_each_word(Page *page, bool (*visit)(Object *o, uint32_t *word, void *context), void *context) {
    uint32_t n = page->fresh;
    for (uint32_t i = 0; page->gc_table && i < n; i++)
        if (page->gc_table[i] && !visit((Object *)page_block(page, i), &page->gc_table[i], context)) return false;
    return true;
}

void heap_each_word(bool (*visit)(Object *o, uint32_t *word, void *context), void *context) {
    PageList list;
    if (!page_list_take(&list, PAGES_COLLECTED)) return;
    for (size_t i = list.count; i-- > 0;)
        if (!page_each_word(list.pages[i], visit, context)) break;
    memory_unmap(list.pages, list.bytes);
}

void heap_words_end(void) {
    mutex_lock(&heap_lock);
    for (Page *p = page_first(); p; p = p->all_next) p->gc_table = NULL;
    memory_unmap(words, words_bytes);
    mutex_unlock(&heap_lock);
}

void heap_fail_after(uint64_t allocations) { (void)allocations; }

#endif
