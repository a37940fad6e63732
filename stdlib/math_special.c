/* Gamma functions by a Lanczos sum, vector norms with compensated squares. */
#include "stdlib/math_parts.h"

#include <math.h>

static const double pi = 3.141592653589793238462643383279502884197;
static const double log_pi = 1.144729885849400174143427351353058711647;

enum { LANCZOS_TERMS = 13 };
static const double lanczos_g = 6.024680040776729583740234375;
static const double lanczos_g_minus_half = 5.524680040776729583740234375;
static const double numerator[LANCZOS_TERMS] = {
    23531376880.410759688572007674451636754734846804940, 42919803642.649098768957899047001988850926355848959,
    35711959237.355668049440185451547166705960488635843, 17921034426.037209699919755754458931112671403265390,
    6039542586.3520280050642916443072979210699388420708, 1439720407.3117216736632230727949123939715485786372,
    248874557.86205415651146038641322942321632125127801, 31426415.585400194380614231628318205362874684987640,
    2876370.6289353724412254090516208496135991145378768, 186056.26539522349504029498971604569928220784236328,
    8071.6720023658162106380029022722506138218516325024, 210.82427775157934587250973392071336271166969580291,
    2.5066282746310002701649081771338373386264310793408};
static const double denominator[LANCZOS_TERMS] = {0.0,       39916800.0, 120543840.0, 150917976.0, 105258076.0,
                                                  45995730.0, 13339535.0, 2637558.0,   357423.0,    32670.0,
                                                  1925.0,    66.0,       1.0};

/* Horner's scheme in x or in 1/x, whichever does not overflow. */
static double lanczos_sum(double x) {
    double n = 0, d = 0;
    if (x < 5.0) {
        for (int i = LANCZOS_TERMS; --i >= 0;) n = n * x + numerator[i], d = d * x + denominator[i];
    } else {
        for (int i = 0; i < LANCZOS_TERMS; i++) n = n / x + numerator[i], d = d / x + denominator[i];
    }
    return n / d;
}

double math_sin_pi(double x) {
    double y = fmod(fabs(x), 2.0), r;
    switch ((int)round(2.0 * y)) {
    case 0: r = sin(pi * y); break;
    case 1: r = cos(pi * (y - 0.5)); break;
    case 2: r = sin(pi * (1.0 - y)); break;
    case 3: r = -cos(pi * (y - 1.5)); break;
    default: r = sin(pi * (y - 2.0)); break;
    }
    return copysign(1.0, x) * r;
}

static double factorial_of(int n) {
    double product = 1;
    for (int i = 2; i <= n; i++) product *= i;
    return product;
}

/* y^(a - 1/2), in two steps where one would overflow. */
static double scale_by_power(double r, double y, double a, bool divide) {
    if (a < 140.0) {
        double p = pow(y, a - 0.5);
        return divide ? r / p : r * p;
    }
    double root = pow(y, a / 2.0 - 0.25);
    return divide ? r / root / root : r * root * root;
}

static double gamma_lanczos(double x) {
    double a = fabs(x), y = a + lanczos_g_minus_half, z, r;
    /* z is the rounding error of y. */
    z = a > lanczos_g_minus_half ? (y - a) - lanczos_g_minus_half : (y - lanczos_g_minus_half) - a;
    z = z * lanczos_g / y;
    if (x < 0) {
        r = -pi / math_sin_pi(a) / a * exp(y) / lanczos_sum(a);
        r -= z * r;
        return scale_by_power(r, y, a, true);
    }
    r = lanczos_sum(a) / exp(y);
    r += z * r;
    return scale_by_power(r, y, a, false);
}

double math_gamma(double x, bool *domain, bool *range) {
    *domain = (isinf(x) && x < 0) || x == 0 || (x < 0 && x == floor(x));
    if (*domain || !isfinite(x)) return x;
    if (x == floor(x) && x <= 23) return factorial_of((int)x - 1);
    double r;
    if (fabs(x) < 1e-20) r = 1.0 / x;
    else if (fabs(x) > 200.0) r = x < 0 ? 0.0 / math_sin_pi(x) : HUGE_VAL;
    else r = gamma_lanczos(x);
    *range = isinf(r);
    return r;
}

double math_log_gamma(double x, bool *domain, bool *range) {
    if (!isfinite(x)) return x != x ? x : HUGE_VAL;
    *domain = x == floor(x) && x <= 0;
    if (*domain || (x == floor(x) && x <= 2)) return 0.0;
    double a = fabs(x), r;
    if (a < 1e-20) return -log(a);
    r = log(lanczos_sum(a)) - lanczos_g;
    r += (a - 0.5) * (log(a + lanczos_g - 0.5) - 1);
    if (x < 0) r = log_pi - log(fabs(math_sin_pi(a))) - log(a) - r;
    *range = isinf(r);
    return r;
}

/* A sum of doubles near 1 and what its additions lost, in three classes of size. */
typedef struct NormSum {
    double sum, lost1, lost2, lost3;
} NormSum;

static void norm_add(NormSum *s, double x, double *lost) {
    double before = s->sum;
    s->sum += x;
    *lost += (before - s->sum) + x;
}

/* x as the sum of two doubles of half the bits. */
static void split(double x, double *high, double *low) {
    double t = x * 134217729.0;
    *high = t - (t - x);
    *low = x - *high;
}

static double norm_scaled(const double *values, size_t n, double scale) {
    NormSum s = {1.0, 0, 0, 0};
    double high, low;
    for (size_t i = 0; i < n; i++) {
        split(values[i] * scale, &high, &low);
        norm_add(&s, high * high, &s.lost1);
        norm_add(&s, 2.0 * high * low, &s.lost2);
        s.lost3 += low * low;
    }
    double h = sqrt(s.sum - 1.0 + (s.lost1 + s.lost2 + s.lost3));
    /* One step of Newton with the exact square of h. */
    split(h, &high, &low);
    norm_add(&s, -high * high, &s.lost1);
    norm_add(&s, -2.0 * high * low, &s.lost2);
    norm_add(&s, -low * low, &s.lost3);
    double rest = s.sum - 1.0 + (s.lost1 + s.lost2 + s.lost3);
    return (h + rest / (2.0 * h)) / scale;
}

double math_norm(const double *values, size_t n, double max, bool found_nan) {
    if (isinf(max)) return max;
    if (found_nan) return __builtin_nan("");
    if (max == 0.0 || n <= 1) return max;
    int exponent;
    frexp(max, &exponent);
    if (exponent >= -1023) return norm_scaled(values, n, ldexp(1.0, -exponent));
    NormSum s = {1.0, 0, 0, 0};
    for (size_t i = 0; i < n; i++) norm_add(&s, (values[i] / max) * (values[i] / max), &s.lost1);
    return max * sqrt(s.sum - 1.0 + s.lost1);
}
