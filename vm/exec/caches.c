/* Memory of inline cache entries, owned by their code object, and the description of the specialised opcodes. */
#include "vm/exec/caches.h"

#include "runtime/mem/heap.h"

typedef struct EntryBlock {
    struct EntryBlock *next;
    uint64_t data[];
} EntryBlock;

/* Pushed with a compare-and-swap: threads may specialise at the same time. */
void *cache_entry_new(Code *code, size_t size) {
    EntryBlock *block = raw_allocate_zeroed(sizeof *block + size);
    if (!block) return NULL;
    block->next = __atomic_load_n(&code->exec, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n((EntryBlock **)&code->exec, &block->next, block, true, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED)) {
    }
    return block->data;
}

void cache_entries_free(Code *code) {
    for (EntryBlock *block = code->exec; block;) {
        EntryBlock *next = block->next;
        raw_free(block);
        block = next;
    }
    code->exec = NULL;
}
