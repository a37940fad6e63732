/* Ints to and from C numbers, doubles and bytes; their hash. */
#include "runtime/types/int_limbs.h"

#include "runtime/mem/heap.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"

#include <math.h>

Value int_from_int64(int64_t n) {
    if (fits_small_int(n)) return from_small_int(n);
    return int_from_parts(0, n < 0 ? -(uint64_t)n : (uint64_t)n, n < 0);
}

Value int_from_uint64(uint64_t n) { return int_from_parts(0, n, false); }

Value int_from_size(size_t n) { return int_from_parts(0, n, false); }

Value int_from_double(double d) {
    if (d > -0x1p62 && d < 0x1p62) return int_from_int64((int64_t)d);
    if (d != d) return raise_value_error("cannot convert float NaN to integer");
    if (isinf(d)) return raise_overflow_error("cannot convert float infinity to integer");
    int exponent;
    double fraction = frexp(fabs(d), &exponent);
    Value digits = int_from_uint64((uint64_t)ldexp(fraction, 53));
    Value magnitude = limbs_shift_left(digits, (uint64_t)(exponent - 53));
    release(digits);
    if (d > 0 || is_unset(magnitude)) return magnitude;
    Value result = limbs_negate(magnitude);
    release(magnitude);
    return result;
}

Value int_from_mpz(const mpz_t z) {
    size_t count = mpz_size(z);
    Int *r = int_allocate(count);
    if (!r) return UNSET;
    if (count) mpn_copyi(r->limbs, mpz_limbs_read(z), (mp_size_t)count);
    return int_finish(r, count, mpz_sgn(z) < 0);
}

bool int_fits_int64(Value v, int64_t *out) {
    if (int_peek64(v, out)) return true;
    const Int *n = (const Int *)as_object(v);
    if (n->size != -1 || n->limbs[0] != UINT64_C(1) << 63) return false;
    *out = INT64_MIN;
    return true;
}

bool int_as_int64(Value v, int64_t *out) {
    if (int_fits_int64(v, out)) return true;
    return raise_overflow_error("Python int too large to convert to C long"), false;
}

bool int_as_uint64(Value v, uint64_t *out) {
    Limbs x;
    limbs_of(v, &x);
    if (x.negative) return raise_overflow_error("can't convert negative value to unsigned int"), false;
    if (x.count > 1) return raise_overflow_error("Python int too large to convert to C unsigned long"), false;
    *out = x.count ? x.at[0] : 0;
    return true;
}

uint64_t int_as_uint64_mask(Value v) {
    Limbs x;
    limbs_of(v, &x);
    uint64_t low = x.count ? x.at[0] : 0;
    return x.negative ? -low : low;
}

double int_as_double(Value v) {
    if (is_small_int(v)) return (double)as_small_int(v);
    Limbs x;
    limbs_of(v, &x);
    if (x.count == 0) return 0.0;
    if (x.count == 1) return x.negative ? -(double)x.at[0] : (double)x.at[0];
    /* The two limbs at the top with a sticky bit hold all that rounding looks at. */
    int lead = __builtin_clzll(x.at[x.count - 1]);
    uint64_t top = x.at[x.count - 1] << lead, below = x.at[x.count - 2];
    if (lead) top |= below >> (64 - lead);
    bool sticky = (lead ? below << lead : below) != 0 || !(x.count == 2 || mpn_zero_p(x.at, x.count - 2));
    int64_t exponent = (int64_t)(x.count - 1) * 64 - lead;
    if (exponent > 1100) return x.negative ? -HUGE_VAL : HUGE_VAL;
    double d = ldexp((double)(top | sticky), (int)exponent);
    return x.negative ? -d : d;
}

bool int_to_double(Value v, double *out) {
    *out = int_as_double(v);
    if (isinf(*out)) return raise_overflow_error("int too large to convert to float"), false;
    return true;
}

