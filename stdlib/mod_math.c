/* math: real functions; each answers ValueError outside its domain and OverflowError outside the range of floats. */
#include "stdlib/math_parts.h"

#include "runtime/types/float_text.h"
#include "runtime/types/int_limbs.h"

#include <math.h>

Value math_domain_error(void) { return raise_value_error("math domain error"); }
Value math_range_error(void) { return raise_overflow_error("math range error"); }

static bool real(Value v, double *out) {
    if (is_double(v)) return *out = as_double(v), true;
    return object_as_double(v, out);
}

/* The usual rule: NaN from a number is outside the domain; infinity from a finite number is an overflow, or a pole. */
static Value checked(double r, double x, bool can_overflow) {
    if (r != r && x == x) return math_domain_error();
    if (isinf(r) && isfinite(x)) return can_overflow ? math_range_error() : math_domain_error();
    return from_any_double(r);
}

#define REAL_FUNCTION(name, expression, can_overflow)             \
    static Value real_##name(const Value *args, size_t count) {   \
        double x;                                                 \
        if (!real(args[0], &x)) return UNSET;                     \
        return checked(expression, x, can_overflow);              \
    }
REAL_FUNCTION(acos, acos(x), false)
REAL_FUNCTION(acosh, acosh(x), false)
REAL_FUNCTION(asin, asin(x), false)
REAL_FUNCTION(asinh, asinh(x), false)
REAL_FUNCTION(atan, atan(x), false)
REAL_FUNCTION(atanh, atanh(x), false)
REAL_FUNCTION(cbrt, cbrt(x), false)
REAL_FUNCTION(cos, cos(x), false)
REAL_FUNCTION(cosh, cosh(x), true)
REAL_FUNCTION(exp, exp(x), true)
REAL_FUNCTION(exp2, exp2(x), true)
REAL_FUNCTION(expm1, expm1(x), true)
REAL_FUNCTION(fabs, fabs(x), false)
REAL_FUNCTION(log1p, log1p(x), false)
REAL_FUNCTION(sin, sin(x), false)
REAL_FUNCTION(sinh, sinh(x), true)
REAL_FUNCTION(sqrt, sqrt(x), false)
REAL_FUNCTION(tan, tan(x), false)
REAL_FUNCTION(tanh, tanh(x), false)
REAL_FUNCTION(erf, erf(x), false)
REAL_FUNCTION(erfc, erfc(x), false)

static Value real_gamma(const Value *args, size_t count) {
    double x;
    bool domain = false, range = false;
    if (!real(args[0], &x)) return UNSET;
    double r = math_gamma(x, &domain, &range);
    return domain ? math_domain_error() : range ? math_range_error() : from_any_double(r);
}

static Value real_lgamma(const Value *args, size_t count) {
    double x;
    bool domain = false, range = false;
    if (!real(args[0], &x)) return UNSET;
    double r = math_log_gamma(x, &domain, &range);
    return domain ? math_domain_error() : range ? math_range_error() : from_any_double(r);
}

/* Logarithms: ints of any size. */

static Value log_of_double(double x, double (*function)(double)) {
    if (x != x || (isinf(x) && x > 0)) return from_any_double(x);
    return x > 0 ? from_double(function(x)) : math_domain_error();
}

static Value log_of(Value v, double (*function)(double)) {
    double x;
    if (!int_is(v)) return real(v, &x) ? log_of_double(x, function) : UNSET;
    if (int_sign(v) <= 0) return math_domain_error();
    x = int_as_double(v);
    if (isfinite(x)) return log_of_double(x, function);
    size_t bits = int_bit_length(v);
    Value top = limbs_shift_right(v, bits - 64);
    if (is_unset(top)) return UNSET;
    /* The bit below the 64 that are kept can only matter in the last place. */
    double fraction = ldexp((double)int_as_uint64_mask(top), -64);
    release(top);
    return from_double(function(fraction) + function(2.0) * (double)bits);
}

static Value real_log(const Value *args, size_t count) {
    if (count < 1 || count > 2) return raise_type_error("math.log requires 1 to 2 arguments");
    Value number = log_of(args[0], log);
    if (is_unset(number) || count == 1) return number;
    Value base = log_of(args[1], log);
    return is_set(base) ? object_binary(BINARY_TRUE_DIVIDE, number, base) : UNSET;
}

static Value real_log2(const Value *args, size_t count) { return log_of(args[0], log2); }
static Value real_log10(const Value *args, size_t count) { return log_of(args[0], log10); }

/* Two arguments. */

static bool real2(const Value *args, double *x, double *y) { return real(args[0], x) && real(args[1], y); }

