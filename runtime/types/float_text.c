/* Doubles to decimal text and back.
 *
 * The shortest digits come from the interval of real numbers that round to the double: its ends and its middle, scaled
 * by a power of ten so that they become integers of 64 bits, are compared exactly enough because the product with a
 * 128-bit power keeps a sticky bit (R. Giulietti, "The Schubfach way to render doubles").  The powers are made with GMP
 * when first needed.
 */
#include "runtime/types/float_text.h"

#include "runtime/mem/heap.h"
#include "runtime/types/float.h"
#include "runtime/types/int_limbs.h"

#include <locale.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { POWER_MIN = -324, POWER_MAX = 324 };

/* 10^k scaled into [2^127, 2^128) and rounded up. */
typedef struct Power {
    _Atomic bool ready;
    uint64_t high, low;
} Power;

static Power powers[POWER_MAX - POWER_MIN + 1];

static int floor_log2_of_power(int k) { return (k * 1741647) >> 19; }
static int floor_log10_of_power(int e) { return (e * 1262611) >> 22; }

typedef struct PowerWork {
    int k;
    uint64_t high, low;
} PowerWork;

static void power_work(void *context) {
    PowerWork *w = context;
    mpz_t ten, scaled;
    mpz_init(ten);
    mpz_init(scaled);
    mpz_ui_pow_ui(ten, 10, (unsigned long)abs(w->k));
    int shift = 127 - floor_log2_of_power(w->k);
    if (w->k >= 0) {
        if (shift >= 0) mpz_mul_2exp(scaled, ten, (mp_bitcnt_t)shift);
        else mpz_cdiv_q_2exp(scaled, ten, (mp_bitcnt_t)-shift);
    } else {
        mpz_set_ui(scaled, 1);
        mpz_mul_2exp(scaled, scaled, (mp_bitcnt_t)shift);
        mpz_cdiv_q(scaled, scaled, ten);
    }
    w->low = mpz_getlimbn(scaled, 0);
    w->high = mpz_getlimbn(scaled, 1);
    mpz_clear(ten);
    mpz_clear(scaled);
}

/* Threads that meet here write the same bits. */
static bool power_of_ten(int k, uint64_t *high, uint64_t *low) {
    Power *p = &powers[k - POWER_MIN];
    if (!atomic_load_explicit(&p->ready, memory_order_acquire)) {
        PowerWork w = {.k = k};
        if (!limbs_protect(power_work, &w)) return false;
        __atomic_store_n(&p->high, w.high, __ATOMIC_RELAXED);
        __atomic_store_n(&p->low, w.low, __ATOMIC_RELAXED);
        atomic_store_explicit(&p->ready, true, memory_order_release);
    }
    *high = __atomic_load_n(&p->high, __ATOMIC_RELAXED);
    *low = __atomic_load_n(&p->low, __ATOMIC_RELAXED);
    return true;
}

/* The top 64 bits of the 192-bit product, the last one or-ed with what is below. */
static inline uint64_t round_to_odd(uint64_t high, uint64_t low, uint64_t factor) {
    unsigned __int128 x = (unsigned __int128)low * factor, y = (unsigned __int128)high * factor;
    y += (uint64_t)(x >> 64);
    return (uint64_t)(y >> 64) | ((uint64_t)y > 1);
}

/* d = *digits * 10^*exponent with the fewest digits (up to trailing zeros); significand and exponent are d's own
 * fields. */
static bool shortest_decimal(uint64_t significand, int biased, uint64_t *digits, int *exponent) {
    uint64_t c = biased ? significand | UINT64_C(1) << 52 : significand;
    int q = (biased ? biased : 1) - 1075;
    bool closer = significand == 0 && biased > 1;
    int k = closer ? (q * 1262611 - 524031) >> 22 : floor_log10_of_power(q);
    int h = q + floor_log2_of_power(-k) + 1;
    uint64_t high, low;
    if (!power_of_ten(-k, &high, &low)) return false;
    uint64_t left = round_to_odd(high, low, (4 * c - 2 + closer) << h), middle = round_to_odd(high, low, 4 * c << h);
    uint64_t right = round_to_odd(high, low, (4 * c + 2) << h);
    uint64_t lower = left + (c & 1), upper = right - (c & 1), s = middle / 4;
    if (s >= 10) {
        uint64_t tens = s / 10;
        bool down = lower <= 40 * tens, up = 40 * tens + 40 <= upper;
        if (down != up) return *digits = tens + up, *exponent = k + 1, true;
    }
    bool down = lower <= 4 * s, up = 4 * s + 4 <= upper;
    if (down == up) up = middle > 4 * s + 2 || (middle == 4 * s + 2 && (s & 1));
    return *digits = s + up, *exponent = k, true;
}

