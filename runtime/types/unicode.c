/* Unicode properties: ASCII from a table, the rest from utf8proc and the exceptions that it does not know. */
#include "runtime/types/unicode.h"

#include "runtime/types/unicode_tables.h"

#include <stddef.h>
#include <utf8proc.h>

/* clang-format off */
const uint8_t unicode_ascii[128] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 16, 16, 16, 16, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 16, 16, 16,
    48, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32,
    162, 162, 162, 162, 162, 162, 162, 162, 162, 162, 32, 32, 32, 32, 32, 32,
    32, 233, 233, 233, 233, 233, 233, 233, 233, 233, 233, 233, 233, 233, 233, 233,
    233, 233, 233, 233, 233, 233, 233, 233, 233, 233, 233, 32, 32, 32, 32, 224,
    32, 229, 229, 229, 229, 229, 229, 229, 229, 229, 229, 229, 229, 229, 229, 229,
    229, 229, 229, 229, 229, 229, 229, 229, 229, 229, 229, 32, 32, 32, 32, 0,
};
/* clang-format on */

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool in_ranges(const UnicodeRange *ranges, size_t n, uint32_t c) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (c > ranges[middle].last) low = middle + 1;
        else high = middle;
    }
    return low < n && c >= ranges[low].first;
}
#define IN(table, c) in_ranges(table, COUNT(table), c)

static utf8proc_category_t category(uint32_t c) {
    if (c > 0x10FFFF) return UTF8PROC_CATEGORY_CN;
    utf8proc_category_t found = utf8proc_category((utf8proc_int32_t)c);
    return found != UTF8PROC_CATEGORY_CN && c >= unicode_newer[0].first && IN(unicode_newer, c) ? UTF8PROC_CATEGORY_CN
                                                                                                : found;
}

#define BIT(name) (1u << UTF8PROC_CATEGORY_##name)
enum {
    LETTERS = BIT(LU) | BIT(LL) | BIT(LT) | BIT(LM) | BIT(LO),
    STARTS = LETTERS | BIT(NL),
    CONTINUES = STARTS | BIT(MN) | BIT(MC) | BIT(ND) | BIT(PC),
};
#define NOT_PRINTABLE (BIT(CC) | BIT(CF) | BIT(CS) | BIT(CO) | BIT(CN) | BIT(ZL) | BIT(ZP) | BIT(ZS))

static bool is_space(uint32_t c) {
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}

bool unicode_slow_is(uint32_t c, unsigned classes) {
    unsigned bit = 1u << category(c);
    if ((classes & UNICODE_ALPHA) && (bit & LETTERS)) return true;
    if ((classes & UNICODE_DIGIT) && (bit & BIT(ND))) return true;
    if ((classes & UNICODE_LOWER) && ((bit & BIT(LL)) || IN(unicode_other_lowercase, c))) return true;
    if ((classes & UNICODE_UPPER) && ((bit & BIT(LU)) || IN(unicode_other_uppercase, c))) return true;
    if ((classes & UNICODE_SPACE) && is_space(c)) return true;
    if ((classes & UNICODE_PRINTABLE) && !(bit & NOT_PRINTABLE)) return true;
    if ((classes & UNICODE_START) && ((bit & STARTS) != 0) != IN(unicode_start_exceptions, c)) return true;
    return (classes & UNICODE_CONTINUE) && ((bit & CONTINUES) != 0) != IN(unicode_continue_exceptions, c);
}

static int find_digit(const UnicodeDigits *rows, size_t n, uint32_t c) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (c >= rows[middle].first + rows[middle].count) low = middle + 1;
        else high = middle;
    }
    return low < n && c >= rows[low].first ? (int)((rows[low].value + (c - rows[low].first)) % 10) : -1;
}

int unicode_decimal(uint32_t c) {
    if (c < 128) return c >= '0' && c <= '9' ? (int)(c - '0') : -1;
    return find_digit(unicode_decimals, COUNT(unicode_decimals), c);
}

int unicode_digit(uint32_t c) {
    int decimal = unicode_decimal(c);
    return decimal >= 0 ? decimal : find_digit(unicode_digits, COUNT(unicode_digits), c);
}

