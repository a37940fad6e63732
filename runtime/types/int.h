/* int: unboxed up to 48 bits, an object with GMP limbs above; bool is its subtype.
 *
 * A value of 48 bits or fewer is never an Int object, except as an instance of a subclass.  So equal exact ints of that
 * size are the same bits.
 */
#ifndef TYPES_INT_H
#define TYPES_INT_H

#include "runtime/mem/type.h"

#include <gmp.h>

typedef struct Int {
    Object head;
    int64_t size;      /* limbs in use, negative for negative numbers, 0 for zero */
    mp_limb_t limbs[]; /* least significant first */
} Int;

extern Type bool_type;

/* int, bool or a subclass. */
static inline bool int_is(Value v) { return is_small_int(v) || is_bool(v) || type_has(v, TYPE_INT_SUB); }
static inline bool int_is_exact(Value v) { return is_small_int(v) || is_exactly(v, &int_type); }

Value int_from_int64(int64_t n);
Value int_from_uint64(uint64_t n);
Value int_from_size(size_t n);
Value int_from_double(double d);             /* truncates; OverflowError/ValueError for inf, nan with CPython's words */
Value int_from_mpz(const mpz_t z);
/* Digits without sign, underscores and prefix, base 2..36; used by the lexer. */
Value int_from_digits(const char *digits, size_t n, int base);
/* As int(text, base): sign, spaces, underscores, prefix. ValueError "invalid literal for int() with base 10: 'x'". */
Value int_parse(Value text, int base);

/* v is int_is.  False: does not fit (no exception). */
bool int_fits_int64(Value v, int64_t *out);
bool int_as_int64(Value v, int64_t *out);    /* OverflowError "Python int too large to convert to C long" */
bool int_as_uint64(Value v, uint64_t *out);  /* OverflowError */
uint64_t int_as_uint64_mask(Value v);        /* low 64 bits, two's complement */
double int_as_double(Value v);               /* correctly rounded; inf when too large */
bool int_to_double(Value v, double *out);    /* OverflowError "int too large to convert to float" */
/* A read-only view of v as an mpz; small ones use the caller's storage. */
typedef struct IntView { mpz_t z; mp_limb_t limb; } IntView;
void int_view(Value v, IntView *view);
int int_sign(Value v);
size_t int_bit_length(Value v);
int64_t int_hash(Value v);
Value int_to_str(Value v, int base, bool prefix); /* digits; prefix: 0x 0o 0b */
Value int_normalize(
    Value v); /* exact int equal to v (subclass and bool instances become plain); borrowed in, owned out */

/* v must be int_is: the arithmetic of exact ints, for the interpreter's slow paths. */
Value int_add(Value a, Value b);
Value int_subtract(Value a, Value b);
Value int_multiply(Value a, Value b);
Value int_floor_divide(Value a, Value b);
Value int_modulo(Value a, Value b);
Value int_power(Value a, Value b);
Value int_from_bytes(const unsigned char *data, size_t n, bool little, bool is_signed);
bool int_to_bytes(Value v, unsigned char *out, size_t n, bool little, bool is_signed); /* OverflowError */

#endif
