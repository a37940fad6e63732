/* The parts of the math module that stand in files of their own. */
#ifndef STDLIB_MATH_PARTS_H
#define STDLIB_MATH_PARTS_H

#include "stdlib/stdlib.h"

/* Raise what the math functions raise; return UNSET. */
Value math_domain_error(void);
Value math_range_error(void);

/* sin(pi x) without loss near integers. */
double math_sin_pi(double x);
/* Gamma functions of CPython's accuracy; *domain or *range is set when the result is an error. */
double math_gamma(double x, bool *domain, bool *range);
double math_log_gamma(double x, bool *domain, bool *range);
/* Root of the sum of squares of n values that are not negative, the largest of which is max: nearly always the nearest
 * double. */
double math_norm(const double *values, size_t n, double max, bool found_nan);

/* Rows of native.h. */
Value math_fsum(const Value *args, size_t count);
Value math_prod(const Value *args, size_t count);
Value math_gcd(const Value *args, size_t count);
Value math_lcm(const Value *args, size_t count);
Value math_factorial(const Value *args, size_t count);
Value math_comb(const Value *args, size_t count);
Value math_perm(const Value *args, size_t count);
Value math_isqrt(const Value *args, size_t count);

#endif