/* d * 10^k, rounded to the nearest integer, ties to even; d is finite and positive.  False: 2^60 or more, or too close
 * to a tie for the precision of the power.  Powers up to 10^55 are exact, so real ties are seen as such. */
static bool scale_to_integer(double d, int k, uint64_t *out) {
    uint64_t bits, high, low;
    memcpy(&bits, &d, sizeof bits);
    int biased = (int)(bits >> 52);
    uint64_t c = (bits & ((UINT64_C(1) << 52) - 1)) | (biased ? UINT64_C(1) << 52 : 0);
    if (k < POWER_MIN || k > POWER_MAX || !power_of_ten(k, &high, &low)) return false;
    int shift = 127 - floor_log2_of_power(k) - ((biased ? biased : 1) - 1075) - 64; /* the product over 2^64: y, rest */
    unsigned __int128 x = (unsigned __int128)low * c, y = (unsigned __int128)high * c + (uint64_t)(x >> 64);
    if (shift < 57) return false;
    if (shift > 120) return *out = 0, true;
    unsigned __int128 half = (unsigned __int128)1 << (shift - 1), fraction = y & (2 * half - 1);
    uint64_t whole = (uint64_t)(y >> shift);
    bool exact = k >= 0 && k <= 55, tie = fraction == half && (uint64_t)x == 0;
    if (!exact && fraction + 1 >= half && fraction <= half + 1) return false;
    *out = whole + (tie ? whole & 1 : fraction >= half);
    return true;
}

