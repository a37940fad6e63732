/* Keys of hash tables: their hash and their equality, with the cases that need no call first. */
#ifndef TYPES_KEY_H
#define TYPES_KEY_H

#include "runtime/types/object.h"
#include "runtime/types/str.h"

/* False: the key is unhashable or its __hash__ raised. */
static inline bool key_hash(Value key, int64_t *out) {
    if (str_is_exact(key)) {
        *out = (int64_t)str_hash(as_str(key));
        return true;
    }
    if (is_small_int(key)) {
        int64_t n = as_small_int(key);
        *out = n == -1 ? -2 : n;
        return true;
    }
    return object_hash(key, out);
}

/* Comparing such a key with another one runs no script code. */
static inline bool key_is_plain(Value key) { return !is_object(key) || str_is_exact(key); }

/* Are two keys with the same hash equal?  Only when neither is plain can this run script code; -1 failed. */
static inline int key_equal(Value a, Value b) {
    if (same(a, b)) return 1;
    if (is_small_int(a) && is_small_int(b)) return 0;
    if (str_is_exact(a) && str_is_exact(b)) return str_equal(a, b);
    return object_equal(a, b);
}

#endif
