/* _blake2: the hashes BLAKE2b and BLAKE2s (RFC 7693) with keys, salts and trees. */
#include "stdlib/stdlib.h"

#include <stddef.h>

#include "runtime/conc/blocking.h"
#include "runtime/conc/lock.h"

enum { SMALL = 2047, WORDS = 8, BLOCK_MAX = 128 };

/* What differs between the two: the width of a word, rounds and rotations. */
typedef struct Flavour {
    const char *name;
    unsigned word, rounds, rotations[4];
    uint64_t start[WORDS];
} Flavour;

static const Flavour blake2b = {
    "blake2b", 8, 12, {32, 24, 16, 63},
    {UINT64_C(0x6a09e667f3bcc908), UINT64_C(0xbb67ae8584caa73b), UINT64_C(0x3c6ef372fe94f82b),
     UINT64_C(0xa54ff53a5f1d36f1), UINT64_C(0x510e527fade682d1), UINT64_C(0x9b05688c2b3e6c1f),
     UINT64_C(0x1f83d9abfb41bd6b), UINT64_C(0x5be0cd19137e2179)},
};
static const Flavour blake2s = {
    "blake2s", 4, 10, {16, 12, 8, 7},
    {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19},
};

static const uint8_t orders[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

typedef struct Blake {
    const Flavour *flavour;
    uint64_t state[WORDS], counted[2];
    unsigned char block[BLOCK_MAX];
    size_t filled, digest_size;
    bool last_node;
} Blake;

static size_t block_size(const Flavour *f) { return 16u * f->word; }

/* ---- the algorithm ---- */

/* Both flavours from one text: every operation is on `Word`. */
#define COMPRESS(function, Word, bits, f)                                                                      \
    static Word function##_turn(Word x, unsigned n) { return (Word)(x >> n | x << (bits - n)); }               \
    static void function##_mix(Word *v, int a, int b, int c, int d, Word x, Word y) {                          \
        v[a] += v[b] + x, v[d] = function##_turn(v[d] ^ v[a], f.rotations[0]);                                 \
        v[c] += v[d], v[b] = function##_turn(v[b] ^ v[c], f.rotations[1]);                                     \
        v[a] += v[b] + y, v[d] = function##_turn(v[d] ^ v[a], f.rotations[2]);                                 \
        v[c] += v[d], v[b] = function##_turn(v[b] ^ v[c], f.rotations[3]);                                     \
    }                                                                                                          \
    static void function(Blake *s, bool last) {                                                                \
        Word v[16], m[16];                                                                                     \
        memcpy(m, s->block, sizeof m);                                                                         \
        for (int i = 0; i < WORDS; i++) v[i] = (Word)s->state[i], v[i + 8] = (Word)f.start[i];                 \
        v[12] ^= (Word)s->counted[0], v[13] ^= (Word)s->counted[1];                                            \
        if (last) v[14] = (Word)~v[14];                                                                        \
        if (last && s->last_node) v[15] = (Word)~v[15];                                                        \
        for (unsigned r = 0; r < f.rounds; r++) {                                                              \
            const uint8_t *o = orders[r % 10];                                                                 \
            for (int i = 0; i < 4; i++)                                                                        \
                function##_mix(v, i, i + 4, i + 8, i + 12, m[o[2 * i]], m[o[2 * i + 1]]);                      \
            for (int i = 0; i < 4; i++)                                                                        \
                function##_mix(v, i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12, m[o[2 * i + 8]],      \
                               m[o[2 * i + 9]]);                                                               \
        }                                                                                                      \
        for (int i = 0; i < WORDS; i++) s->state[i] = (Word)s->state[i] ^ v[i] ^ v[i + 8];                     \
    }
COMPRESS(compress_b, uint64_t, 64, blake2b)
COMPRESS(compress_s, uint32_t, 32, blake2s)

static void count_bytes(Blake *s, size_t n) {
    s->counted[0] += n;
    if (s->flavour->word == 4) {
        s->counted[1] += s->counted[0] >> 32;
        s->counted[0] &= UINT32_MAX;
    } else if (s->counted[0] < n) {
        s->counted[1]++;
    }
}
static void compress_block(Blake *s, size_t n, bool last) {
    count_bytes(s, n);
    (s->flavour->word == 8 ? compress_b : compress_s)(s, last);
}

/* The last block waits until it is known to be the last. */
static void blake_feed(Blake *s, const unsigned char *data, size_t n) {
    size_t size = block_size(s->flavour);
    while (n) {
        if (s->filled == size) {
            compress_block(s, size, false);
            s->filled = 0;
        }
        size_t part = size - s->filled < n ? size - s->filled : n;
        memcpy(s->block + s->filled, data, part);
        s->filled += part, data += part, n -= part;
    }
}

