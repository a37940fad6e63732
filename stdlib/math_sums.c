/* Exact sums of floats, products, and the functions of math on integers. */
#include "stdlib/math_parts.h"

#include "runtime/types/int_arith.h"
#include "runtime/types/int_limbs.h"

#include <math.h>

/* A sum kept as doubles that do not overlap, smallest first. */
typedef struct Partials {
    double room[32], *at;
    size_t count, capacity;
    double special_sum, infinite_sum;
    bool overflowed;
} Partials;

static bool partials_push(Partials *p, double x) {
    if (p->count == p->capacity) {
        double *grown = raw_allocate(p->capacity * 2 * sizeof *grown);
        if (!grown) return raise_memory_error(), false;
        memcpy(grown, p->at, p->count * sizeof *grown);
        if (p->at != p->room) raw_free(p->at);
        p->at = grown;
        p->capacity *= 2;
    }
    p->at[p->count++] = x;
    return true;
}

static bool partials_add(Value item, void *context) {
    Partials *p = context;
    double x, input;
    if (!object_as_double(item, &x)) return false;
    input = x;
    size_t kept = 0;
    for (size_t i = 0; i < p->count; i++) {
        double y = p->at[i];
        if (fabs(x) < fabs(y)) {
            double swap = x;
            x = y, y = swap;
        }
        volatile double high = x + y, part = high - x;
        double low = y - part;
        if (low != 0.0) p->at[kept++] = low;
        x = high;
    }
    p->count = kept;
    if (x == 0.0) return true;
    if (isfinite(x)) return partials_push(p, x);
    if (isfinite(input)) return raise_overflow_error("intermediate overflow in fsum"), false;
    if (isinf(input)) p->infinite_sum += input;
    p->special_sum += input;
    p->count = 0;
    return true;
}

/* The partials rounded once: the last addition corrects a tie by looking at the next partial. */
static double partials_round(const Partials *p) {
    size_t n = p->count;
    double high = 0.0, low = 0.0;
    if (n == 0) return 0.0;
    high = p->at[--n];
    while (n > 0) {
        double x = high, y = p->at[--n];
        volatile double sum = x + y, part = sum - x;
        high = sum;
        low = y - part;
        if (low != 0.0) break;
    }
    if (n > 0 && ((low < 0.0 && p->at[n - 1] < 0.0) || (low > 0.0 && p->at[n - 1] > 0.0))) {
        double y = low * 2.0;
        volatile double x = high + y, part = x - high;
        if (y == part) high = x;
    }
    return high;
}

Value math_fsum(const Value *args, size_t count) {
    Partials p = {.at = p.room, .capacity = 32};
    Value result = UNSET;
    if (object_each(args[0], partials_add, &p)) {
        if (p.special_sum != 0.0) {
            result = p.infinite_sum != p.infinite_sum ? raise_value_error("-inf + inf in fsum")
                                                      : from_any_double(p.special_sum);
        } else {
            result = from_double(partials_round(&p));
        }
    }
    if (p.at != p.room) raw_free(p.at);
    return result;
}

static bool multiply_into(Value item, void *context) {
    Value *product = context;
    if (is_double(*product) && is_double(item)) {
        *product = from_double(as_double(*product) * as_double(item));
        return true;
    }
    int64_t exact;
    if (are_small_ints(*product, item) && !__builtin_mul_overflow(as_small_int(*product), as_small_int(item), &exact)) {
        *product = int_from_int64(exact);
        return is_set(*product);
    }
    Value next = object_binary(BINARY_MULTIPLY, *product, item);
    replace(product, next);
    return is_set(next);
}

Value math_prod(const Value *args, size_t count) {
    Value product = is_set(args[1]) ? retain(args[1]) : from_small_int(1);
    if (object_each(args[0], multiply_into, &product)) return product;
    release(product);
    return UNSET;
}

/* Integers. */

static Value small_gcd(int64_t a, int64_t b) {
    uint64_t x = (uint64_t)(a < 0 ? -a : a), y = (uint64_t)(b < 0 ? -b : b);
    while (y) {
        uint64_t rest = x % y;
        x = y, y = rest;
    }
    return int_from_uint64(x);
}

Value math_gcd(const Value *args, size_t count) {
    if (count == 2 && are_small_ints(args[0], args[1])) return small_gcd(as_small_int(args[0]), as_small_int(args[1]));
    Value result = from_small_int(0);
    for (size_t i = 0; i < count && is_set(result); i++) {
        Value n = object_index(args[i]);
        replace(&result, is_set(n) ? limbs_gcd(result, n) : UNSET);
        release(n);
    }
    return result;
}

static Value lcm_of(Value a, Value b) {
    if (int_sign(a) == 0 || int_sign(b) == 0) return from_small_int(0);
    Value gcd = limbs_gcd(a, b), part = is_set(gcd) ? int_floor_divide(a, gcd) : UNSET;
    Value product = is_set(part) ? int_multiply(part, b) : UNSET;
    Value result = is_set(product) ? int_absolute(product) : UNSET;
    release(gcd), release(part), release(product);
    return result;
}

Value math_lcm(const Value *args, size_t count) {
    Value result = from_small_int(1);
    for (size_t i = 0; i < count && is_set(result); i++) {
        Value n = object_index(args[i]);
        replace(&result, is_set(n) ? lcm_of(result, n) : UNSET);
        release(n);
    }
    return result;
}

typedef struct Counting {
    Value n;
    uint64_t k;
    mpz_t z;
} Counting;

static Value run(Counting *c, void (*work)(void *)) {
    if (!limbs_protect(work, c)) return UNSET;
    Value result = int_from_mpz(c->z);
    mpz_clear(c->z);
    return result;
}