static const double exact_tens[] = {1,    1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
enum { SCALED_DIGITS_MAX = 17 };

static void set_digits(uint64_t n, int exponent, ShortDigits *out) {
    char room[24], *s = room + sizeof room;
    for (; n; n /= 10) *--s = (char)('0' + n % 10);
    int count = (int)(room + sizeof room - s);
    out->point = count + exponent;
    while (count > 1 && s[count - 1] == '0') count--;
    memcpy(out->digits, s, (size_t)count);
    out->count = count;
}

/* Without memory for a power of ten: by trial. */
static void shortest_by_trial(double d, ShortDigits *out) {
    char text[40];
    int precision = 0;
    do snprintf(text, sizeof text, "%.*e", precision, d);
    while (strtod(text, NULL) != d && ++precision < 17);
    out->digits[0] = text[0];
    memcpy(out->digits + 1, text + 2, (size_t)precision);
    out->count = precision + 1;
    out->point = atoi(strchr(text, 'e') + 1) + 1;
}

void float_shortest(double d, ShortDigits *out) {
    uint64_t bits, digits;
    int exponent;
    d = fabs(d);
    if (d == 0) {
        *out = (ShortDigits){"0", 1, 1};
    } else if (d < 0x1p53 && d == (double)(uint64_t)d) {
        set_digits((uint64_t)d, 0, out);
    } else {
        memcpy(&bits, &d, sizeof bits);
        if (shortest_decimal(bits & ((UINT64_C(1) << 52) - 1), (int)(bits >> 52), &digits, &exponent)) {
            set_digits(digits, exponent, out);
        } else {
            shortest_by_trial(d, out);
        }
    }
}

static size_t write_exponent(char *out, int exponent, char letter) {
    char *s = out;
    *s++ = letter;
    *s++ = exponent < 0 ? '-' : '+';
    unsigned e = (unsigned)abs(exponent);
    if (e >= 100) *s++ = (char)('0' + e / 100);
    *s++ = (char)('0' + e / 10 % 10);
    *s++ = (char)('0' + e % 10);
    return (size_t)(s - out);
}

static size_t write_scientific(const ShortDigits *d, char letter, char *out) {
    char *s = out;
    *s++ = d->digits[0];
    if (d->count > 1) {
        *s++ = '.';
        memcpy(s, d->digits + 1, (size_t)d->count - 1);
        s += d->count - 1;
    }
    return (size_t)(s - out) + write_exponent(s, d->point - 1, letter);
}

static size_t write_plain(const ShortDigits *d, bool add_point, char *out) {
    char *s = out;
    if (d->point <= 0) {
        *s++ = '0', *s++ = '.';
        memset(s, '0', (size_t)-d->point);
        s += -d->point;
        memcpy(s, d->digits, (size_t)d->count);
        return (size_t)(s - out) + (size_t)d->count;
    }
    int whole = d->count < d->point ? d->count : d->point;
    memcpy(s, d->digits, (size_t)whole);
    s += whole;
    memset(s, '0', (size_t)(d->point - whole));
    s += d->point - whole;
    if (d->count > d->point) {
        *s++ = '.';
        memcpy(s, d->digits + d->point, (size_t)(d->count - d->point));
        s += d->count - d->point;
    } else if (add_point) {
        *s++ = '.', *s++ = '0';
    }
    return (size_t)(s - out);
}

/* repr(d), with or without ".0"; out has 40 bytes. */
static size_t write_repr(double d, bool add_point, char *out) {
    char *s = out;
    if (signbit(d) && d == d) *s++ = '-';
    if (!isfinite(d)) {
        memcpy(s, d == d ? "inf" : "nan", 3);
        return (size_t)(s - out) + 3;
    }
    ShortDigits digits;
    float_shortest(d, &digits);
    s += digits.point > 16 || digits.point < -3 ? write_scientific(&digits, 'e', s) : write_plain(&digits, add_point, s);
    return (size_t)(s - out);
}

size_t float_to_text(double d, char *out, size_t capacity) {
    char room[40];
    size_t n = write_repr(d, true, room);
    if (n > capacity) n = capacity;
    memcpy(out, room, n);
    return n;
}

static locale_t c_locale(void) {
    static _Atomic(locale_t) shared;
    locale_t l = atomic_load(&shared);
    if (!l) {
        l = newlocale(LC_ALL_MASK, "C", NULL);
        atomic_store(&shared, l);
    }
    return l;
}

double float_read_decimal(const char *text, const char **end) {
    char *stop;
    locale_t l = c_locale();
    double d = l ? strtod_l(text, &stop, l) : strtod(text, &stop);
    if (end) *end = stop;
    return d;
}

/* printf of the C library rounds exactly, ties to even on the binary value. */
static char *print(double d, const char *directive, int precision, char *out, size_t capacity, size_t *length) {
    int n = snprintf(out, capacity, directive, precision, d);
    *length = (size_t)n;
    if (n >= 0 && (size_t)n < capacity) return out;
    char *room = n < 0 ? NULL : raw_allocate((size_t)n + 1);
    if (room) snprintf(room, (size_t)n + 1, directive, precision, d);
    return room;
}

static const char *directive_of(char type, bool alternate) {
    switch (type) {
    case 'e': return alternate ? "%#.*e" : "%.*e";
    case 'E': return alternate ? "%#.*E" : "%.*E";
    case 'f': return alternate ? "%#.*f" : "%.*f";
    case 'F': return alternate ? "%#.*F" : "%.*F";
    case 'G': return alternate ? "%#.*G" : "%.*G";
    default: return alternate ? "%#.*g" : "%.*g";
    }
}

/* What %.{precision}f writes. */
static bool write_fixed(double d, int precision, char *out, size_t *length) {
    uint64_t n = 0;
    if (precision > SCALED_DIGITS_MAX || (d != 0 && !scale_to_integer(fabs(d), precision, &n))) return false;
    char room[48], *s = room + sizeof room;
    for (int i = 0; i < precision; i++, n /= 10) *--s = (char)('0' + n % 10);
    if (precision) *--s = '.';
    do *--s = (char)('0' + n % 10);
    while (n /= 10);
    if (signbit(d)) *--s = '-';
    *length = (size_t)(room + sizeof room - s);
    memcpy(out, s, *length);
    return true;
}

/* The first `count` significant digits. */
static bool leading_digits(double d, int count, ShortDigits *out) {
    uint64_t n = 0;
    int binary = 0;
    *out = (ShortDigits){.count = count, .point = 1};
    if (d == 0) return memset(out->digits, '0', (size_t)count), true;
    frexp(d, &binary);
    int exponent = floor_log10_of_power(binary - 1); /* or one more */
    uint64_t limit = (uint64_t)exact_tens[count];
    if (!scale_to_integer(d, count - 1 - exponent, &n)) return false;
    if (n >= limit && !scale_to_integer(d, count - 1 - ++exponent, &n)) return false;
    for (int i = count; i-- > 0; n /= 10) out->digits[i] = (char)('0' + n % 10);
    out->point = exponent + 1;
    return true;
}

/* What %.{precision}e and g (and E, G) write. */
static bool write_exponential(double d, char type, int precision, char *out, size_t *length) {
    ShortDigits digits;
    bool general = (type | 0x20) == 'g';
    int count = general ? precision + !precision : precision + 1;
    char letter = type & 0x20 ? 'e' : 'E', *s = out;
    if (count > SCALED_DIGITS_MAX || !leading_digits(fabs(d), count, &digits)) return false;
    while (general && digits.count > 1 && digits.digits[digits.count - 1] == '0') digits.count--;
    if (signbit(d)) *s++ = '-';
    bool plain = general && digits.point > -4 && digits.point <= count;
    s += plain ? write_plain(&digits, false, s) : write_scientific(&digits, letter, s);
    *length = (size_t)(s - out);
    return true;
}

/* Without the C library: up to 17 digits, where rounding leaves no doubt. */
static bool print_scaled(double d, char type, int64_t precision, char *out, size_t *length) {
    if (precision > SCALED_DIGITS_MAX) return false;
    if ((type | 0x20) == 'f') return write_fixed(d, (int)precision, out, length);
    return write_exponential(d, type, (int)precision, out, length);
}

/* No double has more digits that are not zero, before or behind the point. */
enum { DIGITS_MAX = 1100 };

/* Text with n more zeros before its exponent or its end; takes over text unless it is out. */
static char *append_zeros(char *text, size_t *length, const char *out, size_t n) {
    char *grown = raw_allocate(*length + n + 2);
    if (grown) {
        const char *mark = strpbrk(text, "eE");
        size_t before = mark ? (size_t)(mark - text) : *length;
        memcpy(grown, text, before);
        memset(grown + before, '0', n);
        memcpy(grown + before + n, text + before, *length - before);
        *length += n;
    }
    if (text != out) raw_free(text);
    return grown;
}

static bool is_upper(char type) { return type == 'E' || type == 'F' || type == 'G'; }

static char *write_infinite(double d, char type, char *out, size_t *length) {
    const char *text = d != d ? "nan" : signbit(d) ? "-inf" : "inf";
    *length = strlen(text);
    for (size_t i = 0; i < *length; i++) {
        out[i] = is_upper(type) && text[i] >= 'a' ? (char)(text[i] - 32) : text[i];
    }
    return out;
}

/* "1e+05" or "123" to a text that has a point: ".0" after plain digits. */
static size_t append_point(char *text, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '.' || text[i] == 'e' || text[i] == 'E') return n;
    }
    memcpy(text + n, ".0", 2);
    return n + 2;
}

