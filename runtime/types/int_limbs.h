/* The inside of large ints: magnitudes of limbs, shared by the int*.c files.
 *
 * GMP ends the process when it cannot allocate.  Whatever makes GMP allocate therefore runs inside limbs_protect(),
 * whose allocations are listed per thread: when one fails, all of them are freed and the operation ends with
 * MemoryError.
 */
#ifndef TYPES_INT_LIMBS_H
#define TYPES_INT_LIMBS_H

#include "runtime/types/int.h"

/* The magnitude and sign of an int, borrowed from it (small ones use room, so a Limbs must not be copied). */
typedef struct Limbs {
    const mp_limb_t *at;
    mp_size_t count; /* no leading zero limbs */
    bool negative;
    mp_limb_t room;
} Limbs;

enum { LIMBS_MAX = 0x7FFFFFF0 }; /* what fits the size of an mpz */

void limbs_of(Value v, Limbs *out);

/* A new exact Int with room for `count` limbs and an undefined value; NULL: MemoryError pending. */
Int *int_allocate(size_t count);
/* Steals r: drops leading zero limbs, sets the sign, becomes a small int when it fits. */
Value int_finish(Int *r, size_t count, bool negative);
/* The int of magnitude high:low. */
Value int_from_parts(uint64_t high, uint64_t low, bool negative);

static inline Value int_from_int128(__int128 n) {
    if (n >= SMALL_INT_MIN && n <= SMALL_INT_MAX) return from_small_int((int64_t)n);
    unsigned __int128 magnitude = n < 0 ? -(unsigned __int128)n : (unsigned __int128)n;
    return int_from_parts((uint64_t)(magnitude >> 64), (uint64_t)magnitude, n < 0);
}

/* Any int of up to 63 bits and sign. */
static inline bool int_peek64(Value v, int64_t *out) {
    if (is_small_int(v)) return *out = as_small_int(v), true;
    if (is_bool(v)) return *out = (int64_t)(v.bits & 1), true;
    const Int *n = (const Int *)as_object(v);
    if (n->size == 0) return *out = 0, true;
    if ((n->size != 1 && n->size != -1) || n->limbs[0] > INT64_MAX) return false;
    *out = n->size < 0 ? -(int64_t)n->limbs[0] : (int64_t)n->limbs[0];
    return true;
}

/* Any int of up to 126 bits and sign: the sum of two never overflows. */
static inline bool int_peek128(Value v, __int128 *out) {
    if (is_small_int(v)) return *out = as_small_int(v), true;
    if (is_bool(v)) return *out = (__int128)(v.bits & 1), true;
    const Int *n = (const Int *)as_object(v);
    int64_t size = n->size < 0 ? -n->size : n->size;
    if (size > 2 || (size == 2 && n->limbs[1] >> 62)) return false;
    unsigned __int128 magnitude = size > 0 ? n->limbs[0] : 0;
    if (size == 2) magnitude |= (unsigned __int128)n->limbs[1] << 64;
    *out = n->size < 0 ? -(__int128)magnitude : (__int128)magnitude;
    return true;
}

/* Runs work(context), which calls GMP; false: out of memory, MemoryError pending, what GMP had allocated is freed.
 * The work must create every mpz that it lets grow, and must not run script code. */
bool limbs_protect(void (*work)(void *context), void *context);

/* Arithmetic of any sizes; the operands are int_is. */
Value limbs_add(Value a, Value b, bool subtract);
Value limbs_multiply(Value a, Value b);
/* Floor division; either result may be NULL.  b is not zero. */
bool limbs_divide(Value a, Value b, Value *quotient, Value *remainder);
Value limbs_power(Value base, uint64_t exponent);
Value limbs_power_modulo(Value base, Value exponent, Value modulus); /* modulus not zero */
Value limbs_shift_left(Value a, uint64_t bits);
Value limbs_shift_right(Value a, uint64_t bits);
Value limbs_bitwise(Value a, Value b, BinaryOp op); /* and, or, xor */
Value limbs_negate(Value a);
Value limbs_gcd(Value a, Value b);
Value limbs_sqrt(Value a);                          /* floor; a >= 0 */
int limbs_compare(Value a, Value b);
/* a / b correctly rounded; inf when too large.  b is not zero. */
bool limbs_true_divide(Value a, Value b, double *out);

#endif