void int_view(Value v, IntView *view) {
    Limbs x;
    limbs_of(v, &x);
    if (x.at == &x.room) view->limb = x.room;
    mpz_roinit_n(view->z, x.at == &x.room ? &view->limb : x.at, x.negative ? -x.count : x.count);
}

int int_sign(Value v) {
    Limbs x;
    limbs_of(v, &x);
    return x.count == 0 ? 0 : x.negative ? -1 : 1;
}

size_t int_bit_length(Value v) {
    if (is_small_int(v)) {
        int64_t n = as_small_int(v);
        return n == 0 ? 0 : 64 - (size_t)__builtin_clzll(n < 0 ? -(uint64_t)n : (uint64_t)n);
    }
    Limbs x;
    limbs_of(v, &x);
    if (x.count == 0) return 0;
    return (size_t)x.count * 64 - (size_t)__builtin_clzll(x.at[x.count - 1]);
}

/* The remainder of the magnitude by 2^61 - 1, sign kept; -1 is reserved. */
int64_t int_hash(Value v) {
    const uint64_t prime = (UINT64_C(1) << 61) - 1;
    Limbs x;
    limbs_of(v, &x);
    uint64_t h = x.count == 0 ? 0 : x.count == 1 ? x.at[0] % prime : mpn_mod_1(x.at, x.count, prime);
    int64_t result = x.negative ? -(int64_t)h : (int64_t)h;
    return result == -1 ? -2 : result;
}

Value int_normalize(Value v) {
    if (is_small_int(v)) return v;
    if (is_exactly(v, &int_type)) return retain(v);
    Limbs x;
    limbs_of(v, &x);
    Int *r = int_allocate((size_t)x.count);
    if (!r) return UNSET;
    if (x.count) mpn_copyi(r->limbs, x.at, x.count);
    return int_finish(r, (size_t)x.count, x.negative);
}

static size_t byte_position(size_t i, size_t n, bool little) { return little ? i : n - 1 - i; }

Value int_from_bytes(const unsigned char *data, size_t n, bool little, bool is_signed) {
    bool negative = is_signed && n > 0 && (data[byte_position(n - 1, n, little)] & 0x80);
    size_t count = n / 8 + 1;
    Int *r = int_allocate(count);
    if (!r) return UNSET;
    memset(r->limbs, negative ? 0xFF : 0, count * sizeof(mp_limb_t));
    for (size_t i = 0; i < n; i++) {
        mp_limb_t byte = data[byte_position(i, n, little)], shift = i % 8 * 8;
        r->limbs[i / 8] = (r->limbs[i / 8] & ~((mp_limb_t)0xFF << shift)) | byte << shift;
    }
    if (negative) mpn_neg(r->limbs, r->limbs, (mp_size_t)count);
    return int_finish(r, count, negative);
}

static bool fits_bytes(Value v, const Limbs *x, size_t n, bool is_signed) {
    size_t bits = int_bit_length(v), room = n * 8;
    if (!is_signed) return bits <= room;
    if (bits < room || bits == 0) return true;
    bool power_of_two = mpn_popcount(x->at, x->count) == 1;
    return x->negative && bits == room && power_of_two;
}

bool int_to_bytes(Value v, unsigned char *out, size_t n, bool little, bool is_signed) {
    Limbs x;
    limbs_of(v, &x);
    if (x.negative && !is_signed) return raise_overflow_error("can't convert negative int to unsigned"), false;
    if (!fits_bytes(v, &x, n, is_signed)) return raise_overflow_error("int too big to convert"), false;
    unsigned carry = 1;
    for (size_t i = 0; i < n; i++) {
        unsigned byte = (mp_size_t)(i / 8) < x.count ? (unsigned)(x.at[i / 8] >> (i % 8 * 8)) & 0xFF : 0;
        if (x.negative) {
            byte = (~byte & 0xFF) + carry;
            carry = byte >> 8;
        }
        out[byte_position(i, n, little)] = (unsigned char)byte;
    }
    return true;
}
