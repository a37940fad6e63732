/* Specialised opcodes: numbered on from the general ones. */
#ifndef EXEC_SPECIALISED_H
#define EXEC_SPECIALISED_H

#include "vm/code/code.h"

enum {
    OP_BEFORE_SPECIALISED_ = OP_FIRST_SPECIALISED - 1,
#define OP(name, operands, caches, notation, meaning) OP_##name,
#include "vm/exec/specialised.def"
#undef OP
    OP_COUNT_ALL
};
_Static_assert(OP_COUNT_ALL <= 256, "an opcode is one byte");

/* Rewrites the opcode of an instruction in place; any thread may meet the old or the new one. */
static inline void specialise(Instr *at, unsigned op) {
    Instr word = __atomic_load_n(at, __ATOMIC_RELAXED);
    __atomic_store_n(at, (word & ~(Instr)0xFF) | op, __ATOMIC_RELEASE);
}
static inline uint64_t cache_load(const Instr *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
static inline void cache_store(Instr *word, uint64_t v) { __atomic_store_n(word, v, __ATOMIC_RELEASE); }

/* Memory of a cache entry: it lives as long as the code.  NULL: none, nothing pending. */
void *cache_entry_new(Code *code, size_t size);
void cache_entries_free(Code *code);

#endif
