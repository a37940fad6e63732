/* Attributes along the mro, behind a cache that any thread may read and write at any time.
 *
 * A row is valid for one version of one type; versions are never used twice.  Readers take the sequence number of the
 * row, copy it, and look at the number again; writers make it odd meanwhile and give up when another writer is there.
 * What is cached is borrowed: the type's dict holds it as long as the version lasts.
 */
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/list.h"
#include "runtime/types/tuple.h"

enum { CACHE_SIZE = 4096 };

typedef struct CacheRow {
    _Atomic uint32_t sequence;
    _Atomic uint32_t version;
    _Atomic uint64_t name;
    _Atomic uint64_t value;
} CacheRow;

static CacheRow cache[CACHE_SIZE];
static _Atomic uint32_t last_version;

uint32_t type_version(Type *type) {
    uint32_t version = atomic_load_explicit(&type->version, memory_order_acquire);
    if (version || !(type->flags & TYPE_READY)) return version;
    if (atomic_load_explicit(&last_version, memory_order_relaxed) >= UINT32_MAX - 1000000) return 0;
    uint32_t fresh = 1 + atomic_fetch_add_explicit(&last_version, 1, memory_order_relaxed), none = 0;
    return atomic_compare_exchange_strong(&type->version, &none, fresh) ? fresh : none;
}

void type_modified(Type *type) {
    if (!atomic_load_explicit(&type->version, memory_order_relaxed) && is_unset(type->subclasses)) return;
    atomic_store_explicit(&type->version, 0, memory_order_release);
    if (is_unset(type->subclasses)) return;
    for (size_t i = 0; i < as_list(type->subclasses)->length; i++) {
        Value sub = type_subclass_at(type, i);
        if (type_is(sub)) type_modified(as_type(sub));
        release(sub);
    }
}

static CacheRow *row_of(uint32_t version, Value name) {
    return &cache[(version * UINT32_C(2654435761) ^ (uint32_t)(name.bits >> 4)) % CACHE_SIZE];
}

static bool cache_read(CacheRow *row, uint32_t version, Value name, Value *out) {
    uint32_t before = atomic_load_explicit(&row->sequence, memory_order_acquire);
    uint32_t row_version = atomic_load_explicit(&row->version, memory_order_relaxed);
    uint64_t row_name = atomic_load_explicit(&row->name, memory_order_relaxed);
    out->bits = atomic_load_explicit(&row->value, memory_order_relaxed);
    atomic_thread_fence(memory_order_acquire);
    return row_version == version && row_name == name.bits && !(before & 1) &&
           atomic_load_explicit(&row->sequence, memory_order_relaxed) == before;
}

static void cache_write(CacheRow *row, uint32_t version, Value name, Value value) {
    uint32_t before = atomic_load_explicit(&row->sequence, memory_order_relaxed);
    if ((before & 1) || !atomic_compare_exchange_strong(&row->sequence, &before, before + 1)) return;
    atomic_thread_fence(memory_order_release);
    atomic_store_explicit(&row->version, version, memory_order_relaxed);
    atomic_store_explicit(&row->name, name.bits, memory_order_relaxed);
    atomic_store_explicit(&row->value, value.bits, memory_order_relaxed);
    atomic_store_explicit(&row->sequence, before + 2, memory_order_release);
}

static Value lookup_from(Value mro, size_t first, Value name) {
    for (size_t i = first; i < tuple_length(mro); i++) {
        Value dict = as_type(tuple_at(mro, i))->dict;
        Value found = is_set(dict) ? dict_get_str(dict, name) : UNSET;
        if (is_set(found)) return found;
    }
    return UNSET;
}

Value type_lookup(Type *type, Value name) {
    uint32_t version = type_version(type);
    CacheRow *row = row_of(version, name);
    Value found;
    if (version && cache_read(row, version, name, &found)) return found;
    if (is_unset(type->mro)) return UNSET;
    found = lookup_from(type->mro, 0, name);
    if (version) cache_write(row, version, name, found);
    return found;
}

Value type_lookup_after(Type *start, Type *type, Value name) {
    if (is_unset(type->mro)) return UNSET;
    size_t i = 0, n = tuple_length(type->mro);
    while (i < n && as_type(tuple_at(type->mro, i)) != start) i++;
    return i < n ? lookup_from(type->mro, i + 1, name) : UNSET;
}

