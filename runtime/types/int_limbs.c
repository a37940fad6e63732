/* Arithmetic of large ints on GMP's limbs. */
#include "runtime/types/int_limbs.h"

#include "runtime/mem/heap_inline.h"
#include "runtime/types/error.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>

/* Blocks that GMP holds within limbs_protect(), newest first. */
typedef struct GmpBlock {
    struct GmpBlock *next, *previous;
} GmpBlock;

typedef struct Protection {
    jmp_buf out_of_memory;
    GmpBlock blocks; /* ring */
} Protection;

static __thread Protection *protection;

static void *block_allocate(size_t size) {
    GmpBlock *block = malloc(sizeof(GmpBlock) + size);
    if (!block) longjmp(protection->out_of_memory, 1);
    GmpBlock *ring = &protection->blocks;
    *block = (GmpBlock){ring->next, ring};
    ring->next->previous = block;
    ring->next = block;
    return block + 1;
}

static void block_free(void *memory, size_t size) {
    (void)size;
    GmpBlock *block = (GmpBlock *)memory - 1;
    block->next->previous = block->previous;
    block->previous->next = block->next;
    free(block);
}

static void *block_reallocate(void *memory, size_t old_size, size_t size) {
    (void)old_size;
    GmpBlock *old = (GmpBlock *)memory - 1;
    GmpBlock *block = realloc(old, sizeof(GmpBlock) + size);
    if (!block) longjmp(protection->out_of_memory, 1);
    block->next->previous = block;
    block->previous->next = block;
    return block + 1;
}

static void gmp_start(void) { mp_set_memory_functions(block_allocate, block_reallocate, block_free); }

static void blocks_free_all(Protection *p) {
    for (GmpBlock *b = p->blocks.next; b != &p->blocks;) {
        GmpBlock *next = b->next;
        free(b);
        b = next;
    }
}

/* What the caller keeps no longer hangs in the ring of a finished protection. */
static void blocks_detach_all(Protection *p) {
    for (GmpBlock *b = p->blocks.next; b != &p->blocks;) {
        GmpBlock *next = b->next;
        *b = (GmpBlock){b, b};
        b = next;
    }
}

bool limbs_protect(void (*work)(void *context), void *context) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, gmp_start);
    Protection frame;
    frame.blocks = (GmpBlock){&frame.blocks, &frame.blocks};
    Protection *outer = protection;
    if (setjmp(frame.out_of_memory)) {
        blocks_free_all(protection);
        protection = NULL;
        raise_memory_error();
        return false;
    }
    if (outer) return work(context), true;
    protection = &frame;
    work(context);
    blocks_detach_all(&frame);
    protection = NULL;
    return true;
}

Int *int_allocate(size_t count) {
    if (count > LIMBS_MAX) return raise_memory_error(), NULL;
    return object_allocate_leaf(&int_type, sizeof(Int) + count * sizeof(mp_limb_t));
}

/* Until int_finish() a fresh Int's size is not set; its death does not look at it. */
Value int_finish(Int *r, size_t count, bool negative) {
    while (count > 0 && r->limbs[count - 1] == 0) count--;
    if (count == 0 || (count == 1 && r->limbs[0] <= (mp_limb_t)SMALL_INT_MAX + negative)) {
        int64_t n = count ? (int64_t)r->limbs[0] : 0;
        object_release(r);
        return from_small_int(negative ? -n : n);
    }
    r->size = negative ? -(int64_t)count : (int64_t)count;
    return from_object(r);
}

Value int_from_parts(uint64_t high, uint64_t low, bool negative) {
    if (high == 0 && low <= (uint64_t)SMALL_INT_MAX + negative) {
        return from_small_int(negative ? -(int64_t)low : (int64_t)low);
    }
    Int *r = int_allocate(high ? 2 : 1);
    if (!r) return UNSET;
    int64_t size = high ? 2 : 1;
    r->limbs[0] = low;
    if (high) r->limbs[1] = high;
    r->size = negative ? -size : size;
    return from_object(r);
}

void limbs_of(Value v, Limbs *out) {
    if (is_object(v)) {
        const Int *n = (const Int *)as_object(v);
        out->at = n->limbs;
        out->negative = n->size < 0;
        out->count = n->size < 0 ? -n->size : n->size;
        return;
    }
    int64_t n = is_small_int(v) ? as_small_int(v) : (int64_t)(v.bits & 1);
    out->negative = n < 0;
    out->room = n < 0 ? (mp_limb_t)-n : (mp_limb_t)n;
    out->at = &out->room;
    out->count = n != 0;
}

