/* The operators of int: numbers of one or two machine words first, then limbs. */
#include "runtime/types/int_arith.h"

#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/float.h"
#include "runtime/types/int_limbs.h"
#include "runtime/types/tuple.h"

Value int_add(Value a, Value b) {
    __int128 x, y;
    if (int_peek128(a, &x) && int_peek128(b, &y)) return int_from_int128(x + y);
    return limbs_add(a, b, false);
}

Value int_subtract(Value a, Value b) {
    __int128 x, y;
    if (int_peek128(a, &x) && int_peek128(b, &y)) return int_from_int128(x - y);
    return limbs_add(a, b, true);
}

Value int_multiply(Value a, Value b) {
    int64_t x, y;
    if (int_peek64(a, &x) && int_peek64(b, &y)) return int_from_int128((__int128)x * y);
    return limbs_multiply(a, b);
}

static int64_t floor_divide64(int64_t x, int64_t y) {
    int64_t q = x / y;
    return q - (x % y != 0 && (x < 0) != (y < 0));
}

static int64_t modulo64(int64_t x, int64_t y) {
    int64_t r = x % y;
    return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}

static Value raise_zero_division(const char *message) { return raise_error(&ZeroDivisionError_type, "%s", message); }

Value int_floor_divide(Value a, Value b) {
    int64_t x, y;
    if (int_peek64(b, &y)) {
        if (y == 0) return raise_zero_division("integer division or modulo by zero");
        if (int_peek64(a, &x)) return int_from_int64(floor_divide64(x, y));
    }
    Value q;
    return limbs_divide(a, b, &q, NULL) ? q : UNSET;
}

static bool peek_positive128(Value v, unsigned __int128 *out) {
    __int128 n;
    if (!int_peek128(v, &n) || n < 0) return false;
    *out = (unsigned __int128)n;
    return true;
}

Value int_modulo(Value a, Value b) {
    int64_t x, y;
    unsigned __int128 wide;
    if (int_peek64(b, &y)) {
        if (y == 0) return raise_zero_division("integer modulo by zero");
        if (int_peek64(a, &x)) return int_from_int64(modulo64(x, y));
        if (y > 0 && peek_positive128(a, &wide)) return int_from_int64((int64_t)(wide % (uint64_t)y));
    }
    Value r;
    return limbs_divide(a, b, NULL, &r) ? r : UNSET;
}

bool int_divide_modulo(Value a, Value b, Value *quotient, Value *remainder) {
    int64_t x, y;
    if (int_peek64(b, &y)) {
        if (y == 0) return raise_zero_division("integer division or modulo by zero"), false;
        if (int_peek64(a, &x)) {
            *quotient = int_from_int64(floor_divide64(x, y));
            *remainder = int_from_int64(modulo64(x, y));
            return true;
        }
    }
    return limbs_divide(a, b, quotient, remainder);
}

Value int_divmod(Value a, Value b) {
    Value pair[2];
    if (!int_divide_modulo(a, b, &pair[0], &pair[1])) return UNSET;
    return tuple_steal(pair, 2);
}

Value int_true_divide(Value a, Value b) {
    int64_t x, y;
    const int64_t exact = INT64_C(1) << 53;
    if (int_peek64(b, &y)) {
        if (y == 0) return raise_zero_division("division by zero");
        if (int_peek64(a, &x) && x <= exact && x >= -exact && y <= exact && y >= -exact) {
            return from_double((double)x / (double)y);
        }
    }
    double d;
    if (!limbs_true_divide(a, b, &d)) return UNSET;
    if (__builtin_isinf(d)) return raise_overflow_error("integer division result too large for a float");
    return from_double(d);
}

/* Powers that fit one word; false: they do not. */
static bool power64(int64_t base, uint64_t exponent, int64_t *out) {
    int64_t result = 1;
    for (;;) {
        if ((exponent & 1) && __builtin_mul_overflow(result, base, &result)) return false;
        exponent >>= 1;
        if (exponent == 0) break;
        if (__builtin_mul_overflow(base, base, &base)) return false;
    }
    return *out = result, true;
}

static Value power_negative(Value a, Value b) {
    double x, y;
    if (!int_to_double(a, &x) || !int_to_double(b, &y)) return UNSET;
    return float_power(x, y);
}

