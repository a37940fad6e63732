/* _hashlib: the hashes of libcrypto.  Data above 2047 bytes is hashed without the GIL, with the object locked. */
#ifdef HAVE_LIBCRYPTO
#include "stdlib/stdlib.h"

#include <limits.h>
#include <stdatomic.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "runtime/conc/blocking.h"
#include "runtime/conc/lock.h"
#include "stdlib/module_parts.h"

enum { SMALL = 2047 };

/* Python's names of hashes and libcrypto's; each is asked for once. */
#define EACH_GUARANTEED(DO)                                                                                        \
    DO(md5, "MD5") DO(sha1, "SHA1") DO(sha224, "SHA224") DO(sha256, "SHA256") DO(sha384, "SHA384")                 \
    DO(sha512, "SHA512") DO(sha3_224, "SHA3-224") DO(sha3_256, "SHA3-256") DO(sha3_384, "SHA3-384")                \
    DO(sha3_512, "SHA3-512") DO(shake_128, "SHAKE128") DO(shake_256, "SHAKE256")
typedef struct Algorithm {
    const char *name, *theirs;
    _Atomic(EVP_MD *) fetched;
} Algorithm;
#define ROW(id, theirs) {#id, theirs, NULL},
#define INDEX(id, theirs) ALGORITHM_##id,
enum { EACH_GUARANTEED(INDEX) ALGORITHM_OTHERS };
static Algorithm algorithms[] = {
    EACH_GUARANTEED(ROW){"sm3", "SM3", NULL}, {"ripemd160", "RIPEMD160", NULL}, {"md5-sha1", "MD5-SHA1", NULL},
    {"sha512_224", "SHA512-224", NULL}, {"sha512_256", "SHA512-256", NULL},
};
enum { ALGORITHMS = sizeof algorithms / sizeof *algorithms };

typedef struct Hash {
    Object head;
    EVP_MD_CTX *context;
    const char *name;
    Lock lock;
} Hash;

static Hash *as_hash(Value v) { return (Hash *)as_object(v); }
static Type hash_type, long_hash_type;

/* NULL: libcrypto does not have it. */
static const EVP_MD *algorithm_fetch(Algorithm *a) {
    EVP_MD *found = atomic_load(&a->fetched), *expected = NULL;
    if (found || !(found = EVP_MD_fetch(NULL, a->theirs, NULL))) return ERR_clear_error(), found;
    if (atomic_compare_exchange_strong(&a->fetched, &expected, found)) return found;
    EVP_MD_free(found);
    return expected;
}

static Algorithm *algorithm_named(const char *name) {
    for (int i = 0; i < ALGORITHMS; i++)
        if (!OPENSSL_strcasecmp(name, algorithms[i].name) || !OPENSSL_strcasecmp(name, algorithms[i].theirs))
            return algorithm_fetch(&algorithms[i]) ? &algorithms[i] : NULL;
    return NULL;
}

static Value raise_crypto(void) {
    unsigned long code = ERR_peek_last_error();
    const char *library = code ? ERR_lib_error_string(code) : NULL, *reason = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    if (library && reason) return raise_value_error("[%s] %s", library, reason);
    return raise_value_error("%s", reason ? reason : "no reason supplied");
}

/* ---- feeding ---- */

/* Text has to be encoded first. */
static bool data_get(Value v, Buffer *b) {
    if (str_is(v)) return raise_type_error("Strings must be encoded before hashing"), false;
    if (!buffer_supported(v)) return raise_type_error("object supporting the buffer API required"), false;
    return buffer_get(v, b, false);
}

static bool feed(Hash *h, const Buffer *b) {
    int done;
    if (lock_acquire(&h->lock, LOCK_FOREVER) == LOCK_FAILED) return false;
    if (b->length <= SMALL) done = EVP_DigestUpdate(h->context, b->data, b->length);
    else {
        BLOCKING_BEGIN(hash)
        done = EVP_DigestUpdate(h->context, b->data, b->length);
        BLOCKING_END
    }
    lock_release(&h->lock);
    return done || (raise_crypto(), false);
}

static bool feed_value(Hash *h, Value data) {
    Buffer b;
    if (!data_get(data, &b)) return false;
    bool done = feed(h, &b);
    buffer_release(&b);
    return done;
}

/* ---- making ---- */

