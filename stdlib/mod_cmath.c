/* cmath: functions of complex numbers.
 *
 * Formulas are W. Kahan's ("Branch cuts for complex elementary functions"), arranged so that nothing overflows before
 * the result does.  Arguments that are not finite go to the C library, whose special values are the same by standard.
 */
#include "runtime/types/complex_math.h"
#include "stdlib/stdlib.h"

#include <complex.h>
#include <float.h>
#include <math.h>

#ifndef CMPLX /* clang with a C library that leaves it out */
#define CMPLX(real, imaginary) __builtin_complex((double)(real), (double)(imaginary))
#endif

static const double large = DBL_MAX / 4.0;
static const double tiny = DBL_MIN;
static double square_root_of_large, log_of_large, square_root_of_tiny;

/* What a function says beside its result. */
typedef enum Trouble { FINE, DOMAIN, RANGE } Trouble;

static bool finite_pair(Pair z) { return isfinite(z.real) && isfinite(z.imag); }
static Pair through_library(Pair z, double complex (*function)(double complex)) {
    double complex r = function(CMPLX(z.real, z.imag));
    return (Pair){creal(r), cimag(r)};
}
static Pair times_i(Pair z) { return (Pair){-z.imag, z.real}; }
static Pair divided_by_i(Pair z) { return (Pair){z.imag, -z.real}; }

static Pair square_root(Pair z, Trouble *t) {
    if (!finite_pair(z)) return through_library(z, csqrt);
    if (z.real == 0 && z.imag == 0) return (Pair){0, z.imag};
    double x = fabs(z.real), y = fabs(z.imag), s;
    if (x < tiny && y < tiny) {
        x = ldexp(x, 53);
        s = ldexp(sqrt(x + hypot(x, ldexp(y, 53))), -27);
    } else {
        x /= 8.0;
        s = 2.0 * sqrt(x + hypot(x, y / 8.0));
    }
    double d = y / (2.0 * s);
    return z.real >= 0 ? (Pair){s, copysign(d, z.imag)} : (Pair){d, copysign(s, z.imag)};
}

static bool is_large(Pair z) { return fabs(z.real) > large || fabs(z.imag) > large; }
static double log_of_size(Pair z) { return log(hypot(z.real / 2.0, z.imag / 2.0)) + M_LN2 * 2.0; }

static Pair arc_cosine(Pair z, Trouble *t) {
    if (!finite_pair(z)) return through_library(z, cacos);
    if (is_large(z)) {
        double size = log_of_size(z);
        return (Pair){atan2(fabs(z.imag), z.real), z.real < 0 ? -copysign(size, z.imag) : copysign(size, -z.imag)};
    }
    Pair a = square_root((Pair){1.0 - z.real, -z.imag}, t), b = square_root((Pair){1.0 + z.real, z.imag}, t);
    return (Pair){2.0 * atan2(a.real, b.real), asinh(b.real * a.imag - b.imag * a.real)};
}

static Pair arc_hyperbolic_cosine(Pair z, Trouble *t) {
    if (!finite_pair(z)) return through_library(z, cacosh);
    if (is_large(z)) return (Pair){log_of_size(z), atan2(z.imag, z.real)};
    Pair a = square_root((Pair){z.real - 1.0, z.imag}, t), b = square_root((Pair){z.real + 1.0, z.imag}, t);
    return (Pair){asinh(a.real * b.real + a.imag * b.imag), 2.0 * atan2(a.imag, b.real)};
}

static Pair arc_hyperbolic_sine(Pair z, Trouble *t) {
    if (!finite_pair(z)) return through_library(z, casinh);
    if (is_large(z)) {
        double size = log_of_size(z);
        return (Pair){z.imag >= 0 ? copysign(size, z.real) : -copysign(size, -z.real), atan2(z.imag, fabs(z.real))};
    }
    Pair a = square_root((Pair){1.0 + z.imag, -z.real}, t), b = square_root((Pair){1.0 - z.imag, z.real}, t);
    return (Pair){asinh(a.real * b.imag - b.real * a.imag), atan2(z.imag, a.real * b.real - a.imag * b.imag)};
}

static Pair arc_sine(Pair z, Trouble *t) { return divided_by_i(arc_hyperbolic_sine(times_i(z), t)); }