bool unicode_is_numeric(uint32_t c) {
    unsigned bit = 1u << category(c);
    return (bit & (BIT(ND) | BIT(NL) | BIT(NO))) || IN(unicode_other_numeric, c);
}

bool unicode_is_title(uint32_t c) { return category(c) == UTF8PROC_CATEGORY_LT; }

bool unicode_is_cased(uint32_t c) { return unicode_is(c, UNICODE_LOWER | UNICODE_UPPER) || unicode_is_title(c); }

bool unicode_is_case_ignorable(uint32_t c) {
    static const uint16_t within_words[] = {0x27, 0x2E, 0x3A, 0xB7, 0x387, 0x55F, 0x5F4, 0x2018, 0x2019, 0x2024, 0x2027,
                                            0xFE13, 0xFE52, 0xFE55, 0xFF07, 0xFF0E, 0xFF1A};
    for (size_t i = 0; i < COUNT(within_words); i++)
        if (c == within_words[i]) return true;
    return ((1u << category(c)) & (BIT(MN) | BIT(ME) | BIT(CF) | BIT(LM) | BIT(SK))) != 0;
}

bool unicode_is_line_break(uint32_t c) {
    return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

const char *unicode_category(uint32_t c) {
    static const char names[][3] = {"Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd",
                                    "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm",
                                    "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co"};
    return names[category(c)];
}

static unsigned find_special(const UnicodeSpecial *rows, size_t n, uint32_t c, uint32_t out[3]) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (c > rows[middle].from) low = middle + 1;
        else high = middle;
    }
    if (low == n || rows[low].from != c) return 0;
    unsigned count = 0;
    while (count < 3 && rows[low].to[count]) out[count] = rows[low].to[count], count++;
    return count;
}
#define SPECIAL(table, c, out) find_special(table, COUNT(table), c, out)

static unsigned one(uint32_t c, uint32_t out[3]) { return out[0] = c, 1; }

static uint32_t lower_ascii(uint32_t c) { return c + (c - 'A' < 26 ? 32 : 0); }
static uint32_t upper_ascii(uint32_t c) { return c - (c - 'a' < 26 ? 32 : 0); }

uint32_t unicode_lower_simple(uint32_t c) {
    return c < 128 ? c + (c - 'A' < 26 ? 32 : 0) : (uint32_t)utf8proc_tolower((utf8proc_int32_t)c);
}
uint32_t unicode_upper_simple(uint32_t c) {
    return c < 128 ? c - (c - 'a' < 26 ? 32 : 0) : (uint32_t)utf8proc_toupper((utf8proc_int32_t)c);
}

unsigned unicode_to_lower(uint32_t c, uint32_t out[3]) {
    if (c < 256) return one(c >= 0xC0 && c <= 0xDE && c != 0xD7 ? c + 32 : lower_ascii(c), out);
    unsigned n = c < 128 ? 0 : SPECIAL(unicode_special_lower, c, out);
    return n ? n : one(unicode_lower_simple(c), out);
}
unsigned unicode_to_upper(uint32_t c, uint32_t out[3]) {
    if (c < 256 && c != 0xB5 && c != 0xDF && c != 0xFF)
        return one(c >= 0xE0 && c != 0xF7 ? c - 32 : upper_ascii(c), out);
    unsigned n = c < 128 ? 0 : SPECIAL(unicode_special_upper, c, out);
    return n ? n : one(unicode_upper_simple(c), out);
}
unsigned unicode_to_title(uint32_t c, uint32_t out[3]) {
    unsigned n = c < 128 ? 0 : SPECIAL(unicode_special_title, c, out);
    return n ? n : one(c < 128 ? unicode_upper_simple(c) : (uint32_t)utf8proc_totitle((utf8proc_int32_t)c), out);
}
unsigned unicode_to_folded(uint32_t c, uint32_t out[3]) {
    if (c < 128 || (c >= 0xD800 && c < 0xE000)) return one(unicode_lower_simple(c), out);
    utf8proc_int32_t folded[8];
    int last = 0;
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)c, folded, 8, UTF8PROC_CASEFOLD, &last);
    if (n <= 0 || n > 3) return one(c, out);
    for (utf8proc_ssize_t i = 0; i < n; i++) out[i] = (uint32_t)folded[i];
    return (unsigned)n;
}