static void blake_finish(Blake *s, unsigned char *digest) {
    memset(s->block + s->filled, 0, block_size(s->flavour) - s->filled);
    compress_block(s, s->filled, true);
    for (size_t i = 0; i < s->digest_size; i++)
        digest[i] = (unsigned char)(s->state[i / s->flavour->word] >> (8 * (i % s->flavour->word)));
}

/* ---- objects ---- */

typedef struct Hash {
    Object head;
    Blake blake;
    Lock lock;
} Hash;

static Hash *as_hash(Value v) { return (Hash *)as_object(v); }

static bool feed_value(Hash *h, Value data) {
    Buffer b;
    if (str_is(data)) return raise_type_error("Strings must be encoded before hashing"), false;
    if (!buffer_supported(data)) return raise_type_error("object supporting the buffer API required"), false;
    if (!buffer_get(data, &b, false)) return false;
    bool entered = lock_acquire(&h->lock, LOCK_FOREVER) != LOCK_FAILED;
    if (entered && b.length <= SMALL) blake_feed(&h->blake, b.data, b.length);
    else if (entered) {
        BLOCKING_BEGIN(hash)
        blake_feed(&h->blake, b.data, b.length);
        BLOCKING_END
    }
    if (entered) lock_release(&h->lock);
    buffer_release(&b);
    return entered;
}

enum { DATA, DIGEST_SIZE, KEY, SALT, PERSON, FANOUT, DEPTH, LEAF_SIZE, NODE_OFFSET, NODE_DEPTH, INNER_SIZE, LAST_NODE,
       SECURITY, PARAMETERS };

static bool number_in(Value v, int64_t least, uint64_t most, const char *complaint, uint64_t *out) {
    if (is_unset(v)) return true;
    Value index = object_index(v);
    if (is_unset(index)) return false;
    int64_t n;
    bool fits = int_fits_int64(index, &n) && n >= least && (uint64_t)n <= most;
    release(index);
    if (!fits) return raise_value_error("%s", complaint), false;
    *out = (uint64_t)n;
    return true;
}

/* Bytes of at most `most`, zero-filled behind. */
static bool bytes_in(Value v, size_t most, const char *what, unsigned char *out, size_t *length) {
    Buffer b;
    if (is_unset(v)) return true;
    if (!buffer_get(v, &b, false)) return false;
    bool fits = b.length <= most;
    if (fits) memcpy(out, b.data, b.length);
    *length = b.length;
    buffer_release(&b);
    return fits || (raise_value_error("maximum %s length is %zu bytes", what, most), false);
}

static void put_little(unsigned char *to, uint64_t n, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) to[i] = (unsigned char)(n >> (8 * i));
}

/* The parameter block of RFC 7693, and the key as the first block. */
static bool blake_start(Blake *s, const Flavour *f, const Value *in) {
    unsigned char block[64] = {0}, key[64] = {0};
    size_t half = f->word, key_length = 0, ignored;
    bool b = f->word == 8;
    uint64_t size = WORDS * f->word, fanout = 1, depth = 1, leaf = 0, offset = 0, node_depth = 0, inner = 0;
    if (!number_in(in[DIGEST_SIZE], 1, size, b ? "digest_size must be between 1 and 64 bytes"
                                               : "digest_size must be between 1 and 32 bytes", &size) ||
        !bytes_in(in[KEY], WORDS * f->word, "key", key, &key_length) ||
        !bytes_in(in[SALT], 2 * half, "salt", block + 4 * half, &ignored) ||
        !bytes_in(in[PERSON], 2 * half, "person", block + 6 * half, &ignored) ||
        !number_in(in[FANOUT], 0, 255, "fanout must be between 0 and 255", &fanout) ||
        !number_in(in[DEPTH], 1, 255, "depth must be between 1 and 255", &depth) ||
        !number_in(in[LEAF_SIZE], 0, UINT32_MAX, "leaf_size is too large", &leaf) ||
        !number_in(in[NODE_OFFSET], 0, b ? INT64_MAX : (UINT64_C(1) << 48) - 1, "node_offset is too large", &offset) ||
        !number_in(in[NODE_DEPTH], 0, 255, "node_depth must be between 0 and 255", &node_depth) ||
        !number_in(in[INNER_SIZE], 0, WORDS * f->word, b ? "inner_size must be between 0 and is 64"
                                                         : "inner_size must be between 0 and is 32", &inner))
        return false;
    block[0] = (unsigned char)size, block[1] = (unsigned char)key_length;
    block[2] = (unsigned char)fanout, block[3] = (unsigned char)depth;
    put_little(block + 4, leaf, 4);
    put_little(block + 8, offset, b ? 8 : 6);
    block[b ? 16 : 14] = (unsigned char)node_depth;
    block[b ? 17 : 15] = (unsigned char)inner;
    *s = (Blake){.flavour = f, .digest_size = size};
    s->last_node = is_set(in[LAST_NODE]) && object_truth(in[LAST_NODE]) > 0;
    for (size_t i = 0; i < WORDS; i++) {
        uint64_t word = 0;
        memcpy(&word, block + i * half, half);
        s->state[i] = f->start[i] ^ word;
    }
    if (key_length) {
        memcpy(s->block, key, sizeof key);
        s->filled = block_size(f);
    }
    return true;
}