static Pair arc_hyperbolic_tangent(Pair z, Trouble *t) {
    if (!finite_pair(z)) return through_library(z, catanh);
    if (signbit(z.real)) {
        Pair r = arc_hyperbolic_tangent((Pair){-z.real, -z.imag}, t);
        return (Pair){-r.real, -r.imag};
    }
    double y = fabs(z.imag);
    if (z.real > square_root_of_large || y > square_root_of_large) {
        double h = hypot(z.real / 2.0, z.imag / 2.0);
        return (Pair){z.real / 4.0 / h / h, -copysign(M_PI / 2.0, -z.imag)};
    }
    if (z.real == 1.0 && y < square_root_of_tiny) {
        if (y == 0) return *t = DOMAIN, (Pair){HUGE_VAL, z.imag};
        return (Pair){-log(sqrt(y) / sqrt(hypot(y, 2.0))), copysign(atan2(2.0, -y) / 2, z.imag)};
    }
    return (Pair){log1p(4.0 * z.real / ((1 - z.real) * (1 - z.real) + y * y)) / 4.0,
                  -atan2(-2.0 * z.imag, (1 - z.real) * (1 + z.real) - y * y) / 2.0};
}

static Pair arc_tangent(Pair z, Trouble *t) { return divided_by_i(arc_hyperbolic_tangent(times_i(z), t)); }

/* Overflow of a result, when the argument was finite. */
static Pair ranged(Pair r, Trouble *t) {
    if (isinf(r.real) || isinf(r.imag)) *t = RANGE;
    return r;
}

static Pair hyperbolic_cosine(Pair z, Trouble *t) {
    if (!finite_pair(z)) {
        if (isinf(z.imag) && z.real == z.real) *t = DOMAIN;
        return through_library(z, ccosh);
    }
    if (fabs(z.real) > log_of_large) {
        double x = z.real - copysign(1.0, z.real);
        return ranged((Pair){cos(z.imag) * cosh(x) * M_E, sin(z.imag) * sinh(x) * M_E}, t);
    }
    return ranged((Pair){cos(z.imag) * cosh(z.real), sin(z.imag) * sinh(z.real)}, t);
}

static Pair hyperbolic_sine(Pair z, Trouble *t) {
    if (!finite_pair(z)) {
        if (isinf(z.imag) && z.real == z.real) *t = DOMAIN;
        return through_library(z, csinh);
    }
    if (fabs(z.real) > log_of_large) {
        double x = z.real - copysign(1.0, z.real);
        return ranged((Pair){cos(z.imag) * sinh(x) * M_E, sin(z.imag) * cosh(x) * M_E}, t);
    }
    return ranged((Pair){cos(z.imag) * sinh(z.real), sin(z.imag) * cosh(z.real)}, t);
}

static Pair hyperbolic_tangent(Pair z, Trouble *t) {
    if (!finite_pair(z)) {
        if (isinf(z.imag) && isfinite(z.real)) *t = DOMAIN;
        return through_library(z, ctanh);
    }
    if (fabs(z.real) > log_of_large) {
        return (Pair){copysign(1.0, z.real), 4.0 * sin(z.imag) * cos(z.imag) * exp(-2.0 * fabs(z.real))};
    }
    double tx = tanh(z.real), ty = tan(z.imag), cx = 1.0 / cosh(z.real), both = tx * ty, scale = 1.0 + both * both;
    return (Pair){tx * (1.0 + ty * ty) / scale, ((ty / scale) * cx) * cx};
}

static Pair cosine(Pair z, Trouble *t) { return hyperbolic_cosine(times_i(z), t); }
static Pair sine(Pair z, Trouble *t) { return divided_by_i(hyperbolic_sine(times_i(z), t)); }
static Pair tangent(Pair z, Trouble *t) { return divided_by_i(hyperbolic_tangent(times_i(z), t)); }

static Pair exponential(Pair z, Trouble *t) {
    if (!finite_pair(z)) {
        if (isinf(z.imag) && (isfinite(z.real) || (isinf(z.real) && z.real > 0))) *t = DOMAIN;
        return through_library(z, cexp);
    }
    if (z.real > log_of_large) {
        double size = exp(z.real - 1.0);
        return ranged((Pair){size * cos(z.imag) * M_E, size * sin(z.imag) * M_E}, t);
    }
    double size = exp(z.real);
    return ranged((Pair){size * cos(z.imag), size * sin(z.imag)}, t);
}

static Pair logarithm(Pair z, Trouble *t) {
    if (!finite_pair(z)) return through_library(z, clog);
    double x = fabs(z.real), y = fabs(z.imag), r;
    if (x > large || y > large) {
        r = log(hypot(x / 2.0, y / 2.0)) + M_LN2;
    } else if (x < tiny && y < tiny) {
        if (x == 0 && y == 0) {
            *t = DOMAIN;
            return (Pair){-HUGE_VAL, atan2(z.imag, z.real)};
        }
        r = log(hypot(ldexp(x, 53), ldexp(y, 53))) - 53 * M_LN2;
    } else {
        double h = hypot(x, y), most = x > y ? x : y, least = x > y ? y : x;
        r = h >= 0.71 && h <= 1.73 ? log1p((most - 1) * (most + 1) + least * least) / 2.0 : log(h);
    }
    return (Pair){r, atan2(z.imag, z.real)};
}

