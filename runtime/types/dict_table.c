/* The hash table of dict: finding, adding, removing and moving entries. */
#include "runtime/types/dict_keys.h"

#include "runtime/mem/heap.h"
#include "runtime/types/error.h"
#include "runtime/types/traverse.h"

static _Atomic uint32_t last_version;

static size_t usable_entries(unsigned log2_size) { return ((size_t)2 << log2_size) / 3; }

static unsigned log2_for_slots(size_t n) {
    unsigned log2 = DICT_LOG2_MIN;
    while (log2 <= DICT_LOG2_MAX && (size_t)1 << log2 < n) log2++;
    return log2;
}

static void keys_changed(DictKeys *k) { atomic_store_explicit(&k->version, 0, memory_order_relaxed); }

static DictKeys *keys_new(unsigned log2_size, unsigned stride) {
    if (log2_size > DICT_LOG2_MAX) return raise_memory_error(), NULL;
    unsigned log2_index = log2_size < 8 ? 0 : log2_size < 16 ? 1 : 2;
    size_t index_bytes = (size_t)1 << (log2_size + log2_index), usable = usable_entries(log2_size);
    char *block = raw_allocate(index_bytes + sizeof(DictKeys) + usable * stride);
    if (!block) return raise_memory_error(), NULL;
    memset(block, 0xFF, index_bytes);
    DictKeys *k = (DictKeys *)(void *)(block + index_bytes);
    *k = (DictKeys){.log2_size = (uint8_t)log2_size, .log2_index = (uint8_t)log2_index, .stride = (uint8_t)stride};
    k->usable = (uint32_t)usable;
    return k;
}

static void *keys_block(DictKeys *k) { return (char *)k - (keys_size(k) << k->log2_index); }

static void keys_free(DictKeys *k) {
    if (k) raw_free(keys_block(k));
}

static size_t free_slot(const DictKeys *k, int64_t hash) {
    Probe p = probe_start(k, hash);
    while (keys_index(k, p.slot) >= 0) probe_next(&p);
    return p.slot;
}

/* Steals key and value; there is room and the key is absent. */
static void keys_append(DictKeys *k, Value key, int64_t hash, Value value) {
    keys_set_index(k, free_slot(k, hash), (int32_t)k->used);
    DictEntry *e = keys_entry(k, k->used);
    e->key = key;
    e->value = value;
    if (!keys_are_str(k)) e->hash = hash;
    k->used++;
    k->usable--;
}

static void keys_move(DictKeys *to, DictKeys *from) {
    for (size_t i = 0; i < from->used; i++) {
        DictEntry *e = keys_entry(from, i);
        if (is_set(e->key)) keys_append(to, e->key, keys_hash(from, e), e->value);
    }
}

static bool dict_resize(Dict *d, unsigned log2_size, unsigned stride) {
    DictKeys *old = d->keys;
    if (old && old->stride > stride) stride = old->stride;
    DictKeys *k = keys_new(log2_size, stride);
    if (!k) return false;
    if (old) keys_move(k, old);
    d->keys = k;
    keys_free(old);
    return true;
}

bool dict_reserve(Dict *d, size_t n, unsigned stride) {
    if (d->keys && d->keys->usable + d->count >= n && d->keys->stride >= stride) return true;
    return dict_resize(d, log2_for_slots(n + n / 2 + 1), stride);
}

/* The table changed under a comparison that looked at entry `index` with this key? */
static bool moved(const Dict *d, const DictKeys *k, unsigned log2_size, size_t index, Value key) {
    if (d->keys != k) return true;
    return k->log2_size != log2_size || index >= k->used || !same(keys_entry(k, index)->key, key);
}

static int64_t lookup_any(Dict *d, Value key, int64_t hash) {
    for (;;) {
        DictKeys *k = d->keys;
        if (!k) return DICT_FREE;
        unsigned log2_size = k->log2_size;
        bool again = false;
        for (Probe p = probe_start(k, hash); !again; probe_next(&p)) {
            int32_t index = keys_index(k, p.slot);
            if (index == DICT_FREE) return DICT_FREE;
            if (index < 0) continue;
            DictEntry *e = keys_entry(k, (size_t)index);
            if (same(e->key, key)) return index;
            if (keys_hash(k, e) != hash) continue;
            Value other = retain(e->key);
            int equal = key_equal(other, key);
            again = moved(d, k, log2_size, (size_t)index, other);
            release(other);
            if (equal < 0) return DICT_FAILED;
            again = again || moved(d, k, log2_size, (size_t)index, other);
            if (equal && !again) return index;
        }
    }
}

int64_t dict_lookup(Dict *d, Value key, int64_t hash) {
    DictKeys *k = d->keys;
    if (!k) return DICT_FREE;
    if (keys_are_str(k)) {
        if (str_is_exact(key)) return keys_find_str(k, key);
        if (key_is_plain(key)) return DICT_FREE;
    } else if (is_small_int(key)) {
        for (Probe p = probe_start(k, hash);; probe_next(&p)) {
            int32_t index = keys_index(k, p.slot);
            if (index == DICT_FREE) return DICT_FREE;
            if (index < 0) continue;
            DictEntry *e = keys_entry(k, (size_t)index);
            if (same(e->key, key)) return index;
            if (e->hash == hash && !is_small_int(e->key)) return lookup_any(d, key, hash);
        }
    }
    return lookup_any(d, key, hash);
}

