/* Text of numbers: the format mini-language of format() and f-strings, and the numeric conversions of str % args. */
#ifndef TYPES_NUMBER_FORMAT_H
#define TYPES_NUMBER_FORMAT_H

#include "runtime/mem/type.h"

/* [[fill]align][sign][z][#][0][width][grouping][.precision][type], as text, int, float and complex all read it. */
typedef struct FormatSpec {
    uint32_t fill;        /* code point, ' ' when not given */
    char align;           /* '<' '>' '=' '^', or the default of the type */
    bool align_given;
    char sign;            /* '+' '-' ' ' or 0 */
    bool no_negative_zero; /* z */
    bool alternate;       /* # */
    char thousands;       /* ',' '_' or 0 */
    int64_t width;        /* -1: not given */
    int64_t precision;    /* -1: not given */
    uint32_t type;        /* code point of the conversion, or the default of the type */
} FormatSpec;

/* Parses spec (str). type_name is the name of v's type for "Invalid format specifier"; default_type 's', 'd', 0 (float,
 * complex); default_align '<' for text, '>' for numbers.  False: ValueError pending with CPython's words. */
bool format_spec_parse(Value spec, const char *type_name, char default_type, char default_align, FormatSpec *out);
/* ValueError "Unknown format code 'x' for object of type 'str'". */
Value format_unknown_code(uint32_t code, const char *type_name);

/* Flags of % formatting. */
enum { PERCENT_LEFT = 1, PERCENT_SIGN = 2, PERCENT_BLANK = 4, PERCENT_ALTERNATE = 8, PERCENT_ZERO = 16 };

/* One directive %d %i %u %o %x %X %e %E %f %F %g %G (also %a %r %s %c are not its business) of str and bytes
 * formatting: the finished text, padded to width (-1: none; precision likewise).  Errors are those of %:
 * "%d format: a real number is required, not str", "%x format: an integer is required, not float", "must be real
 * number, not str". */
Value number_percent(Value v, char conversion, int flags, int64_t width, int64_t precision);
/* The same written to out (NUMBER_ROOM bytes), for small ints and doubles in the commonest forms.  Length; 0: not so. */
enum { NUMBER_ROOM = 160 };
size_t number_percent_simple(Value v, char conversion, int flags, int64_t width, int64_t precision, char *out);

#endif
