/* float: an unboxed double; only instances of subclasses are objects.  complex: an object. */
#ifndef TYPES_FLOAT_H
#define TYPES_FLOAT_H

#include "runtime/mem/type.h"

typedef struct FloatObject { /* instances of subclasses */
    Object head;
    double value;
} FloatObject;

typedef struct Complex {
    Object head;
    double real, imag;
} Complex;

extern Type complex_type;

static inline bool float_is(Value v) { return is_double(v) || type_has(v, TYPE_FLOAT_SUB); }
static inline double float_value(Value v) { /* v is float_is */
    return is_double(v) ? as_double(v) : ((FloatObject *)as_object(v))->value;
}
static inline bool complex_is(Value v) { return type_has(v, TYPE_COMPLEX_SUB); }

Value float_repr(double d);
/* Shortest text that reads back ("r"), or e f g with precision; flags of format(); into out, returns the length. */
size_t float_to_text(double d, char *out, size_t capacity); /* at least 40 bytes */
bool float_parse(const char *s, size_t n,
                 double *out); /* float("...") without spaces; false: not a number, nothing raised */
Value float_from_text(Value text);                          /* float(str) */
int64_t float_hash(double d);
/* The DeprecationWarning when __float__ of source has returned an instance of a subclass.  False: it became an error. */
bool float_warn_subclass(Value source, Value result);
double float_modulo(double a, double b);                    /* Python's sign rule; b != 0 */
double float_floor_divide(double a, double b);
Value float_power(double a, double b);                      /* may be complex, may raise */
Value complex_from_doubles(double real, double imag);
Value complex_parse(Value text);
/* format(): the mini-language for numbers; v is an int, float or complex; spec parsed by format.c */
Value number_format(Value v, Value spec);

#endif