static int magnitude_compare(const Limbs *a, const Limbs *b) {
    if (a->count != b->count) return a->count < b->count ? -1 : 1;
    return a->count ? mpn_cmp(a->at, b->at, a->count) : 0;
}

int limbs_compare(Value a, Value b) {
    Limbs x, y;
    limbs_of(a, &x);
    limbs_of(b, &y);
    if (x.negative != y.negative) return x.negative ? -1 : 1;
    int order = magnitude_compare(&x, &y);
    return x.negative ? -order : order;
}

static Value magnitude_add(const Limbs *a, const Limbs *b, bool negative) {
    Int *r = int_allocate((size_t)a->count + 1);
    if (!r) return UNSET;
    if (b->count) {
        r->limbs[a->count] = mpn_add(r->limbs, a->at, a->count, b->at, b->count);
    } else {
        mpn_copyi(r->limbs, a->at, a->count);
        r->limbs[a->count] = 0;
    }
    return int_finish(r, (size_t)a->count + 1, negative);
}

static Value magnitude_subtract(const Limbs *a, const Limbs *b, bool negative) {
    Int *r = int_allocate((size_t)a->count);
    if (!r) return UNSET;
    if (b->count) {
        mpn_sub(r->limbs, a->at, a->count, b->at, b->count);
    } else {
        mpn_copyi(r->limbs, a->at, a->count);
    }
    return int_finish(r, (size_t)a->count, negative);
}

Value limbs_add(Value a, Value b, bool subtract) {
    Limbs x, y;
    limbs_of(a, &x);
    limbs_of(b, &y);
    bool y_negative = y.negative != subtract;
    int order = magnitude_compare(&x, &y);
    if (x.negative == y_negative) {
        return order >= 0 ? magnitude_add(&x, &y, x.negative) : magnitude_add(&y, &x, x.negative);
    }
    if (order == 0) return from_small_int(0);
    return order > 0 ? magnitude_subtract(&x, &y, x.negative) : magnitude_subtract(&y, &x, y_negative);
}

Value limbs_negate(Value a) {
    Limbs x;
    limbs_of(a, &x);
    Int *r = int_allocate((size_t)x.count);
    if (!r) return UNSET;
    if (x.count) mpn_copyi(r->limbs, x.at, x.count);
    return int_finish(r, (size_t)x.count, !x.negative);
}

/* What a call of GMP that may allocate works on. */
typedef struct Work {
    mp_limb_t *r, *r2;
    const Limbs *a, *b, *c;
    uint64_t n;
    mpz_t z; /* a result whose size is not known before: created and, on success, left for the caller */
    bool found;
} Work;

static void multiply_work(void *context) {
    Work *w = context;
    if (w->a == w->b || w->a->at == w->b->at) {
        mpn_sqr(w->r, w->a->at, w->a->count);
    } else {
        mpn_mul(w->r, w->a->at, w->a->count, w->b->at, w->b->count);
    }
}

/* Below this many limbs, mpn functions take their scratch memory from the C stack. */
enum { LIMBS_NO_SCRATCH = 20 };

Value limbs_multiply(Value a, Value b) {
    Limbs x, y;
    limbs_of(a, &x);
    limbs_of(b, &y);
    if (x.count == 0 || y.count == 0) return from_small_int(0);
    size_t count = (size_t)x.count + (size_t)y.count;
    Int *r = int_allocate(count);
    if (!r) return UNSET;
    bool negative = x.negative != y.negative;
    Work w = {.r = r->limbs, .a = x.count >= y.count ? &x : &y, .b = x.count >= y.count ? &y : &x};
    if (w.b->count == 1) {
        r->limbs[count - 1] = mpn_mul_1(r->limbs, w.a->at, w.a->count, w.b->at[0]);
    } else if (w.a->count < LIMBS_NO_SCRATCH) {
        multiply_work(&w);
    } else if (!limbs_protect(multiply_work, &w)) {
        object_release(r);
        return UNSET;
    }
    return int_finish(r, count, negative);
}

static void divide_work(void *context) {
    Work *w = context;
    mpn_tdiv_qr(w->r, w->r2, 0, w->a->at, w->a->count, w->b->at, w->b->count);
}