static Pair common_logarithm(Pair z, Trouble *t) {
    Pair r = logarithm(z, t);
    return (Pair){r.real / M_LN10, r.imag / M_LN10};
}

/* Rows. */

static bool number(Value v, Pair *out) { return complex_convert(v, "must be real number, not %T", out); }

static Value finish(Pair r, Trouble t) {
    if (t == DOMAIN) return raise_value_error("math domain error");
    if (t == RANGE) return raise_overflow_error("math range error");
    return complex_from_doubles(r.real, r.imag);
}

static Value apply(const Value *args, Pair (*function)(Pair, Trouble *)) {
    Pair z;
    Trouble t = FINE;
    if (!number(args[0], &z)) return UNSET;
    Pair r = function(z, &t);
    return finish(r, t);
}

#define ROW(name, function) \
    static Value name(const Value *args, size_t count) { return apply(args, function); }
ROW(cmath_acos, arc_cosine)
ROW(cmath_acosh, arc_hyperbolic_cosine)
ROW(cmath_asin, arc_sine)
ROW(cmath_asinh, arc_hyperbolic_sine)
ROW(cmath_atan, arc_tangent)
ROW(cmath_atanh, arc_hyperbolic_tangent)
ROW(cmath_cos, cosine)
ROW(cmath_cosh, hyperbolic_cosine)
ROW(cmath_exp, exponential)
ROW(cmath_log10, common_logarithm)
ROW(cmath_sin, sine)
ROW(cmath_sinh, hyperbolic_sine)
ROW(cmath_sqrt, square_root)
ROW(cmath_tan, tangent)
ROW(cmath_tanh, hyperbolic_tangent)

static Value cmath_log(const Value *args, size_t count) {
    Pair z, base;
    Trouble t = FINE;
    if (!number(args[0], &z)) return UNSET;
    Pair r = logarithm(z, &t);
    if (is_set(args[1])) {
        if (!number(args[1], &base)) return UNSET;
        t = FINE; /* a pole of z shows in the quotient */
        base = logarithm(base, &t);
        if (base.real == 0 && base.imag == 0) t = DOMAIN;
        else r = pair_divide(r, base);
    }
    return finish(r, t);
}

static Value cmath_phase(const Value *args, size_t count) {
    Pair z;
    return number(args[0], &z) ? from_any_double(atan2(z.imag, z.real)) : UNSET;
}

static Value cmath_polar(const Value *args, size_t count) {
    Pair z;
    if (!number(args[0], &z)) return UNSET;
    double size = hypot(z.real, z.imag);
    if (isinf(size) && finite_pair(z)) return raise_overflow_error("math range error");
    return tuple_pack(2, from_any_double(size), from_any_double(atan2(z.imag, z.real)));
}

/* An infinite radius keeps only the signs of the angle's cosine and sine. */
static Pair from_polar(double r, double angle, Trouble *t) {
    if (isfinite(r) && isfinite(angle)) {
        return angle == 0 ? (Pair){r, r * angle} : (Pair){r * cos(angle), r * sin(angle)};
    }
    if (isinf(r) && isfinite(angle) && angle != 0) {
        Pair p = {copysign(HUGE_VAL, cos(angle)), copysign(HUGE_VAL, sin(angle))};
        return r > 0 ? p : (Pair){-p.real, -p.imag};
    }
    if (isinf(angle) && r != 0 && r == r) *t = DOMAIN;
    if (angle == 0) return (Pair){r, r != r ? 0 : r > 0 ? angle : -angle};
    if (r == 0) return (Pair){0, 0};
    return (Pair){isinf(r) && angle != angle ? HUGE_VAL : __builtin_nan(""), __builtin_nan("")};
}

static Value cmath_rect(const Value *args, size_t count) {
    double r, angle;
    Trouble t = FINE;
    if (!object_as_double(args[0], &r) || !object_as_double(args[1], &angle)) return UNSET;
    Pair p = from_polar(r, angle, &t);
    return finish(p, t);
}

static Value cmath_isfinite(const Value *args, size_t count) {
    Pair z;
    return number(args[0], &z) ? from_bool(finite_pair(z)) : UNSET;
}

static Value cmath_isinf(const Value *args, size_t count) {
    Pair z;
    return number(args[0], &z) ? from_bool(isinf(z.real) || isinf(z.imag)) : UNSET;
}

