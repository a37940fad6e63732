/* The predicates of str: isalpha() and its kin. */
#include "runtime/types/str_methods.h"
#include "runtime/types/str_units.h"
#include "runtime/types/unicode.h"

static Value all_are(Value v, unsigned classes) {
    Str *s = as_str(v);
    for (size_t i = 0; i < s->length; i++)
        if (!unicode_is(str_at(s, i), classes)) return FALSE_VALUE;
    return from_bool(s->length != 0);
}

static Value all_pass(Value v, bool (*test)(uint32_t)) {
    Str *s = as_str(v);
    for (size_t i = 0; i < s->length; i++)
        if (!test(str_at(s, i))) return FALSE_VALUE;
    return from_bool(s->length != 0);
}

static bool is_digit(uint32_t c) { return unicode_digit(c) >= 0; }
static bool is_alnum(uint32_t c) {
    return unicode_is(c, UNICODE_ALPHA | UNICODE_DIGIT) || is_digit(c) || unicode_is_numeric(c);
}

STR_METHOD(isalpha) { return all_are(args[0], UNICODE_ALPHA); }
STR_METHOD(isdecimal) { return all_are(args[0], UNICODE_DIGIT); }
STR_METHOD(isdigit) { return all_pass(args[0], is_digit); }
STR_METHOD(isnumeric) { return all_pass(args[0], unicode_is_numeric); }
STR_METHOD(isalnum) { return all_pass(args[0], is_alnum); }
STR_METHOD(isspace) { return all_are(args[0], UNICODE_SPACE); }
STR_METHOD(isascii) { return from_bool(str_is_ascii(as_str(args[0]))); }
STR_METHOD(isprintable) { return str_length(args[0]) ? all_are(args[0], UNICODE_PRINTABLE) : TRUE_VALUE; }
STR_METHOD(isidentifier) { return from_bool(str_is_identifier(args[0])); }

bool str_is_identifier(Value v) {
    Str *s = as_str(v);
    if (!s->length || !unicode_is(str_at(s, 0), UNICODE_START)) return false;
    for (size_t i = 1; i < s->length; i++)
        if (!unicode_is(str_at(s, i), UNICODE_CONTINUE)) return false;
    return true;
}

/* At least one cased character, and none of the other case. */
static Value is_case(Value v, unsigned wanted, unsigned other) {
    Str *s = as_str(v);
    bool found = false;
    for (size_t i = 0; i < s->length; i++) {
        uint32_t c = str_at(s, i);
        if (unicode_is(c, other) || (c > 127 && unicode_is_title(c))) return FALSE_VALUE;
        found |= unicode_is(c, wanted);
    }
    return from_bool(found);
}

STR_METHOD(islower) { return is_case(args[0], UNICODE_LOWER, UNICODE_UPPER); }
STR_METHOD(isupper) { return is_case(args[0], UNICODE_UPPER, UNICODE_LOWER); }

STR_METHOD(istitle) {
    Str *s = as_str(args[0]);
    bool inside = false, found = false;
    for (size_t i = 0; i < s->length; i++) {
        uint32_t c = str_at(s, i);
        if (unicode_is(c, UNICODE_UPPER) || (c > 127 && unicode_is_title(c))) {
            if (inside) return FALSE_VALUE;
            inside = found = true;
        } else if (unicode_is(c, UNICODE_LOWER)) {
            if (!inside) return FALSE_VALUE;
        } else inside = false;
    }
    return from_bool(found);
}