static Hash *hash_allocate(Type *type, const char *name) {
    Hash *h = object_allocate(type, sizeof *h);
    if (!h) return NULL;
    h->name = name;
    h->context = EVP_MD_CTX_new();
    if (h->context) return h;
    release(from_object(h));
    raise_memory_error();
    return NULL;
}

static Value hash_new(Algorithm *a, Value data) {
    const EVP_MD *algorithm = algorithm_fetch(a);
    if (!algorithm) return raise_value_error("unsupported hash type %s", a->name);
    bool is_long = EVP_MD_flags(algorithm) & EVP_MD_FLAG_XOF;
    Hash *h = hash_allocate(is_long ? &long_hash_type : &hash_type, a->name);
    if (!h) return UNSET;
    bool done = EVP_DigestInit_ex(h->context, algorithm, NULL) || (raise_crypto(), false);
    if (done && is_set(data)) done = feed_value(h, data);
    if (done) return from_object(h);
    release(from_object(h));
    return UNSET;
}

static Value hashlib_new(const Value *args, size_t count) {
    if (!str_is(args[0])) return raise_type_error("name must be a string");
    const char *text = str_utf8(args[0], NULL);
    Algorithm *a = text ? algorithm_named(text) : NULL;
    if (!a) return text ? raise_value_error("unsupported hash type %s", text) : UNSET;
    return hash_new(a, args[1]);
}

#define MAKER(id, theirs) \
    static Value make_##id(const Value *args, size_t count) { return hash_new(&algorithms[ALGORITHM_##id], args[0]); }
EACH_GUARANTEED(MAKER)

static void hash_destroy(Object *self) {
    EVP_MD_CTX_free(((Hash *)self)->context);
    object_free(self);
}

/* ---- methods ---- */

static Value hash_update(const Value *args, size_t count) { return feed_value(as_hash(args[0]), args[1]) ? NONE : UNSET; }

/* A copy of the state, so that the object can be fed further.  NULL: failed. */
static EVP_MD_CTX *state_copy(Hash *h) {
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    if (!copy) return raise_memory_error(), NULL;
    if (lock_acquire(&h->lock, LOCK_FOREVER) == LOCK_FAILED) return EVP_MD_CTX_free(copy), NULL;
    int done = EVP_MD_CTX_copy_ex(copy, h->context);
    lock_release(&h->lock);
    if (done) return copy;
    EVP_MD_CTX_free(copy);
    raise_crypto();
    return NULL;
}

static Value hash_copy(const Value *args, size_t count) {
    Hash *h = as_hash(args[0]), *copy = hash_allocate(type_of(args[0]), h->name);
    if (!copy) return UNSET;
    EVP_MD_CTX_free(copy->context);
    if ((copy->context = state_copy(h))) return from_object(copy);
    release(from_object(copy));
    return UNSET;
}

static Value finish(Hash *h) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length;
    EVP_MD_CTX *state = state_copy(h);
    if (!state) return UNSET;
    int done = EVP_DigestFinal_ex(state, digest, &length);
    EVP_MD_CTX_free(state);
    return done ? bytes_from(digest, length) : raise_crypto();
}
static Value finish_long(Hash *h, Value length) {
    int64_t n;
    if (!object_as_index(length, &n, &OverflowError_type)) return UNSET;
    if (n < 0) return raise_value_error("value must be positive");
    EVP_MD_CTX *state = state_copy(h);
    if (!state) return UNSET;
    Value digest = bytes_from(NULL, (size_t)n);
    if (is_set(digest) && n && !EVP_DigestFinalXOF(state, as_bytes(digest)->data, (size_t)n)) {
        clear(&digest);
        raise_crypto();
    }
    EVP_MD_CTX_free(state);
    return digest;
}

static Value hex_of(Value digest) {
    if (is_unset(digest)) return UNSET;
    Bytes *b = as_bytes(digest);
    Value text = str_new(b->length * 2, 127);
    for (size_t i = 0; is_set(text) && i < b->length * 2; i++)
        as_str(text)->data[i] = (unsigned char)"0123456789abcdef"[(b->data[i / 2] >> (i % 2 ? 0 : 4)) & 15];
    release(digest);
    return text;
}

static Value hash_digest(const Value *args, size_t count) { return finish(as_hash(args[0])); }
static Value hash_hexdigest(const Value *args, size_t count) { return hex_of(finish(as_hash(args[0]))); }
static Value long_digest(const Value *args, size_t count) { return finish_long(as_hash(args[0]), args[1]); }
static Value long_hexdigest(const Value *args, size_t count) { return hex_of(finish_long(as_hash(args[0]), args[1])); }

