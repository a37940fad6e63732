/* Layout of the table of a dict, for dict_*.c and for inline caches only.
 *
 *     [ index n-1 ] ... [ index 1 ] [ index 0 ] | DictKeys | [ entry 0 ] [ entry 1 ] ...
 *
 * A pointer to the table points at its header: small indices (8, 16 or 32 bits) lie below it and count downwards,
 * entries lie above it in the order of insertion.  An index is the number of an entry, DICT_FREE or DICT_REMOVED.  An
 * entry without a key was removed.  Every entry starts with key and value; tables with stride 24 keep the hash behind
 * them, tables with stride 16 have only exact str keys, which know their hash.
 *
 * When entry 0 was removed, its value may be a small int n: entries below n are removed as well.  So taking the first
 * entry again and again (queues, LRU caches) does not walk over the removed ones each time.
 */
#ifndef TYPES_DICT_KEYS_H
#define TYPES_DICT_KEYS_H

#include "runtime/types/dict.h"
#include "runtime/types/key.h"

#include <stddef.h>

enum { DICT_FREE = -1, DICT_REMOVED = -2 };
enum { DICT_STRIDE_STR = 16, DICT_STRIDE_ANY = 24, DICT_LOG2_MIN = 3, DICT_LOG2_MAX = 31 };

typedef struct DictEntry {
    Value key, value;
    int64_t hash; /* absent in tables of stride 16 */
} DictEntry;

struct DictKeys {
    _Atomic uint32_t version; /* 0: nobody asked since the keys changed */
    uint8_t log2_size;        /* of the index table */
    uint8_t log2_index;       /* bytes of an index */
    uint8_t stride;           /* bytes of an entry */
    uint8_t unused;
    uint32_t used;            /* entries taken, live or removed */
    uint32_t usable;          /* entries still free */
};

static inline size_t keys_size(const DictKeys *k) { return (size_t)1 << k->log2_size; }
static inline bool keys_are_str(const DictKeys *k) { return k->stride == DICT_STRIDE_STR; }
static inline DictEntry *keys_entry(const DictKeys *k, size_t i) {
    return (DictEntry *)(void *)((char *)(uintptr_t)(k + 1) + i * k->stride);
}
static inline int64_t keys_hash(const DictKeys *k, const DictEntry *e) {
    return keys_are_str(k) ? (int64_t)str_hash(as_str(e->key)) : e->hash;
}
static inline int32_t keys_index(const DictKeys *k, size_t i) {
    ptrdiff_t at = -1 - (ptrdiff_t)i;
    if (k->log2_index == 0) return ((const int8_t *)k)[at];
    if (k->log2_index == 1) return ((const int16_t *)(const void *)k)[at];
    return ((const int32_t *)(const void *)k)[at];
}
static inline void keys_set_index(DictKeys *k, size_t i, int32_t index) {
    ptrdiff_t at = -1 - (ptrdiff_t)i;
    if (k->log2_index == 0) ((int8_t *)k)[at] = (int8_t)index;
    else if (k->log2_index == 1) ((int16_t *)(void *)k)[at] = (int16_t)index;
    else ((int32_t *)(void *)k)[at] = index;
}

/* The order in which slots are probed. */
typedef struct Probe {
    size_t slot, mask;
    uint64_t perturb;
} Probe;
static inline Probe probe_start(const DictKeys *k, int64_t hash) {
    size_t mask = keys_size(k) - 1;
    return (Probe){(size_t)hash & mask, mask, (uint64_t)hash};
}
static inline void probe_next(Probe *p) {
    p->perturb >>= 5;
    p->slot = (p->slot * 5 + (size_t)p->perturb + 1) & p->mask;
}

/* Entry of an exact str key in a table of str keys, or -1.  Cannot fail and runs no script code. */
static inline int64_t keys_find_str(const DictKeys *k, Value key) {
    uint64_t hash = str_hash(as_str(key));
    for (Probe p = probe_start(k, (int64_t)hash);; probe_next(&p)) {
        int32_t index = keys_index(k, p.slot);
        if (index == DICT_FREE) return -1;
        if (index < 0) continue;
        Value other = keys_entry(k, (size_t)index)->key;
        if (same(other, key)) return index;
        if (str_hash(as_str(other)) == hash && str_equal(other, key)) return index;
    }
}

/* What `dict[key]` holds for an exact str key: the inline lookup of the interpreter.  Borrowed; UNSET: absent. */
static inline Value dict_get_str_inline(Dict *d, Value key) {
    DictKeys *k = d->keys;
    if (!k) return UNSET;
    if (!keys_are_str(k)) return dict_get_str(from_object(d), key);
    int64_t index = keys_find_str(k, key);
    return index < 0 ? UNSET : keys_entry(k, (size_t)index)->value;
}
static inline uint32_t keys_version(const DictKeys *k) {
    return atomic_load_explicit(&k->version, memory_order_relaxed);
}
/* The value of entry `index` while the version is the one seen with it. */
static inline Value *keys_value_slot(const DictKeys *k, size_t index) { return &keys_entry(k, index)->value; }

/* Lookup of any key: entry, DICT_FREE when absent, DICT_FAILED when __eq__ raised. */
enum { DICT_FAILED = -2 };
int64_t dict_lookup(Dict *d, Value key, int64_t hash);
/* Stores under a key with a known hash; steals value (also on failure), retains key. */
bool dict_set_hashed(Dict *d, Value key, int64_t hash, Value value);
/* The same for a key that dict_lookup() has just not found. */
bool dict_add_hashed(Dict *d, Value key, int64_t hash, Value value);
/* Takes entry `index` out; the caller owns both. */
void dict_take_entry(Dict *d, size_t index, Value *key, Value *value);
/* Index of the first live entry (`used` if there is none), and of the last one of a dict that has one. */
size_t keys_first(DictKeys *k);
size_t keys_last(const DictKeys *k);
/* Takes the last live entry out and gives its place back; the dict is not empty. */
void dict_take_last(Dict *d, Value *key, Value *value);
/* The entries of another dict that has some, into one that has none. */
bool dict_fill(Dict *to, const Dict *from);
/* Makes room for n entries in a table of at least this stride. */
bool dict_reserve(Dict *d, size_t n, unsigned stride);

#endif
