/* Comparing and hashing text. */
#include "runtime/types/str_units.h"

#include "runtime/plat/random.h"
#include "runtime/types/str_methods.h"

#include <stdlib.h>

/* Keys of the hash: random ones make collisions unpredictable; $PYTHONHASHSEED makes runs repeatable. */
static uint64_t str_hash_key[2] = {UINT64_C(0xA0761D6478BD642F), UINT64_C(0xE7037ED1A0B428DB)};

void str_hash_start(void) {
    const char *seed = getenv("PYTHONHASHSEED");
    if (seed && strcmp(seed, "random") != 0) str_hash_key[1] ^= strtoull(seed, NULL, 10) * str_hash_key[0];
    else random_fill(str_hash_key, sizeof str_hash_key);
    str_hash_key[0] |= 1;
}

static inline uint64_t mix(uint64_t a, uint64_t b) {
    __uint128_t product = (__uint128_t)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}
static inline uint64_t read64(const uint8_t *p) {
    uint64_t word;
    return memcpy(&word, p, 8), word;
}
static inline uint64_t read32(const uint8_t *p) {
    uint32_t word;
    return memcpy(&word, p, 4), word;
}

uint64_t hash_bytes(const void *data, size_t n) {
    if (!n) return 0; /* as in CPython, whatever the seed */
    const uint8_t *p = data;
    uint64_t seed = str_hash_key[0] ^ n, a = 0, b = 0;
    if (n > 16) {
        size_t left = n;
        for (; left > 16; p += 16, left -= 16) seed = mix(read64(p) ^ str_hash_key[1], read64(p + 8) ^ seed);
        a = read64(p + left - 16), b = read64(p + left - 8);
    } else if (n >= 8) a = read64(p), b = read64(p + n - 8);
    else if (n >= 4) a = read32(p), b = read32(p + n - 4);
    else if (n) a = (uint64_t)p[0] << 16 | (uint64_t)p[n / 2] << 8 | p[n - 1];
    uint64_t h = mix(str_hash_key[1] ^ n, mix(a ^ str_hash_key[1], b ^ seed));
    return h + 2 > 2 ? h : h + 3; /* neither 0 (empty, or not computed) nor -1 (failed, for scripts) nor -2 (what hash(-1) is) */
}

uint64_t str_hash_slow(Str *s) {
    uint64_t h = hash_bytes(s->data, s->length * str_width(s));
    atomic_store_explicit(&s->hash, h, memory_order_relaxed);
    return h;
}

bool str_equal_slow(const Str *x, const Str *y) {
    if (str_is_interned(x) && str_is_interned(y)) return false;
    return memcmp(x->data, y->data, x->length * str_width(x)) == 0;
}

bool str_equal_ascii(Value s, const char *ascii) {
    Str *x = as_str(s);
    return str_width(x) == 1 && strlen(ascii) == x->length && memcmp(x->data, ascii, x->length) == 0;
}

int str_order(Value a, Value b) {
    Str *x = as_str(a), *y = as_str(b);
    size_t n = x->length < y->length ? x->length : y->length;
    if (str_width(x) == 1 && str_width(y) == 1) {
        if (n == 0) return x->length != 0 ? 1 : -(y->length != 0);
        /* The first eight bytes as a number; every string has that many, though not all are text. */
        unsigned unused = n < 8 ? 64 - 8 * (unsigned)n : 0;
        uint64_t p = __builtin_bswap64(read64(x->data)) >> unused, q = __builtin_bswap64(read64(y->data)) >> unused;
        if (p != q) return p < q ? -1 : 1;
        int order = n > 8 ? memcmp(x->data + 8, y->data + 8, n - 8) : 0;
        if (order) return order;
    } else {
        for (size_t i = 0; i < n; i++) {
            uint32_t c = str_at(x, i), d = str_at(y, i);
            if (c != d) return c < d ? -1 : 1;
        }
    }
    return x->length < y->length ? -1 : x->length > y->length;
}

Value str_compare(Value a, Value b, CompareOp op) {
    if (!str_is(a) || !str_is(b)) return NOT_IMPLEMENTED;
    if (op == COMPARE_EQ) return from_bool(str_equal(a, b));
    if (op == COMPARE_NE) return from_bool(!str_equal(a, b));
    int order = same(a, b) ? 0 : str_order(a, b);
    switch (op) {
    case COMPARE_LT: return from_bool(order < 0);
    case COMPARE_LE: return from_bool(order <= 0);
    case COMPARE_GT: return from_bool(order > 0);
    default: return from_bool(order >= 0);
    }
}