static Value get_name(Value self) { return str_from(as_hash(self)->name); }
static Value get_digest_size(Value self) { return from_small_int(EVP_MD_CTX_size(as_hash(self)->context)); }
static Value get_long_digest_size(Value self) { return from_small_int(0); }
static Value get_block_size(Value self) { return from_small_int(EVP_MD_CTX_block_size(as_hash(self)->context)); }

static Value repr(Value self) {
    return str_format("<%s %s object @ %s>", as_hash(self)->name, type_of(self)->name, object_address(self));
}

static const NativeDef hash_methods[] = {
    METHOD("update", "obj, /", hash_update, "Hash more data."),
    METHOD("digest", "", hash_digest, "The hash of the data so far, as bytes."),
    METHOD("hexdigest", "", hash_hexdigest, "The hash of the data so far, as hexadecimal digits."),
    METHOD("copy", "", hash_copy, "A copy in the same state."),
    NATIVE_END,
};
static const NativeDef long_methods[] = {
    METHOD("update", "obj, /", hash_update, "Hash more data."),
    METHOD("digest", "length", long_digest, "So many bytes of the hash of the data so far."),
    METHOD("hexdigest", "length", long_hexdigest, "So many bytes of the hash of the data so far, as hexadecimal digits."),
    METHOD("copy", "", hash_copy, "A copy in the same state."),
    NATIVE_END,
};
#define HASH_MEMBERS(size)                                                \
    {"name", get_name, NULL, "The name of the algorithm."},               \
        {"digest_size", size, NULL, "Bytes of a digest."},                \
        {"block_size", get_block_size, NULL, "Bytes of a block."}, {0},
static const MemberDef hash_members[] = {HASH_MEMBERS(get_digest_size)};
static const MemberDef long_members[] = {HASH_MEMBERS(get_long_digest_size)};

static Type hash_type = {
    TYPE_HEAD("_hashlib.HASH"),
    .basic_size = sizeof(Hash),
    .flags = TYPE_DISALLOW_NEW,
    .doc = "A hash in progress.",
    .methods = hash_methods,
    .members = hash_members,
    .repr = repr,
    .destroy = hash_destroy,
};
static Type long_hash_type = {
    TYPE_HEAD("_hashlib.HASHXOF"),
    .basic_size = sizeof(Hash),
    .flags = TYPE_DISALLOW_NEW,
    .doc = "A hash in progress, of any length.",
    .methods = long_methods,
    .members = long_members,
    .repr = repr,
    .destroy = hash_destroy,
};

/* ---- keys from passwords ---- */

static Value key_of(Value algorithm_name, const Buffer *password, const Buffer *salt, int64_t rounds, Value length) {
    const char *name = str_utf8(algorithm_name, NULL);
    if (!name) return UNSET;
    Algorithm *a = algorithm_named(name);
    const EVP_MD *algorithm = a ? algorithm_fetch(a) : NULL;
    if (!algorithm) return raise_value_error("[digital envelope routines] unsupported");
    if (rounds < 1) return raise_value_error("iteration value must be greater than 0.");
    if (rounds > INT_MAX) return raise_overflow_error("iteration value is too great.");
    int64_t n = EVP_MD_size(algorithm);
    if (is_set(length) && !is_none(length) && !object_as_int64(length, &n)) return UNSET;
    if (n < 1) return raise_value_error("key length must be greater than 0.");
    if (n > INT_MAX) return raise_overflow_error("key length is too great.");
    unsigned char *key = raw_allocate((size_t)n);
    if (!key) return raise_memory_error();
    int done;
    BLOCKING_BEGIN(hash)
    done = PKCS5_PBKDF2_HMAC(password->data, (int)password->length, salt->data, (int)salt->length, (int)rounds, algorithm,
                             (int)n, key);
    BLOCKING_END
    Value result = done ? bytes_from(key, (size_t)n) : raise_crypto();
    raw_free(key);
    return result;
}