/* From truncating to floor division: q -= 1, r = b - r, on magnitudes; r is not zero and has b's length. */
static void divide_to_floor(Int *q, size_t q_count, Int *r, const Limbs *b) {
    mpn_add_1(q->limbs, q->limbs, (mp_size_t)q_count, 1); /* the quotient is negative: its magnitude grows */
    mpn_sub_n(r->limbs, b->at, r->limbs, b->count);
}

static bool divide_shorter(Value a, Value b, const Limbs *x, const Limbs *y, Value *quotient, Value *remainder) {
    bool exact = x->count == 0 || x->negative == y->negative;
    if (quotient) *quotient = from_small_int(exact ? 0 : -1);
    if (!remainder) return true;
    *remainder = exact ? int_normalize(a) : limbs_add(a, b, false);
    return is_set(*remainder);
}

static bool divide_longer(const Limbs *x, const Limbs *y, Value *quotient, Value *remainder) {
    size_t q_count = (size_t)(x->count - y->count) + 1;
    Int *q = int_allocate(q_count + 1), *r = q ? int_allocate((size_t)y->count) : NULL;
    if (!r) return q ? object_release(q) : (void)0, false;
    Work w = {.r = q->limbs, .r2 = r->limbs, .a = x, .b = y};
    if (x->count < LIMBS_NO_SCRATCH) {
        divide_work(&w);
    } else if (!limbs_protect(divide_work, &w)) {
        return object_release(q), object_release(r), false;
    }
    q->limbs[q_count] = 0;
    if (x->negative != y->negative && !mpn_zero_p(r->limbs, y->count)) divide_to_floor(q, q_count + 1, r, y);
    Value q_value = int_finish(q, q_count + 1, x->negative != y->negative);
    Value r_value = int_finish(r, (size_t)y->count, y->negative);
    if (quotient) *quotient = q_value; else release(q_value);
    if (remainder) *remainder = r_value; else release(r_value);
    return true;
}

bool limbs_divide(Value a, Value b, Value *quotient, Value *remainder) {
    Limbs x, y;
    limbs_of(a, &x);
    limbs_of(b, &y);
    if (magnitude_compare(&x, &y) < 0) return divide_shorter(a, b, &x, &y, quotient, remainder);
    return divide_longer(&x, &y, quotient, remainder);
}

static void as_mpz(const Limbs *x, mpz_t z) {
    mpz_roinit_n(z, x->at, x->negative ? -x->count : x->count);
}

static Value from_work(Work *w, void (*work)(void *)) {
    if (!limbs_protect(work, w)) return UNSET;
    Value result = int_from_mpz(w->z);
    mpz_clear(w->z);
    return result;
}

static void power_work(void *context) {
    Work *w = context;
    mpz_t base;
    as_mpz(w->a, base);
    mpz_init(w->z);
    mpz_pow_ui(w->z, base, w->n);
}

static Value power_of_two(const Limbs *base, uint64_t twos, uint64_t exponent) {
    Value one = from_small_int(base->negative && (exponent & 1) ? -1 : 1);
    uint64_t bits;
    if (__builtin_mul_overflow(twos, exponent, &bits)) return raise_memory_error();
    return limbs_shift_left(one, bits);
}

Value limbs_power(Value base, uint64_t exponent) {
    Limbs x;
    limbs_of(base, &x);
    if (x.count == 0) return from_small_int(exponent == 0);
    if (x.count == 1 && x.at[0] == 1) return from_small_int(x.negative && (exponent & 1) ? -1 : 1);
    uint64_t twos = mpn_scan1(x.at, 0), bits = int_bit_length(base);
    if (twos + 1 == bits) return power_of_two(&x, twos, exponent);
    if (exponent > UINT64_MAX / bits || bits * exponent / 64 > LIMBS_MAX) return raise_memory_error();
    Work w = {.a = &x, .n = exponent};
    return from_work(&w, power_work);
}

static void power_modulo_work(void *context) {
    Work *w = context;
    mpz_t base, exponent, modulus;
    as_mpz(w->a, base);
    as_mpz(w->b, exponent);
    as_mpz(w->c, modulus);
    mpz_init(w->z);
    w->found = true;
    if (w->b->negative) {
        w->found = mpz_invert(w->z, base, modulus) || (w->c->count == 1 && w->c->at[0] == 1);
        mpz_neg(exponent, exponent);
        mpz_powm(w->z, w->z, exponent, modulus);
    } else {
        mpz_powm(w->z, base, exponent, modulus);
    }
    if (w->c->negative && mpz_sgn(w->z)) mpz_add(w->z, w->z, modulus);
}

