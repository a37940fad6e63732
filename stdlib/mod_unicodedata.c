/* unicodedata: what utf8proc and the tables of str know about characters. */
#include "stdlib/stdlib.h"

#include "runtime/types/str_units.h"
#include "runtime/types/unicode.h"
#include "vm/front/unicode_name.h"

#include <utf8proc.h>

static bool character(Value v, const char *function, uint32_t *c) {
    const char *which = strchr("dn", function[0]) ? " 1" : ""; /* those that take a default too */
    if (!str_is(v))
        return raise_type_error("%s() argument%s must be a unicode character, not %T", function, which, v), false;
    if (str_length(v) != 1)
        return raise_type_error("%s() argument%s must be a unicode character, not str", function, which), false;
    *c = str_at(as_str(v), 0);
    return true;
}

static Value category(const Value *args, size_t count) {
    uint32_t c;
    return character(args[0], "category", &c) ? str_intern_cstr(unicode_category(c)) : UNSET;
}

/* A number or the default or ValueError. */
static Value number_or(int n, Value fallback, const char *message) {
    if (n >= 0) return from_small_int(n);
    return is_set(fallback) ? retain(fallback) : raise_value_error("%s", message);
}
static Value decimal(const Value *args, size_t count) {
    uint32_t c;
    return character(args[0], "decimal", &c) ? number_or(unicode_decimal(c), args[1], "not a decimal") : UNSET;
}
static Value digit(const Value *args, size_t count) {
    uint32_t c;
    return character(args[0], "digit", &c) ? number_or(unicode_digit(c), args[1], "not a digit") : UNSET;
}

/* Fractions, Roman numbers and the like that texts use; others are not known. */
static bool numeric_value(uint32_t c, double *out) {
    static const struct {
        uint32_t c;
        double value;
    } known[] = {{0xBC, 0.25},    {0xBD, 0.5},       {0xBE, 0.75},      {0x2150, 1.0 / 7}, {0x2151, 1.0 / 9},
                 {0x2152, 0.1},   {0x2153, 1.0 / 3}, {0x2154, 2.0 / 3}, {0x2155, 0.2},     {0x2156, 0.4},
                 {0x2157, 0.6},   {0x2158, 0.8},     {0x2159, 1.0 / 6}, {0x215A, 5.0 / 6}, {0x215B, 0.125},
                 {0x215C, 0.375}, {0x215D, 0.625},   {0x215E, 0.875},   {0x215F, 1.0},     {0x216C, 50},
                 {0x216D, 100},   {0x216E, 500},     {0x216F, 1000},    {0x217C, 50},      {0x217D, 100},
                 {0x217E, 500},   {0x217F, 1000},    {0x2189, 0},       {0x3007, 0},       {0x4E00, 1},
                 {0x4E8C, 2},     {0x4E09, 3},       {0x56DB, 4},       {0x4E94, 5},       {0x516D, 6},
                 {0x4E03, 7},     {0x516B, 8},       {0x4E5D, 9},       {0x5341, 10},      {0x767E, 100},
                 {0x5343, 1000},  {0x842C, 10000},   {0x4E07, 10000}};
    int n = unicode_digit(c);
    if (n >= 0) return *out = n, true;
    if ((c >= 0x2160 && c <= 0x216B) || (c >= 0x2170 && c <= 0x217B)) return *out = (c & 15) + 1, true;
    if (c >= 0x2460 && c <= 0x2473) return *out = c - 0x245F, true;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].c == c) return *out = known[i].value, true;
    return false;
}
static Value numeric(const Value *args, size_t count) {
    uint32_t c;
    double value;
    if (!character(args[0], "numeric", &c)) return UNSET;
    if (numeric_value(c, &value)) return from_double(value);
    return is_set(args[1]) ? retain(args[1]) : raise_value_error("not a numeric character");
}

static const utf8proc_property_t *properties(uint32_t c) {
    return utf8proc_get_property(strcmp(unicode_category(c), "Cn") == 0 ? 0x10FFFF : (utf8proc_int32_t)c);
}

static Value bidirectional(const Value *args, size_t count) {
    static const char *const names_of[] = {"",    "L",  "LRE", "LRO", "R",   "AL",  "RLE", "RLO",
                                           "PDF", "EN", "ES",  "ET",  "AN",  "CS",  "NSM", "BN",
                                           "B",   "S",  "WS",  "ON",  "LRI", "RLI", "FSI", "PDI"};
    uint32_t c;
    if (!character(args[0], "bidirectional", &c)) return UNSET;
    if (strcmp(unicode_category(c), "Cn") == 0) return names.empty;
    return str_from(names_of[properties(c)->bidi_class]);
}
static Value combining(const Value *args, size_t count) {
    uint32_t c;
    return character(args[0], "combining", &c) ? from_small_int(properties(c)->combining_class) : UNSET;
}
static Value mirrored(const Value *args, size_t count) {
    uint32_t c;
    return character(args[0], "mirrored", &c) ? from_small_int(properties(c)->bidi_mirrored) : UNSET;
}
static Value east_asian_width(const Value *args, size_t count) {
    uint32_t c;
    if (!character(args[0], "east_asian_width", &c)) return UNSET;
    if (c >= 0x20 && c < 0x7F) return str_from("Na");
    if ((c >= 0xFF01 && c <= 0xFF60) || (c >= 0xFFE0 && c <= 0xFFE6) || c == 0x3000) return str_from("F");
    if (c >= 0xFF61 && c <= 0xFFDC) return str_from("H");
    return str_from(utf8proc_charwidth((utf8proc_int32_t)c) == 2 ? "W" : "N");
}