/* repr with a point even where there is no fraction: "1.e+20". */
static size_t insert_point(char *text, size_t n) {
    size_t at = 0;
    while (at < n && text[at] != 'e') {
        if (text[at++] == '.') return n;
    }
    memmove(text + at + 1, text + at, n - at);
    text[at] = '.';
    return n + 1;
}

char *float_format(double d, char type, int64_t precision, bool alternate, bool add_point, char *out, size_t capacity,
                   size_t *length) {
    if (!isfinite(d)) return write_infinite(d, type, out, length);
    if (type == 'r') {
        *length = write_repr(d, add_point, out);
        if (alternate) *length = insert_point(out, *length);
        return out;
    }
    if (!alternate && !add_point && print_scaled(d, type, precision, out, length)) return out;
    int shown = precision > DIGITS_MAX ? DIGITS_MAX : (int)precision;
    char *text = print(d, directive_of(type, alternate), shown, out, capacity - 2, length);
    bool zeros_stay = alternate || (type | 0x20) != 'g';
    if (text && shown < precision && zeros_stay) text = append_zeros(text, length, out, (size_t)(precision - shown));
    if (text && add_point) *length = append_point(text, *length);
    return text;
}

/* The fraction of d has more than 17 digits only behind the point where rounding happens: print, then read. */
static double round_places(double d, int digits) {
    uint64_t n;
    if (digits <= 22 && scale_to_integer(fabs(d), digits, &n) && n <= UINT64_C(1) << 53)
        return copysign((double)n / exact_tens[digits], d); /* both exact, divided once */
    char room[400], *text;
    size_t length;
    text = print(d, "%.*f", digits, room, sizeof room, &length);
    if (!text) return d;
    double result = float_read_decimal(text, NULL);
    if (text != room) raw_free(text);
    return result;
}

/* To a multiple of 10^places, 1 <= places <= 309: as digits, ties to even on the exact value, which is a finite
 * decimal. */
