/* Doubles as decimal digits: the shortest that read back, or as many as asked for, correctly rounded. */
#ifndef TYPES_FLOAT_TEXT_H
#define TYPES_FLOAT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* d = 0.DIGITS... : digits[0] is the first, and point is how many of them stand before the decimal point
 * (may be negative or above count).  Zero has one digit '0' and point 1.  d is finite; its sign is ignored. */
typedef struct ShortDigits {
    char digits[24];
    int count, point;
} ShortDigits;
void float_shortest(double d, ShortDigits *out);

/* The nearest double to digits (count of them, ASCII) times 10^exponent; text has the syntax of strtod. */
double float_read_decimal(const char *text, const char **end);

/* round(d, digits) for a finite d. */
double float_round(double d, int digits);

/* Text as format() makes it before grouping and padding: sign '-' where negative, no other sign.
 * type: e E f F g G, or 'r' for repr.  alternate keeps the point (and for g the zeros); add_point appends ".0" to what
 * looks like an int. Into out if it fits capacity; the result is raw memory to be freed if it is not out; NULL: out of
 * memory, nothing raised. */
char *float_format(double d, char type, int64_t precision, bool alternate, bool add_point, char *out, size_t capacity,
                   size_t *length);

#endif
