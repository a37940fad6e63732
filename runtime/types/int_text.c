/* Ints from text and to text, with the limit on decimal digits that keeps conversions from taking quadratic time. */
#include "runtime/types/int_text.h"

#include "runtime/mem/heap.h"
#include "runtime/types/error.h"
#include "runtime/types/int_limbs.h"
#include "runtime/types/str.h"
#include "runtime/types/unicode.h"

int64_t int_max_str_digits = INT_DEFAULT_MAX_STR_DIGITS;

/* Text of other scripts' digits and spaces as ASCII, so that one parser reads all. */

static char ascii_of(uint32_t c) {
    if (c < 128) return (char)c;
    if (unicode_is_space(c)) return ' ';
    int digit = unicode_decimal(c);
    return digit < 0 ? '?' : (char)('0' + digit);
}

bool number_text_open(Value text, NumberText *out) {
    const Str *s = as_str(text);
    out->length = s->length;
    out->owned = NULL;
    if (str_is_ascii(s)) return out->at = (const char *)s->data, true;
    out->owned = raw_allocate(s->length + 1);
    if (!out->owned) return raise_memory_error(), false;
    for (size_t i = 0; i < s->length; i++) out->owned[i] = ascii_of(str_at(s, i));
    out->owned[s->length] = 0;
    out->at = out->owned;
    return true;
}

void number_text_close(NumberText *text) { raw_free(text->owned); }

bool number_is_space(char c) { return c == ' ' || (c >= 9 && c <= 13) || (c >= 28 && c <= 31); }

void number_text_strip(const char **s, size_t *n) {
    while (*n && number_is_space(**s)) (*s)++, (*n)--;
    while (*n && number_is_space((*s)[*n - 1])) (*n)--;
}

/* Digits to a number. */

static int digit_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'z') return c - 'a' + 10;
    if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
    return 99;
}

typedef struct Conversion {
    unsigned char *digits; /* values, not characters; most significant first */
    size_t count;
    int base;
    mp_limb_t *limbs;
    mp_size_t used;
} Conversion;

static void read_work(void *context) {
    Conversion *c = context;
    c->used = (mp_size_t)mpn_set_str(c->limbs, c->digits, c->count, c->base);
}

static bool is_power_of_two(int base) { return (base & (base - 1)) == 0; }

Value int_raise_digit_limit(size_t digits) {
    if (digits == 0) {
        return raise_value_error("Exceeds the limit (%lld digits) for integer string conversion; "
                                 "use sys.set_int_max_str_digits() to increase the limit",
                                 (long long)int_max_str_digits);
    }
    return raise_value_error("Exceeds the limit (%lld digits) for integer string conversion: value has %zu digits; "
                             "use sys.set_int_max_str_digits() to increase the limit",
                             (long long)int_max_str_digits, digits);
}

static Value convert_long(const char *digits, size_t n, int base) {
    unsigned bits_per_digit = 32 - (unsigned)__builtin_clz((unsigned)(base - 1));
    Int *r = int_allocate(n * bits_per_digit / 64 + 2);
    unsigned char *values = r ? raw_allocate(n) : NULL;
    if (!values) return r ? object_release(r), raise_memory_error() : UNSET;
    for (size_t i = 0; i < n; i++) values[i] = (unsigned char)digit_value(digits[i]);
    Conversion c = {values, n, base, r->limbs, 0};
    bool done = limbs_protect(read_work, &c);
    raw_free(values);
    if (!done) return object_release(r), UNSET;
    return int_finish(r, (size_t)c.used, false);
}

Value int_from_digits(const char *digits, size_t n, int base) {
    while (n > 1 && *digits == '0') digits++, n--;
    if (n > 12) {
        if (!is_power_of_two(base) && int_max_str_digits > 0 && n > (size_t)int_max_str_digits) {
            return int_raise_digit_limit(n);
        }
        return convert_long(digits, n, base);
    }
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) value = value * (uint64_t)base + (uint64_t)digit_value(digits[i]);
    return int_from_uint64(value);
}

/* Text with sign, prefix and underscores. */

static int prefix_base(char letter) {
    switch (letter | 0x20) {
    case 'x': return 16;
    case 'o': return 8;
    case 'b': return 2;
    default: return 0;
    }
}

/* Takes the prefix off; base 0 is replaced by what the prefix says.  *zeros_only: a leading 0 in base 0 allows only
 * zeros. */
static void take_prefix(const char **s, size_t *n, int *base, bool *zeros_only) {
    int found = *n >= 2 && **s == '0' ? prefix_base((*s)[1]) : 0;
    *zeros_only = *base == 0 && !found && *n > 0 && **s == '0';
    if (found && (*base == 0 || *base == found)) {
        *base = found;
        *s += 2, *n -= 2;
        if (*n && **s == '_') (*s)++, (*n)--;
    } else if (*base == 0) {
        *base = 10;
    }
}

/* Copies the digits without underscores; 0: not a number. */
static size_t take_digits(const char *s, size_t n, int base, char *out) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '_' && i > 0 && s[i - 1] != '_' && i + 1 < n) continue;
        if (digit_value(s[i]) >= base) return 0;
        out[count++] = s[i];
    }
    return count;
}

