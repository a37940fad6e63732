/* What parsing numbers shares: text as ASCII, and the limit on decimal digits. */
#ifndef TYPES_INT_TEXT_H
#define TYPES_INT_TEXT_H

#include "runtime/mem/type.h"

#include <stddef.h>

enum { INT_DEFAULT_MAX_STR_DIGITS = 4300, INT_MAX_STR_DIGITS_THRESHOLD = 640 };

/* sys.set_int_max_str_digits(); 0: no limit. */
extern int64_t int_max_str_digits;

/* ValueError "Exceeds the limit (...)"; digits 0: how many is not said. */
Value int_raise_digit_limit(size_t digits);

/* A str as ASCII: digits and spaces of other scripts are translated, anything else becomes '?'. */
typedef struct NumberText {
    const char *at; /* zero-terminated; may hold zeros */
    size_t length;
    char *owned;
} NumberText;
bool number_text_open(Value text, NumberText *out); /* false: MemoryError pending */
void number_text_close(NumberText *text);
bool number_is_space(char c);
void number_text_strip(const char **s, size_t *n);

/* int(s, base); original is what the error message shows. */
Value int_parse_ascii(const char *s, size_t n, int base, Value original);

#endif
