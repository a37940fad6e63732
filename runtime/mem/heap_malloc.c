/* The allocator of sanitizer and hostile builds: every block is one malloc, in a registry that the walkers use. */
#include "runtime/mem/heap_inline.h"

#ifdef HEAP_MALLOC

#include "runtime/base/hostile.h"
#include "runtime/mem/gc.h"
#include "runtime/plat/lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POISON = 0xDD };

typedef struct Entry {
    struct Entry *next, *previous;
    size_t size;
    uint32_t kind, word, has_word, padding[3];
} Entry;

_Static_assert(sizeof(Entry) % 16 == 0, "blocks are 16-byte aligned");

static Entry lists[KIND_COUNT]; /* circular, with a sentinel each */
static size_t counts[KIND_COUNT], bytes_in_use;
static uint32_t births;
static uint64_t fail_countdown;
static Mutex heap_lock = MUTEX_INITIALIZER;

static Entry *entry_of(const void *block) { return (Entry *)((uintptr_t)block - sizeof(Entry)); }
static void *entry_block(Entry *e) { return e + 1; }

static void entry_link(Entry *e) {
    Entry *list = &lists[e->kind];
    if (!list->next) list->next = list->previous = list;
    e->next = list;
    e->previous = list->previous;
    list->previous->next = e;
    list->previous = e;
    counts[e->kind]++;
    bytes_in_use += e->size;
}

static void entry_unlink(Entry *e) {
    e->previous->next = e->next;
    e->next->previous = e->previous;
    counts[e->kind]--;
    bytes_in_use -= e->size;
}

/* Whether this is the allocation that heap_fail_after() named; says so for tests/tools/fail_allocations.sh. */
static bool must_fail(void) {
    mutex_lock(&heap_lock);
    bool fail = fail_countdown && --fail_countdown == 0;
    mutex_unlock(&heap_lock);
    if (fail) fputs("scr: this allocation fails\n", stderr);
    return fail;
}

static void *block_new(HeapKind kind, size_t size) {
    if (size > PTRDIFF_MAX - sizeof(Entry)) return NULL;
    bool fail = must_fail();
    Entry *e = fail ? NULL : malloc(sizeof(Entry) + size);
    if (!e) return NULL;
    memset(e + 1, 0xCC, size);
    *e = (Entry){.size = size, .kind = kind};
    mutex_lock(&heap_lock);
    entry_link(e);
    mutex_unlock(&heap_lock);
    return entry_block(e);
}

static void block_free(void *block) {
    Entry *e = entry_of(block);
    mutex_lock(&heap_lock);
    entry_unlink(e);
    mutex_unlock(&heap_lock);
    memset(block, POISON, e->size);
    free(e);
}

/* Hostile builds collect after each allocation at first, then less and less often, so that every run ends. */
static bool hostile_chance(void) {
    static uint32_t last, collections;
    size_t pause = collections / 32 + (counts[KIND_COLLECTED] > 20000 ? counts[KIND_COLLECTED] : 0);
    if (births - last <= pause) return false;
    last = births;
    collections++;
    return gc_limit != SIZE_MAX;
}

static void consider_collection(void) {
    bool due = IS_HOSTILE ? hostile_chance() : births % 1024 == 0 && counts[KIND_COLLECTED] > gc_limit;
    if (due && gc_request) gc_request();
}

void *object_allocate(Type *type, size_t size) {
    HeapKind kind = type->flags & TYPE_GC ? KIND_COLLECTED : KIND_OBJECT;
    uint32_t flags = OBJECT_LIVE;
    if (kind == KIND_COLLECTED) {
        consider_collection();
        flags |= births++ << OBJECT_BIRTH_SHIFT;
    }
    Object *o = block_new(kind, size);
    if (!o) {
        if (heap_out_of_memory) heap_out_of_memory();
        return NULL;
    }
    if (type->flags & TYPE_HEAP) object_retain(type);
    memset(o, 0, size);
    o->type = type;
    rc_store(&o->count, 1);
    atomic_store_explicit(&o->flags, flags, memory_order_relaxed);
    if (RC_WATCHED) watch_born(o);
    return o;
}