static bool all_zeros(const char *digits, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (digits[i] != '0') return false;
    }
    return true;
}

/* UNSET with nothing pending: not a number. */
static Value parse_digits(const char *s, size_t n, int base) {
    char room[64];
    bool zeros_only;
    take_prefix(&s, &n, &base, &zeros_only);
    char *digits = n <= sizeof room ? room : raw_allocate(n);
    if (!digits) return raise_memory_error();
    size_t count = take_digits(s, n, base, digits);
    Value result = UNSET;
    if (count && !(zeros_only && !all_zeros(digits, count))) {
        if (!is_power_of_two(base) && int_max_str_digits > 0 && count > (size_t)int_max_str_digits) {
            int_raise_digit_limit(count);
        } else {
            result = int_from_digits(digits, count, base);
        }
    }
    if (digits != room) raw_free(digits);
    return result;
}

Value int_parse_ascii(const char *s, size_t n, int base, Value original) {
    int named_base = base;
    number_text_strip(&s, &n);
    bool negative = n && *s == '-';
    if (n && (*s == '-' || *s == '+')) s++, n--;
    Value result = parse_digits(s, n, base);
    if (is_unset(result) && !error_pending()) {
        return raise_value_error("invalid literal for int() with base %d: %R", named_base, original);
    }
    if (!negative || is_unset(result)) return result;
    Value negated = limbs_negate(result);
    release(result);
    return negated;
}

Value int_parse(Value text, int base) {
    NumberText t;
    if (!number_text_open(text, &t)) return UNSET;
    Value result = int_parse_ascii(t.at, t.length, base, text);
    number_text_close(&t);
    return result;
}

/* A number to digits. */

static const char digit_characters[] = "0123456789abcdefghijklmnopqrstuvwxyz";

static const char *prefix_of(int base) { return base == 16 ? "0x" : base == 8 ? "0o" : base == 2 ? "0b" : ""; }

/* Writes backwards from end; returns where the text begins. */
static char *write_small(uint64_t n, unsigned base, char *end) {
    if (base == 10) {
        do *--end = (char)('0' + n % 10);
        while (n /= 10);
    } else {
        do *--end = digit_characters[n % base];
        while (n /= base);
    }
    return end;
}

static Value small_to_str(int64_t n, int base, bool prefix) {
    char room[80], *end = room + sizeof room;
    char *s = write_small(n < 0 ? -(uint64_t)n : (uint64_t)n, (unsigned)base, end);
    if (prefix) {
        const char *p = prefix_of(base);
        for (size_t i = strlen(p); i-- > 0;) *--s = p[i];
    }
    if (n < 0) *--s = '-';
    return str_from_latin1(s, (size_t)(end - s));
}

static void write_work(void *context) {
    Conversion *c = context;
    c->count = mpn_get_str(c->digits, c->base, c->limbs, c->used);
}

/* More decimal digits than the limit?  Exact: 10^limit is compared only when the bit length leaves doubt. */
static bool over_limit(Value v) {
    if (int_max_str_digits <= 0) return false;
    double digits = (double)int_bit_length(v) * 0.30102999566398120;
    if (digits < (double)int_max_str_digits) return false;
    return digits > (double)int_max_str_digits + 1;
}

static Value digits_to_str(const Conversion *c, const char *prefix, bool negative) {
    const unsigned char *d = c->digits;
    size_t n = c->count, skip = 0, lead = strlen(prefix) + negative;
    while (skip + 1 < n && d[skip] == 0) skip++;
    if (c->base == 10 && int_max_str_digits > 0 && n - skip > (size_t)int_max_str_digits)
        return int_raise_digit_limit(0);
    Value s = str_new(n - skip + lead, 127);
    if (is_unset(s)) return UNSET;
    unsigned char *out = as_str(s)->data;
    if (negative) *out++ = '-';
    while (*prefix) *out++ = (unsigned char)*prefix++;
    for (size_t i = skip; i < n; i++) *out++ = (unsigned char)digit_characters[d[i]];
    return s;
}

Value int_to_str(Value v, int base, bool prefix) {
    int64_t small;
    if (int_peek64(v, &small)) return small_to_str(small, base, prefix);
    Limbs x;
    limbs_of(v, &x);
    if (base == 10 && over_limit(v)) return int_raise_digit_limit(0);
    size_t digits = mpn_sizeinbase(x.at, x.count, base) + 2;
    size_t scratch = ((size_t)x.count + 1) * sizeof(mp_limb_t);
    unsigned char *room = raw_allocate(scratch + digits);
    if (!room) return raise_memory_error();
    Conversion c = {room + scratch, 0, base, (mp_limb_t *)(void *)room, x.count};
    mpn_copyi(c.limbs, x.at, x.count); /* GMP destroys its operand */
    Value result = limbs_protect(write_work, &c) ? digits_to_str(&c, prefix ? prefix_of(base) : "", x.negative) : UNSET;
    raw_free(room);
    return result;
}