static Value hashlib_pbkdf2_hmac(const Value *args, size_t count) {
    Buffer password, salt;
    int64_t rounds;
    if (!str_is(args[0])) return raise_type_error("pbkdf2_hmac() argument 'hash_name' must be str, not %T", args[0]);
    if (!object_as_int64(args[3], &rounds) || !buffer_get(args[1], &password, false)) return UNSET;
    if (!buffer_get(args[2], &salt, false)) return buffer_release(&password), UNSET;
    Value result = key_of(args[0], &password, &salt, rounds, args[4]);
    buffer_release(&password), buffer_release(&salt);
    return result;
}

static bool unsigned_argument(Value v, const char *what, uint64_t *out) {
    if (is_unset(v) || is_none(v) || !int_is(v)) return raise_type_error("%s", what), false;
    return int_as_uint64(v, out);
}

/* args: password, salt, n, r, p, maxmem, dklen */
static Value hashlib_scrypt(const Value *args, size_t count) {
    Buffer password, salt;
    uint64_t n, r, p;
    int64_t most = 0, length = 64;
    if (is_unset(args[1]) || is_none(args[1])) return raise_type_error("salt is required");
    if (!unsigned_argument(args[2], "n is required and must be an unsigned int", &n)) return UNSET;
    if (n < 2 || (n & (n - 1))) return raise_value_error("n must be a power of 2.");
    if (!unsigned_argument(args[3], "r is required and must be an unsigned int", &r)) return UNSET;
    if (!unsigned_argument(args[4], "p is required and must be an unsigned int", &p)) return UNSET;
    if ((is_set(args[5]) && !object_as_int64(args[5], &most)) || (is_set(args[6]) && !object_as_int64(args[6], &length)))
        return UNSET;
    if (most < 0 || most > INT_MAX) return raise_value_error("maxmem must be positive and smaller than %d", INT_MAX);
    if (length < 1 || length > INT_MAX)
        return raise_value_error("dklen must be greater than 0 and smaller than %d", INT_MAX);
    if (!EVP_PBE_scrypt(NULL, 0, NULL, 0, n, r, p, (uint64_t)most, NULL, 0)) {
        ERR_clear_error();
        return raise_value_error("Invalid parameter combination for n, r, p, maxmem.");
    }
    if (!buffer_get(args[0], &password, false)) return UNSET;
    if (!buffer_get(args[1], &salt, false)) return buffer_release(&password), UNSET;
    unsigned char *key = raw_allocate((size_t)length);
    int done = 0;
    if (key) {
        BLOCKING_BEGIN(hash)
        done = EVP_PBE_scrypt(password.data, password.length, salt.data, salt.length, n, r, p, (uint64_t)most, key,
                              (size_t)length);
        BLOCKING_END
    }
    Value result = !key ? raise_memory_error() : done ? bytes_from(key, (size_t)length) : raise_crypto();
    raw_free(key);
    buffer_release(&password), buffer_release(&salt);
    return result;
}

/* ---- the module ---- */

static Value hashlib_names(const Value *args, size_t count) {
    Value list = list_new(0);
    for (int i = 0; i < ALGORITHMS && is_set(list); i++) {
        if (!algorithm_fetch(&algorithms[i])) continue;
        Value name = str_from(algorithms[i].name);
        if (is_unset(name) || !list_append_steal(list, name)) clear(&list);
    }
    return list;
}

#define FUNCTION_ROW(id, theirs) \
    FUNCTION("openssl_" #id, "string=b'', *, usedforsecurity=True", make_##id, "A hash, fed with some data."),

static const NativeDef functions[] = {
    EACH_GUARANTEED(FUNCTION_ROW)
    FUNCTION("new", "name, string=b'', *, usedforsecurity=True", hashlib_new, "A hash by its name."),
    FUNCTION("names", "", hashlib_names, "The names of the hashes."),
    FUNCTION("pbkdf2_hmac", "hash_name, password, salt, iterations, dklen=None", hashlib_pbkdf2_hmac,
             "A key from a password."),
    FUNCTION("scrypt", "password, *, salt=None, n=None, r=None, p=None, maxmem=0, dklen=64", hashlib_scrypt,
             "A key from a password that takes much memory to make."),
    NATIVE_END,
};

static bool fill(Value dict) {
    return dict_set_utf8(dict, "HASH", type_value(&hash_type)) &&
           dict_set_utf8(dict, "HASHXOF", type_value(&long_hash_type));
}
static bool ready(void) { return type_ready(&hash_type) && type_ready(&long_hash_type); }

const ModuleDef mod__hashlib = {"_hashlib", "The hashes of libcrypto.", functions, fill, ready};
#endif
