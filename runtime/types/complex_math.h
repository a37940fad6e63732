/* Complex numbers as C works with them. */
#ifndef TYPES_COMPLEX_MATH_H
#define TYPES_COMPLEX_MATH_H

#include "runtime/mem/type.h"

typedef struct Pair {
    double real, imag;
} Pair;

Pair pair_multiply(Pair a, Pair b);
Pair pair_divide(Pair a, Pair b);
/* Any number, or what has __complex__, __float__ or __index__.  Refused with TypeError of this format (%T: v). */
bool complex_convert(Value v, const char *refusal, Pair *out);

#endif
