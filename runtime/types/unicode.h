/* What Unicode says about a code point, as Python 3.11 sees it (Unicode 14): classes and case mappings. */
#ifndef TYPES_UNICODE_H
#define TYPES_UNICODE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    UNICODE_ALPHA = 1,
    UNICODE_DIGIT = 2,
    UNICODE_LOWER = 4,
    UNICODE_UPPER = 8,
    UNICODE_SPACE = 16,
    UNICODE_PRINTABLE = 32,
    UNICODE_START = 64,
    UNICODE_CONTINUE = 128
};
extern const uint8_t unicode_ascii[128]; /* UNICODE_* of the first 128 */

bool unicode_slow_is(uint32_t c, unsigned classes);
/* Does c belong to any of these classes?  UNICODE_DIGIT means isdecimal(). */
static inline bool unicode_is(uint32_t c, unsigned classes) {
    return c < 128 ? (unicode_ascii[c] & classes) != 0 : unicode_slow_is(c, classes);
}
static inline bool unicode_is_space(uint32_t c) { return unicode_is(c, UNICODE_SPACE); }
static inline bool unicode_is_printable(uint32_t c) { return unicode_is(c, UNICODE_PRINTABLE); }

int unicode_decimal(uint32_t c);      /* 0..9 or -1 */
int unicode_digit(uint32_t c);        /* also superscripts and the like, or -1 */
bool unicode_is_numeric(uint32_t c);
bool unicode_is_title(uint32_t c);    /* title-case letters (category Lt) */
bool unicode_is_cased(uint32_t c);
bool unicode_is_case_ignorable(uint32_t c);
bool unicode_is_line_break(uint32_t c); /* where str.splitlines() splits */
/* Two-letter category ("Lu"), "Cn" for what is not assigned. */
const char *unicode_category(uint32_t c);

/* Full case mappings: write 1 to 3 code points, return how many. */
unsigned unicode_to_lower(uint32_t c, uint32_t out[3]);
unsigned unicode_to_upper(uint32_t c, uint32_t out[3]);
unsigned unicode_to_title(uint32_t c, uint32_t out[3]);
unsigned unicode_to_folded(uint32_t c, uint32_t out[3]);
/* Simple mappings, code point to code point. */
uint32_t unicode_lower_simple(uint32_t c);
uint32_t unicode_upper_simple(uint32_t c);

#endif
