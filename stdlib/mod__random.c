/* _random: the Mersenne Twister MT19937 behind random.Random, with the sequences of CPython. */
#include "stdlib/stdlib.h"

#include "runtime/plat/random.h"
#include "runtime/types/int_arith.h"
#include "runtime/types/int_limbs.h"
#include "stdlib/sha512.h"

#include <errno.h>

enum { STATE_WORDS = 624, SHIFT_WORDS = 397 };

typedef struct Generator {
    Object head;
    uint32_t index; /* next word to give; STATE_WORDS: all used */
    uint32_t state[STATE_WORDS];
} Generator;

extern Type random_generator_type;

static Generator *as_generator(Value v) { return (Generator *)as_object(v); }

static uint32_t twist(uint32_t high, uint32_t low) {
    uint32_t y = (high & 0x80000000u) | (low & 0x7FFFFFFFu);
    return y >> 1 ^ (y & 1 ? 0x9908B0DFu : 0);
}

static void state_renew(uint32_t *s) {
    int i = 0;
    for (; i < STATE_WORDS - SHIFT_WORDS; i++) s[i] = s[i + SHIFT_WORDS] ^ twist(s[i], s[i + 1]);
    for (; i < STATE_WORDS - 1; i++) s[i] = s[i + SHIFT_WORDS - STATE_WORDS] ^ twist(s[i], s[i + 1]);
    s[i] = s[SHIFT_WORDS - 1] ^ twist(s[i], s[0]);
}

static uint32_t next_word(Generator *g) {
    if (g->index >= STATE_WORDS) {
        state_renew(g->state);
        g->index = 0;
    }
    uint32_t y = g->state[g->index++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9D2C5680u;
    y ^= y << 15 & 0xEFC60000u;
    return y ^ y >> 18;
}

static double next_double(Generator *g) {
    uint32_t high = next_word(g) >> 5, low = next_word(g) >> 6;
    return (high * 67108864.0 + low) * (1.0 / 9007199254740992.0);
}

/* Seeding. */

static void seed_word(Generator *g, uint32_t n) {
    g->state[0] = n;
    for (uint32_t i = 1; i < STATE_WORDS; i++) {
        g->state[i] = 1812433253u * (g->state[i - 1] ^ g->state[i - 1] >> 30) + i;
    }
    g->index = STATE_WORDS;
}

static void seed_step(uint32_t *s, uint32_t *i) {
    if (++*i >= STATE_WORDS) {
        s[0] = s[STATE_WORDS - 1];
        *i = 1;
    }
}

static void seed_words(Generator *g, const uint32_t *key, size_t n) {
    uint32_t *s = g->state, i = 1;
    size_t j = 0;
    seed_word(g, 19650218u);
    for (size_t k = n > STATE_WORDS ? n : STATE_WORDS; k; k--) {
        s[i] = (s[i] ^ (s[i - 1] ^ s[i - 1] >> 30) * 1664525u) + key[j] + (uint32_t)j;
        if (++j >= n) j = 0;
        seed_step(s, &i);
    }
    for (size_t k = STATE_WORDS - 1; k; k--) {
        s[i] = (s[i] ^ (s[i - 1] ^ s[i - 1] >> 30) * 1566083941u) - i;
        seed_step(s, &i);
    }
    s[0] = 0x80000000u;
}

static bool seed_int(Generator *g, Value n) {
    size_t words = (int_bit_length(n) + 31) / 32;
    if (words == 0) words = 1;
    Value magnitude = int_absolute(n);
    uint32_t *key = is_set(magnitude) ? raw_allocate(words * sizeof *key) : NULL;
    if (!key) {
        if (is_set(magnitude)) raise_memory_error();
        return release(magnitude), false;
    }
    bool done = int_to_bytes(magnitude, (unsigned char *)key, words * sizeof *key, true, false);
    if (done) seed_words(g, key, words);
    raw_free(key);
    release(magnitude);
    return done;
}

static bool seed_from_system(Generator *g) {
    uint32_t key[64];
    if (!random_fill(key, sizeof key)) return raise_os_error(errno, UNSET, UNSET), false;
    seed_words(g, key, sizeof key / sizeof *key);
    return true;
}

static Value random_seed(const Value *args, size_t count) {
    Generator *g = as_generator(args[0]);
    if (is_unset(args[1]) || is_none(args[1])) return seed_from_system(g) ? NONE : UNSET;
    if (int_is(args[1])) return seed_int(g, args[1]) ? NONE : UNSET;
    int64_t hash;
    if (!object_hash(args[1], &hash)) return UNSET;
    Value n = int_from_uint64((uint64_t)hash);
    bool done = is_set(n) && seed_int(g, n);
    release(n);
    return done ? NONE : UNSET;
}

/* The int of data followed by its SHA-512: what a text as seed stands for. */
static Value random_text_seed(const Value *args, size_t count) {
    Buffer buffer;
    if (!buffer_get(args[0], &buffer, false)) return UNSET;
    Value joined = bytes_from(NULL, buffer.length + 64), result = UNSET;
    if (is_set(joined)) {
        Bytes *b = as_bytes(joined);
        memcpy(b->data, buffer.data, buffer.length);
        sha512(buffer.data, buffer.length, b->data + buffer.length);
        result = int_from_bytes(b->data, b->length, false, false);
    }
    release(joined);
    buffer_release(&buffer);
    return result;
}

/* Numbers. */

static Value random_random(const Value *args, size_t count) { return from_double(next_double(as_generator(args[0]))); }

/* k > 0 random bits. */
static Value bits(Generator *g, uint64_t k) {
    if (k <= 32) return from_small_int(next_word(g) >> (32 - k));
    uint64_t words = (k - 1) / 32 + 1;
    if (words / 2 > LIMBS_MAX) return raise_memory_error();
    Int *r = int_allocate(words / 2 + 1);
    if (!r) return UNSET;
    r->limbs[words / 2] = 0;
    for (uint64_t i = 0; i < words; i++, k -= 32) {
        mp_limb_t word = next_word(g);
        if (k < 32) word >>= 32 - k;
        if (i % 2) r->limbs[i / 2] |= word << 32;
        else r->limbs[i / 2] = word;
    }
    return int_finish(r, words / 2 + 1, false);
}

static Value random_getrandbits(const Value *args, size_t count) {
    int64_t k;
    if (!object_as_int64(args[1], &k)) return UNSET;
    if (k < 0) return raise_value_error("number of bits must be non-negative");
    return k == 0 ? from_small_int(0) : bits(as_generator(args[0]), (uint64_t)k);
}

static uint32_t below_small(Generator *g, uint32_t n) {
    unsigned shift = (unsigned)__builtin_clz(n);
    uint32_t r;
    do r = next_word(g) >> shift;
    while (r >= n);
    return r;
}

/* An int in [0, n); 0 for n == 0: bits of n's length until they are below n. */
static Value random_below(const Value *args, size_t count) {
    Generator *g = as_generator(args[0]);
    Value n = args[1];
    if (is_small_int(n) && as_small_int(n) > 0 && as_small_int(n) <= UINT32_MAX) {
        return from_small_int(below_small(g, (uint32_t)as_small_int(n)));
    }
    if (!int_is(n)) return raise_type_error("'%T' object cannot be interpreted as an integer", n);
    uint64_t k = int_bit_length(n);
    if (int_sign(n) <= 0) return from_small_int(0);
    for (;;) {
        Value r = bits(g, k);
        if (is_unset(r) || int_order(r, n) < 0) return r;
        release(r);
    }
}

/* Shuffles an exact list in place; False: it is something else. */
static Value random_shuffle_list(const Value *args, size_t count) {
    if (!list_is_exact(args[1]) || as_list(args[1])->length > UINT32_MAX) return FALSE_VALUE;
    Generator *g = as_generator(args[0]);
    List *list = as_list(args[1]);
    for (size_t i = list->length; i-- > 1;) {
        size_t j = below_small(g, (uint32_t)i + 1);
        Value swap = list->items[i];
        list->items[i] = list->items[j];
        list->items[j] = swap;
    }
    return TRUE_VALUE;
}

/* State as a tuple of all words and the index. */

static Value random_getstate(const Value *args, size_t count) {
    const Generator *g = as_generator(args[0]);
    Value state = tuple_new(STATE_WORDS + 1);
    if (is_unset(state)) return UNSET;
    for (size_t i = 0; i < STATE_WORDS; i++) as_tuple(state)->items[i] = from_small_int(g->state[i]);
    as_tuple(state)->items[STATE_WORDS] = from_small_int(g->index);
    return state;
}

static Value random_setstate(const Value *args, size_t count) {
    Generator *g = as_generator(args[0]);
    uint32_t state[STATE_WORDS];
    uint64_t word;
    int64_t index;
    if (!tuple_is(args[1])) return raise_type_error("state vector must be a tuple");
    if (tuple_length(args[1]) != STATE_WORDS + 1) return raise_value_error("state vector is the wrong size");
    for (size_t i = 0; i < STATE_WORDS; i++) {
        Value item = tuple_at(args[1], i);
        if (!int_is(item)) return raise_type_error("an integer is required");
        if (!int_as_uint64(item, &word)) return UNSET;
        state[i] = (uint32_t)word;
    }
    if (!object_as_int64(tuple_at(args[1], STATE_WORDS), &index)) return UNSET;
    if (index < 0 || index > STATE_WORDS) return raise_value_error("invalid state");
    g->index = (uint32_t)index;
    memcpy(g->state, state, sizeof state);
    return NONE;
}

static Value generator_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value result = instance_new(type);
    if (is_set(result)) as_generator(result)->index = STATE_WORDS;
    return result;
}