static Value make(Type *type, const Value *args, size_t count, Value kwnames, const Flavour *flavour) {
    Value in[PARAMETERS];
    if (!native_bind(flavour->name,
                     "data=b'', /, *, digest_size=64, key=b'', salt=b'', person=b'', fanout=1, depth=1, leaf_size=0, "
                     "node_offset=0, node_depth=0, inner_size=0, last_node=False, usedforsecurity=True",
                     args, count, kwnames, in))
        return UNSET;
    Value self = instance_new(type);
    if (is_unset(self)) return UNSET;
    if (blake_start(&as_hash(self)->blake, flavour, in) && (is_unset(in[DATA]) || feed_value(as_hash(self), in[DATA])))
        return self;
    release(self);
    return UNSET;
}
static Value make_b(Type *type, const Value *args, size_t count, Value kwnames) {
    return make(type, args, count, kwnames, &blake2b);
}
static Value make_s(Type *type, const Value *args, size_t count, Value kwnames) {
    return make(type, args, count, kwnames, &blake2s);
}

static Value hash_update(const Value *args, size_t count) { return feed_value(as_hash(args[0]), args[1]) ? NONE : UNSET; }
static Value hash_copy(const Value *args, size_t count) {
    Value copy = instance_new(type_of(args[0]));
    if (is_set(copy)) as_hash(copy)->blake = as_hash(args[0])->blake;
    return copy;
}
static Value hash_digest(const Value *args, size_t count) {
    Blake state = as_hash(args[0])->blake;
    unsigned char digest[64];
    blake_finish(&state, digest);
    return bytes_from(digest, state.digest_size);
}
static Value hash_hexdigest(const Value *args, size_t count) {
    Blake state = as_hash(args[0])->blake;
    unsigned char digest[64], text[128];
    blake_finish(&state, digest);
    for (size_t i = 0; i < state.digest_size * 2; i++)
        text[i] = (unsigned char)"0123456789abcdef"[(digest[i / 2] >> (i % 2 ? 0 : 4)) & 15];
    return str_from_latin1(text, state.digest_size * 2);
}
static Value get_name(Value self) { return str_from(as_hash(self)->blake.flavour->name); }
static Value get_digest_size(Value self) { return from_small_int((int64_t)as_hash(self)->blake.digest_size); }
static Value get_block_size(Value self) { return from_small_int((int64_t)block_size(as_hash(self)->blake.flavour)); }

static const NativeDef methods[] = {
    METHOD("update", "data, /", hash_update, "Hash more data."),
    METHOD("digest", "", hash_digest, "The hash of the data so far, as bytes."),
    METHOD("hexdigest", "", hash_hexdigest, "The hash of the data so far, as hexadecimal digits."),
    METHOD("copy", "", hash_copy, "A copy in the same state."),
    NATIVE_END,
};
static const MemberDef members[] = {
    {"name", get_name, NULL, "The name of the algorithm."},
    {"digest_size", get_digest_size, NULL, "Bytes of a digest."},
    {"block_size", get_block_size, NULL, "Bytes of a block."},
    {0},
};

static void hash_destroy(Object *self) {
    attrs_clear(self);
    object_free(self);
}

#define BLAKE_TYPE(flavour, maker)                                                                                  \
    {                                                                                                               \
        TYPE_HEAD("_blake2." flavour), .basic_size = sizeof(Hash), .flags = TYPE_BASE, .doc = "A hash in progress.", \
        .methods = methods, .members = members, .make = maker, .destroy = hash_destroy                              \
    }
static Type b_type = BLAKE_TYPE("blake2b", make_b), s_type = BLAKE_TYPE("blake2s", make_s);

static bool add_sizes(Type *type, const Flavour *f) {
    int64_t word = f->word;
    return dict_set_utf8(type->dict, "SALT_SIZE", from_small_int(word * 2)) &&
           dict_set_utf8(type->dict, "PERSON_SIZE", from_small_int(word * 2)) &&
           dict_set_utf8(type->dict, "MAX_KEY_SIZE", from_small_int(word * WORDS)) &&
           dict_set_utf8(type->dict, "MAX_DIGEST_SIZE", from_small_int(word * WORDS));
}

static bool fill(Value dict) {
    return dict_set_utf8(dict, "blake2b", type_value(&b_type)) && dict_set_utf8(dict, "blake2s", type_value(&s_type));
}
static bool ready(void) {
    return type_ready(&b_type) && type_ready(&s_type) && add_sizes(&b_type, &blake2b) && add_sizes(&s_type, &blake2s);
}

const ModuleDef mod__blake2 = {"_blake2", "The hashes BLAKE2b and BLAKE2s.", NULL, fill, ready};
