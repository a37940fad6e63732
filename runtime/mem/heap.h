/* The allocator: size classes in aligned pages, one heap per thread.
 *
 * Three kinds of memory never share a page: objects that the cycle collector must see, other objects, and raw buffers.
 * That lets the collector and the heap check find every object by walking pages, so objects carry no links.  A block
 * knows its page by its address; a page belongs to the heap of one thread.  Freeing from another thread is safe in
 * every mode (an atomic list on the page).  Pages of a thread that ended go to a common pool.  Large blocks get pages
 * of their own.
 *
 * All allocation can fail: objects fail with a pending MemoryError, raw memory returns NULL and leaves that to the
 * caller.
 */
#ifndef MEM_HEAP_H
#define MEM_HEAP_H

#include "runtime/mem/object.h"
#include "runtime/mem/type.h"

/* New object of `size` bytes, zeroed after the header, count 1, type retained if it is a heap type.
 * NULL: failed, MemoryError pending.  Objects whose type has TYPE_GC are visible to the collector at once:
 * with every field zero they must be traversable. */
void *object_allocate(Type *type, size_t size);
/* The same for static types without TYPE_GC, but what is behind the header is left as it is: for str, bytes and int. */
void *object_allocate_leaf(Type *type, size_t size);
/* Frees the memory of a dying object (the last step of its destroy slot) and drops the reference to its heap type. */
void object_free(void *object);

/* Raises MemoryError without allocating; set by runtime/types, since exceptions live on a higher floor. */
extern void (*heap_out_of_memory)(void);

/* Raw memory, 16-byte aligned, not zeroed.  NULL on failure (no exception).  Sizes may be 0. */
void *raw_allocate(size_t size);
void *raw_allocate_zeroed(size_t size);
void *raw_reallocate(void *block, size_t size);
void raw_free(void *block);
size_t raw_usable_size(const void *block);

/* Each thread calls these first and last, holding the GIL: pages come and go.  False: no memory.  Other C threads get a
 * heap with their first allocation. */
bool heap_thread_start(void);
void heap_thread_end(void);
/* In a forked child, before anything else: the heaps of the threads that are gone become free for adoption. */
void heap_fork_child(void);
void heap_fork_prepare(void); /* around fork(), in the parent */
void heap_fork_parent(void);

/* Statistics and enumeration, for gc, the heap check and sys.  The world must not change meanwhile (GIL held). */
typedef struct HeapFigures {
    size_t objects, collected_objects, bytes_in_use, bytes_mapped;
} HeapFigures;
HeapFigures heap_figures(void);
/* Calls visit for every live object (collected_only: those the cycle collector sees) until it returns false. */
void heap_each_object(bool (*visit)(Object *o, void *context), void *context, bool collected_only);

/* Calls visit for every block that may hold addresses: live objects, and raw memory, in use or not, until it returns
 * false.  For the quarantine, which searches them. */
void heap_each_block(bool (*visit)(void *block, size_t bytes, bool is_object_block, void *context), void *context);

/* For the cycle collector: while a collection runs, every object of the collected kind has a word beside it.  New words
 * are zero; objects born on pages that are younger than the start have none. */
bool heap_words_start(void);
/* heap_word() in heap_inline.h finds the word of an object that is not static; NULL: it has none. */
/* Calls visit for every object whose word is not zero, until it returns false. */
void heap_each_word(bool (*visit)(Object *o, uint32_t *word, void *context), void *context);
void heap_words_end(void);
uint32_t heap_births(void);          /* moment of birth (OBJECT_BIRTH_SHIFT) that the next collected object gets */
size_t heap_collected_count(void); /* objects of the collected kind, now; cheap */

/* Hostile builds: the n-th allocation from now fails (0: none); frees are poisoned. */
void heap_fail_after(uint64_t allocations);

#endif