static Value real_atan2(const Value *args, size_t count) {
    double y, x;
    return real2(args, &y, &x) ? from_any_double(atan2(y, x)) : UNSET;
}

static Value real_copysign(const Value *args, size_t count) {
    double x, y;
    return real2(args, &x, &y) ? from_any_double(copysign(x, y)) : UNSET;
}

static Value real_nextafter(const Value *args, size_t count) {
    double x, y;
    return real2(args, &x, &y) ? from_any_double(nextafter(x, y)) : UNSET;
}

static Value real_fmod(const Value *args, size_t count) {
    double x, y;
    if (!real2(args, &x, &y)) return UNSET;
    double r = fmod(x, y);
    return r != r && x == x && y == y ? math_domain_error() : from_any_double(r);
}

static Value real_remainder(const Value *args, size_t count) {
    double x, y;
    if (!real2(args, &x, &y)) return UNSET;
    double r = remainder(x, y);
    return r != r && x == x && y == y ? math_domain_error() : from_any_double(r);
}

static Value real_pow(const Value *args, size_t count) {
    double x, y;
    if (!real2(args, &x, &y)) return UNSET;
    double r = pow(x, y);
    if (isfinite(x) && isfinite(y)) {
        if (r != r) return math_domain_error();
        if (isinf(r)) return x == 0 ? math_domain_error() : math_range_error();
    }
    return from_any_double(r);
}

static Value real_ldexp(const Value *args, size_t count) {
    double x;
    int64_t e;
    if (!real(args[0], &x)) return UNSET;
    if (!int_is(args[1])) return raise_type_error("Expected an int as second argument to ldexp.");
    if (!int_fits_int64(args[1], &e)) e = int_sign(args[1]) < 0 ? INT32_MIN : INT32_MAX;
    e = e > INT32_MAX ? INT32_MAX : e < INT32_MIN ? INT32_MIN : e;
    if (x == 0 || !isfinite(x)) return from_any_double(x);
    double r = ldexp(x, (int)e);
    return isinf(r) ? math_range_error() : from_double(r);
}

static Value real_frexp(const Value *args, size_t count) {
    double x;
    int e = 0;
    if (!real(args[0], &x)) return UNSET;
    double m = isfinite(x) ? frexp(x, &e) : x;
    return tuple_pack(2, from_any_double(m), from_small_int(e));
}

static Value real_modf(const Value *args, size_t count) {
    double x, whole;
    if (!real(args[0], &x)) return UNSET;
    double fraction = modf(x, &whole);
    return tuple_pack(2, from_any_double(fraction), from_any_double(whole));
}

static Value real_degrees(const Value *args, size_t count) {
    double x;
    return real(args[0], &x) ? from_any_double(x * (180.0 / M_PI)) : UNSET;
}

static Value real_radians(const Value *args, size_t count) {
    double x;
    return real(args[0], &x) ? from_any_double(x * (M_PI / 180.0)) : UNSET;
}

static Value real_isfinite(const Value *args, size_t count) {
    double x;
    return real(args[0], &x) ? from_bool(isfinite(x)) : UNSET;
}

static Value real_isinf(const Value *args, size_t count) {
    double x;
    return real(args[0], &x) ? from_bool(isinf(x)) : UNSET;
}

static Value real_isnan(const Value *args, size_t count) {
    double x;
    return real(args[0], &x) ? from_bool(x != x) : UNSET;
}

static Value real_ulp(const Value *args, size_t count) {
    double x;
    if (!real(args[0], &x)) return UNSET;
    x = fabs(x);
    if (!isfinite(x)) return from_any_double(x);
    double above = nextafter(x, HUGE_VAL);
    return from_double(isinf(above) ? x - nextafter(x, -HUGE_VAL) : above - x);
}

static Value real_isclose(const Value *args, size_t count) {
    double a, b, relative = 1e-9, absolute = 0.0;
    if (!real2(args, &a, &b)) return UNSET;
    if (is_set(args[2]) && !real(args[2], &relative)) return UNSET;
    if (is_set(args[3]) && !real(args[3], &absolute)) return UNSET;
    if (relative < 0 || absolute < 0) return raise_value_error("tolerances must be non-negative");
    if (a == b) return TRUE_VALUE;
    if (isinf(a) || isinf(b)) return FALSE_VALUE;
    double d = fabs(b - a);
    return from_bool(d <= fabs(relative * b) || d <= fabs(relative * a) || d <= absolute);
}

/* Rounding to int: by method, else as a float. */