Value limbs_power_modulo(Value base, Value exponent, Value modulus) {
    Limbs x, e, m;
    limbs_of(base, &x);
    limbs_of(exponent, &e);
    limbs_of(modulus, &m);
    Work w = {.a = &x, .b = &e, .c = &m};
    Value result = from_work(&w, power_modulo_work);
    if (w.found || is_unset(result)) return result;
    release(result);
    return raise_value_error("base is not invertible for the given modulus");
}

Value limbs_shift_left(Value a, uint64_t bits) {
    Limbs x;
    limbs_of(a, &x);
    if (x.count == 0) return from_small_int(0);
    uint64_t skip = bits / 64;
    if (skip > LIMBS_MAX) return raise_memory_error();
    size_t count = skip + (size_t)x.count + 1;
    Int *r = int_allocate(count);
    if (!r) return UNSET;
    memset(r->limbs, 0, skip * sizeof(mp_limb_t));
    if (bits % 64) {
        r->limbs[count - 1] = mpn_lshift(r->limbs + skip, x.at, x.count, bits % 64);
    } else {
        mpn_copyi(r->limbs + skip, x.at, x.count);
        r->limbs[count - 1] = 0;
    }
    return int_finish(r, count, x.negative);
}

Value limbs_shift_right(Value a, uint64_t bits) {
    Limbs x;
    limbs_of(a, &x);
    uint64_t skip = bits / 64;
    if (skip >= (uint64_t)x.count) return from_small_int(x.negative ? -1 : 0);
    size_t count = (size_t)x.count - skip;
    Int *r = int_allocate(count + 1);
    if (!r) return UNSET;
    bool lost = skip > 0 && !mpn_zero_p(x.at, (mp_size_t)skip);
    if (bits % 64) {
        lost |= mpn_rshift(r->limbs, x.at + skip, (mp_size_t)count, bits % 64) != 0;
    } else {
        mpn_copyi(r->limbs, x.at + skip, (mp_size_t)count);
    }
    r->limbs[count] = 0;
    if (x.negative && lost) mpn_add_1(r->limbs, r->limbs, (mp_size_t)count + 1, 1);
    return int_finish(r, count + 1, x.negative);
}

/* Limb i of a number in two's complement; *carry starts at 1 and belongs to this walk. */
static inline mp_limb_t complement_limb(const Limbs *x, mp_size_t i, mp_limb_t *carry) {
    mp_limb_t limb = i < x->count ? x->at[i] : 0;
    if (!x->negative) return limb;
    limb = ~limb + *carry;
    *carry = *carry && limb == 0;
    return limb;
}

static inline mp_limb_t limb_bitwise(mp_limb_t a, mp_limb_t b, BinaryOp op) {
    return op == BINARY_AND ? a & b : op == BINARY_OR ? a | b : a ^ b;
}

Value limbs_bitwise(Value a, Value b, BinaryOp op) {
    Limbs x, y;
    limbs_of(a, &x);
    limbs_of(b, &y);
    mp_size_t count = (x.count > y.count ? x.count : y.count) + 1;
    if (op == BINARY_AND && !x.negative && !y.negative) count = x.count < y.count ? x.count : y.count;
    Int *r = int_allocate((size_t)count);
    if (!r) return UNSET;
    mp_limb_t carry_x = 1, carry_y = 1;
    for (mp_size_t i = 0; i < count; i++) {
        mp_limb_t p = complement_limb(&x, i, &carry_x), q = complement_limb(&y, i, &carry_y);
        r->limbs[i] = limb_bitwise(p, q, op);
    }
    bool negative = limb_bitwise(x.negative, y.negative, op) & 1;
    if (negative) mpn_neg(r->limbs, r->limbs, count);
    return int_finish(r, (size_t)count, negative);
}

static void gcd_work(void *context) {
    Work *w = context;
    mpz_t a, b;
    as_mpz(w->a, a);
    as_mpz(w->b, b);
    mpz_init(w->z);
    mpz_gcd(w->z, a, b);
}