static void factorial_work(void *context) {
    Counting *c = context;
    mpz_init(c->z);
    mpz_fac_ui(c->z, c->k);
}

static void comb_work(void *context) {
    Counting *c = context;
    IntView n;
    int_view(c->n, &n);
    mpz_init(c->z);
    mpz_bin_ui(c->z, n.z, c->k);
}

/* n (n-1) ... (n-count+1), by halves so that the factors stay of like size. */
static void falling(mpz_t out, const mpz_t n, uint64_t count) {
    if (count <= 8) {
        mpz_t factor;
        mpz_init_set(factor, n);
        mpz_set_ui(out, 1);
        for (uint64_t i = 0; i < count; i++, mpz_sub_ui(factor, factor, 1)) mpz_mul(out, out, factor);
        mpz_clear(factor);
        return;
    }
    mpz_t rest, low;
    mpz_init(low);
    mpz_init(rest);
    mpz_sub_ui(low, n, count / 2);
    falling(out, n, count / 2);
    falling(rest, low, count - count / 2);
    mpz_mul(out, out, rest);
    mpz_clear(low);
    mpz_clear(rest);
}

static void perm_work(void *context) {
    Counting *c = context;
    IntView n;
    int_view(c->n, &n);
    mpz_init(c->z);
    falling(c->z, n.z, c->k);
}

static Value factorial(Value n) {
    int64_t k;
    if (is_small_int(n) && as_small_int(n) >= 0 && as_small_int(n) <= 20) {
        uint64_t product = 1;
        for (uint64_t i = 2; i <= (uint64_t)as_small_int(n); i++) product *= i;
        return int_from_uint64(product);
    }
    if (int_sign(n) < 0) return raise_value_error("factorial() not defined for negative values");
    if (!int_fits_int64(n, &k)) {
        return raise_overflow_error("factorial() argument should not exceed %lld", (long long)INT64_MAX);
    }
    Counting c = {.k = (uint64_t)k};
    return run(&c, factorial_work);
}

Value math_factorial(const Value *args, size_t count) {
    Value n = object_index(args[0]);
    Value result = is_set(n) ? factorial(n) : UNSET;
    release(n);
    return result;
}

/* n and k as ints, both checked for sign. */
static bool take_pair(const Value *args, Value *n, Value *k) {
    *k = UNSET;
    *n = object_index(args[0]);
    if (is_set(*n)) *k = object_index(args[1]);
    if (is_unset(*k)) return release(*n), false;
    const char *wrong = int_sign(*n) < 0 ? "n" : int_sign(*k) < 0 ? "k" : NULL;
    if (!wrong) return true;
    release(*n), release(*k);
    return raise_value_error("%s must be a non-negative integer", wrong), false;
}

/* n over k as long as nothing on the way needs more than 64 bits; UNSET: it does. */
static Value small_comb(uint64_t n, uint64_t k) {
    uint64_t result = 1;
    if (k > n) return from_small_int(0);
    if (k > n - k) k = n - k;
    for (uint64_t i = 1; i <= k; i++) {
        if (__builtin_mul_overflow(result, n - k + i, &result)) return UNSET;
        result /= i;
    }
    return int_from_uint64(result);
}

static Value comb(Value n, Value k) {
    if (are_small_ints(n, k) && (as_small_int(k) <= 64 || as_small_int(n) - as_small_int(k) <= 64)) {
        Value small = small_comb((uint64_t)as_small_int(n), (uint64_t)as_small_int(k));
        if (is_set(small) || error_pending()) return small;
    }
    Counting c = {.n = n};
    Value rest = int_subtract(n, k), result = UNSET;
    int64_t least;
    if (is_unset(rest)) return UNSET;
    if (int_sign(rest) < 0) {
        result = from_small_int(0);
    } else if (!int_fits_int64(int_order(rest, k) < 0 ? rest : k, &least)) {
        raise_overflow_error("min(n - k, k) must not exceed %lld", (long long)INT64_MAX);
    } else {
        c.k = (uint64_t)least;
        result = run(&c, comb_work);
    }
    release(rest);
    return result;
}

Value math_comb(const Value *args, size_t count) {
    Value n, k;
    if (are_small_ints(args[0], args[1]) && as_small_int(args[0]) >= 0 && as_small_int(args[1]) >= 0)
        return comb(args[0], args[1]);
    if (!take_pair(args, &n, &k)) return UNSET;
    Value result = comb(n, k);
    release(n), release(k);
    return result;
}

Value math_perm(const Value *args, size_t count) {
    if (is_unset(args[1]) || is_none(args[1])) return math_factorial(args, 1);
    Value n, k, result;
    Counting c = {0};
    int64_t factors;
    if (!take_pair(args, &n, &k)) return UNSET;
    if (int_order(n, k) < 0) {
        result = from_small_int(0);
    } else if (!int_fits_int64(k, &factors)) {
        result = raise_overflow_error("k must not exceed %lld", (long long)INT64_MAX);
    } else {
        c.n = n;
        c.k = (uint64_t)factors;
        result = run(&c, perm_work);
    }
    release(n), release(k);
    return result;
}

Value math_isqrt(const Value *args, size_t count) {
    Value n = object_index(args[0]);
    if (is_unset(n)) return UNSET;
    if (is_small_int(n) && as_small_int(n) >= 0) /* 48 bits: the double is near enough to be exact when cut */
        return from_small_int((int64_t)sqrt((double)as_small_int(n)));
    Value result = int_sign(n) < 0 ? raise_value_error("isqrt() argument must be nonnegative") : limbs_sqrt(n);
    release(n);
    return result;
}