static void generator_destroy(Object *self) { object_free(self); }

static const NativeDef methods[] = {
    METHOD("random", "", random_random, "random() -> x in the interval [0, 1)."),
    METHOD("seed", "n=None, /", random_seed, "seed([n]) -> None."),
    METHOD("getstate", "", random_getstate, "getstate() -> tuple containing the current state."),
    METHOD("setstate", "state, /", random_setstate, "setstate(state) -> None.  Restores generator state."),
    METHOD("getrandbits", "k, /", random_getrandbits, "getrandbits(k) -> x.  Generates an int with k random bits."),
    METHOD("_below", "n, /", random_below, "An int in [0, n)."),
    METHOD("_shuffle_list", "x, /", random_shuffle_list, "Shuffles an exact list in place; False for anything else."),
    NATIVE_END,
};

Type random_generator_type = {
    TYPE_HEAD("_random.Random"),
    .flags = TYPE_BASE,
    .basic_size = sizeof(Generator),
    .doc = "Random() -> create a random number generator with its own internal state.",
    .methods = methods,
    .destroy = generator_destroy,
    .make = generator_make,
};

static const NativeDef functions[] = {
    FUNCTION("text_seed", "data, /", random_text_seed, "The int that a text as seed stands for."),
    NATIVE_END,
};

static bool ready(void) { return type_ready(&random_generator_type); }
static bool fill(Value dict) { return dict_set_utf8(dict, "Random", type_value(&random_generator_type)); }

const ModuleDef mod__random = {"_random", "The Mersenne Twister.", functions, fill, ready};