void *object_allocate_leaf(Type *type, size_t size) { return object_allocate(type, size); }

void object_free(void *object) {
    Type *type = ((Object *)object)->type;
    block_free(object);
    if (type->flags & TYPE_HEAP) object_release(type);
}

void *raw_allocate(size_t size) { return block_new(KIND_RAW, size); }

void *raw_allocate_zeroed(size_t size) {
    void *block = block_new(KIND_RAW, size);
    return block ? memset(block, 0, size) : NULL;
}

void *raw_reallocate(void *block, size_t size) {
    void *moved = block_new(KIND_RAW, size);
    if (!moved || !block) return moved;
    size_t old = entry_of(block)->size;
    memcpy(moved, block, size < old ? size : old);
    block_free(block);
    return moved;
}

void raw_free(void *block) {
    if (block) block_free(block);
}

size_t raw_usable_size(const void *block) { return entry_of(block)->size; }

bool heap_thread_start(void) { return true; }
void heap_thread_end(void) {}
void heap_fork_prepare(void) { mutex_lock(&heap_lock); }
void heap_fork_parent(void) { mutex_unlock(&heap_lock); }
void heap_fork_child(void) { mutex_start(&heap_lock); }

uint32_t heap_births(void) { return births; }
size_t heap_collected_count(void) { return counts[KIND_COLLECTED]; }

HeapFigures heap_figures(void) {
    mutex_lock(&heap_lock);
    HeapFigures f = {counts[KIND_COLLECTED] + counts[KIND_OBJECT], counts[KIND_COLLECTED], bytes_in_use, bytes_in_use};
    mutex_unlock(&heap_lock);
    return f;
}

static bool list_each(HeapKind kind, bool (*visit)(Object *o, void *context), void *context) {
    Entry *end = &lists[kind];
    for (Entry *e = end->next, *next; e && e != end; e = next) {
        next = e->next;
        Object *o = entry_block(e);
        if ((object_flags(o) & OBJECT_LIVE) && !visit(o, context)) return false;
    }
    return true;
}

void heap_each_object(bool (*visit)(Object *o, void *context), void *context, bool collected_only) {
    if (list_each(KIND_COLLECTED, visit, context) && !collected_only) list_each(KIND_OBJECT, visit, context);
}

void heap_each_block(bool (*visit)(void *block, size_t bytes, bool is_object_block, void *context), void *context) {
    for (int kind = 0; kind < KIND_COUNT; kind++)
        for (Entry *end = &lists[kind], *e = end->next, *next; e && e != end; e = next) {
            next = e->next;
            bool object = kind != KIND_RAW;
            if (object && !(object_flags(entry_block(e)) & OBJECT_LIVE)) continue;
            if (!visit(entry_block(e), e->size, object, context)) return;
        }
}

bool heap_words_start(void) {
    Entry *end = &lists[KIND_COLLECTED];
    for (Entry *e = end->next; e && e != end; e = e->next) e->word = 0, e->has_word = 1;
    return true;
}

uint32_t *heap_word(const Object *o) {
    Entry *e = entry_of(o);
    return e->has_word ? &e->word : NULL;
}

void heap_each_word(bool (*visit)(Object *o, uint32_t *word, void *context), void *context) {
    Entry *end = &lists[KIND_COLLECTED];
    for (Entry *e = end->next; e && e != end; e = e->next)
        if (e->has_word && e->word && !visit(entry_block(e), &e->word, context)) return;
}

void heap_words_end(void) {
    Entry *end = &lists[KIND_COLLECTED];
    for (Entry *e = end->next; e && e != end; e = e->next) e->has_word = 0;
}

void heap_fail_after(uint64_t allocations) { fail_countdown = allocations; }

#else
typedef int heap_malloc_unused; /* a file must declare something */
#endif