bool dict_add_hashed(Dict *d, Value key, int64_t hash, Value value) {
    DictKeys *k = d->keys;
    unsigned stride = str_is_exact(key) ? DICT_STRIDE_STR : DICT_STRIDE_ANY;
    if (!k || k->usable == 0 || k->stride < stride) {
        if (!dict_resize(d, log2_for_slots(d->count * 3), stride)) return release(value), false;
        k = d->keys;
    }
    keys_append(k, retain(key), hash, value);
    keys_changed(k);
    d->count++;
    return true;
}

bool dict_set_hashed(Dict *d, Value key, int64_t hash, Value value) {
    int64_t index = dict_lookup(d, key, hash);
    if (index >= 0) {
        replace(&keys_entry(d->keys, (size_t)index)->value, value);
        return true;
    }
    if (index == DICT_FAILED) return release(value), false;
    return dict_add_hashed(d, key, hash, value);
}

void dict_take_entry(Dict *d, size_t index, Value *key, Value *value) {
    DictKeys *k = d->keys;
    DictEntry *e = keys_entry(k, index);
    Probe p = probe_start(k, keys_hash(k, e));
    while (keys_index(k, p.slot) != (int32_t)index) probe_next(&p);
    keys_set_index(k, p.slot, DICT_REMOVED);
    *key = e->key;
    *value = e->value;
    e->key = e->value = UNSET;
    d->count--;
    keys_changed(k);
}

size_t keys_first(DictKeys *k) {
    DictEntry *zero = keys_entry(k, 0);
    if (k->used == 0 || is_set(zero->key)) return 0;
    size_t i = is_small_int(zero->value) ? (size_t)as_small_int(zero->value) : 1;
    while (i < k->used && is_unset(keys_entry(k, i)->key)) i++;
    zero->value = from_small_int((int64_t)i);
    return i;
}

size_t keys_last(const DictKeys *k) {
    size_t i = k->used - 1;
    while (is_unset(keys_entry(k, i)->key)) i--;
    return i;
}

void dict_take_last(Dict *d, Value *key, Value *value) {
    DictKeys *k = d->keys;
    size_t last = keys_last(k);
    dict_take_entry(d, last, key, value);
    k->used = (uint32_t)last;
    DictEntry *zero = keys_entry(k, 0);
    if (last && is_unset(zero->key)) zero->value = UNSET; /* entries may be added below what it said */
}

void dict_clear(Value dict) {
    Dict *d = as_dict(dict);
    DictKeys *k = d->keys;
    if (!k) return;
    d->keys = NULL;
    d->count = 0;
    for (size_t i = 0; i < k->used; i++) {
        DictEntry *e = keys_entry(k, i);
        release(e->key);
        release(e->value);
    }
    keys_free(k);
}

/* A copy of the table as it stands: possible when few entries were removed. */
static bool copy_table(Dict *to, const Dict *from) {
    DictKeys *k = from->keys;
    size_t index_bytes = keys_size(k) << k->log2_index;
    size_t bytes = index_bytes + sizeof *k + (size_t)k->stride * (k->used + k->usable);
    char *block = raw_allocate(bytes);
    if (!block) return raise_memory_error(), false;
    memcpy(block, keys_block(k), index_bytes + sizeof *k + (size_t)k->stride * k->used);
    to->keys = (DictKeys *)(void *)(block + index_bytes);
    keys_changed(to->keys);
    to->count = from->count;
    for (size_t i = 0; i < k->used; i++) {
        DictEntry *e = keys_entry(k, i);
        retain(e->key);
        retain(e->value);
    }
    return true;
}

static bool copy_entries(Dict *to, const Dict *from) {
    DictKeys *k = from->keys;
    if (!dict_reserve(to, from->count, k->stride)) return false;
    for (size_t i = 0; i < k->used; i++) {
        DictEntry *e = keys_entry(k, i);
        if (is_unset(e->key)) continue;
        keys_append(to->keys, retain(e->key), keys_hash(k, e), retain(e->value));
        to->count++;
    }
    return true;
}

bool dict_fill(Dict *to, const Dict *from) {
    bool dense = from->count >= (size_t)from->keys->used * 2 / 3;
    keys_free(to->keys);
    to->keys = NULL;
    return dense ? copy_table(to, from) : copy_entries(to, from);
}

Value dict_copy(Value dict) {
    Dict *from = as_dict(dict);
    Value copy = dict_new();
    if (is_unset(copy) || from->count == 0 || dict_fill(as_dict(copy), from)) return copy;
    release(copy);
    return UNSET;
}

bool dict_next(Value dict, size_t *position, Value *key, Value *value) {
    DictKeys *k = as_dict(dict)->keys;
    if (!k) return false;
    for (size_t i = *position ? *position : keys_first(k); i < k->used; i++) {
        DictEntry *e = keys_entry(k, i);
        if (is_unset(e->key)) continue;
        *key = e->key;
        if (value) *value = e->value;
        *position = i + 1;
        return true;
    }
    return false;
}

uint32_t dict_version(Value dict) {
    DictKeys *k = as_dict(dict)->keys;
    if (!k) return 0;
    uint32_t version = keys_version(k);
    if (version) return version;
    version = atomic_load_explicit(&last_version, memory_order_relaxed);
    do {
        if (version == UINT32_MAX) return 0;
    } while (!atomic_compare_exchange_weak(&last_version, &version, version + 1));
    atomic_store_explicit(&k->version, version + 1, memory_order_relaxed);
    return version + 1;
}

int64_t dict_cache_index(Value dict, Value key, uint32_t *version) {
    Dict *d = as_dict(dict);
    int64_t index = dict_lookup(d, key, (int64_t)str_hash(as_str(key)));
    if (index < 0 || !(*version = dict_version(dict))) return -1;
    return index;
}

Value *dict_cache_slot(Value dict, size_t index) { return keys_value_slot(as_dict(dict)->keys, index); }