Value int_power(Value a, Value b) {
    if (int_sign(b) < 0) return power_negative(a, b);
    int64_t base = 0, exponent = 0, result;
    bool short_exponent = int_peek64(b, &exponent);
    bool short_base = int_peek64(a, &base);
    if (short_base && short_exponent && power64(base, (uint64_t)exponent, &result)) return int_from_int64(result);
    if (short_exponent) return limbs_power(a, (uint64_t)exponent);
    if (short_base && base >= -1 && base <= 1)
        return from_small_int(base == -1 && !(int_as_uint64_mask(b) & 1) ? 1 : base);
    return raise_memory_error();
}

static uint64_t power_modulo64(uint64_t base, uint64_t exponent, uint64_t modulus) {
    unsigned __int128 result = 1 % modulus, square = base % modulus;
    for (; exponent; exponent >>= 1) {
        if (exponent & 1) result = result * square % modulus;
        square = square * square % modulus;
    }
    return (uint64_t)result;
}

Value int_power_modulo(Value a, Value b, Value modulus) {
    int64_t base, exponent, m;
    if (int_sign(modulus) == 0) return raise_value_error("pow() 3rd argument cannot be 0");
    if (int_peek64(a, &base) && int_peek64(b, &exponent) && int_peek64(modulus, &m) && base >= 0 && exponent >= 0 &&
        m > 0) {
        return int_from_uint64(power_modulo64((uint64_t)base, (uint64_t)exponent, (uint64_t)m));
    }
    return limbs_power_modulo(a, b, modulus);
}

/* Too many bits for any memory; CPython has another word for those that its digits of 30 bits cannot even count. */
static Value raise_shift_too_large(Value bits) {
    Value digits = int_floor_divide(bits, from_small_int(30));
    int64_t n;
    bool countable = is_set(digits) && int_fits_int64(digits, &n);
    release(digits);
    return countable ? raise_memory_error() : raise_overflow_error("too many digits in integer");
}

Value int_shift_left(Value a, Value b) {
    int64_t n, x;
    bool counted = int_peek64(b, &n);
    if (counted && n >= 0 && n < 64 && int_peek64(a, &x)) return int_from_int128((__int128)((unsigned __int128)x << n));
    if (int_sign(b) < 0) return raise_value_error("negative shift count");
    if (int_sign(a) == 0) return from_small_int(0);
    if (!counted) return raise_shift_too_large(b);
    return limbs_shift_left(a, (uint64_t)n);
}

Value int_shift_right(Value a, Value b) {
    int64_t n, x;
    __int128 wide;
    if (int_peek64(b, &n) && n >= 0 && int_peek64(a, &x)) return int_from_int64(x >> (n < 63 ? n : 63));
    if (int_sign(b) < 0) return raise_value_error("negative shift count");
    if (!int_peek64(b, &n)) return from_small_int(int_sign(a) < 0 ? -1 : 0);
    if (int_peek128(a, &wide)) return int_from_int128(wide >> (n < 127 ? n : 127));
    return limbs_shift_right(a, (uint64_t)n);
}

Value int_and(Value a, Value b) {
    __int128 x, y;
    if (int_peek128(a, &x) && int_peek128(b, &y)) return int_from_int128(x & y);
    return limbs_bitwise(a, b, BINARY_AND);
}

Value int_or(Value a, Value b) {
    __int128 x, y;
    if (int_peek128(a, &x) && int_peek128(b, &y)) return int_from_int128(x | y);
    return limbs_bitwise(a, b, BINARY_OR);
}

Value int_xor(Value a, Value b) {
    __int128 x, y;
    if (int_peek128(a, &x) && int_peek128(b, &y)) return int_from_int128(x ^ y);
    return limbs_bitwise(a, b, BINARY_XOR);
}

Value int_negate(Value v) {
    int64_t n;
    if (int_peek64(v, &n)) return int_from_int64(-n);
    return limbs_negate(v);
}

Value int_invert(Value v) {
    int64_t n;
    if (int_peek64(v, &n)) return int_from_int64(~n);
    Value negative = limbs_negate(v);
    if (is_unset(negative)) return UNSET;
    Value result = int_subtract(negative, from_small_int(1));
    release(negative);
    return result;
}

Value int_absolute(Value v) { return int_sign(v) < 0 ? int_negate(v) : int_normalize(v); }

int int_order(Value a, Value b) {
    int64_t x, y;
    if (int_peek64(a, &x) && int_peek64(b, &y)) return (x > y) - (x < y);
    return limbs_compare(a, b);
}