static double round_tens(double d, int places) {
    char room[400], kept[400];
    int n = snprintf(room, sizeof room, "%.0f", fabs(trunc(d)));
    bool fraction = d != trunc(d), up;
    int keep = n - places;
    if (keep < 0) return copysign(0.0, d);
    const char *rest = room + keep;
    bool more = fraction || strspn(rest + 1, "0") != (size_t)(places - 1);
    bool odd = keep > 0 && ((room[keep - 1] - '0') & 1);
    up = rest[0] > '5' || (rest[0] == '5' && (more || odd));
    snprintf(kept, sizeof kept, "%.*se%d", keep ? keep : 1, keep ? room : "0", places);
    double down = float_read_decimal(kept, NULL);
    if (!up) return copysign(down, d);
    /* One more in the last kept place: carry through the digits. */
    int i = keep - 1;
    while (i >= 0 && room[i] == '9') room[i--] = '0';
    if (i >= 0) room[i]++;
    snprintf(kept, sizeof kept, "%s%.*se%d", i < 0 ? "1" : "", keep, room, places);
    return copysign(float_read_decimal(kept, NULL), d);
}

double float_round(double d, int digits) {
    if (d == 0 || digits > 323) return d;
    if (digits < -308) return copysign(0.0, d);
    return digits >= 0 ? round_places(d, digits) : round_tens(d, -digits);
}

/* Parsing. */

static bool take_word(const char *s, size_t n, const char *word) {
    if (n != strlen(word)) return false;
    for (size_t i = 0; i < n; i++) {
        if ((s[i] | 0x20) != word[i]) return false;
    }
    return true;
}

static bool parse_word(const char *s, size_t n, double *out) {
    bool negative = n && *s == '-';
    if (n && (*s == '-' || *s == '+')) s++, n--;
    if (take_word(s, n, "inf") || take_word(s, n, "infinity")) {
        *out = negative ? -HUGE_VAL : HUGE_VAL;
    } else if (take_word(s, n, "nan")) {
        *out = copysign(__builtin_nan(""), negative ? -1.0 : 1.0);
    } else {
        return false;
    }
    return true;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* What the syntax of a decimal holds: up to 19 significant digits as an integer and where the point was. */
typedef struct Decimal {
    uint64_t value;
    int digits;      /* significant ones; more than 19: value is not exact */
    int64_t exponent;
    bool negative, seen;
} Decimal;

/* Digits with single underscores between digits; copied without them to *to. False: an underscore elsewhere. */
static bool take_digits(const char **s, const char *end, char **to, Decimal *d, bool fraction) {
    for (const char *p = *s;; p++) {
        if (p < end && *p == '_') {
            if (p == *s || !is_digit(p[-1]) || p + 1 >= end || !is_digit(p[1])) return false;
            continue;
        }
        if (p >= end || !is_digit(*p)) return *s = p, true;
        *(*to)++ = *p;
        d->seen = true;
        if (d->digits || *p != '0') {
            d->digits++;
            if (d->digits <= 19) d->value = d->value * 10 + (uint64_t)(*p - '0');
        }
        d->exponent -= fraction;
    }
}

static bool take_exponent(const char **s, const char *end, char **to, Decimal *d) {
    if (*s == end || (**s | 0x20) != 'e') return true;
    *(*to)++ = 'e';
    bool negative = ++*s < end && **s == '-';
    if (*s < end && (**s == '-' || **s == '+')) *(*to)++ = *(*s)++;
    Decimal e = {0};
    if (!take_digits(s, end, to, &e, false) || !e.seen) return false;
    int64_t n = e.digits > 18 ? INT64_C(1) << 40 : (int64_t)e.value;
    d->exponent += negative ? -n : n;
    return true;
}

static bool take_decimal(const char *s, const char *end, char *to, Decimal *d) {
    d->negative = s < end && *s == '-';
    if (s < end && (*s == '-' || *s == '+')) *to++ = *s++;
    if (!take_digits(&s, end, &to, d, false)) return false;
    if (s < end && *s == '.') {
        *to++ = *s++;
        if (!take_digits(&s, end, &to, d, true)) return false;
    }
    if (!d->seen || !take_exponent(&s, end, &to, d)) return false;
    *to = 0;
    return s == end;
}

/* Exact integers and exact powers of ten: one correctly rounded operation. */
static bool read_exactly(const Decimal *d, double *out) {
    if (d->digits > 19 || d->value > UINT64_C(1) << 53 || d->exponent < -22 || d->exponent > 22) return false;
    double v = (double)d->value;
    v = d->exponent < 0 ? v / exact_tens[-d->exponent] : v * exact_tens[d->exponent];
    *out = d->negative ? -v : v;
    return true;
}

bool float_parse(const char *s, size_t n, double *out) {
    char room[128];
    char *text = n < sizeof room ? room : raw_allocate(n + 1);
    if (!text) return false;
    Decimal d = {0};
    bool valid = take_decimal(s, s + n, text, &d);
    if (valid && !read_exactly(&d, out)) *out = float_read_decimal(text, NULL);
    if (text != room) raw_free(text);
    return valid || parse_word(s, n, out);
}