static Value round_by(Value v, Value name, double (*function)(double)) {
    if (is_double(v)) return int_from_double(function(as_double(v)));
    if (is_small_int(v)) return v;
    Value method;
    bool self_needed;
    int found = special_lookup(v, name, &method, &self_needed);
    if (found < 0) return UNSET;
    if (found) {
        Value result = call(method, &v, self_needed, UNSET);
        release(method);
        return result;
    }
    double x;
    return object_as_double(v, &x) ? int_from_double(function(x)) : UNSET;
}

static Value real_floor(const Value *args, size_t count) { return round_by(args[0], names.__floor__, floor); }
static Value real_ceil(const Value *args, size_t count) { return round_by(args[0], names.__ceil__, ceil); }

static Value real_trunc(const Value *args, size_t count) {
    if (is_double(args[0])) return int_from_double(as_double(args[0]));
    return call_special(args[0], names.__trunc__, NULL, 0, "type %s doesn't define __trunc__ method");
}

/* Norms. */

typedef struct Vector {
    double room[16], *at, max;
    bool found_nan;
} Vector;

static bool vector_open(Vector *v, size_t n) {
    v->at = n <= 16 ? v->room : raw_allocate(n * sizeof(double));
    v->max = 0.0;
    v->found_nan = false;
    return v->at || (raise_memory_error(), false);
}

static void vector_set(Vector *v, size_t i, double x) {
    v->at[i] = x = fabs(x);
    v->found_nan |= x != x;
    if (x > v->max) v->max = x;
}

static Value vector_norm(Vector *v, size_t n, bool valid) {
    Value result = valid ? from_any_double(math_norm(v->at, n, v->max, v->found_nan)) : UNSET;
    if (v->at != v->room) raw_free(v->at);
    return result;
}

static Value real_hypot(const Value *args, size_t count) {
    Vector v;
    if (!vector_open(&v, count)) return UNSET;
    size_t i = 0;
    for (double x; i < count && real(args[i], &x); i++) vector_set(&v, i, x);
    return vector_norm(&v, count, i == count);
}

static Value distance(Value p, Value q) {
    size_t n = tuple_length(p);
    Vector v;
    if (n != tuple_length(q)) return raise_value_error("both points must have the same number of dimensions");
    if (!vector_open(&v, n)) return UNSET;
    size_t i = 0;
    for (double x, y; i < n && real(tuple_at(p, i), &x) && real(tuple_at(q, i), &y); i++) vector_set(&v, i, x - y);
    return vector_norm(&v, n, i == n);
}

static Value real_dist(const Value *args, size_t count) {
    Value p = tuple_is(args[0]) ? retain(args[0]) : tuple_from_iterable(args[0]);
    if (is_unset(p)) return UNSET;
    Value q = tuple_is(args[1]) ? retain(args[1]) : tuple_from_iterable(args[1]);
    Value result = is_set(q) ? distance(p, q) : UNSET;
    release(p), release(q);
    return result;
}