/* By halving and subtracting: no division. */
static uint64_t gcd64(uint64_t a, uint64_t b) {
    if (a == 0 || b == 0) return a | b;
    int twos = __builtin_ctzll(a | b);
    a >>= __builtin_ctzll(a);
    while (b) {
        b >>= __builtin_ctzll(b);
        uint64_t less = a < b ? a : b;
        b = a < b ? b - a : a - b;
        a = less;
    }
    return a << twos;
}

Value limbs_gcd(Value a, Value b) {
    Limbs x, y;
    limbs_of(a, &x);
    limbs_of(b, &y);
    if (x.count <= 1 && y.count <= 1) return int_from_uint64(gcd64(x.count ? x.at[0] : 0, y.count ? y.at[0] : 0));
    Work w = {.a = &x, .b = &y};
    return from_work(&w, gcd_work);
}

static void sqrt_work(void *context) {
    Work *w = context;
    mpz_t a;
    as_mpz(w->a, a);
    mpz_init(w->z);
    mpz_sqrt(w->z, a);
}

Value limbs_sqrt(Value a) {
    Limbs x;
    limbs_of(a, &x);
    Work w = {.a = &x};
    return from_work(&w, sqrt_work);
}

/* q * 2^shift with the bits below q known to be zero or not (sticky), rounded to nearest, ties to even. */
static double round_scaled(uint64_t q, bool sticky, int64_t shift) {
    if (q == 0) return 0.0;
    int bits = 64 - __builtin_clzll(q);
    int64_t drop = bits - 53;
    if (drop < -1074 - shift) drop = -1074 - shift;
    if (drop <= 0) return shift > 2000 ? HUGE_VAL : ldexp((double)q, (int)shift);
    if (drop > 63) return 0.0;
    uint64_t half = UINT64_C(1) << (drop - 1), rest = q & (2 * half - 1);
    q >>= drop;
    if (rest > half || (rest == half && (sticky || (q & 1)))) q++;
    return shift > 2000 ? HUGE_VAL : ldexp((double)q, (int)(shift + drop));
}

/* Magnitudes within 2^53 divide exactly as doubles do. */
static bool divide_as_doubles(const Limbs *x, const Limbs *y, double *out) {
    const mp_limb_t limit = UINT64_C(1) << 53;
    if (x->count > 1 || y->count > 1 || (x->count && x->at[0] > limit) || y->at[0] > limit) return false;
    double a = x->count ? (double)x->at[0] : 0.0, b = (double)y->at[0];
    *out = x->negative != y->negative ? -a / b : a / b;
    return true;
}

typedef struct Quotient {
    mpz_t a, b;
    int64_t shift;
    uint64_t q;
    bool sticky;
} Quotient;

static void quotient_work(void *context) {
    Quotient *w = context;
    mpz_t q, r, scaled;
    mpz_init(q);
    mpz_init(r);
    mpz_init(scaled);
    if (w->shift >= 0) {
        mpz_mul_2exp(scaled, w->b, (mp_bitcnt_t)w->shift);
        mpz_tdiv_qr(q, r, w->a, scaled);
    } else {
        mpz_mul_2exp(scaled, w->a, (mp_bitcnt_t)-w->shift);
        mpz_tdiv_qr(q, r, scaled, w->b);
    }
    w->q = mpz_get_ui(q);
    w->sticky = mpz_sgn(r) != 0;
    mpz_clear(q);
    mpz_clear(r);
    mpz_clear(scaled);
}

bool limbs_true_divide(Value a, Value b, double *out) {
    Limbs x, y;
    limbs_of(a, &x);
    limbs_of(b, &y);
    if (divide_as_doubles(&x, &y, out)) return true;
    bool negative = x.negative != y.negative;
    x.negative = y.negative = false;
    int64_t difference = (int64_t)int_bit_length(a) - (int64_t)int_bit_length(b);
    if (x.count == 0 || difference < -1080) return *out = negative ? -0.0 : 0.0, true;
    Quotient w = {.shift = difference - 55 > -1076 ? difference - 55 : -1076};
    as_mpz(&x, w.a);
    as_mpz(&y, w.b);
    if (difference > 1026) return *out = negative ? -HUGE_VAL : HUGE_VAL, true;
    if (!limbs_protect(quotient_work, &w)) return false;
    double magnitude = round_scaled(w.q, w.sticky, w.shift);
    *out = negative ? -magnitude : magnitude;
    return true;
}
