/* The constants of a unit: each once, told apart by type and value (1, 1.0, True and -0.0, 0.0 are different). */
#include "vm/code/compiler.h"

#include "runtime/mem/heap.h"
#include "runtime/types/bytes.h"
#include "runtime/types/error.h"
#include "runtime/types/float.h"
#include "runtime/types/int.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

enum { NARROW_LIMIT = 65000 };

static uint64_t mix(uint64_t h) {
    h ^= h >> 32;
    h *= UINT64_C(0x9E3779B97F4A7C15);
    return h ^ h >> 29;
}

static uint64_t hash_bytes(const unsigned char *data, size_t n) {
    uint64_t h = n;
    for (size_t i = 0; i < n; i++) h = (h ^ data[i]) * UINT64_C(0x100000001B3);
    return h;
}

static uint64_t constant_hash(Value v) {
    if (!is_object(v)) return mix(v.bits);
    if (str_is_exact(v)) return mix(str_hash(as_str(v)));
    if (is_exactly(v, &bytes_type)) return mix(hash_bytes(as_bytes(v)->data, as_bytes(v)->length));
    if (int_is_exact(v)) return mix(int_as_uint64_mask(v));
    if (!tuple_is_exact(v)) return mix(v.bits);
    uint64_t h = tuple_length(v);
    for (size_t i = 0; i < tuple_length(v); i++) h = mix(h * 31 + constant_hash(tuple_at(v, i)));
    return h;
}

static bool bytes_are_same(Value a, Value b) {
    return as_bytes(a)->length == as_bytes(b)->length &&
           memcmp(as_bytes(a)->data, as_bytes(b)->data, as_bytes(a)->length) == 0;
}

static bool ints_are_same(Value a, Value b) {
    IntView x, y;
    int_view(a, &x);
    int_view(b, &y);
    return mpz_cmp(x.z, y.z) == 0;
}

static bool constants_are_same(Value a, Value b) {
    if (same(a, b)) return true;
    if (!is_object(a) || !is_object(b) || type_of(a) != type_of(b)) return false;
    if (str_is_exact(a)) return str_equal(a, b);
    if (is_exactly(a, &bytes_type)) return bytes_are_same(a, b);
    if (int_is_exact(a)) return ints_are_same(a, b);
    if (complex_is(a))
        return memcmp(&((Complex *)as_object(a))->real, &((Complex *)as_object(b))->real, 2 * sizeof(double)) == 0;
    if (!tuple_is_exact(a) || tuple_length(a) != tuple_length(b)) return false;
    for (size_t i = 0; i < tuple_length(a); i++) {
        if (!constants_are_same(tuple_at(a, i), tuple_at(b, i))) return false;
    }
    return true;
}

static bool table_grow(Constants *k) {
    uint32_t size = k->table_size ? k->table_size * 2 : 32;
    int32_t *table = raw_allocate(size * sizeof *table);
    if (!table) return false;
    for (uint32_t i = 0; i < size; i++) table[i] = NO_CONSTANT;
    for (uint32_t i = 0; i < k->count; i++) {
        uint32_t at = k->entries[i].hash & (size - 1);
        while (table[at] != NO_CONSTANT) at = (at + 1) & (size - 1);
        table[at] = (int32_t)i;
    }
    raw_free(k->table);
    k->table = table;
    k->table_size = size;
    return true;
}

static bool entries_grow(Constants *k) {
    uint32_t capacity = k->capacity ? k->capacity * 2 : 16;
    ConstantEntry *entries = raw_reallocate(k->entries, capacity * sizeof *entries);
    if (!entries) return false;
    k->entries = entries;
    k->capacity = capacity;
    return true;
}

static bool is_name_text(Value v) {
    const Str *s = as_str(v);
    if (!str_is_ascii(s)) return false;
    for (size_t i = 0; i < s->length; i++) {
        unsigned char ch = s->data[i];
        bool in_name = ch == '_' || (ch >= '0' && ch <= '9') || ((ch | 32) >= 'a' && (ch | 32) <= 'z');
        if (!in_name) return false;
    }
    return true;
}

/* Strings that look like names are interned, so that equal ones are identical across functions.  Owned. */
static Value constant_value(Value value) {
    retain(value);
    if (is_object(value) && str_is_exact(value) && !str_is_interned(as_str(value)) && is_name_text(value))
        return str_intern(value);
    return value;
}

Constant constant_add(Compiler *c, Value value) {
    Constants *k = &c->unit->constants;
    if (c->failed) return 0;
    uint32_t hash = (uint32_t)constant_hash(value);
    if ((k->count + 1) * 2 > k->table_size && !table_grow(k)) return compile_fail_memory(c), 0;
    uint32_t at = hash & (k->table_size - 1);
    for (; k->table[at] != NO_CONSTANT; at = (at + 1) & (k->table_size - 1)) {
        const ConstantEntry *entry = &k->entries[k->table[at]];
        if (entry->hash == hash && constants_are_same(entry->value, value)) return k->table[at];
    }
    if (k->count == k->capacity && !entries_grow(k)) return compile_fail_memory(c), 0;
    k->entries[k->count] = (ConstantEntry){constant_value(value), hash, false};
    k->table[at] = (int32_t)k->count;
    return (Constant)k->count++;
}

bool constant_narrow(Compiler *c, Constant k) {
    Constants *constants = &c->unit->constants;
    if (c->failed || constants->entries[k].narrow) return true;
    if (constants->narrow_count >= NARROW_LIMIT) return false;
    constants->entries[k].narrow = true;
    constants->narrow_count++;
    return true;
}

void constants_free(Constants *k) {
    for (uint32_t i = 0; i < k->count; i++) release(k->entries[i].value);
    raw_free(k->entries);
    raw_free(k->table);
}

void load_constant(Compiler *c, Value value, int reg) {
    if (is_small_int(value) && as_small_int(value) >= INT32_MIN && as_small_int(value) <= INT32_MAX) {
        emit_wide(c, OP_LOAD_INT, reg, (int32_t)as_small_int(value));
    } else {
        emit_constant(c, OP_LOAD_CONST, 0, reg, 0, 0, constant_add(c, value));
    }
}