static const NativeDef functions[] = {
    FUNCTION("acos", "x, /", real_acos, "Return the arc cosine (measured in radians) of x."),
    FUNCTION("acosh", "x, /", real_acosh, "Return the inverse hyperbolic cosine of x."),
    FUNCTION("asin", "x, /", real_asin, "Return the arc sine (measured in radians) of x."),
    FUNCTION("asinh", "x, /", real_asinh, "Return the inverse hyperbolic sine of x."),
    FUNCTION("atan", "x, /", real_atan, "Return the arc tangent (measured in radians) of x."),
    FUNCTION("atan2", "y, x, /", real_atan2, "Return the arc tangent (measured in radians) of y/x."),
    FUNCTION("atanh", "x, /", real_atanh, "Return the inverse hyperbolic tangent of x."),
    FUNCTION("cbrt", "x, /", real_cbrt, "Return the cube root of x."),
    FUNCTION("ceil", "x, /", real_ceil, "Return the ceiling of x as an Integral."),
    FUNCTION("comb", "n, k, /", math_comb,
             "Number of ways to choose k items from n items without repetition and without order."),
    FUNCTION("copysign", "x, y, /", real_copysign, "Return a float with the magnitude of x but the sign of y."),
    FUNCTION("cos", "x, /", real_cos, "Return the cosine of x (measured in radians)."),
    FUNCTION("cosh", "x, /", real_cosh, "Return the hyperbolic cosine of x."),
    FUNCTION("degrees", "x, /", real_degrees, "Convert angle x from radians to degrees."),
    FUNCTION("dist", "p, q, /", real_dist, "Return the Euclidean distance between two points p and q."),
    FUNCTION("erf", "x, /", real_erf, "Error function at x."),
    FUNCTION("erfc", "x, /", real_erfc, "Complementary error function at x."),
    FUNCTION("exp", "x, /", real_exp, "Return e raised to the power of x."),
    FUNCTION("exp2", "x, /", real_exp2, "Return 2 raised to the power of x."),
    FUNCTION("expm1", "x, /", real_expm1, "Return exp(x)-1."),
    FUNCTION("fabs", "x, /", real_fabs, "Return the absolute value of the float x."),
    FUNCTION("factorial", "n, /", math_factorial, "Find n!."),
    FUNCTION("floor", "x, /", real_floor, "Return the floor of x as an Integral."),
    FUNCTION("fmod", "x, y, /", real_fmod, "Return fmod(x, y), according to platform C."),
    FUNCTION("frexp", "x, /", real_frexp, "Return the mantissa and exponent of x, as pair (m, e)."),
    FUNCTION("fsum", "seq, /", math_fsum, "Return an accurate floating point sum of values in the iterable seq."),
    FUNCTION("gamma", "x, /", real_gamma, "Gamma function at x."),
    FUNCTION("gcd", "*integers", math_gcd, "Greatest Common Divisor."),
    FUNCTION("hypot", "*coordinates", real_hypot, "Multidimensional Euclidean distance from the origin to a point."),
    FUNCTION("isclose", "a, b, *, rel_tol=1e-09, abs_tol=0.0", real_isclose,
             "Determine whether two floating point numbers are close in value."),
    FUNCTION("isfinite", "x, /", real_isfinite,
             "Return True if x is neither an infinity nor a NaN, and False otherwise."),
    FUNCTION("isinf", "x, /", real_isinf, "Return True if x is a positive or negative infinity, and False otherwise."),
    FUNCTION("isnan", "x, /", real_isnan, "Return True if x is a NaN (not a number), and False otherwise."),
    FUNCTION("isqrt", "n, /", math_isqrt, "Return the integer part of the square root of the input."),
    FUNCTION("lcm", "*integers", math_lcm, "Least Common Multiple."),
    FUNCTION("ldexp", "x, i, /", real_ldexp, "Return x * (2**i)."),
    FUNCTION("lgamma", "x, /", real_lgamma, "Natural logarithm of absolute value of Gamma function at x."),
    FUNCTION("log", "*args", real_log, "log(x, [base=math.e])\nReturn the logarithm of x to the given base."),
    FUNCTION("log10", "x, /", real_log10, "Return the base 10 logarithm of x."),
    FUNCTION("log1p", "x, /", real_log1p, "Return the natural logarithm of 1+x (base e)."),
    FUNCTION("log2", "x, /", real_log2, "Return the base 2 logarithm of x."),
    FUNCTION("modf", "x, /", real_modf, "Return the fractional and integer parts of x."),
    FUNCTION("nextafter", "x, y, /", real_nextafter, "Return the next floating-point value after x towards y."),
    FUNCTION("perm", "n, k=None, /", math_perm,
             "Number of ways to choose k items from n items without repetition and with order."),
    FUNCTION("pow", "x, y, /", real_pow, "Return x**y (x to the power of y)."),
    FUNCTION("prod", "iterable, /, *, start=1", math_prod,
             "Calculate the product of all the elements in the input iterable."),
    FUNCTION("radians", "x, /", real_radians, "Convert angle x from degrees to radians."),
    FUNCTION("remainder", "x, y, /", real_remainder, "Difference between x and the closest integer multiple of y."),
    FUNCTION("sin", "x, /", real_sin, "Return the sine of x (measured in radians)."),
    FUNCTION("sinh", "x, /", real_sinh, "Return the hyperbolic sine of x."),
    FUNCTION("sqrt", "x, /", real_sqrt, "Return the square root of x."),
    FUNCTION("tan", "x, /", real_tan, "Return the tangent of x (measured in radians)."),
    FUNCTION("tanh", "x, /", real_tanh, "Return the hyperbolic tangent of x."),
    FUNCTION("trunc", "x, /", real_trunc, "Truncates the Real x to the nearest Integral toward 0."),
    FUNCTION("ulp", "x, /", real_ulp, "Return the value of the least significant bit of the float x."),
    NATIVE_END,
};

static bool fill(Value dict) {
    return dict_set_utf8(dict, "pi", from_double(M_PI)) && dict_set_utf8(dict, "e", from_double(M_E)) &&
           dict_set_utf8(dict, "tau", from_double(2 * M_PI)) && dict_set_utf8(dict, "inf", from_double(HUGE_VAL)) &&
           dict_set_utf8(dict, "nan", from_double(__builtin_nan("")));
}

const ModuleDef mod_math = {"math", "Mathematical functions of real numbers.", functions, fill, NULL};