/* The code points of a text after decomposition, in raw memory; *n how many.  NULL: failed. */
static int32_t *decompose(Str *s, utf8proc_option_t options, size_t *n) {
    size_t capacity = s->length * 4 + 32, used = 0;
    int32_t *out = raw_allocate(capacity * sizeof *out);
    int last = 0;
    for (size_t i = 0; out && i < s->length; i++) {
        uint32_t c = str_at(s, i);
        if (capacity - used < 32) {
            int32_t *grown = raw_reallocate(out, (capacity *= 2) * sizeof *out);
            if (!grown) raw_free(out);
            if (!(out = grown)) break;
        }
        bool plain = (c & 0xFFFFF800) == 0xD800 || strcmp(unicode_category(c), "Cn") == 0;
        utf8proc_ssize_t made = plain ? 0 : utf8proc_decompose_char((int32_t)c, out + used, 32, options, &last);
        if (made <= 0) out[used] = (int32_t)c, made = 1;
        used += (size_t)made;
    }
    if (!out) return raise_memory_error(), NULL;
    *n = used;
    return out;
}

/* Combining marks in canonical order. */
static void reorder(int32_t *points, size_t n) {
    for (size_t i = 1; i < n; i++) {
        int weight = utf8proc_get_property(points[i])->combining_class;
        for (size_t k = i; weight && k && utf8proc_get_property(points[k - 1])->combining_class > weight; k--) {
            int32_t c = points[k];
            points[k] = points[k - 1];
            points[k - 1] = c;
        }
    }
}

static bool form_of(Value v, utf8proc_option_t *options, bool *compose) {
    static const struct {
        const char *name;
        utf8proc_option_t options;
        bool compose;
    } forms[] = {{"NFC", UTF8PROC_DECOMPOSE, true},
                 {"NFD", UTF8PROC_DECOMPOSE, false},
                 {"NFKC", UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, true},
                 {"NFKD", UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, false}};
    for (size_t i = 0; str_is(v) && i < 4; i++)
        if (str_equal_ascii(v, forms[i].name)) return *options = forms[i].options, *compose = forms[i].compose, true;
    if (!str_is(v)) return raise_type_error("normalize() argument 1 must be str, not %T", v), false;
    return raise_value_error("invalid normalization form"), false;
}

static Value normalize(const Value *args, size_t count) {
    utf8proc_option_t options;
    bool compose;
    size_t n;
    if (!form_of(args[0], &options, &compose)) return UNSET;
    if (!str_is(args[1])) return raise_type_error("normalize() argument 2 must be str, not %T", args[1]);
    if (str_is_ascii(as_str(args[1]))) return str_exact(args[1]);
    int32_t *points = decompose(as_str(args[1]), options, &n);
    if (!points) return UNSET;
    reorder(points, n);
    if (compose) {
        utf8proc_ssize_t composed =
            utf8proc_normalize_utf32(points, (utf8proc_ssize_t)n, UTF8PROC_COMPOSE | UTF8PROC_STABLE);
        if (composed >= 0) n = (size_t)composed;
    }
    Value made = str_from_ucs4((uint32_t *)points, n);
    raw_free(points);
    return made;
}

static Value is_normalized(const Value *args, size_t count) {
    Value made = normalize(args, count);
    if (is_unset(made)) return UNSET;
    bool equal = str_equal(made, args[1]);
    release(made);
    return from_bool(equal);
}

static Value name(const Value *args, size_t count) {
    uint32_t c;
    char text[128];
    if (!character(args[0], "name", &c)) return UNSET;
    if (unicode_name_of(c, text, sizeof text)) return str_from(text);
    return is_set(args[1]) ? retain(args[1]) : raise_value_error("no such name");
}

static Value lookup(const Value *args, size_t count) {
    uint32_t c;
    size_t size;
    if (!str_is(args[0])) return raise_type_error("lookup() argument must be str, not %T", args[0]);
    const char *text = str_utf8(args[0], &size);
    if (!text) return UNSET;
    if (unicode_name_find(text, size, &c)) return str_from_code_point(c);
    Value message = str_format("undefined character name '%U'", args[0]);
    if (is_set(message)) raise_key_error(message);
    release(message);
    return UNSET;
}

static const NativeDef functions[] = {
    FUNCTION("bidirectional", "chr, /", bidirectional, "The bidirectional class of the character."),
    FUNCTION("category", "chr, /", category, "The general category of the character."),
    FUNCTION("combining", "chr, /", combining, "The canonical combining class of the character."),
    FUNCTION("decimal", "chr, default=None, /", decimal, "The value of the character as a decimal digit."),
    FUNCTION("digit", "chr, default=None, /", digit, "The value of the character as a digit."),
    FUNCTION("east_asian_width", "chr, /", east_asian_width, "The width of the character in East Asian typography."),
    FUNCTION("is_normalized", "form, unistr, /", is_normalized, "Is the text in that normal form?"),
    FUNCTION("lookup", "name, /", lookup, "The character of that name."),
    FUNCTION("mirrored", "chr, /", mirrored, "Is the character mirrored in bidirectional text?"),
    FUNCTION("name", "chr, default=<unrepresentable>, /", name, "The name of the character."),
    FUNCTION("normalize", "form, unistr, /", normalize, "The text in normal form NFC, NFD, NFKC or NFKD."),
    FUNCTION("numeric", "chr, default=None, /", numeric, "The value of the character as a number."),
    NATIVE_END,
};

static bool fill(Value dict) {
    Value version = str_from("14.0.0");
    bool fine = is_set(version) && dict_set_utf8(dict, "unidata_version", version);
    release(version);
    return fine;
}

const ModuleDef mod_unicodedata = {"unicodedata", "Properties of characters.", functions, fill, NULL};