static Value cmath_isnan(const Value *args, size_t count) {
    Pair z;
    return number(args[0], &z) ? from_bool(z.real != z.real || z.imag != z.imag) : UNSET;
}

static Value cmath_isclose(const Value *args, size_t count) {
    Pair a, b;
    double relative = 1e-9, absolute = 0.0;
    if (!number(args[0], &a) || !number(args[1], &b)) return UNSET;
    if (is_set(args[2]) && !object_as_double(args[2], &relative)) return UNSET;
    if (is_set(args[3]) && !object_as_double(args[3], &absolute)) return UNSET;
    if (relative < 0 || absolute < 0) return raise_value_error("tolerances must be non-negative");
    if (a.real == b.real && a.imag == b.imag) return TRUE_VALUE;
    if (isinf(a.real) || isinf(a.imag) || isinf(b.real) || isinf(b.imag)) return FALSE_VALUE;
    double d = hypot(a.real - b.real, a.imag - b.imag);
    return from_bool(d <= relative * hypot(b.real, b.imag) || d <= relative * hypot(a.real, a.imag) || d <= absolute);
}

static const NativeDef functions[] = {
    FUNCTION("acos", "z, /", cmath_acos, "Return the arc cosine of z."),
    FUNCTION("acosh", "z, /", cmath_acosh, "Return the inverse hyperbolic cosine of z."),
    FUNCTION("asin", "z, /", cmath_asin, "Return the arc sine of z."),
    FUNCTION("asinh", "z, /", cmath_asinh, "Return the inverse hyperbolic sine of z."),
    FUNCTION("atan", "z, /", cmath_atan, "Return the arc tangent of z."),
    FUNCTION("atanh", "z, /", cmath_atanh, "Return the inverse hyperbolic tangent of z."),
    FUNCTION("cos", "z, /", cmath_cos, "Return the cosine of z."),
    FUNCTION("cosh", "z, /", cmath_cosh, "Return the hyperbolic cosine of z."),
    FUNCTION("exp", "z, /", cmath_exp, "Return the exponential value e**z."),
    FUNCTION("isclose", "a, b, *, rel_tol=1e-09, abs_tol=0.0", cmath_isclose,
             "Determine whether two complex numbers are close in value."),
    FUNCTION("isfinite", "z, /", cmath_isfinite,
             "Return True if both the real and imaginary parts of z are finite, else False."),
    FUNCTION("isinf", "z, /", cmath_isinf, "Checks if the real or imaginary part of z is infinite."),
    FUNCTION("isnan", "z, /", cmath_isnan, "Checks if the real or imaginary part of z not a number (NaN)."),
    FUNCTION("log", "z, base=None, /", cmath_log, "log(z[, base]) -> the logarithm of z to the given base."),
    FUNCTION("log10", "z, /", cmath_log10, "Return the base-10 logarithm of z."),
    FUNCTION("phase", "z, /", cmath_phase, "Return argument, also known as the phase angle, of a complex."),
    FUNCTION("polar", "z, /", cmath_polar, "Convert a complex from rectangular coordinates to polar coordinates."),
    FUNCTION("rect", "r, phi, /", cmath_rect, "Convert from polar coordinates to rectangular coordinates."),
    FUNCTION("sin", "z, /", cmath_sin, "Return the sine of z."),
    FUNCTION("sinh", "z, /", cmath_sinh, "Return the hyperbolic sine of z."),
    FUNCTION("sqrt", "z, /", cmath_sqrt, "Return the square root of z."),
    FUNCTION("tan", "z, /", cmath_tan, "Return the tangent of z."),
    FUNCTION("tanh", "z, /", cmath_tanh, "Return the hyperbolic tangent of z."),
    NATIVE_END,
};

static bool set_complex(Value dict, const char *name, double imag) {
    Value z = complex_from_doubles(0, imag);
    bool done = is_set(z) && dict_set_utf8(dict, name, z);
    release(z);
    return done;
}

static bool fill(Value dict) {
    square_root_of_large = sqrt(large);
    log_of_large = log(large);
    square_root_of_tiny = sqrt(tiny);
    return dict_set_utf8(dict, "pi", from_double(M_PI)) && dict_set_utf8(dict, "e", from_double(M_E)) &&
           dict_set_utf8(dict, "tau", from_double(2 * M_PI)) && dict_set_utf8(dict, "inf", from_double(HUGE_VAL)) &&
           dict_set_utf8(dict, "nan", from_double(__builtin_nan(""))) && set_complex(dict, "infj", HUGE_VAL) &&
           set_complex(dict, "nanj", __builtin_nan(""));
}

const ModuleDef mod_cmath = {"cmath", "Mathematical functions of complex numbers.", functions, fill, NULL};
